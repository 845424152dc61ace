"""The two vector indexes that are compared, behind one face."""

from collections.abc import Callable
from time import perf_counter

import faiss
import numpy as np
from numpy.typing import NDArray

from benchmarks.vectors_data import Data
from codeintel.index.faiss_manager import FAISSManager
from codeintel.index.vector_codes import omp_threads
from codeintel.index.vector_plan import VectorOptions

Search = Callable[[NDArray[np.float32]], NDArray[np.int64]]

FIXED = "OPQ64,IVF8192,PQ64"
# Training runs on one thread: two spin against each other where the machine has other work.
BUILD_THREADS = 1
# Rounds of the rotation's training, of FAISS's 50, so that a run ends the same day: what is
# measured is a lower bound of what the old way took.
ROTATION_ROUNDS, QUICK_ROUNDS = 5, 1


class Fixed:
    """The old fixed configuration, trained on what it is filled with; vectors kept nowhere."""

    name = FIXED

    def __init__(self, data: Data, *, quick: bool) -> None:
        dim = data.vectors.shape[1]
        self.index = faiss.index_factory(dim, FIXED, faiss.METRIC_INNER_PRODUCT)
        faiss.extract_index_ivf(self.index).cp.min_points_per_centroid = 1
        rotation = faiss.downcast_VectorTransform(self.index.chain.at(0))
        rotation.niter = QUICK_ROUNDS if quick else ROTATION_ROUNDS
        if quick:
            lists = faiss.downcast_index(faiss.extract_index_ivf(self.index))
            rotation.niter_pq = rotation.niter_pq_0 = lists.cp.niter = lists.pq.cp.niter = 1
        start = perf_counter()
        with omp_threads(BUILD_THREADS):
            self.index.train(data.vectors)
            self.index.add(data.vectors)
        self.build_s = perf_counter() - start
        self.resident_bytes = len(faiss.serialize_index(self.index))
        self.disk_bytes = self.resident_bytes
        self.probes = 128

    def search(self, query: NDArray[np.float32]) -> NDArray[np.int64]:
        with omp_threads(1):
            faiss.extract_index_ivf(self.index).nprobe = self.probes
            found: NDArray[np.int64] = self.index.search(query[None], 10)[1][0]
        return found


class Ours:
    """What CodeIntel plans for the data."""

    def __init__(self, data: Data) -> None:
        n, dim = data.vectors.shape
        self.index = FAISSManager.create(dim, VectorOptions(build_threads=BUILD_THREADS))
        start = perf_counter()
        self.index.build_index(data.vectors, np.arange(n))
        self.build_s = perf_counter() - start
        plan = self.index.plan
        self.name = plan.kind
        if plan.kind != "flat":
            self.name = f"IVF{plan.n_lists},RaBitQ{plan.bits} re-scored"
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
