"""Indexing of whole trees from nothing: many small repositories in turn, and one large one."""

import os
import resource
import tempfile
from pathlib import Path
from time import perf_counter

from benchmarks.report import Measurement, Report, Target, summarize
from benchmarks.text_tree import PACKAGES, package_tree
from codeintel import CodeIntel
from codeintel.config import Settings
from codeintel.indexer.processes import POOL
from codeintel.indexer.progress import Progress
from codeintel.types import IndexReport

_MARK = "zebra_crossing_counter"


def corpora(report: Report, *, rounds: int) -> None:
    """Index each folder below CODEINTEL_EVAL_CORPORA from nothing, one after another."""
    root = os.environ.get("CODEINTEL_EVAL_CORPORA")
    if not root:
        report.facts["small repositories"] = "not measured: CODEINTEL_EVAL_CORPORA is not set"
        return
    folders = sorted(folder for folder in Path(root).iterdir() if folder.is_dir())
    n_bytes = sum(map(_size_bytes, folders))
    walls, cpus = [], []
    for _ in range(rounds):
        begun_s, begun_cpu_s = perf_counter(), _cpu_s()
        with tempfile.TemporaryDirectory() as scratch:
            for folder in folders:
                with CodeIntel(folder, settings=Settings(index_dir=Path(scratch))) as code:
                    code.index()
            walls.append(perf_counter() - begun_s)
        POOL.close()  # the processor time of a process counts once it has ended
        cpus.append(_cpu_s() - begun_cpu_s)
    report.facts |= {
        "small repositories": len(folders),
        "small repositories, MB": round(n_bytes / 1e6, 2),
    }
    report.measurements.append(
        summarize(
            "small repositories, cold",
            "one after another",
            walls,
            mb_per_s=round(n_bytes / min(walls) / 1e6, 2),
            mb_per_cpu_s=round(n_bytes / min(cpus) / 1e6, 2),
        )
    )


def large(report: Report) -> None:
    """Index some 23,000 files from nothing, then after no change and after one."""
    tree = package_tree(PACKAGES)
    with tempfile.TemporaryDirectory() as scratch:
        settings = Settings(index_dir=Path(scratch))
        with CodeIntel(tree, settings=settings) as code:
            first = _First()
            (done,) = code.index(progress=first)
            report.measurements += [
                _cold(done, _size_bytes(tree), first.since_begun_s()),
                summarize("large tree, cold", "first word", [first.told_s]),
                summarize("large tree, cold", "first files searchable", [first.searchable_s]),
                _unchanged(code),
                _edited(code, tree),
            ]
    report.targets.append(
        Target("first word about a large tree", first.told_s, 1.0, "s", "at most")
    )


class _First:
    """After how long a run first told how much there is to do, and that files are searchable."""

    def __init__(self) -> None:
        self._begun_s = perf_counter()
        self.told_s = self.searchable_s = 0.0

    def since_begun_s(self) -> float:
        return perf_counter() - self._begun_s

    def __call__(self, progress: Progress) -> None:
        if progress.total:
            self.told_s = self.told_s or self.since_begun_s()
        if progress.searchable:
            self.searchable_s = self.searchable_s or self.since_begun_s()


def _cold(done: IndexReport, n_bytes: int, seconds: float) -> Measurement:
    return summarize(
        "large tree, cold",
        "index",
        [seconds],
        files=done.n_files,
        chunks=done.n_chunks,
        files_per_s=round(done.n_files / seconds),
        mb_per_s=round(n_bytes / seconds / 1e6, 2),
        index_mb=round(done.size_bytes / 1e6),
        sources_mb=round(n_bytes / 1e6),
        peak_mb=round(done.peak_memory_bytes / 1e6),
    )


def _unchanged(code: CodeIntel) -> Measurement:
    times = []
    for _ in range(3):
        start = perf_counter()
        assert not code.index()[0].changed
        times.append(perf_counter() - start)
    return summarize("large tree, nothing changed", "index again", times)


def _edited(code: CodeIntel, tree: Path) -> Measurement:
    """Add a function to one file, and find it."""
    files = sorted(tree.rglob("*.py"))
    file = files[len(files) // 2]
    original = file.read_text()
    times = []
    try:
        for number in range(3):
            mark = f"{_MARK}_{number}"
            file.write_text(f"{original}\n\ndef {mark}(zebras):\n    return len(zebras)\n")
            start = perf_counter()
            code.index()
            assert mark in code.semantic_search(mark).hits[0].text
            times.append(perf_counter() - start)
    finally:
        file.write_text(original)
    return summarize("large tree, one edit searchable", "incremental", times)


def _size_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _cpu_s() -> float:
    """Give the processor time of this process and of its ended ones."""
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in usage)
