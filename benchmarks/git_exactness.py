"""Counts answers of the history index that are not git's: ``python -m benchmarks.git_exactness``.

For files of HEAD chosen at random, the whole log and the blame of all lines are compared with
``git log`` and ``git blame``, by commit, line and path. Give the folder of a repository, and how
many files; nothing is written there.
"""

import argparse
import random
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.git_baselines import count_lines
from benchmarks.git_builds import silent
from codeintel.git.client import GitClient
from codeintel.git.commands import blame
from codeintel.git.process import NO_DEADLINE_S, Git, job
from codeintel.git.worker import Worker

_MAX_LOG = 10_000


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.git_exactness", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("n_files", type=int, nargs="?", default=200)
    arguments = parser.parse_args()
    counts = dict.fromkeys(("files", "logs that differ", "lines", "lines that differ"), 0)
    with tempfile.TemporaryDirectory() as name:
        worker = Worker(arguments.folder, Path(name))
        with job(NO_DEADLINE_S):
            worker.graph(silent)
            worker.extend(silent)
        worker.close()
        with GitClient(arguments.folder, cache_dir=Path(name), background=False) as client:
            for path in chosen(arguments.folder, arguments.n_files):
                compare(client, arguments.folder, path, counts)
    for what, n in counts.items():
        print(f"{what:20} {n:12,}")
    return int(bool(counts["logs that differ"] or counts["lines that differ"]))


def chosen(folder: Path, n_files: int) -> list[str]:
    names = [name for name in _git(folder, "ls-tree", "-r", "-z", "--name-only", "HEAD") if name]
    return random.Random(7).sample(names, min(n_files, len(names)))


def compare(client: GitClient, folder: Path, path: str, counts: dict[str, int]) -> None:
    if not count_lines(folder, path):
        return
    counts["files"] += 1
    wanted = [sha for sha in _git(folder, "log", "-z", "--format=%H", "HEAD", "--", path) if sha]
    found = [entry.full_sha for entry in client.file_history(path, _MAX_LOG, rev="HEAD")]
    counts["logs that differ"] += found != wanted[:_MAX_LOG]
    with job(NO_DEADLINE_S):
        expected = blame(Git(folder), client.resolve(), path).entries()
    ours = client.blame_range(path, rev="HEAD")
    counts["lines"] += len(expected)
    counts["lines that differ"] += sum(
        (a.full_sha, a.original_line, a.original_path)
        != (b.full_sha, b.original_line, b.original_path)
        for a, b in zip(ours, expected, strict=True)
    )


def _git(folder: Path, *arguments: str) -> Iterator[str]:
    command = ["git", "--literal-pathspecs", *arguments]
    output = subprocess.run(command, cwd=folder, capture_output=True, check=True).stdout
    yield from output.decode("utf-8", "surrogateescape").split("\0")


if __name__ == "__main__":
    raise SystemExit(main())
