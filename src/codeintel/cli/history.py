"""List the commits that changed a file or folder, newest first."""

from argparse import ArgumentParser, Namespace

from codeintel.cli.answering import ended
from codeintel.cli.options import add_json, add_page, add_repository
from codeintel.cli.target import file_of, opened
from codeintel.cli.terminal import Terminal


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("file", help="the file or folder")
    parser.add_argument("--rev", help="start from this branch, tag or commit")
    parser.add_argument("--follow", action="store_true", help="go on behind renames of the file")
    parser.add_argument("--since", metavar="DATE", help="commits after this date")
    parser.add_argument("--until", metavar="DATE", help="commits before this date")
    parser.add_argument("--author", help="commits whose author's name or address has this in it")
    add_page(parser, limit=50, of="commits")
    add_repository(parser)
    add_json(parser)


def run(arguments: Namespace) -> int:
    """Read the history, and print one commit a line."""
    target, path = file_of(arguments.file, arguments.directory)
    with opened(target) as intel:
        answer = intel.file_history(
            path,
            limit=arguments.limit,
            cursor=arguments.cursor,
            rev=arguments.rev,
            follow=arguments.follow,
            since=arguments.since,
            until=arguments.until,
            author=arguments.author,
        )
    terminal = Terminal()
    if arguments.json:
        terminal.json(answer)
    else:
        for commit in answer.commits:
            terminal.line(
                terminal.paint(commit.sha[:10], "yellow"),
                f"  {commit.date[:10]}  {terminal.visible(commit.author):20}  ",
                terminal.visible(commit.summary),
            )
    return ended(arguments, len(answer.commits), (answer.about,), next_cursor=answer.next_cursor)
