"""Print a file or some of its lines, as it is or at a revision.

For example:

  codeintel show src/app.py:10-40
  codeintel show src/app.py --lines 1-20 --lines 80-95
  codeintel show src/app.py --ref v1.2.0
"""

import sys
from argparse import ArgumentParser, Namespace

from codeintel.cli import exit_codes
from codeintel.cli.options import add_json, add_repository, file_lines, line_range, positive
from codeintel.cli.target import file_of, opened
from codeintel.cli.terminal import Terminal
from codeintel.types import FileAnswer, FilePart


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("file", type=file_lines, help="FILE, FILE:LINE or FILE:START-END")
    parser.add_argument(
        "-L",
        "--lines",
        action="append",
        type=line_range,
        default=[],
        metavar="START-END",
        help="these lines; may be given several times",
    )
    parser.add_argument("--ref", metavar="REV", help="branch, tag or commit to read from")
    parser.add_argument(
        "--max-tokens",
        type=positive,
        default=1_000_000,
        metavar="N",
        help="stop after this size (default: 1000000)",
    )
    add_repository(parser)
    add_json(parser)


def run(arguments: Namespace) -> int:
    """Read the lines, and print them."""
    text, start_line, end_line = arguments.file
    target, path = file_of(text, arguments.directory)
    with opened(target) as intel:
        answer = intel.open_file(
            path,
            start_line=start_line,
            end_line=end_line,
            ranges=arguments.lines,
            ref=arguments.ref,
            max_tokens=arguments.max_tokens,
        )
    terminal = Terminal()
    if arguments.json:
        terminal.json(answer)
        return exit_codes.FOUND
    parts: tuple[FileAnswer | FilePart, ...] = (answer, *answer.further)
    for number, part in enumerate(parts):
        if number:
            terminal.line("--")
        if terminal.styled:
            terminal.code(part.text, path=path, start_line=part.start_line)
        else:
            sys.stdout.write(part.text)
        if part.truncated:
            last = f"lines {part.start_line}-{part.end_line} of {answer.n_lines}"
            print(f"note: cut to fit --max-tokens: {last}", file=sys.stderr)
    return exit_codes.FOUND
