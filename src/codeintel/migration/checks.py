"""Proves that a migrated index finds what the vectors say, before it takes any place."""

from collections.abc import Sequence
from statistics import median

import numpy as np
from numpy.typing import NDArray

from codeintel.embedding.base import Embedder
from codeintel.errors import EmbeddingMismatchError, MigrationError
from codeintel.index.foreign_vectors import ForeignIndex
from codeintel.index.snapshot import Snapshot
from codeintel.migration.catalog import OldChunk
from codeintel.migration.recut import Imported
from codeintel.migration.vectors import OldVectors
from codeintel.store.identity import chunk_id

_N_TEXTS = 16
_N_QUESTIONS = 50
_K = 10
# The same model on another engine or in another precision gives 0.99 and more; another model of
# the same dimension gives about 0.
_LEAST_COSINE = 0.98
_LEAST_RECALL = 0.95


def sample(chunks: Sequence[OldChunk], n: int) -> list[OldChunk]:
    """Draw chunks at random, always the same."""
    draw = np.random.default_rng(0)
    return [chunks[at] for at in sorted(draw.permutation(len(chunks))[:n])]


def check_model(embedder: Embedder, chunks: Sequence[OldChunk], vectors: OldVectors) -> float:
    """Embed a few old texts again; gives the middle cosine to the vectors they came with.

    Raises
    ------
    EmbeddingMismatchError
        The vectors are of another model or dimension, or the texts were embedded otherwise.
    """
    if embedder.dim != vectors.dim:
        raise EmbeddingMismatchError(
            f"The deployment's vectors have {vectors.dim} numbers, those of '{embedder.name}'"
            f" have {embedder.dim}.",
            cure="Set CODEINTEL_EMBEDDING_URL and CODEINTEL_EMBEDDING_MODEL to the server and"
            " model of the deployment.",
        )
    drawn = sample(chunks, _N_TEXTS)
    again = embedder.embed_documents([chunk.content for chunk in drawn]).vectors
    cosines = np.sum(again * vectors.of([chunk.id for chunk in drawn]), axis=1)
    middle = float(median(cosines.tolist()))
    if middle < _LEAST_COSINE:
        raise EmbeddingMismatchError(
            f"The deployment's vectors are not what '{embedder.name}' gives for their texts:"
            f" the cosine is {middle:.3f} in the middle of {len(drawn)}.",
            cure="Name the deployment's model, and set CODEINTEL_EMBEDDING_DOCUMENT_TEMPLATE to"
            " what it put around a text.",
        )
    return middle


def questions(embedder: Embedder, chunks: Sequence[OldChunk]) -> NDArray[np.float32]:
    """Make questions of the longest lines of some chunks; shape ``(n, dim)``."""
    texts = [max(c.content.splitlines(), key=len).strip() for c in sample(chunks, _N_QUESTIONS)]
    asked = np.array([embedder.embed_query(text) for text in texts])
    return asked[np.any(asked != 0, axis=1)]


def check_index(
    snapshot: Snapshot, imported: Imported, vectors: OldVectors, asked: NDArray[np.float32]
) -> float:
    """Check that every imported chunk has its vector, and how many of the nearest are found.

    Returns
    -------
    recall
        Share of the exact ten nearest that the index finds, over all questions.

    Raises
    ------
    MigrationError
        A chunk or its vector is missing, or searches find too little.
    """
    documents = {document.path: document.id for document in snapshot.catalog.by_id.values()}
    pairs = [
        (chunk_id(documents[path], at), old)
        for path, sources in imported.by_path.items()
        for at, old in sources.items()
    ]
    ids = np.array([chunk for chunk, _ in pairs], np.int64)
    there = snapshot.vectors.contains(ids)
    if not there.all():
        raise MigrationError(f"{(~there).sum():,} of {len(ids):,} imported vectors are missing.")
    draw = np.random.default_rng(0).permutation(len(pairs))[: _N_QUESTIONS * _K]
    for at in draw:
        (vector,) = vectors.of([pairs[at][1]])
        (cosine,) = snapshot.vectors.similarities(vector, ids[at : at + 1])
        if not cosine > 0.99:
            raise MigrationError(f"The vector of the old chunk {pairs[at][1]} is not what it was.")
    everything = snapshot.vectors.ids
    recall = _recall(
        snapshot.vectors.search(asked, _K)[1],
        np.array(
            [_best(snapshot.vectors.similarities(query, everything), everything) for query in asked]
        ),
    )
    if recall < _LEAST_RECALL:
        raise MigrationError(
            f"The new index finds {recall:.3f} of the exact ten nearest;"
            f" it has to be {_LEAST_RECALL}."
        )
    return recall


def old_recall(index: ForeignIndex, vectors: OldVectors, asked: NDArray[np.float32]) -> float:
    """Tell how many of the exact ten nearest the old index finds."""
    return _recall(index.search(asked, _K), vectors.nearest(asked, _K))


def _best(scores: NDArray[np.float32], ids: NDArray[np.int64]) -> NDArray[np.int64]:
    chosen: NDArray[np.int64] = ids[np.argsort(-scores, kind="stable")[:_K]]
    return chosen


def _recall(found: NDArray[np.int64], exact: NDArray[np.int64]) -> float:
    """Share of the exact answers that were found."""
    if not exact.size:
        return 1.0
    hits = sum(len(np.intersect1d(a, b)) for a, b in zip(found, exact, strict=True))
    return hits / exact.size
