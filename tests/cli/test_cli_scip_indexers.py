"""`codeintel index --scip` with indexers that do as the real ones: they write a file."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from repositories import GitRepository
from scip_files import document, occurrence, scip_file

Cli = Callable[..., Any]
_INSTALL = """#!/bin/sh
{extra}
while [ "$1" != --output ]; do shift; done
cp {source} "$2"
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Installs an indexer that writes the given places of `shop/cart.py`."""
    programs = tmp_path / "programs"
    programs.mkdir()

    def install(program: str, content: bytes, extra: str = "") -> None:
        source = tmp_path / f"{program}.scip"
        source.write_bytes(content)
        (programs / program).write_text(_INSTALL.format(source=source, extra=extra))
        (programs / program).chmod(0o755)
        monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")

    return install


def places() -> bytes:
    return scip_file(document("shop/cart.py", [occurrence("a `b`/Cart#", [0, 0, 1], 1)]))


def test_what_installed_indexers_write_is_taken_over(
    cli: Cli, in_shop: GitRepository, install: Callable[..., None]
) -> None:
    install("scip-python", places())
    outcome = cli("index", "--scip", "--no-history")
    assert outcome.code == 0
    assert "1 places in 1 files taken over" in outcome.out
    assert "scip-typescript is not installed: npm install" in outcome.err


def test_an_inferred_configuration_is_not_left_behind(
    cli: Cli, in_shop: GitRepository, install: Callable[..., None]
) -> None:
    install("scip-typescript", places(), "echo '{}' > tsconfig.json")
    assert "taken over" in cli("index", "--scip", "--no-history").out
    assert not (in_shop.path / "tsconfig.json").exists()


def test_an_indexer_that_fails_is_named_and_the_index_stands(
    cli: Cli, in_shop: GitRepository, install: Callable[..., None]
) -> None:
    install("scip-python", b"", "echo no module here; exit 3")
    outcome = cli("index", "--scip", "--no-history")
    assert outcome.code == 0
    assert "scip-python failed with status 3" in outcome.err
    assert "no module here" in outcome.err


def test_a_file_that_is_no_scip_file_is_named(
    cli: Cli, in_shop: GitRepository, install: Callable[..., None]
) -> None:
    install("scip-python", b"\xff" * 20)
    outcome = cli("index", "--scip", "--no-history")
    assert outcome.code == 0
    assert "is no SCIP file" in outcome.err
