"""The commit graph of the history index, in arrays that only grow.

Commits are numbered so that parents come before children. First parents form a forest; the
interval of a commit in its Euler tour tells in one comparison whether another commit is a
first-parent ancestor.
"""

from collections.abc import Sequence
from typing import NamedTuple, Self

import msgspec
import numpy as np
from numpy.typing import NDArray


class NewCommit(NamedTuple):
    """What the graph has to know of a commit; `deletes` is about the diff to the first parent."""

    parents: tuple[int, ...]
    committed_s: int
    deletes: bool


class Graph(msgspec.Struct, frozen=True):
    """All arrays are indexed by commit number.

    Attributes
    ----------
    first_parent
        -1 for a root.
    more_parents
        Flat runs of (commit, number of parents, all its parents), of merges only.
    committed_s
        Committer times.
    enter, leave
        The interval of a commit in the tour: it encloses those of its first-parent descendants.
    skews
        On the first-parent way from the root, how often a parent is younger than its child.
    deletes
        Whether a commit deletes a path that its first parent has.
    """

    first_parent: NDArray[np.int32]
    more_parents: NDArray[np.int32]
    committed_s: NDArray[np.int64]
    enter: NDArray[np.int32]
    leave: NDArray[np.int32]
    skews: NDArray[np.int32]
    deletes: NDArray[np.bool_]
    merges: dict[int, tuple[int, ...]]

    @classmethod
    def empty(cls) -> Self:
        """Make the graph without commits."""
        none = np.empty(0, np.int32)
        return cls(none, none, np.empty(0, np.int64), none, none, none, np.empty(0, np.bool_), {})

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what `to_bytes` wrote."""
        parts = msgspec.msgpack.decode(data, type=list[bytes])
        flat = np.frombuffer(parts[1], np.int32)
        numbers = flat.tolist()
        merges: dict[int, tuple[int, ...]] = {}
        at = 0
        while at < len(numbers):
            end = at + 2 + numbers[at + 1]
            merges[numbers[at]] = tuple(numbers[at + 2 : end])
            at = end
        return cls(
            np.frombuffer(parts[0], np.int32),
            flat,
            np.frombuffer(parts[2], np.int64),
            np.frombuffer(parts[3], np.int32),
            np.frombuffer(parts[4], np.int32),
            np.frombuffer(parts[5], np.int32),
            np.frombuffer(parts[6], np.bool_),
            merges,
        )

    def to_bytes(self) -> bytes:
        """Write the arrays."""
        return msgspec.msgpack.encode(
            [
                self.first_parent.tobytes(),
                self.more_parents.tobytes(),
                self.committed_s.tobytes(),
                self.enter.tobytes(),
                self.leave.tobytes(),
                self.skews.tobytes(),
                self.deletes.tobytes(),
            ]
        )

    def __len__(self) -> int:
        return len(self.first_parent)

    def parents(self, commit: int) -> tuple[int, ...]:
        """Give the parents in git's order."""
        several = self.merges.get(commit)
        if several is not None:
            return several
        first = int(self.first_parent[commit])
        return (first,) if first >= 0 else ()

    def extended(self, commits: Sequence[NewCommit]) -> "Graph":
        """Append commits, whose numbers go on from the last."""
        n_old = len(self)
        firsts = [commit.parents[0] if commit.parents else -1 for commit in commits]
        first_parent = np.concatenate([self.first_parent, np.array(firsts, np.int32)])
        times = np.array([commit.committed_s for commit in commits], np.int64)
        committed_s = np.concatenate([self.committed_s, times])
        skews = np.concatenate([self.skews, np.zeros(len(commits), np.int32)])
        merges = dict(self.merges)
        flat: list[int] = []
        for number, commit in enumerate(commits, n_old):
            first = firsts[number - n_old]
            if first >= 0:
                skews[number] = skews[first] + (committed_s[first] > committed_s[number])
            if len(commit.parents) > 1:
                merges[number] = commit.parents
                flat += [number, len(commit.parents), *commit.parents]
        enter, leave = _toured(self.enter, self.leave, firsts)
        deletes = np.array([commit.deletes for commit in commits], np.bool_)
        return Graph(
            first_parent,
            np.concatenate([self.more_parents, np.array(flat, np.int32)]),
            committed_s,
            enter,
            leave,
            skews,
            np.concatenate([self.deletes, deletes]),
            merges,
        )


def _toured(
    enter: NDArray[np.int32], leave: NDArray[np.int32], first_parents: Sequence[int]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Number new commits into a tour: each right after the last descendant of its first parent.

    Old commits below which nothing is new keep their order and move up by what comes before them.
    """
    n_old = len(enter)
    size = [1] * len(first_parents)
    for new in range(len(first_parents) - 1, -1, -1):
        if first_parents[new] >= n_old:
            size[first_parents[new] - n_old] += size[new]
    # How much is inserted below each old commit; below -1 are new roots, after everything.
    inserted: dict[int, int] = {}
    for new, parent in enumerate(first_parents):
        if parent < n_old:
            inserted[parent] = inserted.get(parent, 0) + size[new]
    # Of several that end at one place the innermost comes first.
    keys = {
        parent: (int(leave[parent]) + 1) * (n_old + 1) + n_old - int(enter[parent])
        if parent >= 0
        else (n_old + 1) ** 2
        for parent in inserted
    }
    ordered = sorted(inserted, key=keys.__getitem__)
    sums = np.cumsum([0, *(inserted[parent] for parent in ordered)])
    places = np.array([keys[parent] for parent in ordered], np.int64)
    before_enter = np.searchsorted(places, (enter.astype(np.int64) + 1) * (n_old + 1), "left")
    ends = (leave.astype(np.int64) + 1) * (n_old + 1) + n_old - enter
    before_leave = np.searchsorted(places, ends, "right")
    free = {  # where the next child goes
        parent: (int(leave[parent]) + 1 if parent >= 0 else n_old) + int(sums[k])
        for k, parent in enumerate(ordered)
    }
    begin = [0] * len(first_parents)
    for new, parent in enumerate(first_parents):
        begin[new] = free[parent]
        free[parent] += size[new]
        free[n_old + new] = begin[new] + 1
    new_enter = np.array(begin, np.int64)
    new_leave = new_enter + np.array(size, np.int64) - 1
    return (
        np.concatenate([enter + sums[before_enter], new_enter]).astype(np.int32),
        np.concatenate([leave + sums[before_leave], new_leave]).astype(np.int32),
    )
