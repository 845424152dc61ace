"""Stable numbers for documents and chunks.

A chunk id is ``document id << 16 | ordinal``, a positive int64, so a chunk's document is known
without a look-up. Document ids are 47-bit hashes of what decides a document's content.
"""

import hashlib

import numpy as np
from numpy.typing import NDArray

ORDINAL_BITS = 16
MAX_CHUNKS = 1 << ORDINAL_BITS
_DOCUMENT_MASK = (1 << 47) - 1


def document_id(path: str, blob: str, pipeline: str, salt: int = 0) -> int:
    """Hash a document's identity; `salt` tells apart two that would get the same number."""
    text = f"{path}\0{blob}\0{pipeline}\0{salt}".encode("utf-8", "surrogateescape")
    digest = hashlib.blake2b(text, digest_size=8).digest()
    return int.from_bytes(digest, "big") & _DOCUMENT_MASK


def chunk_id(document: int, ordinal: int) -> int:
    """Give the id of the chunk at a 0-based position of its document."""
    return document << ORDINAL_BITS | ordinal


def chunk_range(document: int) -> tuple[int, int]:
    """Give the lowest and highest chunk id that a document can have."""
    return document << ORDINAL_BITS, (document + 1 << ORDINAL_BITS) - 1


def documents_of(chunks: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give the document id of each chunk id."""
    return chunks >> ORDINAL_BITS
