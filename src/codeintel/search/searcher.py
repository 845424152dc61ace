"""Semantic search: candidates by words, names, paths and meaning, ranked together."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from codeintel.effort import Effort, checkpoint, effort
from codeintel.index.lexical import Candidates, Field
from codeintel.index.snapshot import Snapshot
from codeintel.search.among import Among, best_among
from codeintel.search.places import Place
from codeintel.search.query import Query
from codeintel.search.rerank import RETRIEVERS, WEIGHTS, Ids, Pool, Ranked, Weights, rank
from codeintel.search.signals import PathTable
from codeintel.store.catalog import Document
from codeintel.store.identity import chunk_id, documents_of
from codeintel.types import SymbolKind

_N_WORDS = 300
_N_MEANING = 100
_N_NAMES = 100
_N_PATHS = 50
_EXACT_LIMIT = 50
# Of each kind, where an answer has to be cheap.
_N_FEW = 80
# Who names something means a thing with a body, not a field or heading of the same name.
_EXACT_BY_KIND = {
    SymbolKind.SECTION: 0.0,
    SymbolKind.KEY: 0.2,
    SymbolKind.FIELD: 0.3,
    SymbolKind.PROPERTY: 0.5,
    SymbolKind.VARIABLE: 0.5,
}
_OTHER_CASE = 0.6
_SAME_FOLDER = 0.75
_OTHER_QUALIFIER = 0.5
# Frames further from where it failed count less, to this share.
_NEXT_FRAME = 0.9
_LEAST_FRAME = 0.3


def search_chunks(
    snapshot: Snapshot,
    query: Query,
    vector: NDArray[np.float32] | None,
    among: Ids | None = None,
    weights: Weights = WEIGHTS,
    recency: Mapping[str, float] | None = None,
) -> Iterator[Ranked]:
    """Rank the chunks of one generation for a question; yields all candidates, best first.

    Parameters
    ----------
    vector
        The question's vector; None to search by words alone.
    among
        Ids of the documents to search, ascending; None for all.
    recency
        How recently files changed, from 0 to 1, by path; None where that does not count.
    """
    pool = find_candidates(snapshot, query, vector, among)
    if recency is not None:
        pool = replace(pool, recency=np.array([recency.get(path, 0.0) for path in pool.paths]))
    return rank(query, pool, weights)


def find_candidates(
    snapshot: Snapshot,
    query: Query,
    vector: NDArray[np.float32] | None,
    among: Ids | None = None,
) -> Pool:
    """Ask every retriever; arguments as for `search_chunks`."""
    within = None if among is None else Among(snapshot, among)
    checkpoint()
    most = _N_WORDS if effort() is Effort.FULL else _N_FEW
    hits = {
        "body": _worded(snapshot, "body", query.tokens, min(most, _N_WORDS), within),
        "names": _worded(snapshot, "names", query.tokens, min(most, _N_NAMES), within),
        "path_words": _worded(snapshot, "path", query.words, _N_PATHS, within),
    }
    exact = _exact(snapshot, query)
    place = _places(snapshot, query, exact)
    hits["exact"], hits["place"] = _candidates(exact, within), _candidates(place, within)
    by_meaning = vector is not None and len(snapshot.vectors) > 0
    checkpoint()
    if vector is not None and by_meaning and effort() is Effort.FULL:
        hits["dense"] = _nearest(snapshot, vector, _N_MEANING, within)
    pool = _pool(snapshot, hits)
    if vector is not None and by_meaning:
        _complete_meaning(snapshot, vector, pool)
    return pool


def _pool(snapshot: Snapshot, hits: dict[str, Candidates]) -> Pool:
    """Put candidates together with their files.

    Those of documents that the generation does not have are left out: their words linger.
    """
    found = np.concatenate([hits[name].ids for name in hits])
    ids, rows = _distinct(found)
    raw = np.zeros((len(ids), len(RETRIEVERS)), order="F")  # by column, as the ranking reads it
    columns = np.repeat(
        [RETRIEVERS.index(name) for name in hits], [len(h.ids) for h in hits.values()]
    )
    raw[rows, columns] = np.concatenate([hits[name].scores for name in hits])
    at = snapshot.catalog.positions_of(documents_of(ids))
    live = at >= 0
    if not live.all():
        ids, raw, at = ids[live], raw[live], at[live]
    files, file_of = _distinct(at)
    documents = snapshot.catalog.documents
    table = snapshot.cached("path_table", lambda: PathTable([d.path for d in documents]))
    paths = [documents[n].path for n in files.tolist()]
    return Pool(ids, file_of, paths, table.of(files), raw)


def _distinct(values: Ids) -> tuple[Ids, NDArray[np.intp]]:
    """Do what `np.unique` does with `return_inverse`; for a few hundred it takes half the time."""
    order = values.argsort(kind="stable")
    ordered = values[order]
    first = np.ones(len(values), np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    rank_of = np.empty(len(values), np.intp)
    rank_of[order] = first.cumsum() - 1
    return ordered[first], rank_of


def _candidates(scores: dict[int, float], among: Among | None) -> Candidates:
    """Turn scores by chunk into arrays, without chunks of documents that are not searched."""
    ids = np.fromiter(scores.keys(), np.int64, len(scores))
    values = np.fromiter(scores.values(), np.float32, len(scores))
    if among is None:
        return Candidates(ids, values)
    kept = among.keeps(ids)
    return Candidates(ids[kept], values[kept])


def _exact(snapshot: Snapshot, query: Query) -> dict[int, float]:
    """Score the chunks that define what the question names."""
    names = query.identifiers
    scores: dict[int, float] = {}
    if not names:
        return scores
    wanted = {name.lower() for name in names}
    wanted.update(*(snapshot.capitalized.get(lower, ()) for lower in tuple(wanted)))
    defined = snapshot.catalog.defining_chunks(list(wanted))
    for stored, chunk in islice(defined, _EXACT_LIMIT):
        score = _EXACT_BY_KIND.get(stored.definition.kind, 1.0)
        score *= 1.0 if stored.definition.name in names else _OTHER_CASE
        if query.qualifier:
            path = snapshot.catalog.by_id[stored.document_id].path
            score *= _closeness(query.qualifier, stored.definition.container, path)
        scores[chunk] = max(scores.get(chunk, 0.0), score)
    return scores


def _closeness(qualifier: str, container: str, path: str) -> float:
    """Say how well a definition's place fits what stands before its name in the question."""
    folder, _, name = path.lower().rpartition("/")
    wanted = qualifier.lower()
    if wanted in {*container.lower().split("."), name.partition(".")[0]}:
        return 1.0
    return _SAME_FOLDER if wanted in folder.split("/") else _OTHER_QUALIFIER


def _places(snapshot: Snapshot, query: Query, exact: dict[int, float]) -> dict[int, float]:
    """Score the files that the question names; the lines of a stack trace count as exact."""
    if not query.places:
        return {}
    by_name = snapshot.cached("documents_by_name", lambda: _by_name(snapshot))
    scores: dict[int, float] = {}
    share = 1.0
    for place in query.places:
        fitting = [d for d in by_name.get(place.path.rpartition("/")[2], ()) if place.fits(d.path)]
        for document in fitting:
            chunk = _chunk_of(snapshot, document, place)
            scores[chunk] = max(scores.get(chunk, 0.0), share / len(fitting))
            if place.line is not None:
                exact[chunk] = max(exact.get(chunk, 0.0), scores[chunk])
        if fitting:
            share = max(_LEAST_FRAME, share * _NEXT_FRAME)
    return scores


def _by_name(snapshot: Snapshot) -> dict[str, list[Document]]:
    """Give the documents by the name of their file."""
    by_name: dict[str, list[Document]] = {}
    for document in snapshot.catalog.documents:
        by_name.setdefault(document.path.rpartition("/")[2], []).append(document)
    return by_name


def _chunk_of(snapshot: Snapshot, document: Document, place: Place) -> int:
    """Give the chunk of a file that a place means: the function it names, the line, the first.

    The function comes before the line, since lines move from one version to the next.
    """
    catalog, chunk = snapshot.catalog, None
    if place.name:
        chunk = catalog.chunk_defining(document.id, place.name)
    if chunk is None and place.line is not None:
        chunk = catalog.chunk_at(document.id, place.line)
    return chunk_id(document.id, 0) if chunk is None else chunk


def _worded(
    snapshot: Snapshot, field: Field, tokens: list[str], limit: int, among: Among | None
) -> Candidates:
    """Find the chunks that fit the question's words best."""

    def search(n: int, within: Among | None) -> Candidates:
        return snapshot.lexical.search(field, tokens, n, within.words if within else None)

    return best_among(among, limit, search)


def _nearest(
    snapshot: Snapshot, vector: NDArray[np.float32], limit: int, among: Among | None
) -> Candidates:
    """Find the chunks nearest by meaning."""

    def search(n: int, within: Among | None) -> Candidates:
        scores, ids = snapshot.vectors.search(vector, n, among=within.chunks if within else None)
        near = ids[0] >= 0
        return Candidates(ids[0][near], scores[0][near])

    return best_among(among, limit, search)


def _complete_meaning(snapshot: Snapshot, vector: NDArray[np.float32], pool: Pool) -> None:
    """Score by meaning what others found, too, and let all scores count from the median.

    What a chunk of the middle has anyway tells nothing.
    """
    dense = pool.column("dense")
    unknown = dense == 0
    dense[unknown] = snapshot.vectors.similarities(vector, pool.chunks[unknown])
    # Not by BLAS, whose threads would fight over the cores with those of other questions.
    sample = np.sort(np.einsum("rd,d->r", snapshot.sample, vector))
    n = len(sample)
    median = float(sample[(n - 1) // 2] + sample[n // 2]) / 2 if n else 0.0
    dense[np.isnan(dense)] = median
    np.maximum(0.0, dense - median, out=dense)
