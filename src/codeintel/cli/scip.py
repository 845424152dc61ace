"""Import what a SCIP indexer wrote, so that definitions and references are precise.

For example:

  scip-python index . --project-name shop
  codeintel scip import index.scip

The repository must be indexed as it was when the SCIP file was made. Files that change later keep
the places on their unchanged lines.
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from codeintel.cli import exit_codes
from codeintel.cli.answering import indexed
from codeintel.cli.options import add_json
from codeintel.cli.target import target_of
from codeintel.cli.terminal import Terminal
from codeintel.types import ScipReport


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("action", choices=("import",), help="what to do")
    parser.add_argument("file", type=Path, help="the SCIP file")
    parser.add_argument("paths", nargs="?", default=".", metavar="PATH", help="the repository")
    add_json(parser)


def run(arguments: Namespace) -> int:
    """Import the file, and print what was taken over."""
    with indexed(target_of([arguments.paths])) as intel:
        report = intel.import_scip(arguments.file)
    terminal = Terminal()
    if arguments.json:
        terminal.json(report)
    else:
        print_scip_report(terminal, report)
    return exit_codes.FOUND if report.n_files else exit_codes.NOTHING_FOUND


def print_scip_report(terminal: Terminal, report: ScipReport) -> None:
    """Print what was taken over."""
    terminal.line(terminal.paint(report.repo, "bold"))
    terminal.line(f"  {report.n_places:,} places in {report.n_files:,} files taken over")
    if report.n_unknown:
        terminal.line(f"  {report.n_unknown:,} files are not in the index")
    if report.n_misfit:
        terminal.line(f"  {report.n_misfit:,} files are not as they were for the SCIP file")
