from collections.abc import Callable
from typing import Any

import pytest

from codeintel.cli.main import COMMANDS, build_parser

Cli = Callable[..., Any]


@pytest.mark.parametrize(
    ("words", "message", "nearest"),
    [
        ("searhc x", "There is no command 'searhc'.", "search"),
        ("instal codex", "There is no command 'instal'.", "install, uninstall"),
        ("index --ful", "There is no option '--ful'.", "--full"),
        ("grep --ignorecase x", "There is no option '--ignorecase'.", "--ignore-case"),
        ("status --skiped", "There is no option '--skiped'.", "--skipped"),
        ("search x --limt=3", "There is no option '--limt=3'.", "--limit"),
        ("--verison", "There is no option '--verison'.", "--version"),
        ("install claude-cod", "There is no agent 'claude-cod'.", "claude-code, claude-desktop"),
        ("search x --files cod", "--files: 'cod' is none of code, tests, docs.", "code"),
    ],
)
def test_a_typing_error_is_answered_with_what_was_meant(
    cli: Cli, words: str, message: str, nearest: str
) -> None:
    answer = cli(*words.split())
    assert (answer.code, answer.out) == (2, "")
    error, suggestion, cure = answer.err.splitlines()
    assert (error, suggestion) == (f"error: {message}", f"nearest: {nearest}")
    assert cure.startswith("cure: ")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("frobnicate", "There is no command 'frobnicate'."),
        ("search", "An argument is missing: query."),
        ("search x --limit 0", "-n/--limit: '0' is not a whole number of at least 1."),
        ("serve --http 1.2", "--http: '1.2' is not HOST:PORT."),
        ("blame a b", "There is no argument 'b'."),
        ("index --full --incremental", "--incremental: not allowed with argument --full."),
    ],
)
def test_a_wrong_argument_is_named_in_one_line_with_its_cure(
    cli: Cli, words: str, message: str
) -> None:
    answer = cli(*words.split())
    assert (answer.code, answer.out) == (2, "")
    error, cure = answer.err.splitlines()
    assert error == f"error: {message}"
    assert cure.startswith("cure: See `codeintel ")
    assert cure.endswith(" --help`.")


def test_a_program_that_asks_for_json_is_told_of_its_typing_error_in_json(cli: Cli) -> None:
    answer = cli("searhc", "x", "--json")
    assert answer.code == 2
    assert '"code":"invalid_input"' in answer.err
    assert '"suggestions":["search"]' in answer.err


def test_without_a_command_the_help_is_shown(cli: Cli) -> None:
    answer = cli()
    assert (answer.code, answer.out) == (2, "")
    assert all(f"\n    {name} " in answer.err for name in COMMANDS)


@pytest.mark.parametrize("words", [["--help"], *([name, "--help"] for name in COMMANDS)])
def test_help_is_no_error(cli: Cli, words: list[str]) -> None:
    answer = cli(*words)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith("usage: codeintel")


def test_every_command_says_what_it_does_in_a_line_and_every_option_what_it_means() -> None:
    parser = build_parser()
    (commands,) = (action for action in parser._actions if action.choices)
    for name, command in COMMANDS.items():
        first = (command.__doc__ or "").strip().splitlines()[0]
        assert len(first) <= 90, name
        assert first.endswith(".")
        for action in commands.choices[name]._actions:  # type: ignore[index]
            assert action.help, (name, action.dest)
            assert not action.help.split()[0].istitle(), (name, action.help)
            assert not action.help.endswith("."), (name, action.help)
