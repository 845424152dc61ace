"""Take over the chunks and vectors of a FAISS deployment with a DuckDB or Parquet catalog.

What the deployment embedded is not embedded again where the model is the same and the text still
stands in its file. Its parts are found by its own variables: REPO_ROOT, DUCKDB_PATH or
VECTORS_DIR, FAISS_INDEX, VLLM_URL and VLLM_MODEL. Nothing of it is changed. The new index takes its
place only when its counts and searches are right; the index before it is kept for --undo.
"""

import os
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from codeintel.cli import exit_codes
from codeintel.cli.options import add_json
from codeintel.cli.progress import shown_progress
from codeintel.cli.target import root_of
from codeintel.cli.terminal import Terminal
from codeintel.config import Settings

if TYPE_CHECKING:
    from codeintel.migration.migrate import MigrationReport


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "repository", nargs="?", metavar="PATH", help="repository (default: REPO_ROOT, else .)"
    )
    parser.add_argument(
        "--catalog",
        metavar="FILE",
        help="DuckDB file, Parquet file or folder of such (default: DUCKDB_PATH or VECTORS_DIR)",
    )
    parser.add_argument("--faiss", metavar="FILE", help="FAISS file (default: FAISS_INDEX)")
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--dry-run", action="store_true", help="show what would be done, and change nothing"
    )
    how.add_argument("--undo", action="store_true", help="go back to the index before")
    add_json(parser)


def run(arguments: Namespace) -> int:
    """Migrate, or take a migration back, and print what was done."""
    from codeintel.migration.deployment import deployment_of
    from codeintel.migration.migrate import migrate, undo

    terminal, settings = Terminal(), Settings.from_environment()
    if arguments.undo:
        place = arguments.repository or os.environ.get("REPO_ROOT") or "."
        restored = undo(root_of(Path(place)), settings)
        if arguments.json:
            terminal.json({"restored": restored})
        else:
            terminal.line(
                "The index before the migration is back."
                if restored
                else "The migrated index is removed; there was none before."
            )
        return exit_codes.FOUND
    deployment = deployment_of(
        os.environ,
        repository=arguments.repository,
        catalog=arguments.catalog,
        faiss_index=arguments.faiss,
    )
    with shown_progress() as progress:
        report = migrate(deployment, settings, dry_run=arguments.dry_run, progress=progress)
    if arguments.json:
        terminal.json(report)
    else:
        _print(terminal, report, dry_run=arguments.dry_run)
    return exit_codes.FOUND


def _print(terminal: Terminal, report: "MigrationReport", *, dry_run: bool) -> None:
    rows = {
        "old chunks": f"{report.n_chunks:,}, {report.n_vectors:,} vectors",
        "still there": f"{report.n_found:,} with a vector",
        "model": f"cosine {report.model_cosine:.4f} between old vectors and the model's today",
    }
    if not dry_run:
        rows["imported"] = f"{report.n_imported:,} chunks, {report.n_embedded:,} texts embedded now"
        rows["searches"] = f"{report.recall:.3f} of the exact ten nearest are found"
        if report.old_recall is not None:
            rows["searches"] += f"; {report.old_recall:.3f} by the old {report.old_index}"
    terminal.line(terminal.paint(report.repository, "bold"))
    for name, value in rows.items():
        terminal.line(terminal.paint(f"  {name:13}", "dim"), value)
    for note in report.notes:
        terminal.line(f"  note: {note}")
    if dry_run:
        terminal.line("Nothing was changed.")
    for name, value in report.exports.items():
        terminal.line(f"export {name}={value}")
