"""What an update and a merge cost a large index, and what searches notice of them."""

import threading
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np

from benchmarks.report import Measurement, Report, Target, interleaved, percentile, summarize
from benchmarks.vectors_data import Case, Data
from benchmarks.vectors_variants import Ours
from codeintel.index.faiss_manager import FAISSManager
from codeintel.store.generations import EmbedderRecord, GenerationStore, Manifest

_NEW, _PENDING = 1_000, 10_000
_TURNS = 15


def measure_changes(case: Case, ours: Ours, data: Data, report: Report) -> None:
    """Update, search beside a full secondary index, and merge, on an index of that case."""
    with TemporaryDirectory(prefix="codeintel-bench-") as folder:
        store = GenerationStore(Path(folder))
        _publish(store, ours.index)
        _update(case, store, data, report)
        _secondary(case, store, data, report)
        _merge(case, store, data, report)


def _publish(store: GenerationStore, index: FAISSManager) -> None:
    draft = store.draft()
    index.save(draft.part("vectors"))
    record = EmbedderRecord(name="bench", dim=index.dim, fingerprint="bench")
    store.publish(
        draft,
        Manifest(generation=0, source="bench", commit=None, pipeline="", embedder=record),
    )


def _open(store: GenerationStore) -> FAISSManager:
    manifest = store.manifest()
    assert manifest is not None
    return FAISSManager.open(store.folder(manifest.generation) / "vectors", scratch=store.root)


def _moved(data: Data, n: int) -> np.ndarray:
    """Make new vectors near those that are there."""
    noise = np.random.default_rng(3).standard_normal((n, data.vectors.shape[1]))
    return np.resize(data.vectors[:n], noise.shape) + 0.02 * noise.astype(np.float32)


def _update(case: Case, store: GenerationStore, data: Data, report: Report) -> None:
    rows = _moved(data, _NEW)
    searchable, durable = [], []
    for turn in range(_TURNS):
        start = perf_counter()
        index = _open(store)
        index.update_index(rows, np.arange(_NEW) + len(data.vectors))
        index.search(rows[turn], 10)
        searchable.append(perf_counter() - start)
        _publish(store, index)
        durable.append(perf_counter() - start)
    report.measurements += [
        summarize(case.name, f"{_NEW:,} new, searchable", searchable),
        summarize(case.name, f"{_NEW:,} new, durable", durable),
    ]
    p50_ms = report.measurements[-1].p50_ms
    report.targets.append(
        Target(f"{case.name}: {_NEW:,} new, durable", p50_ms, 100, "ms", "at most")
    )


def _secondary(case: Case, store: GenerationStore, data: Data, report: Report) -> None:
    alone, both = _open(store), _open(store)
    alone.remove(np.arange(_NEW) + len(data.vectors))
    both.update_index(_moved(data, _PENDING), np.arange(_PENDING) + len(data.vectors))
    queries = iter(np.resize(data.queries, (10_000, data.queries.shape[1])))
    times = interleaved(
        {
            "primary alone": lambda: alone.search(next(queries), 10),
            f"with {_PENDING:,} in the secondary": lambda: both.search(next(queries), 10),
        },
        min(300, len(data.queries)),
    )
    rows = [summarize(case.name, name, seconds) for name, seconds in times.items()]
    report.measurements += rows
    added_ms = rows[1].p50_ms - rows[0].p50_ms
    report.targets.append(
        Target(
            f"{case.name}: the secondary adds",
            added_ms,
            max(1.0, 0.1 * rows[0].p50_ms),
            "ms",
            "at most",
        )
    )
    _publish(store, both)


def _merge(case: Case, store: GenerationStore, data: Data, report: Report) -> None:
    served, merging = _open(store), _open(store)
    before = _search_until(served, data, None)
    done = threading.Event()
    seconds = []

    def merge() -> None:
        start = perf_counter()
        try:
            merging.merge_indexes()
            _publish(store, merging)
        finally:
            seconds.append(perf_counter() - start)
            done.set()

    worker = threading.Thread(target=merge)
    worker.start()
    during = _search_until(served, data, done)
    worker.join()
    report.measurements += [
        summarize(case.name, "search before the merge", before),
        summarize(case.name, "search during the merge", during),
        Measurement(case.name, "merge", 1, seconds[0] * 1e3, seconds[0] * 1e3),
    ]
    ratio = percentile(during, 95) / percentile(before, 95)
    report.targets.append(
        Target(f"{case.name}: p95 during the merge / before", ratio, 2, "x", "at most")
    )


def _search_until(index: FAISSManager, data: Data, done: threading.Event | None) -> list[float]:
    """Search with every query once, or again and again until `done`."""
    times: list[float] = []
    while True:
        for query in data.queries:
            start = perf_counter()
            index.search(query, 10)
            times.append(perf_counter() - start)
            if done and done.is_set():
                return times
        if done is None:
            return times
