"""The old fixed configuration, in a process of its own that is stopped at a limit of time.

Trained on what it is filled with; vectors are kept nowhere.
"""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import faiss
import numpy as np
from numpy.typing import NDArray

from codeintel.index.vector_codes import omp_threads

FIXED = "OPQ64,IVF8192,PQ64"
PROBES = 128
# Rounds of the rotation's training, of FAISS's 50, and of the first one's clustering, of 40: what
# is measured is a lower bound of what the old way took.
ROUNDS, FIRST_ITERATIONS = 3, 4


@dataclass(slots=True)
class Fixed:
    """The old index; `index` is None where building it took longer than allowed."""

    index: faiss.Index | None
    build_s: float
    probes: int = PROBES

    name = FIXED

    @property
    def resident_bytes(self) -> int:
        return len(faiss.serialize_index(self.index))

    @property
    def disk_bytes(self) -> int:
        return self.resident_bytes

    def search(self, query: NDArray[np.float32]) -> NDArray[np.int64]:
        with omp_threads(1):
            faiss.extract_index_ivf(self.index).nprobe = self.probes
            found: NDArray[np.int64] = self.index.search(query[None], 10)[1][0]
        return found


def build_fixed(vectors: NDArray[np.float32], threads: int, limit_s: float) -> Fixed:
    """Train and fill the old configuration, for `limit_s` at most."""
    with TemporaryDirectory(prefix="codeintel-bench-") as folder:
        rows, built = Path(folder) / "rows.npy", Path(folder) / "index.faiss"
        np.save(rows, vectors)
        arguments = [sys.executable, "-m", __spec__.name, rows, built, str(threads)]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            process.stdout.readline()  # it has read the vectors
            start = perf_counter()
            try:
                process.wait(limit_s)
            except subprocess.TimeoutExpired:
                process.kill()
                return Fixed(None, perf_counter() - start)
            seconds = perf_counter() - start
        if process.returncode:
            raise SystemExit(f"{FIXED} failed with {process.returncode}.")
        return Fixed(faiss.read_index(str(built)), seconds)


def main(rows: str, built: str, threads: str) -> None:
    vectors = np.load(rows)
    print("ready", flush=True)
    faiss.omp_set_num_threads(int(threads))
    index = faiss.index_factory(vectors.shape[1], FIXED, faiss.METRIC_INNER_PRODUCT)
    faiss.extract_index_ivf(index).cp.min_points_per_centroid = 1
    rotation = faiss.downcast_VectorTransform(index.chain.at(0))
    rotation.niter, rotation.niter_pq_0 = ROUNDS, FIRST_ITERATIONS
    index.train(vectors)
    index.add(vectors)
    faiss.write_index(index, built)


if __name__ == "__main__":
    main(*sys.argv[1:])
