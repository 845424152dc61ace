"""Semantic search: candidates by words, names, paths and meaning, ranked together."""

import numpy as np
from numpy.typing import NDArray

from codeintel.index.lexical import Candidates
from codeintel.index.snapshot import Snapshot
from codeintel.search.query import Query
from codeintel.search.rerank import Candidate, Ranked, rank
from codeintel.store.identity import ORDINAL_BITS, documents_of
from codeintel.types import SymbolKind

_N_WORDS = 300
_N_MEANING = 300
_N_NAMES = 100
_N_PATHS = 50
_EXACT_LIMIT = 50
# Who names something means a thing with a body, not a field or heading of the same name.
_EXACT_BY_KIND = {
    SymbolKind.SECTION: 0.0,
    SymbolKind.KEY: 0.2,
    SymbolKind.FIELD: 0.3,
    SymbolKind.PROPERTY: 0.5,
    SymbolKind.VARIABLE: 0.5,
}
_OTHER_CASE = 0.6


def search_chunks(
    snapshot: Snapshot,
    query: Query,
    vector: NDArray[np.float32] | None,
    among: NDArray[np.int64] | None = None,
) -> list[Ranked]:
    """Rank the chunks of one generation for a question.

    Parameters
    ----------
    vector
        The question's vector; None to search by words alone.
    among
        Ids of the documents to search, ascending; None for all.

    Returns
    -------
    list
        All candidates, best first.
    """
    documents = None if among is None else among.tolist()
    lexical = snapshot.lexical
    found: dict[int, Candidate] = {}
    _collect(snapshot, found, lexical.search("body", query.tokens, _N_WORDS, documents), "body")
    _collect(snapshot, found, lexical.search("names", query.tokens, _N_NAMES, documents), "names")
    _collect(
        snapshot, found, lexical.search("path", query.words, _N_PATHS, documents), "path_words"
    )
    _collect(snapshot, found, _exact(snapshot, query, among), "exact")
    if vector is not None and len(snapshot.vectors):
        _add_meaning(snapshot, found, vector, among)
    return rank(query, list(found.values()))


def _collect(
    snapshot: Snapshot, found: dict[int, Candidate], hits: Candidates, signal: str
) -> None:
    """Note the scores of one retriever."""
    by_id = snapshot.catalog.by_id
    for chunk, score in zip(hits.ids.tolist(), hits.scores.tolist(), strict=True):
        candidate = found.get(chunk)
        if candidate is None:
            document = by_id.get(chunk >> ORDINAL_BITS)
            if document is None:
                continue
            candidate = found[chunk] = Candidate(chunk, document.id, document.path)
        setattr(candidate, signal, score)


def _exact(snapshot: Snapshot, query: Query, among: NDArray[np.int64] | None) -> Candidates:
    """Find the chunks that define what the question names."""
    names = query.identifiers
    lowered = {name.lower() for name in names}
    spelled = snapshot.names_folded
    wanted = [name for low in lowered for name in spelled.get(low, ())]
    allowed = None if among is None else set(among.tolist())
    scores: dict[int, float] = {}
    for stored in snapshot.catalog.definitions_named(wanted)[:_EXACT_LIMIT]:
        if allowed is not None and stored.document_id not in allowed:
            continue
        chunk = snapshot.chunk_at(stored.document_id, stored.definition.name_line)
        if chunk is not None:
            score = _EXACT_BY_KIND.get(stored.definition.kind, 1.0)
            score *= 1.0 if stored.definition.name in names else _OTHER_CASE
            scores[chunk] = max(scores.get(chunk, 0.0), score)
    return Candidates(
        np.fromiter(scores.keys(), np.int64, len(scores)),
        np.fromiter(scores.values(), np.float32, len(scores)),
    )


def _add_meaning(
    snapshot: Snapshot,
    found: dict[int, Candidate],
    vector: NDArray[np.float32],
    among: NDArray[np.int64] | None,
) -> None:
    """Score all candidates by meaning, with the nearest chunks added to them.

    What a chunk of the middle has anyway tells nothing, so scores count from the median.
    """
    chunks = None
    if among is not None:
        ids = snapshot.vectors.ids
        chunks = ids[np.isin(documents_of(ids), among)]
    scores, ids = snapshot.vectors.search(vector, _N_MEANING, among=chunks)
    near = ids[0] >= 0
    _collect(snapshot, found, Candidates(ids[0][near], scores[0][near]), "dense")
    sample = snapshot.vectors.similarities(vector, snapshot.sample)
    known = sample[np.isfinite(sample)]
    median = float(np.median(known)) if len(known) else 0.0
    everyone = np.fromiter(found, np.int64, len(found))
    own = np.nan_to_num(snapshot.vectors.similarities(vector, everyone), nan=median)
    for candidate, score in zip(found.values(), own.tolist(), strict=True):
        candidate.dense = max(0.0, score - median)
