"""Answers semantic searches."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from heapq import merge
from itertools import islice, repeat

import numpy as np
from numpy.typing import NDArray

from codeintel.api.recency import recency
from codeintel.api.scoping import Selection, selected
from codeintel.context import ApplicationContext
from codeintel.effort import Effort, effort
from codeintel.errors import EmbeddingError
from codeintel.index.snapshot import Snapshot
from codeintel.search.cursor import decode_cursor, encode_cursor
from codeintel.search.files import CHARS_PER_TOKEN
from codeintel.search.query import Query
from codeintel.search.rerank import WEIGHTS, Ids, Ranked, Weights
from codeintel.search.searcher import search_chunks
from codeintel.search.signals import path_traits
from codeintel.store.catalog import ChunkRow
from codeintel.store.identity import ORDINAL_BITS
from codeintel.types import FileKind, Scope, SearchAnswer, SearchHit

Vector = NDArray[np.float32] | None
Hit = tuple[Selection, Ranked]

# A hit whose text is cut shows at least its first lines, while the budget lasts.
_LEAST_CHARS = 160
_FEWER = (
    "The server is busy: of chunks that share no word with the question none was considered."
    " Ask again for more.",
)


def semantic_search(
    context: ApplicationContext,
    text: str,
    *,
    limit: int,
    per_file: int | None,
    files: FileKind | None,
    prefer_recent: bool,
    max_tokens: int,
    explain: bool,
    cursor: str | None,
    scope: Scope,
) -> SearchAnswer:
    """See `CodeIntel.semantic_search`."""
    query = Query.of(text)
    vector, note = _embed(context, query)
    # Whoever says how many hits of a file to give wants them by their score alone.
    weights = WEIGHTS if per_file is None else replace(WEIGHTS, further=1.0)
    with selected(context, scope) as selections:
        generation = sum(s.snapshot.manifest.generation for s in selections)
        identity = (text, per_file, files, prefer_recent, scope)
        offset = decode_cursor(cursor, identity, int, generation=generation) if cursor else 0
        ranked = [
            searched(
                s,
                query,
                vector,
                _among(s, files),
                weights,
                recency(s) if prefer_recent else None,
            )
            for s in selections
        ]
        found = page(ranked, per_file, offset, limit)
        return SearchAnswer(
            query=text,
            hits=tuple(show(found[:limit], max_tokens, explain=explain)),
            about=tuple(s.about(*(note or _mismatch(s, vector))) for s in selections),
            next_cursor=encode_cursor(identity, offset + limit, generation=generation)
            if len(found) > limit
            else None,
        )


def searched(
    selection: Selection,
    query: Query,
    vector: Vector,
    among: Ids | None,
    weights: Weights,
    recency: Mapping[str, float] | None = None,
) -> Iterator[Hit]:
    """Rank the chunks of one repository."""
    vector = None if _mismatch(selection, vector) else vector
    hits = search_chunks(selection.snapshot, query, vector, among, weights, recency)
    return zip(repeat(selection), hits)


def page(
    ranked: Iterable[Iterable[Hit]], per_file: int | None, offset: int, limit: int
) -> list[Hit]:
    """Merge the hits of repositories, best first; gives one more than asked for where there is."""
    merged = merge(*ranked, key=lambda hit: (-hit[1].score, hit[0].repository.name))
    return list(islice(_limit_per_file(merged, per_file), offset, offset + limit + 1))


def _among(selection: Selection, files: FileKind | None) -> Ids | None:
    """Give the ids of the documents to search, ascending; None for all."""
    if files is None:
        return selection.among
    of_kind = selection.snapshot.cached(
        f"documents_of_kind:{files}", lambda: _of_kind(selection, files)
    )
    among = selection.among
    return of_kind if among is None else np.intersect1d(of_kind, among)


def _of_kind(selection: Selection, files: FileKind) -> Ids:
    """Give the ids of all documents of a kind, ascending."""
    documents = selection.snapshot.catalog.documents
    ids = [d.id for d in documents if path_traits(d.path).kind == files]
    return np.sort(np.asarray(ids, dtype=np.int64))


def _embed(context: ApplicationContext, query: Query) -> tuple[Vector, tuple[str, ...]]:
    """Give the question's vector, or say why the search does without."""
    if effort() is Effort.WORDS:
        return None, ("The server is busy: searched by words alone. Ask again for more.",)
    try:
        return context.embedder.embed_query(query.text), busy_note()
    except EmbeddingError as error:
        return None, (f"Searched by words alone: {error.message}",)


def busy_note() -> tuple[str, ...]:
    """Say that fewer candidates are considered, where that is so."""
    return () if effort() is Effort.FULL else _FEWER


def _mismatch(selection: Selection, vector: Vector) -> tuple[str, ...]:
    """Say where an index has vectors that the question's cannot be compared with."""
    dim = selection.snapshot.manifest.embedder.dim
    if vector is None or not dim or dim == len(vector):
        return ()
    return (
        f"Searched by words alone: the index has vectors of {dim} numbers, the model gives"
        f" {len(vector)}; run `codeintel index`.",
    )


def _limit_per_file(ranked: Iterable[Hit], per_file: int | None) -> Iterator[Hit]:
    """Keep the best chunks of each file."""
    seen: Counter[tuple[str, str]] = Counter()
    for selection, hit in ranked:
        key = selection.repository.name, hit.path
        seen[key] += 1
        if per_file is None or seen[key] <= per_file:
            yield selection, hit


def show(hits: list[Hit], max_tokens: int, *, explain: bool) -> Iterator[SearchHit]:
    """Show hits with their text; the budget is shared fairly, what one leaves the next may use."""
    left = max_tokens * CHARS_PER_TOKEN
    chunks = _chunks(hits)
    for position, (selection, ranked) in enumerate(hits):
        snapshot = selection.snapshot
        chunk = chunks[snapshot][ranked.chunk]
        document = snapshot.catalog.by_id[ranked.chunk >> ORDINAL_BITS]
        lines = snapshot.lines_of(document.id, chunk.start_line, chunk.end_line)
        share = min(left, max(_LEAST_CHARS, left // (len(hits) - position)))
        text, truncated = _cut(lines, share)
        left -= len(text)
        yield SearchHit(
            repo=selection.repository.name,
            path=document.path,
            start_line=chunk.start_line,
            end_line=chunk.end_line,
            language=document.language,
            score=round(ranked.score, 4),
            text=text,
            symbol=".".join(part for part in (chunk.container, chunk.symbol) if part),
            kind=chunk.kind,
            truncated=truncated,
            explanation={name: round(value, 4) for name, value in ranked.shares.items()}
            if explain
            else None,
        )


def _chunks(hits: list[Hit]) -> dict[Snapshot, dict[int, ChunkRow]]:
    """Look up the chunks of hits, all of a repository at once."""
    ids: dict[Snapshot, list[int]] = {}
    for selection, ranked in hits:
        ids.setdefault(selection.snapshot, []).append(ranked.chunk)
    return {snapshot: snapshot.catalog.chunks(wanted) for snapshot, wanted in ids.items()}


def _cut(text: str, n_chars: int) -> tuple[str, bool]:
    """Cut a text at the last line end that fits."""
    if len(text) <= n_chars:
        return text, False
    cut = text.rfind("\n", 0, n_chars)
    return text[: cut if cut > 0 else n_chars], True
