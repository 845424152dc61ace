"""The exact index: original vectors in half precision, ordered by id, scanned where they lie.

In the primary index they are a memory-mapped file that FAISS reads (a scalar quantizer of half
floats), so that it scores from the mapped pages themselves. That file is written as a stream:
FAISS's own header of an empty index, with the number of vectors filled in, then the rows.
"""

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from codeintel.errors import IndexCorruptError
from codeintel.index.vector_arrays import Floats, Halves, Ids

# Where a serialized scalar quantizer index holds its number of vectors: after the four letters of
# its type and the dimension. The number of code bytes is its last field.
_N_VECTORS = slice(8, 16)
_N_BYTES = slice(-8, None)

# Up to this many rows, reading them one by one beats a scan that skips the others (measured
# at 400K x 256: 0.4 ms against 0.9 ms for 1,000 rows, 6 ms against 3 ms for 10,000).
_GATHER_ROWS = 2_000


def half_index(dim: int) -> Any:
    """Make an empty FAISS index of half floats, scored by inner product."""
    return faiss.IndexScalarQuantizer(
        dim, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
    )


def _header(n: int, dim: int) -> bytes:
    """Give what stands before the rows in FAISS's file format."""
    header = bytearray(faiss.serialize_index(half_index(dim)).tobytes())
    header[_N_VECTORS] = n.to_bytes(8, "little")
    header[_N_BYTES] = (n * dim * 2).to_bytes(8, "little")
    return bytes(header)


def write_originals(path: Path, n: int, dim: int, blocks: Iterable[Halves]) -> None:
    """Write `n` rows, given in blocks, as a file to be mapped."""
    with open(path, "wb") as file:
        file.write(_header(n, dim))
        for block in blocks:
            file.write(np.ascontiguousarray(block, dtype="<f2").data)


def inner_products(queries: Floats, rows: Halves) -> Floats:
    """Score every row against every query; shape ``(len(queries), len(rows))``.

    By FAISS, which reads half floats five times as fast as numpy turns them into single ones; its
    hits come best first and are put back in the order of the rows.
    """
    if not len(rows):
        return np.empty((len(queries), 0), np.float32)
    index = half_index(rows.shape[1])
    index.add_sa_codes(np.ascontiguousarray(rows).view(np.uint8))
    best, order = index.search(queries, len(rows))
    scores: Floats = np.empty_like(best)
    scores[np.arange(len(queries))[:, None], order] = best
    return scores


class ExactIndex:
    """Half-precision unit rows with their ids in ascending order; never changed.

    Attributes
    ----------
    ids
        int64, shape ``(n,)``, ascending.
    rows
        float16, shape ``(n, dim)``.
    index
        The FAISS index that scores `rows` where they lie.
    """

    def __init__(self, ids: Ids, rows: Halves, index: Any) -> None:
        # Plain views: a memory map costs microseconds each time it is indexed.
        self.ids = np.asarray(ids)
        self.rows = np.asarray(rows)
        self.index = index

    @classmethod
    def open(cls, path: Path, ids: Ids, dim: int) -> "ExactIndex":
        """Map a file that `write_originals` wrote.

        Raises
        ------
        IndexCorruptError
            The file is not what FAISS would write for these numbers.
        """
        header = _header(len(ids), dim)
        with open(path, "rb") as file:
            if file.read(len(header)) != header:
                raise IndexCorruptError(f"The index file '{path.name}' has another header.")
        index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
        shape = (len(ids), dim)
        rows = (
            np.memmap(path, dtype="<f2", mode="r", offset=len(header), shape=shape)
            if len(ids)
            else np.empty(shape, np.float16)
        )
        return cls(ids, rows, index)

    @classmethod
    def in_memory(cls, ids: Ids, rows: Halves) -> "ExactIndex":
        """Hold rows in memory, ids ascending."""
        index = half_index(rows.shape[1])
        if len(ids):
            index.add_sa_codes(np.ascontiguousarray(rows).view(np.uint8))
        return cls(ids, rows, index)

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def dim(self) -> int:
        """Length of a vector."""
        return int(self.index.d)

    def replaced(self, ids: Ids, rows: Halves) -> "ExactIndex":
        """Give a copy in memory in which `ids` have the vectors `rows`, whether new or not."""
        kept = ~np.isin(self.ids, ids, assume_unique=True)
        all_ids = np.concatenate([self.ids[kept], ids])
        order = np.argsort(all_ids)
        all_rows = np.concatenate([self.rows[kept], rows])
        return ExactIndex.in_memory(all_ids[order], all_rows[order])

    def without(self, ids: Ids) -> "ExactIndex":
        """Give a copy in memory that lacks `ids`."""
        kept = ~np.isin(self.ids, ids, assume_unique=True)
        return ExactIndex.in_memory(self.ids[kept], self.rows[kept])

    def scan(self, queries: Floats, k: int, keep: "Keep | None") -> tuple[Floats, Ids]:
        """Find the `k` best rows of each query by an exact scan.

        Returns
        -------
        scores, rows
            Shape ``(len(queries), k)``, best first; -inf and -1 where there are no more.
        """
        if keep is None:
            parameters = None
        elif keep.few is not None and keep.n <= _GATHER_ROWS:
            return self._gather(queries, k, keep.few)
        else:
            parameters = faiss.SearchParameters(sel=keep.selector)
        scores, rows = self.index.search(queries, k, params=parameters)
        scores[rows < 0] = -np.inf
        return scores, rows

    def _gather(self, queries: Floats, k: int, kept: Ids) -> tuple[Floats, Ids]:
        """Score the few rows `kept` and rank them."""
        scores = inner_products(queries, self.rows[kept])
        best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        found = np.full((len(queries), k), -np.inf, np.float32)
        rows = np.full((len(queries), k), -1, np.int64)
        found[:, : best.shape[1]] = np.take_along_axis(scores, best, axis=1)
        rows[:, : best.shape[1]] = kept[best]
        return found, rows


class Keep:
    """The rows that a search may return.

    Attributes
    ----------
    selector
        For FAISS; it refers to memory of this object.
    few
        Their numbers, ascending, where they are known without counting.
    n
        How many they are.
    """

    def __init__(self, mask: NDArray[np.bool_], few: Ids | None, n: int) -> None:
        self._bits = np.packbits(mask, bitorder="little")
        self.selector = faiss.IDSelectorBitmap(self._bits)
        self.few = few
        self.n = n

    @classmethod
    def mask(cls, mask: NDArray[np.bool_]) -> "Keep":
        """Keep the rows where `mask` is true."""
        return cls(mask, None, int(np.count_nonzero(mask)))

    @classmethod
    def rows(cls, rows: Ids, n_rows: int) -> "Keep":
        """Keep the given rows, ascending, of `n_rows`."""
        mask = np.zeros(n_rows, np.bool_)
        mask[rows] = True
        return cls(mask, rows, len(rows))
