"""Cuts a file into chunks along its syntax tree: every line in exactly one chunk, in order.

A node that is too large is cut before its children, large children again before theirs, and what
has no children by lines, best at blank ones. Small neighbours are joined, across the border of a
definition that was itself cut only where a remainder would be tiny. Rows count from 0 here.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Final

from msgspec import Struct
from tree_sitter import Node

from codeintel.lang.comments import LeadIn, lead_in
from codeintel.types import Chunk, Definition

MAX_CHARS: Final = 1_500
"""No chunk is larger unless it is one line; indentation does not count."""

JOINED_CHARS: Final = 1_000
"""Neighbours are joined up to this size."""

_TINY_CHARS: Final = 150  # too little to be found on its own
_MAX_DEPTH: Final = 60  # nested deeper, a node is cut by lines


class _Piece(Struct, gc=False):
    """Rows from `first` to `last`; pieces of one group may be joined."""

    first: int
    last: int
    group: int


class Chunker:
    """Cuts one file.

    Parameters
    ----------
    lines
        All lines of the file, at least one.
    leads
        Comments and attributes by the row on which they end; they stay with what follows.
    definition_rows
        Rows on which definitions start.
    """

    def __init__(
        self, lines: Sequence[str], leads: Mapping[int, LeadIn], definition_rows: frozenset[int]
    ) -> None:
        self._lines = lines
        self._leads = leads
        self._definition_rows = sorted(definition_rows)
        self._starts_definition = definition_rows
        # Of all lines before each; a line's end counts, too.
        self._sizes = list(accumulate(map(len, map(str.strip, lines)), initial=0))
        self._n_groups = 1
        self._pieces: list[_Piece] = []

    def spans(self, root: Node | None) -> list[tuple[int, int]]:
        """First and last row of each chunk."""
        self._split(0, len(self._lines) - 1, root, 0, 0)
        joined = self._without_tiny(list(self._joined(self._pieces)))
        return [(piece.first, piece.last) for piece in joined]

    def _size(self, first: int, last: int) -> int:
        return self._sizes[last + 1] - self._sizes[first] + last + 1 - first

    def _split(self, first: int, last: int, node: Node | None, group: int, depth: int) -> None:
        """Add the rows of a node, in pieces that are not too large."""
        size = self._size(first, last)
        if size <= JOINED_CHARS or (size <= MAX_CHARS and not self._has_parts(first, last)):
            self._pieces.append(_Piece(first, last, group))
            return
        starts = self._child_rows(first, last, node) if node and depth < _MAX_DEPTH else {}
        if not starts:
            self._pieces += self._windows(first, last, group)
            return
        rows = sorted({first, *starts})
        for row, next_row in zip(rows, [*rows[1:], last + 1], strict=True):
            child = starts.get(row)
            inner = group
            if child is not None and child.start_point[0] in self._starts_definition:
                inner = self._n_groups
                self._n_groups += 1
            small = self._size(row, next_row - 1) <= MAX_CHARS
            self._split(row, next_row - 1, child, group if small else inner, depth + 1)

    def _has_parts(self, first: int, last: int) -> bool:
        """Whether a definition starts within the rows, not only on the first one."""
        rows = self._definition_rows
        after = bisect_right(rows, first)
        return after < len(rows) and rows[after] <= last

    def _child_rows(self, first: int, last: int, node: Node) -> dict[int, Node]:
        """Rows before which a node may be cut, each with the longest child that starts there."""
        starts: dict[int, tuple[int, Node]] = {}
        for child in node.named_children:
            start, end = child.start_point[0], child.end_point[0]
            if end < first or start > last:
                continue
            above = lead_in(start, self._leads)
            row = max(first, above[0].start_row if above else start)
            if row not in starts or end - start >= starts[row][0]:
                starts[row] = (end - start, child)
        return {row: child for row, (_, child) in starts.items()}

    def _windows(self, first: int, last: int, group: int) -> Iterator[_Piece]:
        """Rows in pieces by lines alone: cut at blank lines and shallow indentation."""
        while self._size(first, last) > MAX_CHARS and first < last:
            cut = self._best_cut(first, last)
            yield _Piece(first, cut - 1, group)
            first = cut
        yield _Piece(first, last, group)

    def _best_cut(self, first: int, last: int) -> int:
        """The row within reach of a chunk's size before which a cut hurts least."""
        best, best_cost = first + 1, (2, 0, 0)
        for row in range(first + 1, last + 1):
            size = self._size(first, row - 1)
            if size > JOINED_CHARS:
                break
            line = self._lines[row]
            if size < JOINED_CHARS // 2 or not line.strip():
                best = row if best_cost[0] == 2 else best
                continue
            indent = len(line) - len(line.lstrip())
            cost = (int(bool(self._lines[row - 1].strip())), indent, -row)
            if cost < best_cost:
                best, best_cost = row, cost
        return best

    def _joined(self, pieces: Iterable[_Piece]) -> Iterator[_Piece]:
        """Small neighbours of one group together."""
        current: _Piece | None = None
        for piece in pieces:
            if current is None:
                current = piece
            elif (
                current.group == piece.group
                and self._size(current.first, piece.last) <= JOINED_CHARS
            ):
                current.last = piece.last
            else:
                yield current
                current = piece
        if current is not None:
            yield current

    def _without_tiny(self, pieces: list[_Piece]) -> list[_Piece]:
        """Remainders too small to be found, joined to the piece before or after."""
        result: list[_Piece] = []
        for piece in pieces:
            previous = result[-1] if result else None
            if previous is not None and self._size(previous.first, piece.last) <= MAX_CHARS:
                tiny = min(
                    self._size(previous.first, previous.last), self._size(piece.first, piece.last)
                )
                if tiny < _TINY_CHARS:
                    previous.last = piece.last
                    continue
            result.append(piece)
        return result


def labelled(
    spans: Sequence[tuple[int, int]], definitions: Sequence[Definition]
) -> Iterator[Chunk]:
    """Chunks with the innermost definition that makes up at least half of their lines.

    Parameters
    ----------
    spans
        First and last row of each chunk, in order.
    definitions
        In file order.
    """
    active: list[Definition] = []
    waiting = iter(definitions)
    upcoming = next(waiting, None)
    for first, last in spans:
        while upcoming is not None and upcoming.start_line <= last + 1:
            active.append(upcoming)
            upcoming = next(waiting, None)
        active = [definition for definition in active if definition.end_line > first]
        best: Definition | None = None
        for definition in active:
            start, end = max(first + 1, definition.start_line), min(last + 1, definition.end_line)
            if 2 * (end - start + 1) >= last - first + 1:
                best = definition
        if best is None:
            yield Chunk(start_line=first + 1, end_line=last + 1)
        else:
            yield Chunk(
                start_line=first + 1,
                end_line=last + 1,
                symbol=best.name,
                container=best.container,
                kind=best.kind,
                signature=best.signature,
            )
