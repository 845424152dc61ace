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

import os
import shutil
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from codeintel.errors import IndexCorruptError, IndexVersionError
from codeintel.index.vector_arrays import Halves, Ids
from codeintel.index.vector_plan import Plan
from codeintel.store.files import checksum

FORMAT_VERSION = 1
HEADER_FILE = "vectors.json"
IDS_FILE = "originals.ids"
ORIGINALS_FILE = "originals.faiss"
CODES_FILE = "codes.faiss"
SECONDARY_IDS_FILE = "secondary.ids"
SECONDARY_ROWS_FILE = "secondary.rows"
TOMBSTONES_FILE = "tombstones.rows"

_CURE = "Run `codeintel index --full` to write it anew."


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
    format_version: int = FORMAT_VERSION


def seal(path: Path) -> FileSeal:
    """Record size and content of a file."""
    return FileSeal(path.stat().st_size, checksum(path))


def read_header(folder: Path) -> Header:
    """Read the header and check that every file has its size.

    Raises
    ------
    IndexCorruptError
        Names the first file that is missing, truncated or unreadable.
    IndexVersionError
        A newer version of CodeIntel wrote it.
    """
    try:
        data = (folder / HEADER_FILE).read_bytes()
    except FileNotFoundError:
        raise IndexCorruptError(
            f"The index file '{HEADER_FILE}' is missing in '{folder}'.", cure=_CURE
        ) from None
    try:
        version = msgspec.json.decode(data, type=dict[str, Any]).get("format_version", 0)
        if version > FORMAT_VERSION:
            raise IndexVersionError(
                f"The vector index has format {version}; this CodeIntel reads {FORMAT_VERSION}.",
                cure="Update CodeIntel, or choose another index folder.",
            )
        header = msgspec.json.decode(data, type=Header)
    except (msgspec.DecodeError, TypeError) as error:
        raise IndexCorruptError(f"The index file '{HEADER_FILE}' is broken.", cure=_CURE) from error
    for name, record in header.files.items():
        _check_size(folder / name, record)
    return header


def _check_size(path: Path, record: FileSeal) -> None:
    """Compare a file's size with its record."""
    try:
        size_bytes = path.stat().st_size
    except FileNotFoundError:
        raise IndexCorruptError(f"The index file '{path.name}' is missing.", cure=_CURE) from None
    if size_bytes != record.size_bytes:
        raise IndexCorruptError(
            f"The index file '{path.name}' has {size_bytes} bytes instead of {record.size_bytes}.",
            cure=_CURE,
        )


def broken_files(folder: Path, header: Header) -> list[str]:
    """Give the names of the files whose size or content is not what the header says."""
    broken = []
    for name, record in header.files.items():
        try:
            if seal(folder / name) != record:
                broken.append(name)
        except FileNotFoundError:
            broken.append(name)
    return broken


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
