"""The vectors of an older deployment, by the ids of its chunks."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from codeintel.errors import InputError, MigrationError
from codeintel.index.foreign_vectors import ForeignIndex
from codeintel.migration.catalog import OldCatalog

_BLOCK_ROWS = 8_192


class OldVectors:
    """Unit vectors in half precision, in a file of the staging folder.

    Vectors that are zero or not finite are left out: they were never an answer of a model.

    Attributes
    ----------
    ids
        int64, ascending, shape ``(n,)``.
    rows
        float16, shape ``(n, dim)``, memory-mapped.
    """

    def __init__(
        self, batches: Iterable[tuple[NDArray[np.int64], NDArray[np.float32]]], scratch: Path
    ) -> None:
        path, n_bytes = scratch / "old-vectors.f16", 0
        ids, dims = [np.empty(0, np.int64)], set()
        with open(path, "wb") as file:
            for numbers, vectors in batches:
                lengths = np.linalg.norm(vectors, axis=1)
                usable = np.isfinite(lengths) & (lengths > 0)
                halves = (vectors[usable] / lengths[usable, None]).astype(np.float16)
                n_bytes += file.write(halves.tobytes())
                ids.append(numbers[usable])
                dims.add(vectors.shape[1])
        if len(dims) > 1:
            raise InputError(f"The vectors have different lengths: {sorted(dims)}.")
        self.dim = dims.pop() if dims else 0
        given = np.concatenate(ids)
        self._order = np.argsort(given, kind="stable")
        self.ids = given[self._order]
        if len(self.ids) > 1 and not np.diff(self.ids).all():
            twice = self.ids[1:][np.diff(self.ids) == 0][0]
            raise InputError(f"The chunk id {twice} has two vectors.")
        self.rows: NDArray[np.float16] = (
            np.memmap(path, np.float16, "r", shape=(len(given), self.dim))
            if n_bytes
            else np.empty((0, self.dim), np.float16)
        )

    def __len__(self) -> int:
        return len(self.ids)

    def __contains__(self, number: int) -> bool:
        at = np.searchsorted(self.ids, number)
        return bool(at < len(self.ids) and self.ids[at] == number)

    def of(self, numbers: Sequence[int]) -> NDArray[np.float32]:
        """Give the vectors of ids that are there, shape ``(len(numbers), dim)``."""
        at = self._order[np.searchsorted(self.ids, numbers)]
        return self.rows[at].astype(np.float32)

    def nearest(self, queries: NDArray[np.float32], k: int) -> NDArray[np.int64]:
        """Give the ids of the `k` nearest by cosine, compared with every vector."""
        blocks = range(0, len(self.rows), _BLOCK_ROWS)
        scores = np.concatenate(
            [queries @ self.rows[at : at + _BLOCK_ROWS].astype(np.float32).T for at in blocks],
            axis=1,
        )
        best = np.argpartition(-scores, min(k, len(self)) - 1, axis=1)[:, :k]
        numbers: NDArray[np.int64] = self.ids[np.argsort(self._order)[best]]
        return numbers


def read_vectors(catalog: OldCatalog, index: ForeignIndex | None, scratch: Path) -> OldVectors:
    """Read the vectors as they were embedded: from the catalog, else from the FAISS file.

    Raises
    ------
    MigrationError
        Neither holds them: a compressed index keeps codes, of which no vector can be made.
    """
    if catalog.has_vectors:
        return OldVectors(catalog.vectors(), scratch)
    if index is None:
        raise MigrationError(
            "The catalog has no column with vectors, and no FAISS file is named.",
            cure="Give --faiss, or index anew with `codeintel index`.",
        )
    if not index.exact:
        raise MigrationError(
            f"The vectors are in a FAISS file of type {index.kind} alone, which keeps"
            " compressed codes; the vectors cannot be made of them.",
            cure="Index anew with `codeintel index`; it embeds every chunk once.",
        )
    return OldVectors([index.vectors()], scratch)
