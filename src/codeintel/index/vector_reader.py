"""What a vector index answers, whatever writes it."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from codeintel.errors import InvalidVectorsError
from codeintel.index.timings import Recorder, Timings, VectorState
from codeintel.index.vector_arrays import Floats, Ids, checked_ids, checked_vectors, unit_rows
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


class VectorReader:
    """The reading half of `FAISSManager`; safe to share between threads."""

    def __init__(
        self, pair: Pair, options: VectorOptions | None, begun: Timings | None = None
    ) -> None:
        self.dim = pair.primary.exact.dim
        self.options = options or VectorOptions()
        self._pair = pair
        self._recorder = Recorder(begun)

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

    @property
    def n_unmerged(self) -> int:
        """Number of vectors and tombstones that a merge would fold into the primary."""
        return len(self._pair.secondary) + len(self._pair.dead)

    def needs_merge(self) -> bool:
        """Tell whether enough has changed since the primary was built to build it anew."""
        pair = self._pair
        return merge_is_due(len(pair.primary), len(pair.secondary), len(pair.dead), self.options)

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
        with omp_threads(self.options.search_threads):
            return self._pair.similarities(units[0], checked_ids(ids))

    def vectors_of(self, ids: ArrayLike) -> Floats:
        """Give the vectors that are kept of those ids that have one, in their order."""
        known = checked_ids(ids)
        return self._pair.rows(known[self._pair.contains(known)]).astype(np.float32)

    def _units(self, queries: ArrayLike) -> Floats:
        """Check queries and give them length 1."""
        array = np.asarray(queries)
        return unit_rows(checked_vectors(np.atleast_2d(array), self.dim, "Queries"), "Query")
