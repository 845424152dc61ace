"""A pair of vector indexes as the files of a folder: written whole, read whole."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codeintel.errors import IndexCorruptError
from codeintel.index import vector_files as files
from codeintel.index.timings import Timings
from codeintel.index.vector_exact import ExactIndex
from codeintel.index.vector_pair import Pair
from codeintel.index.vector_primary import Primary
from codeintel.store.files import storage_errors


def write_pair(folder: Path, pair: Pair, timings: Timings) -> None:
    """Write all files; those of the primary are linked.

    Raises
    ------
    StorageError
        The disk is full or read-only.
    """
    primary = pair.primary
    small: dict[str, NDArray[Any]] = {
        files.SECONDARY_IDS_FILE: pair.secondary.ids,
        files.SECONDARY_ROWS_FILE: pair.secondary.rows,
        files.TOMBSTONES_FILE: pair.dead,
    }
    with storage_errors(f"the vector index in '{folder}'"):
        files.clear_folder(folder, set(primary.files))
        for name in primary.files:
            files.place(primary.folder / name, folder / name)
        for name, array in small.items():
            files.write_array(folder / name, array)
        header = files.Header(
            dim=primary.exact.dim,
            n_primary=len(primary),
            n_secondary=len(pair.secondary),
            n_dead=len(pair.dead),
            plan=primary.plan,
            files=primary.files | {name: files.seal(folder / name) for name in small},
            timings=timings,
        )
        files.write_header(folder / files.HEADER_FILE, header)


def read_pair(folder: Path) -> tuple[Pair, Timings]:
    """Map the primary, and read what has changed since it was built.

    Raises
    ------
    IndexCorruptError
        Names the file that is missing, truncated or unreadable.
    IndexVersionError
        A newer version of CodeIntel wrote it.
    """
    header = files.read_header(folder)
    return _changed(Primary.open(folder, header), folder, header), header.timings


def read_uncoded(folder: Path) -> tuple[Pair, Timings]:
    """Read a folder without its codes, however broken they are; every other byte is checked.

    Raises
    ------
    IndexCorruptError
        Names files that are broken and cannot be made from others.
    """
    lost = [name for name in files.broken_files(folder) if name != files.CODES_FILE]
    if lost:
        raise IndexCorruptError(
            f"Broken index files: {', '.join(lost)}. They cannot be made from others.",
            cure="Run `codeintel index --full` to write them anew.",
        )
    header = files.read_header(folder, ignored=files.CODES_FILE)
    return _changed(Primary.open_uncoded(folder, header), folder, header), header.timings


def _changed(primary: Primary, folder: Path, header: files.Header) -> Pair:
    """Give a primary index with the changes that are saved beside it."""
    ids = np.array(files.map_ids(folder / files.SECONDARY_IDS_FILE, header.n_secondary))
    rows = files.read_halves(folder / files.SECONDARY_ROWS_FILE, header.n_secondary, header.dim)
    dead = np.array(files.map_ids(folder / files.TOMBSTONES_FILE, header.n_dead))
    return Pair.of(primary, ExactIndex.in_memory(ids, rows), dead)
