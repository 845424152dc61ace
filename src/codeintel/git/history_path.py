"""The history of one path: which commits git's history simplification shows, in git's order."""

import heapq
import struct
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from codeintel.git.history_graph import Graph

TOUCH = np.dtype(
    [("commit", "<u4"), ("blob", "<u8"), ("kind", "u1"), ("follow", "u1")],
)
"""A commit that has a path otherwise than its first parent has it.

``blob`` holds the first 8 bytes of the blob's id, ``kind`` is below. ``follow`` is `SHOWN`, or for
a merge that has the path as one of its parents has it, the position of the first such parent.
"""

pack_touch = struct.Struct("<IQBB").pack
"""Packs the fields of one `TOUCH`, in their order."""

SHOWN = 255
ABSENT, REGULAR, LINK, SUBMODULE = range(4)


class AmbiguousOrderError(Exception):
    """Dates alone do not tell the order in which git lists two commits."""


class PathHistory:
    """The touches of one path, ordered by commit number."""

    def __init__(self, graph: Graph, touches: NDArray[np.void]) -> None:
        self.graph = graph
        self.touches = touches
        self._commits = touches["commit"].astype(np.int64)
        self._enter = graph.enter[self._commits]
        self._leave = graph.leave[self._commits]

    def nearest(self, commit: int) -> int:
        """Give the touch (its position) that a commit has the path from; -1 for none.

        That is the last one on the first-parent way to the commit, the commit included.
        """
        place = self.graph.enter[commit]
        on_way = np.flatnonzero((self._enter <= place) & (self._leave >= place))
        return int(on_way[-1]) if len(on_way) else -1

    def commit(self, touch: int) -> int:
        """Give the number of a touch's commit."""
        return int(self._commits[touch])

    def is_shown(self, touch: int) -> bool:
        """Tell whether ``git log`` shows the commit of a touch."""
        return bool(self.touches["follow"][touch] == SHOWN)

    def followed(self, touch: int) -> tuple[int, ...]:
        """Give the parents that git's simplification follows from a touch's commit."""
        parents = self.graph.parents(self.commit(touch))
        follow = int(self.touches["follow"][touch])
        return parents if follow == SHOWN else (parents[follow],)

    def tip(self, commit: int) -> int:
        """Give the touch whose shown commit made the path what it is at `commit`; -1 for none."""
        touch = self.nearest(commit)
        while touch >= 0 and not self.is_shown(touch):
            touch = self.nearest(self.followed(touch)[0])
        return touch

    def walk(self, commit: int) -> Iterator[int]:
        """Yield the numbers of the commits that ``git log`` shows, in its order.

        Raises
        ------
        AmbiguousOrderError
            The order depends on commits between those that touch the path: some are younger than
            their children, or two ways have commits of the same second.
        """
        times, skews = self.graph.committed_s, self.graph.skews
        queue: list[tuple[int, int, bool]] = []
        seen: set[int] = set()
        n_skewed = 0

        def push(start: int) -> None:
            nonlocal n_skewed
            touch = self.nearest(start)
            if touch < 0 or touch in seen:
                return
            seen.add(touch)
            found = self.commit(touch)
            skewed = bool(skews[start] != skews[found])
            n_skewed += skewed
            heapq.heappush(queue, (-int(times[found]), touch, skewed))

        push(commit)
        while queue:
            time, touch, skewed = heapq.heappop(queue)
            if queue and (n_skewed or queue[0][0] == time):
                raise AmbiguousOrderError
            n_skewed -= skewed
            if self.is_shown(touch):
                yield self.commit(touch)
            for parent in self.followed(touch):
                push(parent)
