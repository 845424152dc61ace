"""Runs the SCIP indexers that are installed, and takes over what they write."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from codeintel.errors import InputError
from codeintel.types import RepositoryStatus, ScipReport, Scope

if TYPE_CHECKING:
    from codeintel.api import CodeIntel

_SHOWN_LINES = 5


@dataclass(frozen=True, slots=True)
class Indexer:
    """A program from npm that says what the names of some languages mean."""

    program: str
    package: str
    languages: frozenset[str]

    def command(self, root: Path, commit: str | None, output: Path) -> list[str]:
        """Give its command line; it runs in the repository's top folder."""
        if self.program == "scip-python":
            # It fails where it has to ask git for a version and there is no commit.
            options = ["--project-name", root.name, "--project-version", commit or "0"]
        else:
            options = [] if (root / "tsconfig.json").exists() else ["--infer-tsconfig"]
        return [self.program, "index", *options, "--output", str(output)]


INDEXERS = (
    Indexer("scip-python", "@sourcegraph/scip-python", frozenset({"python"})),
    Indexer(
        "scip-typescript",
        "@sourcegraph/scip-typescript",
        frozenset({"typescript", "tsx", "javascript"}),
    ),
)


def run_indexers(intel: "CodeIntel", root: Path, status: RepositoryStatus) -> Iterator[ScipReport]:
    """Run each indexer that has something to do in a repository, and import its file.

    One that is not installed, or fails, is named on stderr: answers come from syntax then.
    """
    for indexer in INDEXERS:
        if indexer.languages.isdisjoint(status.languages):
            continue
        if shutil.which(indexer.program) is None:
            _note(f"{indexer.program} is not installed: npm install -g {indexer.package}")
            continue
        with tempfile.TemporaryDirectory(prefix="codeintel-scip-") as folder:
            output = Path(folder) / "index.scip"
            print(f"{indexer.program} is running in {root.name}…", file=sys.stderr, flush=True)
            with _left_as_it_was(root / "tsconfig.json"):
                ended = subprocess.run(
                    indexer.command(root, status.commit, output),
                    cwd=root,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                    errors="replace",
                    check=False,
                )
            if ended.returncode or not output.exists():
                last = "\n  ".join(ended.stdout.strip().splitlines()[-_SHOWN_LINES:])
                _note(f"{indexer.program} failed with status {ended.returncode}:\n  {last}")
                continue
            try:
                yield intel.import_scip(output, scope=Scope(repo=status.repo))
            except InputError as error:
                _note(f"{indexer.program}: {error}")


@contextmanager
def _left_as_it_was(path: Path) -> Iterator[None]:
    """Remove a file that was not there before: `scip-typescript` writes the one it infers."""
    there = path.exists()
    try:
        yield
    finally:
        if not there:
            path.unlink(missing_ok=True)


def _note(text: str) -> None:
    print(f"note: {text}", file=sys.stderr)
