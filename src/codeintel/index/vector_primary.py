"""The primary index: built once from many vectors into files, then only read."""

import shutil
import tempfile
import weakref
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from codeintel.index.vector_arrays import Floats, Halves, Ids
from codeintel.index.vector_exact import ExactIndex, Keep, write_originals
from codeintel.index.vector_files import (
    IDS_FILE,
    ORIGINALS_FILE,
    FileSeal,
    Header,
    map_ids,
    seal,
    write_array,
)
from codeintel.index.vector_plan import Plan, VectorOptions, choose_plan


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Primary:
    """A primary index, mapped from the files in `folder`.

    Attributes
    ----------
    files
        Size and checksum of each file, by name.
    """

    plan: Plan
    exact: ExactIndex
    folder: Path
    files: dict[str, FileSeal]

    @classmethod
    def build(
        cls,
        ids: Ids,
        blocks: Iterable[Halves],
        dim: int,
        options: VectorOptions,
        scratch: Path | None,
    ) -> "Primary":
        """Build from vectors in the order of their ascending ids.

        Parameters
        ----------
        blocks
            float16 unit rows, as many as there are ids.
        scratch
            Where to make the temporary folder that holds the files as long as this object lives.
        """
        folder = Path(tempfile.mkdtemp(prefix="codeintel-vectors-", dir=scratch))
        try:
            primary = cls._write(folder, ids, blocks, dim, options)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        weakref.finalize(primary, shutil.rmtree, folder, ignore_errors=True)
        return primary

    @classmethod
    def _write(
        cls, folder: Path, ids: Ids, blocks: Iterable[Halves], dim: int, options: VectorOptions
    ) -> "Primary":
        """Write the files and map them."""
        write_array(folder / IDS_FILE, ids)
        write_originals(folder / ORIGINALS_FILE, len(ids), dim, blocks)
        plan = choose_plan(len(ids), dim)
        files = {name: seal(folder / name) for name in (IDS_FILE, ORIGINALS_FILE)}
        return cls(plan, _open_exact(folder, len(ids), dim), folder, files)

    @classmethod
    def open(cls, folder: Path, header: Header) -> "Primary":
        """Map the primary index of a published folder."""
        files = {name: header.files[name] for name in (IDS_FILE, ORIGINALS_FILE)}
        exact = _open_exact(folder, header.n_primary, header.dim)
        return cls(header.plan, exact, folder, files)

    def __len__(self) -> int:
        return len(self.exact)

    def search(self, queries: Floats, k: int, keep: Keep | None) -> tuple[Floats, Ids]:
        """Find the `k` best rows of each query among those to keep.

        Returns
        -------
        scores, rows
            Shape ``(len(queries), k)``, best first; -inf and -1 where there are no more.
        """
        return self.exact.scan(queries, k, keep)


def _open_exact(folder: Path, n: int, dim: int) -> ExactIndex:
    """Map ids and originals."""
    return ExactIndex.open(folder / ORIGINALS_FILE, map_ids(folder / IDS_FILE, n), dim)
