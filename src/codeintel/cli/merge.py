"""Fold what came since the last build into the main vector index.

An index merges by itself when that pays; this does it now, or from a timetable of your own
(`CODEINTEL_MERGE=false` leaves it to that). Searches, and indexing, go on meanwhile. Exit code 0:
merged, or nothing to do; with --dry-run 1 says that there is nothing to do.
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
    parser.add_argument(
        "--dry-run", action="store_true", help="only say what would be done, and into what"
    )
    add_json(parser)


def run(arguments: Namespace) -> int:
    """Merge, and print the index's state."""
    with opened(target_of(arguments.paths)) as intel, shown_progress() as progress:
        reports = intel.merge(
            if_needed=arguments.if_needed, dry_run=arguments.dry_run, progress=progress
        )
    terminal = Terminal()
    if arguments.json:
        terminal.json(reports)
    else:
        for report in reports:
            print_report(terminal, report)
    due = any(report.changed for report in reports)
    return exit_codes.FOUND if due or not arguments.dry_run else exit_codes.NOTHING_FOUND
