"""List the indexed files, or the folders and how many each holds."""

from argparse import ArgumentParser, Namespace

from msgspec.structs import replace

from codeintel.cli.answering import ended, indexed, pages
from codeintel.cli.options import add_json, add_page, add_paths, add_scope, whole
from codeintel.cli.target import target_of
from codeintel.cli.terminal import Terminal
from codeintel.types import PathEntry, PathsAnswer


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_paths(parser)
    parser.add_argument("--tree", action="store_true", help="folders with their numbers of files")
    parser.add_argument(
        "--skipped", action="store_true", help="the files that are not indexed, with the reason"
    )
    parser.add_argument(
        "--min-size", type=whole, metavar="BYTES", help="only files of at least this size"
    )
    parser.add_argument(
        "--max-size", type=whole, metavar="BYTES", help="only files of at most this size"
    )
    parser.add_argument(
        "--since", metavar="TIME", help="only files changed since this time, such as 2026-01-31"
    )
    parser.add_argument(
        "--sort",
        choices=("path", "size", "modified"),
        default="path",
        help="order; largest or latest first (default: path)",
    )
    parser.add_argument(
        "--long", action="store_true", help="also print size in bytes, lines and language"
    )
    add_page(parser, limit=None, of="paths")
    add_scope(parser)
    add_json(parser)


def run(arguments: Namespace) -> int:
    """List the paths."""
    target = target_of(arguments.paths)
    with indexed(target) as intel:

        def ask(limit: int, cursor: str | None) -> PathsAnswer:
            return intel.list_paths(
                scope=target.scope(arguments),
                tree=arguments.tree,
                skipped=arguments.skipped,
                min_bytes=arguments.min_size,
                max_bytes=arguments.max_size,
                modified_since=arguments.since,
                order=arguments.sort,
                limit=limit,
                cursor=cursor,
            )

        answers = list(pages(arguments, ask))
    entries = tuple(entry for answer in answers for entry in answer.entries)
    terminal = Terminal()
    if arguments.json:
        terminal.json(replace(answers[-1], entries=entries))
    else:
        for entry in entries:
            _print_entry(terminal, entry, target.shown(entry.repo, entry.path), arguments)
    return ended(
        arguments,
        len(entries),
        answers[-1].about,
        next_cursor=answers[-1].next_cursor,
        rest=f"more of {answers[-1].total} paths",
    )


def _print_entry(terminal: Terminal, entry: PathEntry, path: str, arguments: Namespace) -> None:
    if entry.kind == "folder":
        terminal.line(terminal.paint(f"{path}/", "bold blue"), f"  {entry.n_files}")
    elif entry.skipped:
        terminal.line(terminal.visible(path), terminal.paint(f"  {entry.skipped}", "dim"))
    elif arguments.long:
        facts = f"{entry.size_bytes:>10} {entry.n_lines:>7} {entry.language or '-':12} "
        terminal.line(terminal.paint(facts, "dim"), terminal.visible(path))
    else:
        terminal.line(terminal.visible(path))
