"""Finds code that is like the code at a place."""

import math
from collections import Counter
from dataclasses import replace

from codeintel.api.files import locate
from codeintel.api.scoping import Selection, selected
from codeintel.api.semantic import Hit, Vector, busy_note, page, searched, show
from codeintel.context import ApplicationContext
from codeintel.errors import EmbeddingError, InvalidRangeError
from codeintel.index.snapshot import Snapshot
from codeintel.lang.tokens import tokenize
from codeintel.search.cursor import decode_cursor, encode_cursor
from codeintel.search.files import path_not_found
from codeintel.search.query import Query
from codeintel.search.rerank import WORDS_ALONE
from codeintel.store.catalog import ChunkRow
from codeintel.store.identity import ORDINAL_BITS
from codeintel.types import Scope, SearchAnswer

# Enough to tell one function from another; further words cost time and change nothing.
_MAX_TOKENS = 40
# The names of files tell nothing here, and a test may well be like a test.
_LIKENESS = replace(WORDS_ALONE, dense=0.6, dense_literal=0.6, names=0.1, further=1)


def similar_code(
    context: ApplicationContext,
    path: str,
    line: int,
    *,
    limit: int,
    max_tokens: int,
    cursor: str | None,
    scope: Scope,
) -> SearchAnswer:
    """See `CodeIntel.similar_code`."""
    repository, path = locate(context, path, scope)
    with selected(context, Scope(repo=repository.name)) as (at,):
        chunk, text = _chunk_at(at.snapshot, path, line)
        query = Query(" ".join(_distinctive(at.snapshot, text)) or text[:1_000].strip() or path)
    vector: Vector = None
    note = busy_note()
    try:
        vector = context.embedder.embed_documents([text]).vectors[0]
    except EmbeddingError as error:
        note = (f"Compared by words alone: {error.message}",)
    with selected(context, scope) as selections:
        generation = sum(s.snapshot.manifest.generation for s in selections)
        identity = ("similar", path, line, scope)
        offset = decode_cursor(cursor, identity, int, generation=generation) if cursor else 0
        others = [
            (
                hit
                for hit in searched(s, query, vector, s.among, _LIKENESS)
                if _is_other(hit, at, chunk)
            )
            for s in selections
        ]
        found = page(others, None, offset, limit)
        return SearchAnswer(
            query=f"{path}:{chunk.start_line}-{chunk.end_line}",
            hits=tuple(show(found[:limit], max_tokens, explain=False)),
            about=tuple(s.about(*note) for s in selections),
            next_cursor=encode_cursor(identity, offset + limit, generation=generation)
            if len(found) > limit
            else None,
        )


def _chunk_at(snapshot: Snapshot, path: str, line: int) -> tuple[ChunkRow, str]:
    """Give the chunk that holds a line, and its names and code.

    Raises
    ------
    PathNotFoundError
        The index has no such file.
    InvalidRangeError
        The file has no such line.
    """
    document = snapshot.catalog.by_path.get(path)
    if document is None:
        raise path_not_found(path, snapshot.catalog.by_path)
    inside = 1 <= line <= document.n_lines
    found = snapshot.catalog.chunk_at(document.id, line) if inside else None
    if found is None:
        raise InvalidRangeError(
            f"Line {line} is not in '{path}'.", cure=f"The file has {document.n_lines} lines."
        )
    chunk = snapshot.catalog.chunks([found])[found]
    lines = snapshot.lines_of(document.id, chunk.start_line, chunk.end_line)
    return chunk, "\n".join((f"{chunk.container} {chunk.symbol}".strip(), lines))


def _distinctive(snapshot: Snapshot, text: str) -> list[str]:
    """Give the words of a text that tell it from other code, by tf · idf."""
    n_chunks = max(1, len(snapshot.lexical))
    counts = Counter(token for token in tokenize(text) if len(token) > 1)

    def weight(token: str) -> float:
        found = snapshot.lexical.doc_freq("body", token)
        return math.sqrt(counts[token]) * math.log(1 + n_chunks / (1 + found))

    return sorted(counts, key=lambda token: (-weight(token), token))[:_MAX_TOKENS]


def _is_other(hit: Hit, at: Selection, chunk: ChunkRow) -> bool:
    """Whether a hit is not the code itself, nor another part of the same definition."""
    selection, ranked = hit
    if (
        selection.repository is not at.repository
        or ranked.chunk >> ORDINAL_BITS != chunk.id >> ORDINAL_BITS
    ):
        return True
    other = selection.snapshot.catalog.chunks([ranked.chunk])[ranked.chunk]
    same_definition = (other.container, other.symbol) == (chunk.container, chunk.symbol)
    return other.id != chunk.id and not (chunk.symbol and same_definition)
