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
from codeintel.index.timings import Timings
from codeintel.index.vector_arrays import (
    Advance,
    Halves,
    Ids,
    checked_ids,
    checked_vectors,
    half_blocks,
)
from codeintel.index.vector_pair import Pair
from codeintel.index.vector_plan import VectorOptions
from codeintel.index.vector_primary import Primary
from codeintel.index.vector_reader import VectorReader
from codeintel.index.vector_saved import read_pair, read_uncoded, write_pair

# Searches that run beside a merge go first; 10 leaves it a tenth of a contended core.
_MERGE_NICENESS = 10


class FAISSManager(VectorReader):
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
        super().__init__(pair, options, begun)
        self._scratch = scratch
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

    def merge_indexes(self, advance: Advance = lambda _: None) -> None:
        """Build a new primary index of all live vectors, planned anew; ids and scores stay.

        Searches and changes go on meanwhile, against the old pair; what has changed until the new
        primary is ready is in the secondary index and the tombstones afterwards.

        Parameters
        ----------
        advance
            Told how many more vectors were copied, and how many more are in the codes.

        Raises
        ------
        StorageError
            The disk is full or read-only; the index stays as it was.
        """
        with self._merging, self._recorder.merging():
            before = self._pair
            ids = before.ids()
            with ThreadPoolExecutor(1, initializer=_yield_to_searches) as worker:
                merged = worker.submit(self._build, ids, before.live_blocks(ids), advance).result()
            with self._writing:
                self._pair = merged.with_changes(before, self._pair)

    def take_changes(self, before: "FAISSManager", after: "FAISSManager") -> bool:
        """Change what has changed from `before`, which this index was merged from, to `after`.

        Gives False, and does nothing, where their primary is not the same.
        """
        same = before._pair.primary.files == after._pair.primary.files
        if same:
            with self._writing:
                self._pair = self._pair.with_changes(before._pair, after._pair)
                n_updates = after.state.timings.n_updates - before.state.timings.n_updates
                self._recorder.updated(n_updates)
        return same

    def save(self, folder: Path) -> None:
        """Write all files into the folder of a draft; those that did not change are linked.

        Raises
        ------
        StorageError
            The disk is full or read-only.
        """
        with self._writing:
            write_pair(folder, self._pair, self._recorder.saved())

    def _build(self, ids: Ids, blocks: Iterable[Halves], advance: Advance = lambda _: None) -> Pair:
        """Build a primary index, alone."""
        primary = Primary.build(ids, blocks, self.dim, self.options, self._scratch, advance)
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
