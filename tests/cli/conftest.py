import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from codeintel.cli.main import main
from repositories import GitRepository


class Outcome(NamedTuple):
    """What a command line gave."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


Cli = Callable[..., Outcome]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder; nothing of the real one is read or written."""
    folder = tmp_path / "home"
    folder.mkdir()
    for name in ("XDG_CACHE_HOME", "CODEINTEL_INDEX_DIR", "CODEINTEL_EMBEDDING_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv("CODEINTEL_WORKERS", "1")
    return folder


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], home: Path) -> Cli:
    """Runs a command line in this process."""

    def run(*words: str | Path) -> Outcome:
        capsys.readouterr()
        code = main([str(word) for word in words])
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run


@pytest.fixture
def in_shop(shop: GitRepository, monkeypatch: pytest.MonkeyPatch) -> GitRepository:
    """The shop's repository, as the current folder."""
    monkeypatch.chdir(shop.path)
    return shop
