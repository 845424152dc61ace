"""Writes docs/cli.md from the parsers themselves: ``python -m scripts.cli_reference``."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from codeintel.cli.main import COMMANDS, build_parser

TARGET = Path("docs/cli.md")

_INTRODUCTION = """\
# Command line

<!-- Written by `python -m scripts.cli_reference`; the texts are those of `--help`. -->

A `PATH` is a repository, or a folder or file in one; without it, the current folder is meant. The
index is built on the first question and brought up to date before each later one. Answers go to
stdout; progress, notes and errors to stderr. On a terminal they are coloured, unless `NO_COLOR` is
set; in a pipe they are plain.

`--json` prints one JSON value on one line: the same structs that the Python API and the tools
answer with. An error is then one object `{"error": {"code", "message", "cure", "suggestions"}}`
on stderr; else it is a line `error: …`, perhaps `nearest: …`, and a line `cure: …`.

| exit code | meaning |
|---|---|
| 0 | something was found, or all went well |
| 1 | nothing was found |
| 2 | the command line is wrong: an option, a path, a pattern, a range |
| 3 | the repository, the index or the embedding server cannot be used as it is |
| 4 | a fault of CodeIntel itself |
| 130, 141 | interrupted; the reader of the output has gone |
"""


def reference() -> str:
    """Give the text of the page."""
    parser = build_parser()
    (commands,) = (
        action for action in parser._actions if isinstance(action, argparse._SubParsersAction)
    )
    sections = (
        "\n".join(_section(name, commands.choices[name], COMMANDS[name].__doc__ or ""))
        for name in COMMANDS
    )
    return "\n".join((_INTRODUCTION, *sections))


def _section(name: str, parser: argparse.ArgumentParser, text: str) -> Iterator[str]:
    yield f"## codeintel {name}\n"
    for line in text.strip().split("\n"):
        yield f"    {line.strip()}" if line.startswith("  ") else line
    yield "\n| argument | default | meaning |\n|---|---|---|"
    for action in parser._actions:
        if not isinstance(action, argparse._HelpAction):
            yield f"| {_argument(action)} | {_default(action)} | {_meaning(action)} |"
    yield ""


def _argument(action: argparse.Action) -> str:
    value = str(action.metavar or action.dest.upper())
    if not action.option_strings:
        optional = action.nargs in ("*", "?")
        return f"`[{value}{' …' if action.nargs == '*' else ''}]`" if optional else f"`{value}`"
    suffix = "" if action.nargs == 0 else f" {value}"
    return ", ".join(f"`{option}{suffix}`" for option in action.option_strings)


def _default(action: argparse.Action) -> str:
    if action.nargs == 0 or action.default in (None, []) or action.required:
        return ""
    return f"`{action.default}`"


def _meaning(action: argparse.Action) -> str:
    text = (action.help or "").split(" (default")[0]
    return text.replace("|", "\\|")


if __name__ == "__main__":
    TARGET.write_text(reference(), encoding="utf-8")
