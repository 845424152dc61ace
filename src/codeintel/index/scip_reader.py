"""Reads SCIP files, the published exchange format of code indexers, one document at a time.

Only the fields that navigation needs are read; their numbers are those of `scip.proto`
(https://github.com/sourcegraph/scip). All others are skipped, as protobuf intends.
"""

from collections.abc import Iterator
from enum import IntEnum
from pathlib import Path
from typing import BinaryIO, Final

from msgspec import Struct

from codeintel.errors import InputError

_INDEX_DOCUMENT: Final = 2
_DOCUMENT_PATH, _DOCUMENT_OCCURRENCE, _DOCUMENT_ENCODING = 1, 2, 6
_OCCURRENCE_RANGE, _OCCURRENCE_SYMBOL, _OCCURRENCE_ROLES = 1, 2, 3
_ROLE_DEFINITION: Final = 1
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MAX_DOCUMENT_BYTES: Final = 256 << 20


class ColumnUnit(IntEnum):
    """What columns count, from the start of the line."""

    UNSPECIFIED = 0
    UTF8_BYTES = 1
    UTF16_UNITS = 2
    CHARACTERS = 3


class ScipOccurrence(Struct, frozen=True):
    """A symbol at a place of one line; line and columns count from 0, `end` is exclusive."""

    symbol: str
    line: int
    column: int
    end: int
    is_definition: bool


class ScipDocument(Struct, frozen=True):
    """The occurrences of a file; those over several lines are left out."""

    path: str
    unit: ColumnUnit
    occurrences: tuple[ScipOccurrence, ...]


def read_scip(path: Path) -> Iterator[ScipDocument]:
    """Give the documents of a SCIP file; no more than one is held in memory.

    Raises
    ------
    InputError
        The file cannot be read, or is no SCIP file.
    """
    try:
        with open(path, "rb") as file:
            yield from _documents(file)
    except OSError as error:
        raise InputError(f"'{path}' cannot be read: {error.strerror}.") from error
    except (ValueError, IndexError) as error:
        raise InputError(
            f"'{path}' is no SCIP file: {error}.",
            cure="Give the file that a SCIP indexer wrote, such as `index.scip`.",
        ) from error


def _documents(file: BinaryIO) -> Iterator[ScipDocument]:
    """Walk through the fields of the outermost message."""
    while (key := _stream_varint(file)) is not None:
        number, wire = key >> 3, key & 7
        if wire == _VARINT:
            _stream_varint(file)
            continue
        if wire == _BYTES:
            size = _stream_varint(file) or 0
        elif wire in (_FIXED32, _FIXED64):
            size = 4 if wire == _FIXED32 else 8
        else:
            raise ValueError(f"a field has the unknown wire type {wire}")
        if size > _MAX_DOCUMENT_BYTES:
            raise ValueError(f"a field has {size} bytes")
        data = file.read(size)
        if len(data) < size:
            raise ValueError("it ends within a field")
        if (number, wire) == (_INDEX_DOCUMENT, _BYTES):
            yield _document(data)


def _stream_varint(file: BinaryIO) -> int | None:
    """Read one variable-length number; None at the end of the file."""
    value = shift = 0
    while byte := file.read(1):
        value |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            return value
        shift += 7
        if shift > 63:
            raise ValueError("a number is too long")
    if shift:
        raise ValueError("it ends within a number")
    return None


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Read one variable-length number, and give where the next field begins."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("a number is too long")


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Give the fields of a message: numbers as they are, all else as bytes."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        wire = key & 7
        if wire == _VARINT:
            value, at = _varint(data, at)
            yield key >> 3, value
            continue
        if wire == _BYTES:
            size, at = _varint(data, at)
        elif wire in (_FIXED32, _FIXED64):
            size = 4 if wire == _FIXED32 else 8
        else:
            raise ValueError(f"a field has the unknown wire type {wire}")
        if at + size > len(data):
            raise ValueError("a field ends beyond its message")
        yield key >> 3, data[at : at + size]
        at += size


def _document(data: bytes) -> ScipDocument:
    path, unit = "", ColumnUnit.UNSPECIFIED
    occurrences = []
    for number, value in _fields(data):
        if number == _DOCUMENT_PATH and isinstance(value, bytes):
            path = value.decode()
        elif number == _DOCUMENT_ENCODING and isinstance(value, int):
            unit = ColumnUnit(value)
        elif number == _DOCUMENT_OCCURRENCE and isinstance(value, bytes):
            occurrence = _occurrence(value)
            if occurrence is not None:
                occurrences.append(occurrence)
    return ScipDocument(path, unit, tuple(occurrences))


def _occurrence(data: bytes) -> ScipOccurrence | None:
    """Read an occurrence; None where it has no symbol or spans several lines."""
    span: list[int] = []
    symbol, roles = "", 0
    for number, value in _fields(data):
        if number == _OCCURRENCE_RANGE:
            span += [value] if isinstance(value, int) else _packed(value)
        elif number == _OCCURRENCE_SYMBOL and isinstance(value, bytes):
            symbol = value.decode()
        elif number == _OCCURRENCE_ROLES and isinstance(value, int):
            roles = value
    if len(span) == 4 and span[0] == span[2]:
        del span[2]
    if not symbol or len(span) != 3:
        return None
    return ScipOccurrence(symbol, span[0], span[1], span[2], bool(roles & _ROLE_DEFINITION))


def _packed(data: bytes) -> list[int]:
    """Read a packed list of numbers."""
    numbers, at = [], 0
    while at < len(data):
        value, at = _varint(data, at)
        numbers.append(value)
    return numbers
