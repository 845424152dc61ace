"""Reads a FAISS file that another program wrote."""

from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from codeintel.errors import InputError
from codeintel.index.vector_arrays import Floats, Ids


class ForeignIndex:
    """An index of another program, in memory.

    Attributes
    ----------
    kind
        Its types from the outside to the inside, such as ``IDMap2,IVFPQ``.
    exact
        Whether it keeps the vectors as they were given; compressed codes are no vectors.

    Raises
    ------
    InputError
        FAISS cannot read the file.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._index: Any = faiss.read_index(str(path))
        except RuntimeError as error:
            raise InputError(
                f"FAISS cannot read '{path}'.", cure="Give the file that the deployment searches."
            ) from error
        parts = [faiss.downcast_index(self._index)]
        while isinstance(parts[-1], faiss.IndexIDMap | faiss.IndexPreTransform):
            parts.append(faiss.downcast_index(parts[-1].index))
        self._parts = parts
        self.kind = ",".join(type(part).__name__.removeprefix("Index") for part in parts)
        self.exact = isinstance(parts[-1], faiss.IndexFlat | faiss.IndexIVFFlat) and not any(
            isinstance(part, faiss.IndexPreTransform) for part in parts
        )

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return int(self._index.d)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def search(self, queries: Floats, k: int) -> Ids:
        """Give the ids of the nearest as the index itself finds them: shape ``(n, k)``."""
        found: Ids = self._index.search(np.ascontiguousarray(queries, np.float32), k)[1]
        return found

    def vectors(self) -> tuple[Ids, NDArray[np.float32]]:
        """Give all ids with their vectors, as they were given; only where they are `exact`."""
        inner = self._parts[-1]
        ids, vectors = (
            _of_lists(inner) if isinstance(inner, faiss.IndexIVFFlat) else _of_rows(inner)
        )
        for part in reversed(self._parts[:-1]):
            ids = faiss.vector_to_array(part.id_map)[ids]
        return ids, vectors


def _of_rows(index: Any) -> tuple[Ids, NDArray[np.float32]]:
    """Read the rows of a flat index."""
    return np.arange(index.ntotal, dtype=np.int64), index.reconstruct_n(0, index.ntotal)


def _of_lists(index: Any) -> tuple[Ids, NDArray[np.float32]]:
    """Read the inverted lists of an index whose codes are the vectors themselves."""
    lists = index.invlists
    ids, vectors = [np.empty(0, np.int64)], [np.empty((0, index.d), np.float32)]
    for number in range(index.nlist):
        size = lists.list_size(number)
        if size:
            ids.append(faiss.rev_swig_ptr(lists.get_ids(number), size).copy())
            codes = faiss.rev_swig_ptr(lists.get_codes(number), size * index.code_size)
            vectors.append(codes.copy().view(np.float32).reshape(size, index.d))
    return np.concatenate(ids), np.concatenate(vectors)
