"""Find code by what it does, asked in plain words.

The first search of a repository builds its index. Example:

  codeintel search "where are requests retried" ~/src/project
"""

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from codeintel.cli.answering import ended, indexed
from codeintel.cli.options import add_json, add_page, add_paths, add_scope, positive
from codeintel.cli.target import target_of
from codeintel.cli.terminal import Terminal

if TYPE_CHECKING:
    from codeintel.types import SearchHit


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("query", help="a question, or words that describe the code")
    add_paths(parser)
    add_page(parser, limit=10, of="hits")
    parser.add_argument(
        "--per-file", type=positive, metavar="N", help="at most this many hits of one file"
    )
    parser.add_argument(
        "--files",
        choices=("code", "tests", "docs"),
        help="only files of this kind: code, tests, docs",
    )
    parser.add_argument(
        "--prefer-recent",
        action="store_true",
        help="raise files the more, the newer their last change is",
    )
    parser.add_argument(
        "--max-tokens",
        type=positive,
        default=4000,
        metavar="N",
        help="size of all snippets together (default: 4000)",
    )
    parser.add_argument("--explain", action="store_true", help="show how each score came about")
    add_scope(parser)
    add_json(parser)


def run(arguments: Namespace) -> int:
    """Search, and print the hits with their code."""
    target = target_of(arguments.paths)
    with indexed(target) as intel:
        answer = intel.semantic_search(
            arguments.query,
            limit=arguments.limit,
            per_file=arguments.per_file,
            files=arguments.files,
            prefer_recent=arguments.prefer_recent,
            max_tokens=arguments.max_tokens,
            explain=arguments.explain,
            cursor=arguments.cursor,
            scope=target.scope(arguments),
        )
    terminal = Terminal()
    if arguments.json:
        terminal.json(answer)
    else:
        for hit in answer.hits:
            _print_hit(terminal, hit, target.shown(hit.repo, hit.path))
    return ended(arguments, len(answer.hits), answer.about, next_cursor=answer.next_cursor)


def _print_hit(terminal: Terminal, hit: "SearchHit", path: str) -> None:
    terminal.line(
        terminal.paint(path, "bold magenta"),
        terminal.paint(f":{hit.start_line}-{hit.end_line}", "green"),
        f"  {hit.kind or ''} {hit.symbol}".rstrip(),
        terminal.paint(f"  {hit.score:.3f}", "dim"),
    )
    for name, share in (hit.explanation or {}).items():
        terminal.line(terminal.paint(f"    {name} {share:.4f}", "dim"))
    terminal.code(hit.text, path=hit.path, start_line=hit.start_line)
    if hit.truncated:
        terminal.line(terminal.paint("    … cut to fit --max-tokens", "dim"))
    terminal.line()
