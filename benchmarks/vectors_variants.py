"""Our index as it is compared, and how well an index finds."""

import statistics
from collections.abc import Callable
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from benchmarks.vectors_data import Data
from codeintel.index.faiss_manager import FAISSManager
from codeintel.index.vector_plan import VectorOptions

Search = Callable[[NDArray[np.float32]], NDArray[np.int64]]

# Training runs on one thread: two spin against each other where the machine has other work.
BUILD_THREADS = 1
# A build that takes but an instant is done this often, and the middle one counts.
_SHORT_BUILDS, _SHORT_ROWS = 5, 50_000


class Ours:
    """What CodeIntel plans for the data."""

    def __init__(self, data: Data) -> None:
        n, dim = data.vectors.shape
        self.index = FAISSManager.create(dim, VectorOptions(build_threads=BUILD_THREADS))
        times = []
        for _ in range(_SHORT_BUILDS if n <= _SHORT_ROWS else 1):
            start = perf_counter()
            self.index.build_index(data.vectors, np.arange(n))
            times.append(perf_counter() - start)
        self.build_s = statistics.median(times)
        plan = self.index.plan
        self.name = plan.kind if plan.kind == "flat" else f"{plan.factory} re-scored"
        estimate = self.index.estimate_memory_usage(n, dim)
        self.resident_bytes, self.disk_bytes = estimate.resident_bytes, estimate.disk_bytes

    def search(self, query: NDArray[np.float32]) -> NDArray[np.int64]:
        return self.index.search(query, 10)[1][0]


def recall(search: Search, data: Data) -> float:
    """Measure the share of the exact ten best that a search finds."""
    found = sum(
        np.intersect1d(search(query), best).size
        for query, best in zip(data.queries, data.nearest, strict=True)
    )
    return found / data.nearest.size
