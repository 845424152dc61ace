"""What every embedder does, and what it answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Embedded:
    """Vectors of a batch of texts.

    Attributes
    ----------
    vectors
        float32, C-contiguous, shape ``(n, dim)``, each row of length 1; the row of a refused
        text is zero.
    refused
        Position of each text that could not be embedded, and why.
    truncated
        Position of each text that was too long, and the number of tokens that were embedded.
    """

    vectors: Vectors
    refused: Mapping[int, str] = field(default_factory=lambda: MappingProxyType({}))
    truncated: Mapping[int, int] = field(default_factory=lambda: MappingProxyType({}))


class Embedder(Protocol):
    """Turns texts into unit vectors; safe to share between threads.

    The fingerprint changes whenever the same text would get another vector; vectors of two
    fingerprints are never mixed in one index.
    """

    @property
    def name(self) -> str:
        """Name for people."""
        ...

    @property
    def dim(self) -> int:
        """Length of a vector."""
        ...

    @property
    def fingerprint(self) -> str:
        """Identity of the vectors."""
        ...

    def embed_documents(self, texts: Sequence[str]) -> Embedded:
        """Embed texts to be found; order is kept.

        Raises
        ------
        EmbeddingUnavailableError
            No answer; nothing was embedded.
        EmbeddingMismatchError
            The answer is of another model or dimension, or not finite.
        """
        ...

    def embed_query(self, text: str) -> Vectors:
        """Embed one question: float32, shape ``(dim,)``, length 1 (zero if it has no words)."""
        ...

    def close(self) -> None:
        """Release connections; closing twice is fine."""
        ...
