"""Byte offsets of a syntax tree to lines and columns."""

from array import array
from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate, count
from operator import add

from tree_sitter import Node

from codeintel.types.packed import LAST_COLUMN, LAST_LINE


class SourceMap:
    """A source as text, bytes and lines; rows and columns count from 0, columns in characters."""

    def __init__(self, text: str) -> None:
        self.data = text.encode("utf-8", "replace")
        self.ascii = text.isascii()
        lengths = map(len, self.data.split(b"\n"))
        self._starts = list(map(add, accumulate(lengths, initial=0), count()))[:-1]

    def slice(self, start: int, end: int) -> str:
        """Text between two byte offsets."""
        return self.data[start:end].decode("utf-8", "replace")

    def text_of(self, node: Node) -> str:
        """Text of a node."""
        return self.slice(node.start_byte, node.end_byte)

    def row_of(self, offset: int) -> int:
        """Row of a byte offset."""
        return bisect_right(self._starts, offset) - 1

    def position_at(self, offset: int) -> tuple[int, int]:
        """Row and column of a byte offset."""
        row = self.row_of(offset)
        column = offset - self._starts[row]
        return row, column if self.ascii else self.characters(row, column)

    def packed(self, offsets: Iterable[int]) -> bytes:
        """Lines and columns of byte offsets, as `pack_positions` would pack them."""
        starts, n_starts = self._starts, min(len(self._starts), LAST_LINE)
        places = array("I")
        for offset in offsets:
            line = bisect_right(starts, offset, 0, n_starts)
            column = offset - starts[line - 1]
            if not self.ascii:
                column = self.characters(line - 1, column)
            places.append(line << 12 | (column + 1 if column < LAST_COLUMN else LAST_COLUMN))
        return places.tobytes()

    def characters(self, row: int, column_bytes: int) -> int:
        """Characters in the first bytes of a row."""
        start = self._starts[row]
        return len(self.data[start : start + column_bytes].decode("utf-8", "replace"))

    def starts_line(self, offset: int) -> bool:
        """Whether nothing but blanks stands before a byte offset on its line."""
        return not self.data[self._starts[self.row_of(offset)] : offset].strip()
