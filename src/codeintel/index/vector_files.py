"""The files of a vector index in a generation's folder.

::

    vectors.json        header: numbers, plan, and size and checksum of every other file
    originals.ids       int64, ascending            ┐
    originals.faiss     their vectors, half floats  ├ primary: written by a merge, then only linked
    codes.faiss         compressed vectors in lists ┘   (absent where the plan is an exact scan)
    secondary.ids       int64, ascending            ┐
    secondary.rows      their vectors, half floats  ├ small: written anew by every change
    tombstones.rows     int64, rows of originals    ┘
"""

import hashlib
import os
import shutil
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from codeintel.errors import IndexCorruptError, IndexVersionError
from codeintel.index.timings import Timings
from codeintel.index.vector_arrays import Halves, Ids
from codeintel.index.vector_plan import Plan
from codeintel.store.files import checksum

FORMAT_VERSION = 2
HEADER_FILE = "vectors.json"
IDS_FILE = "originals.ids"
ORIGINALS_FILE = "originals.faiss"
CODES_FILE = "codes.faiss"
SECONDARY_IDS_FILE = "secondary.ids"
SECONDARY_ROWS_FILE = "secondary.rows"
TOMBSTONES_FILE = "tombstones.rows"

_CURE = "Run `codeintel index --full` to write it anew."


# Checksums of files that this process has read, by device, inode and time of change.
_contents: dict[tuple[int, int, int], str] = {}
_MAX_CONTENTS = 256


class FileSeal(msgspec.Struct, frozen=True):
    """What a file was when it was written."""

    size_bytes: int
    checksum: str


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What the files of a vector index hold."""

    dim: int
    n_primary: int
    n_secondary: int
    n_dead: int
    plan: Plan
    files: dict[str, FileSeal]
    timings: Timings = Timings()
    format_version: int = FORMAT_VERSION


class _Sealed(msgspec.Struct, frozen=True):
    """The header's file: the header as it was encoded, and its checksum."""

    checksum: str
    header: msgspec.Raw


class _Version(msgspec.Struct, frozen=True):
    """The part of a header that every version can read."""

    format_version: int


def seal(path: Path) -> FileSeal:
    """Record size and content of a file."""
    return FileSeal(path.stat().st_size, checksum(path))


def write_header(path: Path, header: Header) -> None:
    """Write the header with its own checksum."""
    data = msgspec.json.encode(header)
    path.write_bytes(msgspec.json.encode(_Sealed(_digest(data), msgspec.Raw(data))))


def read_header(folder: Path, *, ignored: str = "") -> Header:
    """Read the header and check the files that it names.

    Every file has its size, and those that FAISS or a search relies on their content. The content
    of the original vectors is left to `broken_files`: they are large, and a changed one is only a
    wrong score.

    Parameters
    ----------
    ignored
        Name of a file that need not be there.

    Raises
    ------
    IndexCorruptError
        Names the first file that is missing, truncated, changed or unreadable.
    IndexVersionError
        A newer version of CodeIntel wrote it.
    """
    header = _decoded(_read(folder / HEADER_FILE))
    for name, record in header.files.items():
        if name == ignored:
            continue
        size_bytes = _size_bytes(folder / name)
        if size_bytes != record.size_bytes:
            raise IndexCorruptError(
                f"The index file '{name}' has {size_bytes} bytes instead of {record.size_bytes}.",
                cure=_CURE,
            )
        if name != ORIGINALS_FILE and _content(folder / name) != record.checksum:
            raise IndexCorruptError(
                f"The content of the index file '{name}' has changed.", cure=_CURE
            )
    return header


def broken_files(folder: Path) -> list[str]:
    """Read everything and give the names of the files that are missing or have changed.

    Raises
    ------
    IndexCorruptError
        The header is broken.
    """
    header = _decoded(_read(folder / HEADER_FILE))
    return [
        name
        for name, record in header.files.items()
        if not (folder / name).exists() or seal(folder / name) != record
    ]


def _decoded(data: bytes) -> Header:
    """Decode a header."""
    try:
        sealed = msgspec.json.decode(data, type=_Sealed)
        content = bytes(sealed.header)
        if _digest(content) != sealed.checksum:
            raise IndexCorruptError(f"The index file '{HEADER_FILE}' has changed.", cure=_CURE)
        version = msgspec.json.decode(content, type=_Version).format_version
        if version > FORMAT_VERSION:
            raise IndexVersionError(
                f"The vector index has format {version}; this CodeIntel reads {FORMAT_VERSION}.",
                cure="Update CodeIntel, or choose another index folder.",
            )
        if version < FORMAT_VERSION:
            raise IndexCorruptError(
                f"The vector index has format {version}; this CodeIntel reads {FORMAT_VERSION}.",
                cure=_CURE,
            )
        return msgspec.json.decode(content, type=Header)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise IndexCorruptError(f"The index file '{HEADER_FILE}' is broken.", cure=_CURE) from error


def _read(path: Path) -> bytes:
    """Read a file that has to be there."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise IndexCorruptError(f"The index file '{path.name}' is missing.", cure=_CURE) from None


def _size_bytes(path: Path) -> int:
    """Give the size of a file that has to be there."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        raise IndexCorruptError(f"The index file '{path.name}' is missing.", cure=_CURE) from None


def _digest(data: bytes) -> str:
    """Hash the header."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def _content(path: Path) -> str:
    """Hash a file's content; once only for a file that several generations share."""
    status = path.stat()
    identity = (status.st_dev, status.st_ino, status.st_mtime_ns)
    if identity not in _contents:
        if len(_contents) >= _MAX_CONTENTS:
            _contents.clear()
        _contents[identity] = checksum(path)
    return _contents[identity]


def write_array(path: Path, array: "NDArray[Any]") -> None:
    """Write an array's values, little-endian, to a file that is not there yet."""
    values = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    with open(path, "xb") as file:
        file.write(values.data)


def map_ids(path: Path, n: int) -> Ids:
    """Map `n` ids or row numbers read-only."""
    if not n:
        return np.empty(0, np.int64)
    return np.memmap(path, dtype="<i8", mode="r", shape=(n,))


def read_halves(path: Path, n: int, dim: int) -> Halves:
    """Read `n` rows of half floats into memory."""
    return np.fromfile(path, dtype="<f2", count=n * dim).reshape(n, dim)


def place(source: Path, target: Path) -> None:
    """Make `target` the same file as `source`, or a copy where it cannot be linked."""
    if target.exists():
        if os.path.samefile(source, target):
            return
        target.unlink()
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def clear_folder(folder: Path, keep: set[str]) -> None:
    """Remove the files of a draft's folder that are not kept; links elsewhere are untouched."""
    for path in folder.iterdir():
        if path.name not in keep:
            path.unlink()
