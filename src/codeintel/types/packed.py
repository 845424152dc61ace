"""Places in a file as they are stored: 4 bytes each, 20 bits of line and 12 of column."""

from array import array
from collections.abc import Iterable
from typing import Final

PACKED_BYTES: Final = 4
"""Bytes that a place takes."""

LAST_LINE: Final = (1 << 20) - 1
"""Places further down, or further right than `LAST_COLUMN`, count as standing there."""

LAST_COLUMN: Final = (1 << 12) - 1


def pack_positions(positions: Iterable[tuple[int, int]]) -> bytes:
    """Pack (line, column) pairs."""
    return array(
        "I",
        [min(line, LAST_LINE) << 12 | min(column, LAST_COLUMN) for line, column in positions],
    ).tobytes()


def unpack_positions(data: bytes) -> list[tuple[int, int]]:
    """Undo `pack_positions`."""
    packed = array("I")
    packed.frombytes(data)
    return [(value >> 12, value & LAST_COLUMN) for value in packed]
