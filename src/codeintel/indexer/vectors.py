"""Embeds chunks beside the rest of the work: from the cache where it can, in batches, in order."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from codeintel.embedding.base import Embedded, Embedder
from codeintel.errors import EmbeddingMismatchError, EmbeddingUnavailableError
from codeintel.store.vector_cache import VectorCache

# Batches grow by a quarter: the first are embedded while files are still parsed, and after the last
# file little is left.
_FIRST_BATCH_CHUNKS = 32
_BATCH_CHUNKS = 512
_MAX_WAITING = 2
#: Embedded with the first new chunks of a run, to notice another model of the same name. One
#: model's unit vectors differ by less than 0.05 from machine to machine.
CANARY = "def canary(value):\n    return value"
_SAME_DISTANCE = 0.1
_CURE = "Run `codeintel index --full` to index with the new model."


@dataclass(slots=True)
class ChunkVectors:
    """Vectors by chunk id, and why the others have none.

    Attributes
    ----------
    ids
        int64, shape ``(n,)``.
    vectors
        float32, shape ``(n, dim)``.
    pending
        Chunks whose vector will be computed by a later run: (chunk id, reason).
    refused
        Chunks whose text the embedder does not take: (chunk id, reason).
    truncated
        Chunks whose text was too long for the model: (chunk id, tokens that were embedded).
    """

    ids: NDArray[np.int64]
    vectors: NDArray[np.float32]
    pending: list[tuple[int, str]] = field(default_factory=list)
    refused: list[tuple[int, str]] = field(default_factory=list)
    truncated: list[tuple[int, int]] = field(default_factory=list)
    n_embedded: int = 0


class VectorStage:
    """Embeds in a thread of its own; `add` waits where it falls behind.

    An embedding server that does not answer stops nothing: its chunks are pending. Where `dim`
    is 0 it has never answered, and nothing is asked of it.
    """

    def __init__(self, embedder: Embedder, cache: VectorCache, dim: int) -> None:
        self._embedder = embedder
        self._answers = dim > 0
        self._known = False  # to be the model of earlier runs
        self._dim = max(1, dim)
        self._cache = cache
        self._thread = ThreadPoolExecutor(1, "codeintel-embed")
        self._waiting: list[Future[ChunkVectors]] = []
        self._done: list[ChunkVectors] = []
        self._ids: list[int] = []
        self._texts: list[str] = []
        self._batch_chunks = _FIRST_BATCH_CHUNKS

    def forget_other_model(self) -> None:
        """Empty the cache where its vectors are of another model of the same name."""
        if self._answers and self._cache.get([CANARY])[1][0]:
            with suppress(EmbeddingUnavailableError):
                if not self._same_model(self._embedder.embed_documents([CANARY]).vectors[0]):
                    self._cache.clear()

    def add(self, ids: Sequence[int], texts: Sequence[str]) -> None:
        """Take the chunks of one file."""
        self._ids += ids
        self._texts += texts
        if len(self._ids) >= self._batch_chunks:
            self._submit()

    def finish(self) -> ChunkVectors:
        """Wait for all that was added since the last call."""
        self._submit()
        self._done += [future.result() for future in self._waiting]
        done, self._done, self._waiting = self._done, [], []
        return ChunkVectors(
            np.concatenate([np.empty(0, np.int64), *(part.ids for part in done)]),
            np.concatenate(
                [np.empty((0, self._dim), np.float32), *(part.vectors for part in done)]
            ),
            [item for part in done for item in part.pending],
            [item for part in done for item in part.refused],
            [item for part in done for item in part.truncated],
            sum(part.n_embedded for part in done),
        )

    def checkpoint(self) -> None:
        """Make the vectors that were embedded durable."""
        self._cache.checkpoint()

    def close(self) -> None:
        """End the thread; what was not finished is dropped."""
        self._thread.shutdown(cancel_futures=True)

    def _submit(self) -> None:
        """Hand the collected chunks to the thread."""
        if not self._ids:
            return
        while len(self._waiting) >= _MAX_WAITING:
            self._done.append(self._waiting.pop(0).result())
        self._waiting.append(self._thread.submit(self._embed, self._ids, self._texts))
        self._batch_chunks = min(_BATCH_CHUNKS, self._batch_chunks + len(self._ids) // 4)
        self._ids, self._texts = [], []

    def _embed(self, ids: list[int], texts: list[str]) -> ChunkVectors:
        """Embed one batch."""
        identities = np.asarray(ids, dtype=np.int64)
        if not self._answers:
            pending = [(chunk, "The embedding server has not answered yet.") for chunk in ids]
            return ChunkVectors(identities[:0], np.empty((0, self._dim), np.float32), pending)
        vectors, known = self._cache.get(texts)
        missing = np.flatnonzero(~known)
        if not len(missing):
            return ChunkVectors(identities, vectors)
        wanted = [texts[row] for row in missing]
        try:
            answer = self._embed_new(wanted)
        except EmbeddingUnavailableError as error:
            pending = [(ids[row], error.message) for row in missing]
            return ChunkVectors(identities[known], vectors[known], pending)
        taken = [row for row in range(len(wanted)) if row not in answer.refused]
        vectors[missing[taken]] = answer.vectors[taken]
        known[missing[taken]] = True
        self._cache.put([wanted[row] for row in taken], answer.vectors[taken])
        refused = [(ids[missing[row]], reason) for row, reason in answer.refused.items()]
        return ChunkVectors(
            identities[known],
            vectors[known],
            refused=refused,
            truncated=[(ids[missing[row]], n) for row, n in answer.truncated.items()],
            n_embedded=len(taken),
        )

    def _embed_new(self, texts: list[str]) -> Embedded:
        """Embed texts, the first ones of a run together with a canary."""
        n = len(texts)
        answer = self._embedder.embed_documents(texts if self._known else [*texts, CANARY])
        if answer.vectors.shape[1] != self._dim:
            raise EmbeddingMismatchError(
                f"The embedder '{self._embedder.name}' gives vectors of"
                f" {answer.vectors.shape[1]} numbers; those of the index have {self._dim}.",
                cure=_CURE,
            )
        if not self._known and n not in answer.refused:
            self._meet(answer.vectors[n:])
        return Embedded(
            answer.vectors[:n],
            {row: reason for row, reason in answer.refused.items() if row < n},
            answer.truncated,
        )

    def _meet(self, canary: NDArray[np.float32]) -> None:
        """Make sure that this is the model of earlier runs, or remember it."""
        if not self._same_model(canary[0]):
            raise EmbeddingMismatchError(
                f"The embedder '{self._embedder.name}' gives other vectors than before:"
                " its model has changed, though not its name.",
                cure=_CURE,
            )
        self._cache.put([CANARY], canary)
        self._known = True

    def _same_model(self, vector: NDArray[np.float32]) -> bool:
        """Compare the canary's vector with that of earlier runs."""
        before, known = self._cache.get([CANARY])
        return not known[0] or float(np.linalg.norm(before[0] - vector)) < _SAME_DISTANCE
