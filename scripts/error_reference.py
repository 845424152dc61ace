"""Writes docs/errors.md from the error tree: ``python -m scripts.error_reference``."""

from collections.abc import Iterator
from pathlib import Path

from codeintel.cli.exit_codes import exit_code_of
from codeintel.errors import CodeIntelError
from codeintel.server.outcome import failed
from codeintel.server.rest import respond

TARGET = Path("docs/errors.md")

_INTRODUCTION = """\
# Errors

<!-- Written by `python -m scripts.error_reference` from the tree in `src/codeintel/errors.py`. -->

Every error has a stable code, a message that names the value, often a cure, and where there are any
the nearest valid values. Python raises the class; a tool answers with `isError` and the code; the
command line prints message and cure and ends with the exit code; REST answers with the status.

An error that is not of this tree is a fault of CodeIntel: exit code 4, status 500, code `internal`.

| code | class | when | exit code | status |
|---|---|---|---|---|
"""


def tree(root: type[CodeIntelError] = CodeIntelError) -> Iterator[type[CodeIntelError]]:
    """Give all classes below a class, each before its own."""
    for error in root.__subclasses__():
        yield error
        yield from tree(error)


def reference() -> str:
    """Give the text of the page."""
    return _INTRODUCTION + "".join(map(_row, tree()))


def _row(error: type[CodeIntelError]) -> str:
    when = (error.__doc__ or "").strip().split("\n\n")[0].replace("\n", " ").replace("``", "`")
    example = error("")
    status, code = respond(failed(example)).status_code, exit_code_of(example)
    return (
        f"| `{error.code}` | `{error.__name__}` | {' '.join(when.split())} | {code} | {status} |\n"
    )


if __name__ == "__main__":
    TARGET.write_text(reference(), encoding="utf-8")
