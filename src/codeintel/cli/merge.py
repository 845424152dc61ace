"""Fold what came since the last build into the main vector index.

An index merges by itself when that pays; this does it now, for the fastest searches.
"""

from argparse import ArgumentParser, Namespace

from codeintel.cli import exit_codes
from codeintel.cli.index import print_report
from codeintel.cli.options import add_json, add_paths
from codeintel.cli.progress import shown_progress
from codeintel.cli.target import opened, target_of
from codeintel.cli.terminal import Terminal


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_paths(parser)
    parser.add_argument(
        "--if-needed", action="store_true", help="only where enough has come since the last build"
    )
    add_json(parser)


def run(arguments: Namespace) -> int:
    """Merge, and print the index's state."""
    with opened(target_of(arguments.paths)) as intel, shown_progress() as progress:
        reports = intel.merge(if_needed=arguments.if_needed, progress=progress)
    terminal = Terminal()
    if arguments.json:
        terminal.json(reports)
    else:
        for report in reports:
            print_report(terminal, report)
    return exit_codes.FOUND
