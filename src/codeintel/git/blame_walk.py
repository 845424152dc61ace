"""Blame of a whole file over the history index.

Only the commits that changed the path are looked at: one git process compares each with its
parents, and lines are passed to the parents in git blame's own order (an identical parent first,
then each parent in turn, then renames). Where the path appears in a commit that also deletes
others, git blame itself tells what was renamed; where a merge has the path from nowhere, git blame
tells all that is left.
"""

import heapq
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from codeintel.git import commands
from codeintel.git.diff import DIFF_OPTIONS, Hunk, Segment, parse_patches, segments
from codeintel.git.history_path import PathHistory
from codeintel.git.history_store import HistoryStore
from codeintel.git.process import Git
from codeintel.git.records import LineRun

_ENDLESS = 1 << 30


class Span(NamedTuple):
    """Lines of some version of a file, and where they are in the asked version."""

    line: int
    n_lines: int
    final_line: int


class Origin(NamedTuple):
    """A parent's version of the path: the parent commit, and the touch that made the version."""

    parent: int
    touch: int


class _Step(NamedTuple):
    """What happens at one touch: `whole` takes all lines, else each of `origins` what it has."""

    touch: int
    whole: int | None = None
    origins: tuple[Origin, ...] = ()
    cached: NDArray[np.int32] | None = None
    ask_git: bool = False


class TooManyDiffsError(Exception):
    """The file changed more often than the caller wants to compare."""


class BlameWalk:
    """Computes blames as arrays of seven columns.

    The columns are line, number of lines, commit, path, line there, previous commit and path (-1
    where there is none); commits and paths by their numbers in the index.

    Parameters
    ----------
    max_diffs
        Most comparisons of one file's versions.
    """

    def __init__(self, store: HistoryStore, git: Git, *, max_diffs: int) -> None:
        self._store = store
        self._git = git
        self._max_diffs = max_diffs

    def blame(self, path: int, touch: int, n_lines: int) -> NDArray[np.int32]:
        """Blame the version of a path that a touch made.

        Raises
        ------
        TooManyDiffsError
            There are more than `max_diffs`.
        """
        rows = list(self._blame(path, touch, [Span(1, n_lines, 1)]))
        rows.sort()
        return np.array(rows, np.int32).reshape(-1, 7)

    def _blame(self, path: int, touch: int, spans: list[Span]) -> Iterator[tuple[int, ...]]:
        history = self._store.histories(path)
        steps = self._plan(path, history, touch)
        hunks = self._hunks(path, history, steps)
        waiting: dict[int, list[Span]] = {touch: spans}
        for step in steps:
            left = sorted(waiting.pop(step.touch, ()))
            if not left:
                continue
            if step.whole is not None:
                waiting.setdefault(step.whole, []).extend(left)
            elif step.cached is not None:
                yield from _from_rows(step.cached, left)
            elif step.ask_git:
                yield from self._ask_git(path, history, step.touch, left)
            else:
                commit = history.commit(step.touch)
                for origin in step.origins:
                    passed, left = _pass(left, hunks[commit, origin.parent])
                    waiting.setdefault(origin.touch, []).extend(passed)
                before = (step.origins[0].parent, path) if step.origins else (-1, -1)
                for span in left:
                    yield (span.final_line, span.n_lines, commit, path, span.line, *before)

    def _plan(self, path: int, history: PathHistory, start: int) -> list[_Step]:
        """List the touches that lines may come from, the newest first."""
        steps: list[_Step] = []
        seen = {start}
        queue = [-start]
        n_diffs = 0
        while queue:
            step = self._step(path, history, -heapq.heappop(queue))
            steps.append(step)
            n_diffs += len(step.origins)
            if n_diffs > self._max_diffs:
                raise TooManyDiffsError
            below = [origin.touch for origin in step.origins]
            for touch in below if step.whole is None else [step.whole]:
                if touch not in seen:
                    seen.add(touch)
                    heapq.heappush(queue, -touch)
        return steps

    def _step(self, path: int, history: PathHistory, touch: int) -> _Step:
        commit = history.commit(touch)
        graph = history.graph
        parents = graph.parents(commit)
        if not history.is_shown(touch):
            return _Step(touch, whole=history.nearest(history.followed(touch)[0]))
        cached = self._store.cached_blame(path, commit)
        if cached is not None:
            return _Step(touch, cached=cached)
        kinds, blobs = history.touches["kind"], history.touches["blob"]
        origins: list[Origin] = []
        n_absent = 0
        for parent in parents:
            above = history.nearest(parent)
            if above < 0 or kinds[above] != kinds[touch]:
                n_absent += 1
            elif blobs[above] == blobs[touch]:
                return _Step(touch, whole=above)
            elif all(blobs[above] != blobs[origin.touch] for origin in origins):
                origins.append(Origin(parent, above))
        may_be_renamed = n_absent and (len(parents) > 1 or graph.deletes[commit])
        if may_be_renamed:
            return _Step(touch, ask_git=True)
        return _Step(touch, origins=tuple(origins))

    def _hunks(
        self, path: int, history: PathHistory, steps: list[_Step]
    ) -> dict[tuple[int, int], list[Hunk]]:
        """Compare all versions in one process."""
        pairs = [
            (history.commit(step.touch), origin.parent) for step in steps for origin in step.origins
        ]
        if not pairs:
            return {}
        shas = self._store.shas({number for pair in pairs for number in pair})
        output = self._git.run(
            *("diff-tree", "--stdin", "--always", "-r", "-p", *DIFF_OPTIONS),
            *("--", self._store.paths([path])[path]),
            stdin="".join(f"{shas[child]} {shas[parent]}\n" for child, parent in pairs).encode(),
        )
        return dict(zip(pairs, parse_patches(output), strict=True))

    def _ask_git(
        self, path: int, history: PathHistory, touch: int, spans: list[Span]
    ) -> Iterator[tuple[int, ...]]:
        """Let git find what a path that its commit creates was renamed from."""
        commit = history.commit(touch)
        parents = history.graph.parents(commit)
        shas = self._store.shas({commit, *parents})
        name = self._store.paths([path])[path]
        if len(parents) > 1:
            yield from _from_rows(
                self.rows(commands.blame(self._git, shas[commit], name).runs), spans
            )
            return
        [parent] = parents
        revisions = f"{shas[parent]}..{shas[commit]}"
        runs = commands.blame(self._git, revisions, name).runs
        passed: dict[int, list[Span]] = {}
        for row in _from_rows(self.rows(runs), spans):
            if row[2] == commit:
                yield row
            else:
                final_line, n_lines, _, old_path, line, *_ = row
                passed.setdefault(old_path, []).append(Span(line, n_lines, final_line))
        for old_path, lines in passed.items():
            above = self._store.histories(old_path).nearest(parent)
            yield from self._blame(old_path, above, lines)

    def rows(self, runs: Iterable[LineRun]) -> NDArray[np.int32]:
        """Turn git's own answer into the columns."""
        rows = [
            (
                run.line,
                run.n_lines,
                self._store.known_commit(run.sha),
                self._store.known_path(run.path),
                run.original_line,
                self._store.known_commit(run.previous_sha) if run.previous_sha else -1,
                self._store.known_path(run.previous_path) if run.previous_path else -1,
            )
            for run in runs
        ]
        return np.array(rows, np.int32).reshape(-1, 7)


def _pass(spans: list[Span], hunks: list[Hunk]) -> tuple[list[Span], list[Span]]:
    """Split lines into those that the older version has, with its numbers, and the others."""
    parts = list(segments(hunks, _ENDLESS))
    starts = [part.line for part in parts]
    passed: list[Span] = []
    left: list[Span] = []
    for span in spans:
        line, end, shift = span.line, span.line + span.n_lines, span.final_line - span.line
        at = bisect_right(starts, line) - 1
        while line < end:
            part: Segment = parts[at]
            upto = min(end, part.line + part.n_lines)
            if part.old_line is None:
                left.append(Span(line, upto - line, line + shift))
            else:
                old_line = part.old_line + line - part.line
                passed.append(Span(old_line, upto - line, line + shift))
            line = upto
            at += 1
    return passed, left


def _from_rows(rows: NDArray[np.int32], spans: list[Span]) -> Iterator[tuple[int, ...]]:
    """Look lines up in a blame of the version that they are in; its rows are ordered by line."""
    table = rows.tolist()
    starts = [row[0] for row in table]
    for span in spans:
        line, end, shift = span.line, span.line + span.n_lines, span.final_line - span.line
        at = max(bisect_right(starts, line) - 1, 0)
        while line < end and at < len(table):
            start, n_lines, commit, path, original_line, *before = table[at]
            first, upto = max(line, start), min(end, start + n_lines)
            if first < upto:
                there = original_line + first - start
                yield (first + shift, upto - first, commit, path, there, *before)
                line = upto
            at += 1
