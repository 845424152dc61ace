"""Build the index of a repository, or bring it up to date.

Only what changed since the last run is read and embedded again. A run that is stopped at any
point leaves the index before it in use; the next run goes on. Then git history is indexed, which
makes blame and history fast; the files can be searched meanwhile.
"""

import sys
from argparse import ArgumentParser, BooleanOptionalAction, Namespace
from typing import TYPE_CHECKING

from codeintel.cli import exit_codes
from codeintel.cli.options import add_json, add_paths
from codeintel.cli.progress import shown_progress
from codeintel.cli.scip import print_scip_report
from codeintel.cli.scip_indexers import run_indexers
from codeintel.cli.sizes import in_units
from codeintel.cli.status import in_words
from codeintel.cli.target import opened, target_of
from codeintel.cli.terminal import Terminal
from codeintel.errors import RepositoryError
from codeintel.types import HistoryState, IndexReport

if TYPE_CHECKING:
    from codeintel.api import CodeIntel


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_paths(parser)
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--full", action="store_true", help="read every file again")
    how.add_argument(
        "--incremental",
        dest="full",
        action="store_false",
        help="read only what changed (the default)",
    )
    parser.add_argument(
        "--history",
        action=BooleanOptionalAction,
        help="index git history, too, after the files (default: as CODEINTEL_HISTORY says: yes)",
    )
    parser.add_argument(
        "--scip",
        action="store_true",
        help="also run scip-python and scip-typescript where they are installed, so that"
        " definitions and references are precise",
    )
    add_json(parser)


def run(arguments: Namespace) -> int:
    """Index, and print what was done."""
    target = target_of(arguments.paths)
    with opened(target) as intel:
        with shown_progress() as progress:
            reports = intel.index(full=arguments.full, progress=progress)
        terminal = Terminal()
        if arguments.json:
            terminal.json(reports)
        else:
            for report in reports:
                print_report(terminal, report)
        if arguments.scip:
            repositories = intel.index_status().repositories
            for root, status in zip(target.roots, repositories, strict=True):
                for scip in run_indexers(intel, root, status):
                    if not arguments.json:
                        print_scip_report(terminal, scip)
        if intel.settings.history if arguments.history is None else arguments.history:
            states = _index_history(intel)
            if not arguments.json:
                for name, state in states.items():
                    terminal.line(f"git history of {name}: {in_words(state)}")
    return exit_codes.FOUND


def _index_history(intel: "CodeIntel") -> dict[str, HistoryState]:
    """Index git history; where that fails the files are indexed all the same, and git answers."""
    try:
        with shown_progress() as progress:
            return intel.index_history(progress=progress)
    except RepositoryError as error:
        print(f"Git history is not indexed: {error}", file=sys.stderr)
        return {}


def print_report(terminal: Terminal, report: IndexReport) -> None:
    """Print what a run did to one repository's index."""
    change = f"+{report.files_added:,} -{report.files_removed:,}" if report.changed else "no change"
    skipped = ", ".join(f"{n:,} {reason}" for reason, n in sorted(report.skipped.items()))
    seconds = ", ".join(f"{stage} {spent:.2f}" for stage, spent in report.seconds.items())
    rows = {
        "files": f"{report.n_files:,} ({change})",
        "chunks": f"{report.n_chunks:,} ({report.texts_embedded:,} embedded now)",
        "symbols": f"{report.n_symbols:,}",
        "skipped": skipped or "none",
        "seconds": seconds,
        "vector index": report.vector_index,
        "on disk": in_units(report.size_bytes),
        "memory": f"{in_units(report.peak_memory_bytes)} at most",
        "generation": str(report.generation),
    }
    terminal.line(terminal.paint(report.repo, "bold"))
    for name, value in rows.items():
        terminal.line(terminal.paint(f"  {name:13}", "dim"), value)
    for note in report.notes:
        terminal.line(f"  note: {note}")
