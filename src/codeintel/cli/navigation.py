"""What `definition` and `references` share: the place asked about, and the printed answer."""

import re
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Literal

from codeintel.cli.answering import ended, indexed
from codeintel.cli.options import add_json, add_page, add_paths, add_scope
from codeintel.cli.target import file_of, target_of
from codeintel.cli.terminal import Terminal

if TYPE_CHECKING:
    from codeintel.types import Location

_PLACE = re.compile(r"(?P<path>.+?):(?P<line>\d+)(?::(?P<column>\d+))?")


def add_place(parser: ArgumentParser, *, limit: int) -> None:
    """Add the symbol or place, and the options of the answer."""
    parser.add_argument("symbol", help="a name, a dotted name, or FILE:LINE[:COLUMN]")
    add_paths(parser)
    add_page(parser, limit=limit, of="places")
    add_scope(parser)
    add_json(parser)


def print_places(arguments: Namespace, question: Literal["definition_at", "references_at"]) -> int:
    """Ask, and print one place a line."""
    place = _PLACE.fullmatch(arguments.symbol)
    if place:
        target, path = file_of(place["path"], ".")
    else:
        target, path = target_of(arguments.paths), None
    with indexed(target) as intel:
        ask = intel.definition_at if question == "definition_at" else intel.references_at
        answer = ask(
            path=path,
            line=int(place["line"]) if place else None,
            column=int(place["column"]) if place and place["column"] else None,
            symbol=None if place else arguments.symbol,
            limit=arguments.limit,
            cursor=arguments.cursor,
            scope=target.scope(arguments),
        )
    terminal = Terminal()
    if arguments.json:
        terminal.json(answer)
    else:
        for location in answer.locations:
            _print_location(terminal, location, target.shown(location.repo, location.path))
    rest = f"more of {answer.total} places in {answer.n_files} files"
    return ended(
        arguments, len(answer.locations), answer.about, next_cursor=answer.next_cursor, rest=rest
    )


def _print_location(terminal: Terminal, location: "Location", path: str) -> None:
    terminal.line(
        terminal.paint(path, "magenta"),
        terminal.paint(f":{location.line}:{location.column}", "green"),
        f": {terminal.visible(location.text.strip())}",
        terminal.paint(f"  in {location.enclosing}" if location.enclosing else "", "dim"),
        terminal.paint(f"  [{location.rung}]", "dim"),
    )
