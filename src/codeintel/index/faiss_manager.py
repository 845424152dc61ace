"""The vector index of one repository: a primary and a secondary index, searched as one."""

import os
import sys
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from codeintel.errors import InvalidVectorsError
from codeintel.index.timings import Recorder, Timings, VectorState
from codeintel.index.vector_arrays import (
    Floats,
    Halves,
    Ids,
    checked_ids,
    checked_vectors,
    half_blocks,
    unit_rows,
)
from codeintel.index.vector_codes import omp_threads
from codeintel.index.vector_pair import Pair
from codeintel.index.vector_plan import (
    MemoryEstimate,
    Plan,
    VectorOptions,
    choose_plan,
    estimate_bytes,
    merge_is_due,
)
from codeintel.index.vector_primary import Primary
from codeintel.index.vector_saved import read_pair, read_uncoded, write_pair

# Searches that run beside a merge go first; 10 leaves it a tenth of a contended core.
_MERGE_NICENESS = 10


class FAISSManager:
    """Vectors by id, found by cosine similarity.

    Vectors are kept as unit vectors in half precision; scores are the cosine between the query and
    what is kept. Searching is safe from any number of threads, also while one thread changes or
    merges. Changes are in memory until `save` writes them into the folder of a draft.

    Use `create` or `open`.
    """

    def __init__(
        self,
        options: VectorOptions | None,
        scratch: Path | None,
        pair: Pair,
        begun: Timings | None = None,
    ) -> None:
        self.dim = pair.primary.exact.dim
        self.options = options or VectorOptions()
        self._scratch = scratch
        self._pair = pair
        self._recorder = Recorder(begun)
        self._writing = threading.RLock()
        self._merging = threading.Lock()

    @classmethod
    def create(
        cls, dim: int, options: VectorOptions | None = None, *, scratch: Path | None = None
    ) -> "FAISSManager":
        """Make an empty index.

        Parameters
        ----------
        dim
            Length of a vector, at least 1.
        scratch
            Folder for what a build writes before `save`; the system's folder for temporary files
            by default. On the disk of the index, `save` links instead of copying.
        """
        if dim < 1:
            raise InvalidVectorsError(f"The dimension is {dim}; it has to be at least 1.")
        nothing = np.empty(0, np.int64)
        primary = Primary.build(nothing, (), dim, options or VectorOptions(), scratch)
        return cls(options, scratch, Pair.of(primary))

    @classmethod
    def open(
        cls, folder: Path, options: VectorOptions | None = None, *, scratch: Path | None = None
    ) -> "FAISSManager":
        """Open what `save` wrote, memory-mapped; nothing in the folder is ever written.

        Raises
        ------
        IndexCorruptError
            Names the file that is missing, truncated or unreadable.
        IndexVersionError
            A newer version of CodeIntel wrote it.
        """
        return cls(options, scratch, *read_pair(folder))

    @classmethod
    def rebuild(
        cls, folder: Path, options: VectorOptions | None = None, *, scratch: Path | None = None
    ) -> "FAISSManager":
        """Open a folder whose codes are broken, and build them anew from the original vectors.

        Raises
        ------
        IndexCorruptError
            Names files that are broken and cannot be made from others.
        """
        index = cls(options, scratch, *read_uncoded(folder))
        index.merge_indexes()
        return index

    def __len__(self) -> int:
        return len(self._pair)

    @property
    def plan(self) -> Plan:
        """Type and parameters of the primary index."""
        return self._pair.primary.plan

    @property
    def ids(self) -> Ids:
        """All live ids, ascending."""
        return self._pair.ids()

    def describe(self) -> str:
        """Say in one line what the index is and why."""
        state = self.state
        return f"{self.plan}; secondary {state.n_secondary}, tombstones {state.n_tombstones}"

    @property
    def state(self) -> VectorState:
        """What the index holds, and what was done to it since it was created."""
        pair = self._pair
        return VectorState(
            n_primary=len(pair.primary),
            n_secondary=len(pair.secondary),
            n_tombstones=len(pair.dead),
            timings=self._recorder.timings,
        )

    def plan_after_merge(self) -> Plan:
        """Say what a merge would build; nothing is built."""
        return choose_plan(len(self), self.dim, self.options)

    def estimate_memory_usage(self, n: int, dim: int) -> MemoryEstimate:
        """Compute the bytes of an index of `n` vectors of `dim` values, by part."""
        return estimate_bytes(choose_plan(n, dim, self.options))

    # ------------------------------------------------------------ changing

    def build_index(self, vectors: ArrayLike, ids: ArrayLike) -> None:
        """Replace everything by a new primary index of these vectors.

        Parameters
        ----------
        vectors
            Shape ``(n, dim)``, float16, float32 or float64, of any length but zero; may be a
            memory map, as it is read in blocks.
        ids
            Whole numbers from 0 to 2**63 - 1, shape ``(n,)``, none twice.

        Raises
        ------
        InvalidVectorsError
            Names the first value that cannot be used; the index stays as it was.
        """
        given, known = _checked(vectors, ids, self.dim)
        with self._writing:
            order = np.argsort(known)
            blocks = half_blocks(given, order)
            self._pair = self._build(known[order], blocks)

    def add_vectors(self, vectors: ArrayLike, ids: ArrayLike) -> None:
        """Add vectors whose ids are new.

        Raises
        ------
        InvalidVectorsError
            As `build_index`, and where an id is there already; the index stays as it was.
        """
        given, known = _checked(vectors, ids, self.dim)
        with self._writing:
            there = known[self.contains(known)]
            if there.size:
                raise InvalidVectorsError(
                    f"The id {there[0]} is in the index already.",
                    cure="Use `update_index` to replace it.",
                )
            self.update_index(given, known)

    def update_index(self, vectors: ArrayLike, ids: ArrayLike) -> None:
        """Add vectors, in place of those that have the same ids; found from now on.

        Raises
        ------
        InvalidVectorsError
            As `build_index`; the index stays as it was.
        """
        given, known = _checked(vectors, ids, self.dim)
        if not known.size:
            return
        rows = np.concatenate(list(half_blocks(given)))
        with self._writing:
            self._pair = self._pair.replaced(known, rows)
            self._recorder.changed()
        if not self.options.secondary:
            self.merge_indexes()

    def remove(self, ids: ArrayLike) -> int:
        """Remove vectors by id; returns how many were there."""
        known = checked_ids(ids)
        with self._writing:
            before = len(self)
            self._pair = self._pair.without(known)
            self._recorder.changed()
            return before - len(self)

    @property
    def n_unmerged(self) -> int:
        """Number of vectors and tombstones that a merge would fold into the primary."""
        return len(self._pair.secondary) + len(self._pair.dead)

    def needs_merge(self) -> bool:
        """Tell whether enough has changed since the primary was built to build it anew."""
        pair = self._pair
        return merge_is_due(len(pair.primary), len(pair.secondary), len(pair.dead), self.options)

    def merge_indexes(self) -> None:
        """Build a new primary index of all live vectors, planned anew; ids and scores stay.

        Searches and changes go on meanwhile, against the old pair; what has changed until the new
        primary is ready is in the secondary index and the tombstones afterwards.

        Raises
        ------
        StorageError
            The disk is full or read-only; the index stays as it was.
        """
        with self._merging, self._recorder.merging():
            before = self._pair
            ids = before.ids()
            with ThreadPoolExecutor(1, initializer=_yield_to_searches) as worker:
                merged = worker.submit(self._build, ids, before.live_blocks(ids)).result()
            with self._writing:
                self._pair = merged.with_changes(before, self._pair)

    def save(self, folder: Path) -> None:
        """Write all files into the folder of a draft; those that did not change are linked.

        Raises
        ------
        StorageError
            The disk is full or read-only.
        """
        with self._writing:
            write_pair(folder, self._pair, self._recorder.saved())

    # ------------------------------------------------------------ asking

    def contains(self, ids: ArrayLike) -> NDArray[np.bool_]:
        """Tell for each id whether it has a vector."""
        return self._pair.contains(checked_ids(ids))

    def search(
        self, queries: ArrayLike, k: int, *, among: ArrayLike | None = None
    ) -> tuple[Floats, Ids]:
        """Find the `k` most similar vectors of each query.

        Parameters
        ----------
        queries
            Shape ``(n, dim)`` or ``(dim,)``, of any length; a zero query finds nothing.
        k
            At least 1; may exceed the number of vectors.
        among
            Ids to choose from, others are passed over inside the search; unknown ones do no harm.

        Returns
        -------
        scores
            Cosine, float32, shape ``(n, k)``, best first; -inf where there are no more.
        ids
            int64, shape ``(n, k)``; -1 where there are no more.

        Raises
        ------
        InvalidVectorsError
            Queries of a wrong shape or with values that are not finite, or `k` below 1.
        """
        units = self._units(queries)
        if k < 1:
            raise InvalidVectorsError(f"k is {k}; it has to be at least 1.")
        allowed = None if among is None else checked_ids(among, unique=False)
        with omp_threads(self.options.search_threads):
            scores, ids = self._pair.search(units, k, allowed)
        zero = ~units.any(axis=1)
        scores[zero], ids[zero] = -np.inf, -1
        return scores, ids

    def similarities(self, query: ArrayLike, ids: ArrayLike) -> Floats:
        """Score some ids against one query by their original vectors.

        Returns
        -------
        scores
            Cosine, float32, in the order of `ids`; nan for an id without a vector.

        Raises
        ------
        InvalidVectorsError
            As `search`.
        """
        units = self._units(query)
        if len(units) != 1:
            raise InvalidVectorsError(f"{len(units)} queries are given; only one can be scored.")
        return self._pair.similarities(units[0], checked_ids(ids))

    def _units(self, queries: ArrayLike) -> Floats:
        """Check queries and give them length 1."""
        array = np.asarray(queries)
        return unit_rows(checked_vectors(np.atleast_2d(array), self.dim, "Queries"), "Query")

    def _build(self, ids: Ids, blocks: Iterable[Halves]) -> Pair:
        """Build a primary index, alone."""
        primary = Primary.build(ids, blocks, self.dim, self.options, self._scratch)
        if primary.coded is not None:
            self._recorder.trained(primary.training_s)
        return Pair.of(primary)


def _yield_to_searches() -> None:
    """Lower this thread's priority for good, where threads have one of their own."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _MERGE_NICENESS)


def _checked(vectors: ArrayLike, ids: ArrayLike, dim: int) -> tuple[NDArray[Any], Ids]:
    """Check vectors with their ids."""
    given, known = checked_vectors(vectors, dim), checked_ids(ids)
    if len(given) != len(known):
        raise InvalidVectorsError(f"There are {len(given)} vectors and {len(known)} ids.")
    return given, known
