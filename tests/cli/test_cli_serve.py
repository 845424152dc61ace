"""The options of `codeintel serve` and `codeintel token`, as far as no server is needed."""

import json
import re
from argparse import ArgumentTypeError
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from codeintel.cli.serve import address
from codeintel.server.auth import Tokens
from repositories import GitRepository

Cli = Callable[..., Any]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1:8765", ("127.0.0.1", 8765)),
        (":80", ("127.0.0.1", 80)),
        ("[::1]:80", ("::1", 80)),
        ("example.org:443", ("example.org", 443)),
    ],
)
def test_an_address_is_a_host_and_a_port(text: str, expected: tuple[str, int]) -> None:
    assert address(text) == expected


@pytest.mark.parametrize("text", ["", "8765", "host:", "host:port", "host:70000", "host:-1"])
def test_what_is_no_address_is_an_error(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="is not HOST:PORT"):
        address(text)


def test_a_token_is_shown_once_and_its_line_opens_the_server(cli: Cli, tmp_path: Path) -> None:
    outcome = cli("token", "alice", "--repo", "app", "--repo", "lib")
    assert outcome.code == 0
    (token,) = re.findall(r"ci_\S+", outcome.err)
    assert token not in outcome.out
    assert json.loads(outcome.out)["repos"] == ["app", "lib"]
    (tmp_path / "tokens").write_text(outcome.out)
    principal = Tokens.read(tmp_path / "tokens").principal(token.encode())
    assert principal is not None
    assert (principal.name, principal.repos) == ("alice", frozenset({"app", "lib"}))


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--token-file", "nosuch"), "token file"),
        (("--oauth-issuer", "https://id.example"), "--oauth-jwks"),
        (("--http", "0.0.0.0:0"), "--allow-unauthenticated"),
        (("--workers", "0"), "'0' is not a whole number"),
        (("--http", "nowhere"), "is not HOST:PORT"),
    ],
)
def test_a_server_that_would_not_be_safe_or_whole_is_not_started(
    cli: Cli, in_shop: GitRepository, words: tuple[str, ...], complaint: str
) -> None:
    outcome = cli("serve", "--http", "127.0.0.1:0", *words)
    assert outcome.code == 2
    assert complaint in outcome.err
