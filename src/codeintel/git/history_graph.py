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

_MANY = 1000  # new commits from which on a new tour is quicker than to insert one by one


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
        merges: dict[int, tuple[int, ...]] = {}
        at = 0
        while at < len(flat):
            end = at + 2 + int(flat[at + 1])
            merges[int(flat[at])] = tuple(flat[at + 2 : end].tolist())
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
        n_old, n_new = len(self), len(self) + len(commits)
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
        if len(commits) > _MANY:
            enter, leave = _tour(first_parent)
        else:
            enter, leave = _inserted(self.enter, self.leave, first_parent, n_new)
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


def _tour(first_parent: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Number the forest in depth-first order."""
    parents = first_parent.tolist()
    n = len(parents)
    size = [1] * n
    for commit in range(n - 1, -1, -1):
        if parents[commit] >= 0:
            size[parents[commit]] += size[commit]
    enter = [0] * n
    free = [0] * n  # where the next child goes
    n_rooted = 0
    for commit, parent in enumerate(parents):
        if parent < 0:
            enter[commit] = n_rooted
            n_rooted += size[commit]
        else:
            enter[commit] = free[parent]
            free[parent] += size[commit]
        free[commit] = enter[commit] + 1
    begin = np.array(enter, np.int32)
    return begin, begin + np.array(size, np.int32) - 1


def _inserted(
    enter: NDArray[np.int32],
    leave: NDArray[np.int32],
    first_parent: NDArray[np.int32],
    n_new: int,
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Make room in a tour for each new commit, right after its parent's last descendant."""
    n_old = len(enter)
    begin = np.concatenate([enter, np.zeros(n_new - n_old, np.int32)])
    end = np.concatenate([leave, np.zeros(n_new - n_old, np.int32)])
    for commit in range(n_old, n_new):
        parent = first_parent[commit]
        place = commit
        if parent >= 0:
            place = int(end[parent]) + 1
            old_begin, old_end = begin[:commit], end[:commit]
            encloses = (old_end == place - 1) & (old_begin <= old_begin[parent])
            old_end[encloses | (old_end >= place)] += 1
            old_begin[old_begin >= place] += 1
        begin[commit] = end[commit] = place
    return begin, end
