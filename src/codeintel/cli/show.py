"""Print a file or some of its lines, as it is or at a revision.

For example:

  codeintel show src/app.py:10-40
  codeintel show src/app.py --ref v1.2.0
"""

import sys
from argparse import ArgumentParser, Namespace

from codeintel.cli import exit_codes
from codeintel.cli.options import add_json, add_repository, file_lines, positive
from codeintel.cli.target import file_of, opened
from codeintel.cli.terminal import Terminal


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("file", type=file_lines, help="FILE, FILE:LINE or FILE:START-END")
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
            ref=arguments.ref,
            max_tokens=arguments.max_tokens,
        )
    terminal = Terminal()
    if arguments.json:
        terminal.json(answer)
    elif terminal.styled:
        terminal.code(answer.text, path=path, start_line=answer.start_line)
    else:
        sys.stdout.write(answer.text)
    if answer.truncated and not arguments.json:
        last = f"lines {answer.start_line}-{answer.end_line} of {answer.n_lines}"
        print(f"note: cut to fit --max-tokens: {last}", file=sys.stderr)
    return exit_codes.FOUND
