"""Tell what is indexed, what is not and why, and since when."""

from argparse import ArgumentParser, Namespace

from codeintel.cli import exit_codes
from codeintel.cli.options import add_json, add_paths
from codeintel.cli.sizes import in_units
from codeintel.cli.target import opened, target_of
from codeintel.cli.terminal import Terminal
from codeintel.types import HistoryState, IndexPhase, RepositoryStatus


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_paths(parser)
    parser.add_argument(
        "--skipped", action="store_true", help="list every file that is not indexed, and why"
    )
    add_json(parser)


def run(arguments: Namespace) -> int:
    """Print the state of each repository's index."""
    with opened(target_of(arguments.paths)) as intel:
        answer = intel.index_status(skipped=arguments.skipped)
    terminal = Terminal()
    if arguments.json:
        terminal.json(answer)
    else:
        for status in answer.repositories:
            _print_status(terminal, status)
    phases = {status.phase for status in answer.repositories}
    if IndexPhase.BROKEN in phases:
        return exit_codes.STATE
    return exit_codes.NOTHING_FOUND if IndexPhase.MISSING in phases else exit_codes.FOUND


def _print_status(terminal: Terminal, status: RepositoryStatus) -> None:
    rows = {"index": status.phase + (f": {status.message}" if status.message else "")}
    if status.generation:
        languages = sorted(status.languages.items(), key=lambda item: -item[1])
        skipped = ", ".join(f"{n:,} {reason}" for reason, n in sorted(status.skipped.items()))
        rows |= {
            "commit": status.commit or "none",
            "indexed at": status.indexed_at,
            "files": f"{status.n_files:,}",
            "chunks": f"{status.n_chunks:,} ({status.vectors_pending:,} wait for their vector)",
            "symbols": f"{status.n_symbols:,}",
            "languages": ", ".join(f"{name} {n:,}" for name, n in languages),
            "skipped": skipped or "none",
            "embedder": status.embedder,
            "vector index": status.vector_index,
            "on disk": in_units(status.size_bytes),
            "generation": str(status.generation),
        }
    terminal.line(terminal.paint(status.repo, "bold"))
    if status.history:
        rows["history"] = in_words(status.history)
    for name, value in rows.items():
        terminal.line(terminal.paint(f"  {name:13}", "dim"), value)
    for file in status.skipped_files:
        detail = f" ({file.detail})" if file.detail else ""
        terminal.line(f"  {file.reason:12} {terminal.visible(file.path)}{detail}")


def in_words(history: HistoryState) -> str:
    """Say where the index of git history stands."""
    behind = f", {history.n_behind:,} behind" if history.n_behind else ""
    return f"{history.n_commits:,} commits{behind}, {in_units(history.size_bytes)} on disk"
