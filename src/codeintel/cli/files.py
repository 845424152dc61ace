"""List the indexed files, or the folders and how many each holds."""

from argparse import ArgumentParser, Namespace

from codeintel.cli.answering import ended, indexed
from codeintel.cli.options import add_json, add_page, add_paths, add_scope
from codeintel.cli.target import target_of
from codeintel.cli.terminal import Terminal


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_paths(parser)
    parser.add_argument("--tree", action="store_true", help="folders with their numbers of files")
    parser.add_argument(
        "--long", action="store_true", help="also print size in bytes, lines and language"
    )
    add_page(parser, limit=10_000, of="paths")
    add_scope(parser)
    add_json(parser)


def run(arguments: Namespace) -> int:
    """List the paths."""
    target = target_of(arguments.paths)
    with indexed(target) as intel:
        answer = intel.list_paths(
            scope=target.scope(arguments),
            tree=arguments.tree,
            limit=arguments.limit,
            cursor=arguments.cursor,
        )
    terminal = Terminal()
    if arguments.json:
        terminal.json(answer)
    else:
        for entry in answer.entries:
            path = target.shown(entry.repo, entry.path)
            if entry.kind == "folder":
                terminal.line(terminal.paint(f"{path}/", "bold blue"), f"  {entry.n_files}")
            elif arguments.long:
                facts = f"{entry.size_bytes:>10} {entry.n_lines:>7} {entry.language or '-':12} "
                terminal.line(terminal.paint(facts, "dim"), terminal.visible(path))
            else:
                terminal.line(terminal.visible(path))
    rest = f"more of {answer.total} paths"
    return ended(
        arguments, len(answer.entries), answer.about, next_cursor=answer.next_cursor, rest=rest
    )
