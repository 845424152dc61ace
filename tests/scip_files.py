"""Writes SCIP files as indexers do: the wire format of protobuf, by hand."""

from collections.abc import Iterable

Occurrence = tuple[str, list[int], int]
"""Symbol, range, roles."""


def varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def field(number: int, value: int | bytes) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def occurrence(symbol: str, span: list[int], roles: int = 0, *, packed: bool = True) -> bytes:
    ranges = (
        field(1, b"".join(map(varint, span)))
        if packed
        else b"".join(field(1, number) for number in span)
    )
    return ranges + field(2, symbol.encode()) + field(3, roles) + field(5, 15)


def document(path: str, occurrences: Iterable[bytes], *, unit: int = 0) -> bytes:
    body = field(4, b"python") + field(1, path.encode())
    body += b"".join(field(2, each) for each in occurrences) + field(3, field(1, b"ignored"))
    return body + (field(6, unit) if unit else b"")


def scip_file(*documents: bytes) -> bytes:
    metadata = field(2, field(1, b"some-indexer")) + field(3, b"file:///somewhere")
    ignored = field(3, field(1, b"external"))
    return field(1, metadata) + b"".join(field(2, each) for each in documents) + ignored
