"""Tell which commit last changed each line of a file.

Example:

  codeintel blame src/app.py:10-40
"""

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from codeintel.cli import exit_codes
from codeintel.cli.options import add_json, add_repository, file_lines
from codeintel.cli.target import file_of, opened
from codeintel.cli.terminal import Terminal

if TYPE_CHECKING:
    from codeintel.types import BlameAnswer


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("file", type=file_lines, help="FILE, FILE:LINE or FILE:START-END")
    parser.add_argument("--rev", help="blame the file as it was at this branch, tag or commit")
    add_repository(parser)
    add_json(parser)


def run(arguments: Namespace) -> int:
    """Blame the lines, and print them grouped by commit."""
    text, start_line, end_line = arguments.file
    target, path = file_of(text, arguments.directory)
    with opened(target) as intel:
        answer = intel.blame_range(path, start_line or 1, end_line, rev=arguments.rev)
    terminal = Terminal()
    if arguments.json:
        terminal.json(answer)
    else:
        _print_spans(terminal, answer)
    return exit_codes.FOUND


def _print_spans(terminal: Terminal, answer: "BlameAnswer") -> None:
    for span in answer.spans:
        commit = answer.commits[span.sha]
        lines = f"{span.start_line}-{span.end_line}"
        terminal.line(
            terminal.paint(f"{lines:>11}", "green"),
            terminal.paint(f"  {'^' if span.boundary else ' '}{span.sha[:10]}", "yellow"),
            f"  {commit.date[:10]}  {terminal.visible(commit.author):20}  ",
            terminal.visible(commit.summary),
            terminal.paint(f"  (as {span.original_path})", "dim")
            if span.original_path not in ("", answer.path)
            else "",
        )
