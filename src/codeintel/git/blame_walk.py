"""Blame over the history index.

Only the commits that changed the path are looked at: git compares each with its parents, and lines
are passed to the parents in git blame's own order (an identical parent first, then each parent in
turn, then renames). Where the path appears in a commit that also deletes others, the index knows
plain renames, and of changed content git blame itself tells; where a merge has the path from
nowhere, git blame tells all that is left.
"""

import heapq
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Set
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from codeintel.git import commands
from codeintel.git.diff import Hunk, Segment, VersionDiffs, segments
from codeintel.git.history_path import PathHistory
from codeintel.git.history_store import HistoryStore
from codeintel.git.process import Git
from codeintel.git.records import LineRun

_ENDLESS = 1 << 30

# Comparisons that are made at a time, before it is known whether any lines get that far.
_FIRST_BATCH = 32
_MAX_BATCH = 64


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
    """What happens at one touch: `whole` takes all lines, else each of `origins` what it has.

    What is "cached" goes no further; where a path was "created", only git knows by which rename.
    """

    touch: int
    how: Literal["compared", "cached", "created"] = "compared"
    whole: int | None = None
    origins: tuple[Origin, ...] = ()


class _Created(NamedTuple):
    """Lines of a path that is not in some parent of a commit, which may have renamed it."""

    commit: int
    parents: tuple[int, ...]
    spans: list[Span]


class BlameWalk:
    """Computes blames as arrays of seven columns.

    The columns are line, number of lines, commit, path, line there, previous commit and path (-1
    where there is none); commits and paths by their numbers in the index.
    """

    def __init__(self, store: HistoryStore, git: Git) -> None:
        self._store = store
        self._git = git

    def blame(self, path: int, touch: int, first: int, last: int) -> NDArray[np.int32]:
        """Blame lines of the version of a path that a touch made.

        Raises
        ------
        CodeIntelError
            As `Git.run`.
        """
        rows: list[tuple[int, ...]] = []
        starts = [(path, touch, [Span(first, last - first + 1, first)])]
        while starts:
            path, touch, spans = starts.pop()
            created: list[_Created] = []
            rows += self._blame(path, touch, spans, created)
            for creation in created:
                rows += self._before_creation(path, creation, starts)
        rows.sort()
        return np.array(rows, np.int32).reshape(-1, 7)

    def _blame(
        self, path: int, start: int, spans: list[Span], created: list[_Created]
    ) -> Iterator[tuple[int, ...]]:
        """Blame by versions of one path; lines of versions that git has to tell go to `created`."""
        history = self._store.histories(path)
        cached = self._store.cached_tips(path)
        waiting: dict[int, list[Span]] = {}
        queue: list[int] = []  # touches that lines wait at, the newest first

        def wait(touch: int, spans: list[Span]) -> None:
            if touch not in waiting:
                heapq.heappush(queue, -touch)
            waiting.setdefault(touch, []).extend(spans)

        wait(start, spans)
        with VersionDiffs(self._git, self._store.paths([path])[path]) as diffs:
            ahead = _Ahead(self._store, history, cached, diffs)
            while queue:
                touch = -heapq.heappop(queue)
                left = sorted(waiting.pop(touch))
                step = ahead.step(touch)
                commit = history.commit(touch)
                if step.whole is not None:
                    wait(step.whole, left)
                elif step.how == "cached":
                    rows = self._store.cached_blame(path, commit)
                    assert rows is not None
                    yield from _from_rows(rows, left)
                elif step.how == "created":
                    created.append(_Created(commit, history.graph.parents(commit), left))
                else:
                    for origin in step.origins:
                        passed, left = _pass(left, ahead.hunks(commit, origin))
                        if passed:
                            wait(origin.touch, passed)
                        if not left:
                            break
                    before = (step.origins[0].parent, path) if step.origins else (-1, -1)
                    for span in left:
                        yield (span.final_line, span.n_lines, commit, path, span.line, *before)

    def _before_creation(
        self, path: int, created: _Created, starts: list[tuple[int, int, list[Span]]]
    ) -> Iterator[tuple[int, ...]]:
        """Find what a path was renamed from; where lines go on from is added to `starts`."""
        commit, parents, spans = created
        source = self._store.renamed_from(path, commit)
        if source is not None:
            starts.append((source, self._store.histories(source).nearest(parents[0]), spans))
            return
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
            starts.append((old_path, self._store.histories(old_path).nearest(parent), lines))

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


class _Ahead:
    """Comparisons of one path, made before they are asked for: most lines go to first parents."""

    def __init__(
        self,
        store: HistoryStore,
        history: PathHistory,
        cached: Set[int],
        diffs: VersionDiffs,
    ) -> None:
        self._store = store
        self._history = history
        self._cached = cached
        self._diffs = diffs
        self._n_ahead = _FIRST_BATCH
        self._known: dict[tuple[int, int], list[Hunk]] = {}
        self._steps: dict[int, _Step] = {}

    def step(self, touch: int) -> _Step:
        """Tell where the lines of a version may come from."""
        step = self._steps.get(touch)
        if step is None:
            step = self._steps[touch] = _step(self._history, self._cached, touch)
        return step

    def hunks(self, commit: int, origin: Origin) -> list[Hunk]:
        """Compare the versions of a commit and of one of its parents."""
        pair = (commit, origin.parent)
        if pair not in self._known:
            self._compare(self._pairs(pair, origin))
        return self._known.pop(pair)

    def _pairs(self, pair: tuple[int, int], origin: Origin) -> list[tuple[int, int]]:
        """List a comparison and those that lines which it passes on will most likely need."""
        pairs = [pair]
        touch = origin.touch
        while len(pairs) < self._n_ahead:
            step = self.step(touch)
            if step.whole is not None:
                touch = step.whole
                continue
            if not step.origins:
                break
            pair = (self._history.commit(touch), step.origins[0].parent)
            if pair in self._known:
                break
            pairs.append(pair)
            touch = step.origins[0].touch
        return pairs

    def _compare(self, pairs: list[tuple[int, int]]) -> None:
        shas = self._store.shas({number for pair in pairs for number in pair})
        found = self._diffs.compare([(shas[child], shas[parent]) for child, parent in pairs])
        self._known.update(zip(pairs, found, strict=True))
        self._n_ahead = min(2 * self._n_ahead, _MAX_BATCH)


def _step(history: PathHistory, cached: Set[int], touch: int) -> _Step:
    """Tell where the lines of a version may come from."""
    commit = history.commit(touch)
    if not history.is_shown(touch):
        return _Step(touch, whole=history.nearest(history.followed(touch)[0]))
    if commit in cached:
        return _Step(touch, "cached")
    parents = history.graph.parents(commit)
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
    if n_absent and (len(parents) > 1 or history.graph.deletes[commit]):
        return _Step(touch, "created")
    return _Step(touch, origins=tuple(origins))


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
