"""Primary and secondary index and tombstones, searched as one; never changed, only replaced."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codeintel.index.vector_arrays import BLOCK_ROWS, Floats, Halves, Ids, positions
from codeintel.index.vector_exact import ExactIndex, Keep, inner_products
from codeintel.index.vector_primary import Primary


@dataclass(frozen=True, slots=True)
class Pair:
    """What one search sees.

    An id lives in at most one of the two indexes.

    Attributes
    ----------
    dead
        Tombstones: rows of the primary that were removed or replaced, ascending.
    live
        The other rows, for FAISS; None where no row is dead.
    """

    primary: Primary
    secondary: ExactIndex
    dead: Ids
    live: Keep | None

    @classmethod
    def of(
        cls, primary: Primary, secondary: ExactIndex | None = None, dead: Ids | None = None
    ) -> "Pair":
        """Put the parts together; by default nothing has changed since the primary was built."""
        if secondary is None:
            nothing = np.empty((0, primary.exact.dim), np.float16)
            secondary = ExactIndex.in_memory(np.empty(0, np.int64), nothing)
        if dead is None or not dead.size:
            return cls(primary, secondary, np.empty(0, np.int64), None)
        mask = np.ones(len(primary), np.bool_)
        mask[dead] = False
        return cls(primary, secondary, dead, Keep.mask(mask))

    def __len__(self) -> int:
        return len(self.primary) - len(self.dead) + len(self.secondary)

    def ids(self) -> Ids:
        """Give all live ids, ascending."""
        of_primary = np.delete(self.primary.exact.ids, self.dead)
        return np.sort(np.concatenate([of_primary, self.secondary.ids]))

    def contains(self, ids: Ids) -> NDArray[np.bool_]:
        """Tell for each id whether it lives here."""
        rows = positions(ids, self.primary.exact.ids)
        in_primary = (rows >= 0) & (positions(rows, self.dead) < 0)
        return in_primary | (positions(ids, self.secondary.ids) >= 0)

    def replaced(self, ids: Ids, rows: Halves) -> "Pair":
        """Give a pair in which `ids` have the vectors `rows`, whether new or not."""
        return Pair.of(self.primary, self.secondary.replaced(ids, rows), self._dead_with(ids))

    def without(self, ids: Ids) -> "Pair":
        """Give a pair that lacks `ids`."""
        return Pair.of(self.primary, self.secondary.without(ids), self._dead_with(ids))

    def with_changes(self, before: "Pair", after: "Pair") -> "Pair":
        """Give this pair, made from `before`, with what has changed from there to `after`."""
        newer, old = after.secondary, before.secondary
        at = positions(newer.ids, old.ids)
        same = at >= 0
        same[same] = (newer.rows[same] == old.rows[at[same]]).all(axis=1)
        gone = before.ids()[~after.contains(before.ids())]
        return self.replaced(newer.ids[~same], newer.rows[~same]).without(gone)

    def _dead_with(self, ids: Ids) -> Ids:
        """Give the tombstones and those of `ids`."""
        rows = positions(ids, self.primary.exact.ids)
        return np.union1d(self.dead, rows[rows >= 0])

    def live_blocks(self, ids: Ids) -> Iterator[Halves]:
        """Give the vectors of live ids, in their order, in blocks."""
        for start in range(0, len(ids), BLOCK_ROWS):
            yield self.rows(ids[start : start + BLOCK_ROWS])

    def rows(self, ids: Ids) -> Halves:
        """Give the vectors of live ids."""
        rows = np.empty((len(ids), self.primary.exact.dim), np.float16)
        newer = positions(ids, self.secondary.ids)
        old = newer < 0
        rows[~old] = self.secondary.rows[newer[~old]]
        rows[old] = self.primary.exact.rows[positions(ids[old], self.primary.exact.ids)]
        return rows

    def similarities(self, query: Floats, ids: Ids) -> Floats:
        """Score ids against one unit query by the original vectors; nan for ids not here."""
        scores = np.full(len(ids), np.nan, np.float32)
        old = positions(ids, self.primary.exact.ids)
        if self.dead.size:
            old[positions(old, self.dead) >= 0] = -1
        places = [(self.primary.exact, old)]
        if len(self.secondary):
            places.append((self.secondary, positions(ids, self.secondary.ids)))
        for index, at in places:
            here = at >= 0
            scores[here] = inner_products(query[None], index.rows[at[here]])[0]
        return scores

    def search(self, queries: Floats, k: int, among: Ids | None) -> tuple[Floats, Ids]:
        """Find the `k` best live vectors of each unit query, of those `among` where given.

        Returns
        -------
        scores, ids
            Shape ``(len(queries), k)``, best first; -inf and -1 where there are no more.
        """
        exact = self.primary.exact
        keep, newer = self.live, None
        if among is not None:
            rows = positions(among, exact.ids)
            rows = rows[rows >= 0]
            if self.dead.size:
                rows = rows[positions(rows, self.dead) < 0]
            keep = Keep.rows(rows, len(exact))
            found = positions(among, self.secondary.ids)
            newer = Keep.rows(found[found >= 0], len(self.secondary))
        scores, rows = self.primary.search(queries, min(k, max(len(exact), 1)), keep)
        ids = _named(rows, exact.ids)
        if len(self.secondary):
            more, rows = self.secondary.scan(queries, min(k, len(self.secondary)), newer)
            scores = np.hstack([scores, more])
            ids = np.hstack([ids, _named(rows, self.secondary.ids)])
        return _best(scores, ids, k)


def _named(rows: Ids, ids: Ids) -> Ids:
    """Turn row numbers into ids; -1 stays."""
    if not len(ids):
        return np.full(rows.shape, -1, np.int64)
    return np.where(rows < 0, -1, ids[rows])


def _best(scores: Floats, ids: Ids, k: int) -> tuple[Floats, Ids]:
    """Rank by score, then id, and give exactly `k` columns."""
    if scores.shape[1] == k and bool((scores[:, 1:] < scores[:, :-1]).all()):
        return scores, ids
    order = np.lexsort((ids, -scores), axis=1)[:, :k]
    n, found = order.shape
    best_scores = np.full((n, k), -np.inf, np.float32)
    best_ids = np.full((n, k), -1, np.int64)
    rows = np.arange(n)[:, None]
    best_scores[:, :found] = scores[rows, order]
    best_ids[:, :found] = ids[rows, order]
    return best_scores, best_ids
