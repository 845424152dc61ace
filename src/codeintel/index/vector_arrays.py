"""What callers may pass as vectors and ids, and what the index makes of it.

Nothing here writes to the caller's arrays.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from codeintel.errors import InvalidVectorsError

Ids = NDArray[np.int64]
Floats = NDArray[np.float32]
Halves = NDArray[np.float16]

#: Told how many more rows are done.
Advance = Callable[[int], None]

BLOCK_ROWS = 8192
_LARGEST_ID = 2**63 - 1
# What a sum of squares in float32 may differ from 1 for a row that was given length 1.
_UNIT_ERROR = 1e-6
_DTYPES = "float16, float32 or float64"


def checked_ids(ids: ArrayLike, *, unique: bool = True) -> Ids:
    """Turn ids into int64.

    Parameters
    ----------
    ids
        Whole numbers from 0 to 2**63 - 1, shape ``(n,)``, any integer type.
    unique
        Whether a value that is there twice is an error; otherwise the ids come back ascending,
        each once.

    Raises
    ------
    InvalidVectorsError
        Another type or shape, a value out of range, or one that is there twice.
    """
    array: NDArray[Any] = np.asarray(ids)
    if array.ndim != 1:
        raise InvalidVectorsError(f"Ids have the shape {array.shape} instead of (n,).")
    if array.size == 0:
        return np.empty(0, np.int64)
    if array.dtype.kind not in "iu":
        raise InvalidVectorsError(
            f"Ids are of type {array.dtype}.", cure="Pass whole numbers, such as int64."
        )
    ascending = bool((array[1:] > array[:-1]).all())
    ordered = array if ascending else np.sort(array)
    if ordered[0] < 0 or int(ordered[-1]) > _LARGEST_ID:
        raise InvalidVectorsError(
            f"Ids run from {ordered[0]} to {ordered[-1]}; allowed are 0 to 2**63 - 1."
        )
    if ascending:
        return array.astype(np.int64)
    if not unique:
        return np.unique(array).astype(np.int64)
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    if twice.size:
        raise InvalidVectorsError(f"The id {twice[0]} is there twice in one call.")
    return array.astype(np.int64)


def checked_vectors(vectors: ArrayLike, dim: int, what: str = "Vectors") -> NDArray[Any]:
    """Check type and shape of vectors; an empty list counts as ``(0, dim)``.

    Raises
    ------
    InvalidVectorsError
        Not floating point, or not of shape ``(n, dim)``.
    """
    array: NDArray[Any] = np.asarray(vectors)
    if array.size == 0 and array.ndim <= 2:
        return np.empty((0, dim), np.float32)
    if array.dtype.kind != "f":
        raise InvalidVectorsError(f"{what} are of type {array.dtype}.", cure=f"Pass {_DTYPES}.")
    if array.ndim != 2 or array.shape[1] != dim:
        raise InvalidVectorsError(
            f"{what} have the shape {array.shape} instead of (n, {dim}).",
            cure="Index and questions have to come from the same embedding model.",
        )
    return array


def unit_rows(vectors: NDArray[Any], what: str = "Vector", *, first: int = 0) -> Floats:
    """Give float32 rows of length 1; zero rows stay zero. Rows that are so already are not copied.

    Parameters
    ----------
    first
        Number of the first row, for messages.

    Raises
    ------
    InvalidVectorsError
        Names the first row that has a value that is not finite.
    """
    if _are_units(vectors):
        return np.ascontiguousarray(vectors, dtype=np.float32)
    rows: Floats = np.array(vectors, dtype=np.float64 if vectors.dtype.itemsize > 4 else np.float32)
    # Scaled by the largest value first, so that no square over- or underflows.
    peaks = np.abs(rows).max(axis=1, initial=0.0, keepdims=True)
    bad = np.flatnonzero(~np.isfinite(peaks[:, 0]))
    if bad.size:
        raise InvalidVectorsError(
            f"{what} {first + int(bad[0])} has a value that is not finite (NaN or infinite).",
            cure="Embed its text anew.",
        )
    peaks[peaks == 0.0] = 1.0
    rows /= peaks
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))[:, None]
    lengths[lengths == 0.0] = 1.0
    rows /= lengths
    return np.ascontiguousarray(rows, dtype=np.float32)


def _are_units(vectors: NDArray[Any]) -> bool:
    """Tell whether rows of float32 have length 1 already, as far as float32 tells."""
    if vectors.dtype != np.float32:
        return False
    if len(vectors) == 1:  # a question: what is made for many rows takes ten times as long
        return bool(abs(vectors[0] @ vectors[0] - 1) < _UNIT_ERROR)
    squares = np.einsum("ij,ij->i", vectors, vectors)
    return bool((np.abs(squares - 1) < _UNIT_ERROR).all())


def half_blocks(vectors: NDArray[Any], order: Ids | None = None) -> Iterator[Halves]:
    """Give what is stored of vectors: unit rows in half precision, in blocks.

    Parameters
    ----------
    order
        Row numbers, to take the rows in another order than theirs.

    Raises
    ------
    InvalidVectorsError
        Names the first row that is zero or not finite.
    """
    n = len(vectors) if order is None else len(order)
    for start in range(0, n, BLOCK_ROWS):
        stop = min(start + BLOCK_ROWS, n)
        block = vectors[start:stop] if order is None else vectors[order[start:stop]]
        units = unit_rows(block, first=start)
        zero = np.flatnonzero(~units.any(axis=1))
        if zero.size:
            row = start + int(zero[0])
            raise InvalidVectorsError(
                f"Vector {row if order is None else int(order[row])} is zero: it has no direction.",
                cure="Leave texts without a vector out of the vector index.",
            )
        yield units.astype(np.float16)


def positions(ids: Ids, within: Ids) -> Ids:
    """Give the position of each id in the ascending ids `within`; -1 for those not there."""
    if not within.size:
        return np.full(ids.shape, -1, np.int64)
    found = np.searchsorted(within, ids).astype(np.int64)
    found[found == within.size] = 0
    found[within[found] != ids] = -1
    return found
