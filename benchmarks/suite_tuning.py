"""What each knob of ``docs/tuning.md`` changes, one at a time, all else at its default.

``python -m benchmarks tuning --save && python -m scripts.tuning_tables`` writes its tables anew.
"""

import shutil
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from benchmarks.corpora import standard_library
from benchmarks.report import Report, summarize
from benchmarks.vectors_data import Case, Data, load
from benchmarks.vectors_variants import recall
from codeintel import CodeIntel
from codeintel.config import Settings
from codeintel.index.faiss_manager import FAISSManager
from codeintel.index.vector_plan import VectorOptions

_QUESTIONS = (
    "where is text parsed",
    "how are errors reported to the caller",
    "convert a value to a string for printing",
    "cache of computed results",
    "compare two dates",
    "read configuration from a file",
)
_N_CHANGED = 1_000


def run(*, quick: bool) -> Report:
    report = Report("tuning")
    with tempfile.TemporaryDirectory() as scratch:
        tree = Path(scratch) / "tree"
        tree.mkdir()
        standard_library(tree, 100 if quick else 600)
        _workers(report, tree, Path(scratch))
        _answers(report, tree, Path(scratch) / "answers", rounds=2 if quick else 20)
    data = load(Case("clusters", 8_000, 256) if quick else Case("code", 80_000, 256))
    _memory(report, data)
    _secondary(report, data)
    _merge_min(report, data, sizes=(0, 1_000) if quick else (0, 10_000, 50_000))
    return report


def _workers(report: Report, tree: Path, scratch: Path) -> None:
    """Index the same tree with more and more parser processes."""
    for workers in (1, 2, 4):
        folder = scratch / "index"
        with CodeIntel(tree, settings=Settings(index_dir=folder, workers=workers)) as code:
            spent_s = _timed(code.index)
        shutil.rmtree(folder)
        report.measurements.append(summarize("CODEINTEL_WORKERS", str(workers), [spent_s]))


def _answers(report: Report, tree: Path, folder: Path, *, rounds: int) -> None:
    """Ask for more and more text."""
    with CodeIntel(tree, settings=Settings(index_dir=folder)) as code:
        code.index()
        for max_tokens in (1_000, 4_000, 16_000):
            times, sizes = [], []
            for _ in range(rounds):
                for question in _QUESTIONS:
                    start = perf_counter()
                    hits = code.semantic_search(question, max_tokens=max_tokens, limit=20).hits
                    times.append(perf_counter() - start)
                    sizes.append(sum(len(hit.text) for hit in hits))
            chars = round(float(np.mean(sizes)))
            report.measurements.append(
                summarize("max_tokens", f"{max_tokens:,}", times, characters=chars)
            )


def _memory(report: Report, data: Data) -> None:
    """Build with less and less memory allowed."""
    n, dim = data.vectors.shape
    wide = FAISSManager.create(dim).estimate_memory_usage(n, dim).resident_bytes
    for name, budget in (("0 (any)", None), (f"{wide // 2:,}", wide // 2)):
        index = FAISSManager.create(dim, VectorOptions(memory_budget_bytes=budget))
        build_s = _timed(index.build_index, data.vectors, np.arange(n))
        times = _searches(index, data)
        report.measurements.append(
            summarize(
                "CODEINTEL_VECTOR_MEMORY_BYTES",
                name,
                times,
                index=str(index.plan).split(", ")[0],
                megabytes=round(index.estimate_memory_usage(n, dim).resident_bytes / 1e6, 1),
                recall=round(recall(partial(_nearest, index), data), 3),
                build_s=round(build_s, 1),
            )
        )


def _secondary(report: Report, data: Data) -> None:
    """Change some vectors with a secondary index and without."""
    n, dim = data.vectors.shape
    changed = np.arange(_N_CHANGED)
    for on in (True, False):
        index = FAISSManager.create(dim, VectorOptions(secondary=on))
        index.build_index(data.vectors, np.arange(n))
        spent_s = _timed(index.update_index, data.vectors[changed], changed)
        report.measurements.append(summarize("CODEINTEL_SECONDARY", str(on).lower(), [spent_s]))


def _merge_min(report: Report, data: Data, *, sizes: tuple[int, ...]) -> None:
    """Search while more and more vectors wait for a merge."""
    n, dim = data.vectors.shape
    index = FAISSManager.create(dim, VectorOptions(merge_min=n))
    index.build_index(data.vectors, np.arange(n))
    for size in sizes:
        index.update_index(data.vectors[:size], np.arange(size))
        times = _searches(index, data)
        report.measurements.append(summarize("CODEINTEL_MERGE_MIN", f"{size:,} wait", times))


def _searches(index: FAISSManager, data: Data) -> list[float]:
    return [_timed(index.search, query, 10) for query in data.queries]


def _nearest(index: FAISSManager, query: NDArray[np.float32]) -> NDArray[np.int64]:
    found: NDArray[np.int64] = index.search(query, 10)[1][0]
    return found


def _timed(call: Callable[..., object], *arguments: object) -> float:
    start = perf_counter()
    call(*arguments)
    return perf_counter() - start
