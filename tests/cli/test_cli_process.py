"""The command as a process of its own: start, pipes, terminals, signals."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from repositories import GitRepository

Cli = Callable[..., Any]
COMMAND = (sys.executable, "-m", "codeintel.cli.main")


@pytest.fixture
def environment(home: Path) -> dict[str, str]:
    """The environment of a terminal whose user has an empty home folder."""
    return {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"}


def on_terminal(words: tuple[str, ...], cwd: Path, environment: dict[str, str]) -> str:
    """Run a command line whose output is a terminal, and give what that shows."""
    reader, terminal = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *words], cwd=cwd, env=environment, stdout=terminal, stderr=subprocess.DEVNULL
    )
    os.close(terminal)
    parts = []
    while True:
        try:
            data = os.read(reader, 65536)
        except OSError:  # Linux answers so when the last writer has gone
            break
        if not data:
            break
        parts.append(data)
    os.close(reader)
    assert process.wait() == 0
    return b"".join(parts).decode()


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from codeintel.cli.main import main; main(['--help']);"
        "heavy = {'numpy', 'faiss', 'tantivy', 'tree_sitter', 'rich', 'httpx', 'mcp', 'sqlite3'};"
        "sys.exit(sorted(heavy & set(sys.modules)) or None)"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    assert "search" in answer.stdout


def test_version_is_printed() -> None:
    answer = subprocess.run([*COMMAND, "--version"], capture_output=True, text=True, check=True)
    assert answer.stdout.startswith("codeintel 0.")


@pytest.mark.parametrize(
    "words", [(), ("nosuch",), ("search",), ("search", "x", "--limit", "0"), ("show", "a", "b")]
)
def test_a_wrong_command_line_is_exit_code_2_and_names_the_help(words: tuple[str, ...]) -> None:
    answer = subprocess.run([*COMMAND, *words], capture_output=True, text=True)
    assert answer.returncode == 2
    assert "--help" in answer.stderr
    assert not answer.stdout


def test_output_in_a_pipe_has_no_colours(shop: GitRepository, environment: dict[str, str]) -> None:
    answer = subprocess.run(
        [*COMMAND, "search", "cart"], cwd=shop.path, env=environment, capture_output=True, text=True
    )
    assert answer.returncode == 0
    assert "\x1b" not in answer.stdout + answer.stderr


def test_a_terminal_gets_colours_and_highlighted_code(
    shop: GitRepository, environment: dict[str, str]
) -> None:
    environment.pop("NO_COLOR", None)
    shown = on_terminal(("search", "add item to the cart"), shop.path, environment)
    assert "\x1b[1;35mshop/cart.py" in shown
    assert any("class" in part and "Cart" not in part for part in shown.split("\x1b["))


def test_no_color_is_honoured(shop: GitRepository, environment: dict[str, str]) -> None:
    shown = on_terminal(("grep", "-F", "tea"), shop.path, {**environment, "NO_COLOR": "1"})
    assert "\x1b[3" not in shown
    assert "tea" in shown


def test_a_file_cannot_steer_the_terminal(shop: GitRepository, environment: dict[str, str]) -> None:
    shop.write({"evil.txt": "harmless \x1b]0;owned\x07\x1b[2J text\n"})
    for words in (("grep", "harmless"), ("show", "evil.txt"), ("search", "harmless text")):
        shown = on_terminal(words, shop.path, environment)
        assert "\x1b]0" not in shown
        assert "\x1b[2J" not in shown
        assert "␛" in shown
    piped = subprocess.run(
        [*COMMAND, "show", "evil.txt"], cwd=shop.path, env=environment, capture_output=True
    )
    assert piped.stdout == (shop.path / "evil.txt").read_bytes()


def test_a_reader_that_leaves_early_is_no_error(
    shop: GitRepository, environment: dict[str, str]
) -> None:
    shop.write({"long.txt": "a line\n" * 50_000})
    answer = subprocess.run(
        ["bash", "-c", f"{' '.join(COMMAND)} grep 'a line' | head -n 1"],
        cwd=shop.path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert answer.stdout == "long.txt:1:a line\n"
    assert "error" not in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_path_that_is_not_utf8_does_no_harm(
    shop: GitRepository, environment: dict[str, str]
) -> None:
    (Path(os.fsdecode(os.fsencode(shop.path) + b"/caf\xe9.py"))).write_text("x = 1\n")
    indexed = subprocess.run([*COMMAND, "index"], cwd=shop.path, env=environment)
    answer = subprocess.run(
        [*COMMAND, "status", "--skipped"], cwd=shop.path, env=environment, capture_output=True
    )
    assert indexed.returncode == answer.returncode == 0
    assert b"caf" in answer.stdout


def test_errors_are_json_where_json_is_asked_for(
    shop: GitRepository, environment: dict[str, str]
) -> None:
    answer = subprocess.run(
        [*COMMAND, "show", "shop/cat.py", "--json"],
        cwd=shop.path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 2
    error = json.loads(answer.stderr)["error"]
    assert error["code"] == "path_not_found"
    assert "shop/cat.py" in error["message"]


@pytest.mark.parametrize("redirection", [">&-", "2>&-", ">&- 2>&-"])
def test_a_closed_stream_is_no_fault(
    shop: GitRepository, environment: dict[str, str], redirection: str
) -> None:
    command = f"{' '.join(COMMAND)} search cart {redirection}"
    answer = subprocess.run(
        ["bash", "-c", command], cwd=shop.path, env=environment, capture_output=True, text=True
    )
    assert answer.returncode == 0
    assert "error" not in answer.stderr


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_output_to_a_full_disk_is_named(shop: GitRepository, environment: dict[str, str]) -> None:
    with open("/dev/full", "w") as full:
        answer = subprocess.run(
            [*COMMAND, "search", "cart"],
            cwd=shop.path,
            env=environment,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert answer.returncode == 3
    error, cure = answer.stderr.splitlines()[-2:]
    assert error == "error: The output cannot be written: No space left on device."
    assert cure.startswith("cure: ")


def test_a_folder_without_permission_is_named(
    shop: GitRepository, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, cli: Cli
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: not str(path).endswith("/web"))
    answer = cli("search", "cart", shop.path / "web")
    assert answer.code == 3
    assert "permission is missing" in answer.err
    assert "cure: " in answer.err
