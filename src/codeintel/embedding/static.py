"""The bundled embedding model: a table of word vectors, made by ``python -m training``.

A text's vector is the sum over its distinct words of ``count ** exponent * scale * row``, brought
to length 1; in a document, the words of its path and symbol count more. It needs nothing but numpy
and runs in microseconds; `docs/model.md` says what it was made from.
"""

import hashlib
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codeintel.embedding.base import Embedded, Vectors
from codeintel.embedding.words import Vocabulary
from codeintel.errors import ConfigurationError

BUNDLED = Path(__file__).with_name("data")

# Changes with the code below or in `words.py`, whenever the same table would give other vectors.
_ALGORITHM = "static-2"


class StaticEmbedder:
    """Embeds text with a static table of word vectors.

    Parameters
    ----------
    path
        Folder of the table: ``model.json`` (name, dim, exponent, path_weight, symbol_weight,
        sha256 of the other files), ``vocabulary.txt`` (a word a line), ``vectors.npy`` (int8, a
        row a word), ``scales.npy`` (float32, what a row is multiplied with) and ``costs.npy``
        (float32, see `Vocabulary`).

    Raises
    ------
    ConfigurationError
        The folder does not hold a table, or its files do not fit together.
    """

    def __init__(self, path: Path = BUNDLED) -> None:
        try:
            description = (path / "model.json").read_bytes()
            facts: dict[str, Any] = json.loads(description)
            words = (path / "vocabulary.txt").read_text("ascii").split("\n")[:-1]
            rows = np.load(path / "vectors.npy", mmap_mode="r")
            self._rows: NDArray[np.int8] = rows.view(np.ndarray)  # cheaper to take rows from
            self._scales = np.load(path / "scales.npy")
            self._vocabulary = Vocabulary(words, np.load(path / "costs.npy").tolist())
            self._name, self._exponent = str(facts["name"]), float(facts["exponent"])
            self._path_weight = float(facts["path_weight"])
            self._symbol_weight = float(facts["symbol_weight"])
        except (OSError, ValueError, KeyError) as error:
            raise ConfigurationError(
                f"No embedding table can be read from {path.name}: {error}",
                cure="Install codeintel anew, or make the table with `python -m training`.",
            ) from error
        if self._rows.shape != (len(words), facts["dim"]) or len(self._scales) != len(words):
            raise ConfigurationError(
                f"The files of the embedding table {path.name} do not fit together.",
                cure="Install codeintel anew, or make the table with `python -m training`.",
            )
        # The description holds the checksum of every other file, so it stands for all of them.
        identity = hashlib.sha256(description + _ALGORITHM.encode()).hexdigest()[:16]
        self._fingerprint = f"{self._name}-{identity}"

    @property
    def name(self) -> str:
        """Name and version of the table."""
        return self._name

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return int(self._rows.shape[1])

    @property
    def fingerprint(self) -> str:
        """Identity of the table and of this algorithm."""
        return self._fingerprint

    def embed_documents(self, texts: Sequence[str]) -> Embedded:
        """Embed texts to be found; a text without any word gets the zero vector.

        The first line of a text is taken for its path, and the second for its symbol if it is one
        word: that is how chunks begin (`codeintel.lang.capsule`).
        """
        parts: list[str] = []
        for text in texts:
            path, _, rest = text.partition("\n")
            symbol = rest.partition("\n")[0]
            parts += text, path, symbol if " " not in symbol else ""
        factors = np.tile([1.0, self._path_weight, self._symbol_weight], len(texts))
        numbers, tokens, counts = self._vocabulary.count_each(parts)
        weights = self._weigh(tokens, counts) * factors.astype(np.float32)[numbers]
        ends = np.searchsorted(numbers, np.arange(3, len(parts) + 3, 3)).tolist()
        vectors = np.empty((len(texts), self.dim), np.float32)
        for vector, start, end in zip(vectors, [0, *ends], ends, strict=False):
            vector[:] = self._sum(tokens[start:end], weights[start:end])
        return Embedded(vectors)

    def embed_query(self, text: str) -> Vectors:
        """Embed one question."""
        tokens, counts = self._vocabulary.count(text)
        return self._sum(tokens, self._weigh(tokens, counts))

    def close(self) -> None:
        """Do nothing: the table is memory-mapped and shared."""

    def _weigh(self, tokens: NDArray[np.int64], counts: Vectors) -> Vectors:
        """Give what the rows of tokens count."""
        weights: Vectors = counts**self._exponent * self._scales[tokens]
        return weights

    def _sum(self, tokens: NDArray[np.int64], weights: Vectors) -> Vectors:
        """Sum weighted rows to a vector of length 1."""
        vector: Vectors = weights @ self._rows.take(tokens, axis=0).astype(np.float32)
        length = np.sqrt(vector @ vector)
        return vector / length if length else vector


@cache
def bundled_embedder() -> StaticEmbedder:
    """Give the bundled model, loaded once for all repositories: words it has met it knows."""
    return StaticEmbedder()
