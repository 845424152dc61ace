"""Options that several commands share, and what they mean."""

import os
import re
from argparse import ArgumentParser, ArgumentTypeError

LINES = re.compile(r"(?P<path>.+?):(?P<start>\d+)(?:-(?P<end>\d+))?")


def positive(text: str) -> int:
    """Parse a whole number of at least 1."""
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise ArgumentTypeError(f"'{text}' is not a whole number of at least 1")
    return int(text)


def whole(text: str) -> int:
    """Parse a whole number of at least 0."""
    return 0 if text == "0" else positive(text)


def file_lines(text: str) -> tuple[str, int | None, int | None]:
    """Parse ``FILE``, ``FILE:LINE`` or ``FILE:START-END``."""
    match = LINES.fullmatch(text)
    if not match or os.path.lexists(text):  # a file may be named so
        return text, None, None
    start = int(match["start"])
    return match["path"], start, int(match["end"] or start)


def line_range(text: str) -> tuple[int, int]:
    """Parse ``START-END`` or ``LINE``."""
    start, dash, end = text.partition("-")
    return positive(start), positive(end if dash else start)


def add_json(parser: ArgumentParser) -> None:
    """Add ``--json``."""
    parser.add_argument("--json", action="store_true", help="print one JSON value for programs")


def add_paths(parser: ArgumentParser) -> None:
    """Add the repositories, folders or files to look at."""
    parser.add_argument(
        "paths",
        nargs="*",
        metavar="PATH",
        help="repository, or a folder or file in one (default: the current folder)",
    )


def add_scope(parser: ArgumentParser) -> None:
    """Add the filters by path and language."""
    group = parser.add_argument_group("filters")
    group.add_argument(
        "-g", "--include", action="append", default=[], metavar="GLOB", help="only these paths"
    )
    group.add_argument(
        "--exclude", action="append", default=[], metavar="GLOB", help="all but these paths"
    )
    group.add_argument(
        "-t",
        "--language",
        action="append",
        default=[],
        metavar="NAME",
        help="only files in this language",
    )


def add_page(parser: ArgumentParser, *, limit: int | None, of: str) -> None:
    """Add the size and the place of the page to print."""
    shown = "all" if limit is None else limit
    parser.add_argument(
        "-n",
        "--limit",
        type=positive,
        default=limit,
        metavar="N",
        help=f"at most this many {of} (default: {shown})",
    )
    parser.add_argument("--cursor", help="go on where an earlier answer ended")


def add_repository(parser: ArgumentParser) -> None:
    """Add the repository that a file or symbol is looked up in."""
    parser.add_argument(
        "-C",
        "--directory",
        default=".",
        metavar="PATH",
        help="the repository to ask, or a folder in it (default: the current folder)",
    )
