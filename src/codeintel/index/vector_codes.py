"""Compressed vectors in inverted lists: trained, filled, calibrated, and searched by FAISS.

The codes are those of a product quantizer, in the layout that FAISS scans 32 at a time.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from codeintel.errors import IndexCorruptError, StorageError
from codeintel.index.vector_arrays import BLOCK_ROWS, Advance, Floats, Ids, unit_rows
from codeintel.index.vector_exact import ExactIndex, Keep
from codeintel.index.vector_plan import Plan, VectorOptions, candidates_for

_log = logging.getLogger(__name__)

_TRAINING_ROUNDS = 10
# More rows, or more rounds, for the quantizer find no more (0.9989 to 0.9987 of the 100 best).
_ROWS_A_CENTRE = 128
_N_QUERIES = 200
_CANDIDATES = (100, 200, 400, 800, 1600)
_FIRST_PROBES = 8
_SCORE_ERROR = 1e-6
# Scoring one hit again takes as long as reading this many codes (0.85 us against 10 ns, measured
# at 100K x 256).
_CODES_A_CANDIDATE = 85
# How far real questions lie below made-up ones (see `held_out_queries`): where those find 99 %,
# real ones find 97.9 to 98.9 %. Of what the target leaves to miss, those may miss this share.
_MARGIN = 0.4
# And real questions need up to half as many lists again for the same recall: at 1M x 256 156 lists
# find 97.5 % and 312 99.2 %, at 100K x 2,560 88 find 98.1 % and 176 99.7 %.
_RESERVE = 1.5


@contextmanager
def omp_threads(n: int) -> Iterator[None]:
    """Bound FAISS's threads for this thread of ours."""
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(n)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


class CodedIndex:
    """Lists of codes over the rows of an exact index, which scores the best of them again.

    The numbers that FAISS keeps in the lists are row numbers of the exact index.
    """

    def __init__(self, plan: Plan, index: Any, exact: ExactIndex) -> None:
        self.plan = plan
        self._index = index
        self._exact = exact  # the re-scoring index below refers to its memory
        self._rescoring = faiss.IndexRefine(index, exact.index)

    @classmethod
    def build(
        cls, plan: Plan, exact: ExactIndex, options: VectorOptions, advance: Advance
    ) -> "CodedIndex":
        """Train and fill the lists, and choose the search parameters."""
        index = faiss.index_factory(plan.dim, plan.factory, faiss.METRIC_INNER_PRODUCT)
        for training, n_rows in ((index.cp, plan.n_training), (index.pq.cp, _ROWS_A_CENTRE)):
            training.niter = _TRAINING_ROUNDS
            training.seed = options.seed
            training.min_points_per_centroid = 1
            training.max_points_per_centroid = n_rows
        chance = np.random.default_rng(options.seed)
        sample = np.sort(chance.choice(plan.n, plan.n_training, replace=False))
        _train(index, exact.rows[sample].astype(np.float32))
        for start in range(0, plan.n, BLOCK_ROWS):
            block = exact.rows[start : start + BLOCK_ROWS].astype(np.float32)
            index.add(block)
            advance(len(block))
        coded = cls(plan, index, exact)
        coded._calibrate(held_out_queries(exact, chance), 1 - (1 - options.recall_target) * _MARGIN)
        return coded

    @classmethod
    def open(cls, path: Path, plan: Plan, exact: ExactIndex) -> "CodedIndex":
        """Read the codes from a file.

        Raises
        ------
        IndexCorruptError
            FAISS cannot read the file, or it is of another index.
        """
        try:
            index = faiss.read_index(str(path))
        except RuntimeError as error:
            raise IndexCorruptError(f"The index file '{path.name}' cannot be read.") from error
        if (index.ntotal, index.d, index.nlist) != (plan.n, plan.dim, plan.n_lists):
            raise IndexCorruptError(f"The index file '{path.name}' is of another index.")
        return cls(plan, index, exact)

    def write(self, path: Path) -> None:
        """Write the codes to a file.

        Raises
        ------
        StorageError
            The disk is full; FAISS does not say more.
        """
        try:
            faiss.write_index(self._index, str(path))
        except RuntimeError as error:
            raise StorageError(
                f"Cannot write the index file '{path.name}'.",
                cure="Free some space; the old index still answers.",
            ) from error

    def search(
        self, queries: Floats, k: int, keep: Keep | None, *, all_lists: bool = False
    ) -> tuple[Floats, Ids]:
        """Find about the `k` best rows of each query, with their exact scores; -1 where none.

        Parameters
        ----------
        all_lists
            Whether to read every list: for a filter, whose rows may lie in any of them.
        """
        probes = self.plan.n_lists if all_lists else self.plan.n_probe
        factor = min(candidates_for(self.plan, k), self.plan.n) / k
        parameters = (
            _parameters(probes, factor, keep.selector) if keep else _unfiltered(probes, factor)
        )
        scores, rows = self._rescoring.search(queries, k, params=parameters)
        scores[rows < 0] = -np.inf
        return scores, rows

    def _calibrate(self, queries: Floats, target: float) -> None:
        """Choose the cheapest parameters that reach the recall on queries, and some lists more."""
        worst = self._exact.scan(queries, 10, None)[0][:, -1:]
        plan = self.plan
        chosen = replace(plan, n_probe=plan.n_lists, n_candidates=_CANDIDATES[-1])
        for candidates in _CANDIDATES:
            for probes in _probe_steps(plan.n_lists):
                self.plan = replace(plan, n_probe=probes, n_candidates=candidates)
                if _cost(self.plan) >= _cost(chosen):
                    break
                if self._recall(queries, worst) >= target:
                    chosen = self.plan
                    break
        n_probe = min(plan.n_lists, round(chosen.n_probe * _RESERVE))
        self.plan = replace(chosen, n_probe=n_probe)

    def _recall(self, queries: Floats, worst: Floats) -> float:
        """Measure the share of the exact ten best that a search finds.

        By score: among equal vectors, of which code has many, any will do.

        Parameters
        ----------
        worst
            Score of the exact tenth, shape ``(len(queries), 1)``.
        """
        scores, _ = self.search(queries, 10, None)
        return float((scores >= worst - _SCORE_ERROR).mean())


def _parameters(probes: int, factor: float, selector: Any = None) -> Any:
    """Make FAISS's parameters of a search."""
    lists = faiss.IVFSearchParameters(nprobe=probes, **({"sel": selector} if selector else {}))
    return faiss.IndexRefineSearchParameters(k_factor=factor, base_index_params=lists)


# Making them takes a tenth of a search, and without a filter there are few.
_unfiltered = lru_cache(maxsize=64)(_parameters)


def _probe_steps(last: int) -> Iterator[int]:
    """Give numbers of lists to try, each a third more than the one before."""
    probes = _FIRST_PROBES
    while probes < last:
        yield probes
        probes = probes * 4 // 3
    yield last


def _cost(plan: Plan) -> float:
    """Give the cost of a search, in codes read."""
    return plan.n * plan.n_probe / plan.n_lists + _CODES_A_CANDIDATE * plan.n_candidates


def held_out_queries(exact: ExactIndex, chance: np.random.Generator) -> Floats:
    """Make queries up that lie off the distribution of the vectors, as real questions do.

    Sums of two vectors without their mean: of fourteen recipes that were tried, the one whose
    neighbours are as far, and as scattered over the lists, as those of real questions. Vectors of
    the corpus itself need half the probes and flatter an index.
    """
    sample = exact.rows[np.sort(chance.choice(len(exact), min(len(exact), 4_000), replace=False))]
    centred = sample.astype(np.float32)
    centred -= centred.mean(axis=0)
    pairs = chance.integers(len(centred), size=(_N_QUERIES, 2))
    return unit_rows(centred[pairs[:, 0]] + centred[pairs[:, 1]])


def _train(index: Any, rows: Floats) -> None:
    """Train the lists' centres, on a GPU where FAISS has one."""
    if getattr(faiss, "get_num_gpus", int)() > 0:
        try:
            index.clustering_index = faiss.index_cpu_to_all_gpus(faiss.IndexFlatIP(index.d))
            index.train(rows)
        except RuntimeError as error:
            _log.warning("Training on the GPU failed (%s); it goes on without.", error)
            index.clustering_index = None
        else:
            return
    index.train(rows)
