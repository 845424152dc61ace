"""Find definitions by name, or list those of one file.

For example:

  codeintel symbols RetryPolicy
  codeintel symbols --file src/app.py
"""

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from codeintel.cli.answering import ended, indexed
from codeintel.cli.options import add_json, add_page, add_paths, add_scope
from codeintel.cli.target import Target, file_of, target_of
from codeintel.cli.terminal import Terminal
from codeintel.errors import InvalidQueryError

if TYPE_CHECKING:
    from codeintel.types import SymbolHit, SymbolsAnswer


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("query", nargs="?", help="the name, or a part or an abbreviation of it")
    add_paths(parser)
    parser.add_argument("--file", metavar="FILE", help="list this file's definitions, in order")
    parser.add_argument("--kind", help="only this kind: class, function, method, constant, …")
    add_page(parser, limit=50, of="definitions")
    add_scope(parser)
    add_json(parser)


def run(arguments: Namespace) -> int:
    """Look the symbols up, and print where each is defined."""
    target, answer = _outline(arguments) if arguments.file else _found(arguments)
    terminal = Terminal()
    if arguments.json:
        terminal.json(answer)
    else:
        for symbol in answer.symbols:
            print_symbol(terminal, symbol, target.shown(symbol.repo, symbol.path))
    rest = f"more of {answer.total} definitions"
    return ended(
        arguments, len(answer.symbols), answer.about, next_cursor=answer.next_cursor, rest=rest
    )


def print_symbol(terminal: Terminal, symbol: "SymbolHit", path: str) -> None:
    """Print one definition on one line."""
    name = f"{symbol.container}.{symbol.name}" if symbol.container else symbol.name
    terminal.line(
        terminal.paint(path, "magenta"),
        terminal.paint(f":{symbol.start_line}-{symbol.end_line}", "green"),
        f"  {symbol.kind} ",
        terminal.paint(name, "bold"),
        terminal.paint(f"  {symbol.signature}" if symbol.signature else "", "dim"),
    )


def _outline(arguments: Namespace) -> "tuple[Target, SymbolsAnswer]":
    if arguments.query:
        raise InvalidQueryError(
            "A name and --file cannot be asked for together.",
            cure="Name the file as PATH to search in it.",
        )
    target, path = file_of(arguments.file, ".")
    with indexed(target) as intel:
        return target, intel.outline(path)


def _found(arguments: Namespace) -> "tuple[Target, SymbolsAnswer]":
    if not arguments.query:
        raise InvalidQueryError(
            "There is nothing to look for.", cure="Give a name, or --file FILE to list a file."
        )
    from codeintel.types import SymbolKind

    if arguments.kind is not None and arguments.kind not in set(SymbolKind):
        raise InvalidQueryError(
            f"'{arguments.kind}' is no kind of symbol.",
            cure=f"The kinds are {', '.join(SymbolKind)}.",
        )
    target = target_of(arguments.paths)
    with indexed(target) as intel:
        return target, intel.symbol_search(
            arguments.query,
            kind=SymbolKind(arguments.kind) if arguments.kind else None,
            limit=arguments.limit,
            cursor=arguments.cursor,
            scope=target.scope(arguments),
        )
