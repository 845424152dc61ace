"""Finds chunks by words: BM25 over identifier-aware tokens, on tantivy.

Three fields, each scored on its own so that the ranking can weigh them: the `body` of a chunk with
its context, the `names` that it defines, and the words of its file's `path` (only on the first
chunk of a file, so that a file is found once).

Texts come tokenized; tantivy only splits them at blanks. Segments are immutable files, so a
generation shares unchanged ones with the one before by hard links.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import tantivy
from numpy.typing import NDArray

from codeintel.errors import IndexCorruptError

Field = Literal["body", "names", "path"]

_TOKENIZER = "blanks"
_WRITER_BYTES = 64_000_000
# tantivy refuses terms of 64 KiB; no word that people look for is longer than this.
_MAX_TOKEN_CHARS = 200


@dataclass(frozen=True, slots=True)
class LexicalChunk:
    """The tokens of one chunk by field, with blanks between them."""

    chunk: int
    document: int
    body: str
    names: str
    path: str


@dataclass(frozen=True, slots=True)
class Candidates:
    """Chunks with their scores, best first: int64 and float32 arrays of one length."""

    ids: NDArray[np.int64]
    scores: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class DocumentFilter:
    """Keeps searches to some documents; made once for several of them."""

    query: tantivy.Query


class LexicalWriter:
    """Changes the lexical files in the folder of a draft."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def _writer(self) -> tantivy.IndexWriter:
        """The writer, opened when there is something to write: parsers are at work by then."""
        # One thread: with more, the order of documents (and so of ties) would vary.
        return _open(self._folder).writer(_WRITER_BYTES, 1)

    def remove(self, documents: Iterable[int]) -> None:
        """Remove all chunks of documents."""
        for document in documents:
            self._writer.delete_documents_by_term("document", document)

    def add(self, chunks: Iterable[LexicalChunk]) -> None:
        """Add chunks; those of a document must have been removed before they are added again."""
        for chunk in chunks:
            self._writer.add_document(
                tantivy.Document(
                    chunk=chunk.chunk,
                    document=chunk.document,
                    body=chunk.body,
                    names=chunk.names,
                    path=chunk.path,
                )
            )

    def finish(self) -> None:
        """Write everything to the folder; the writer cannot be used afterwards."""
        self._writer.commit()
        self._writer.wait_merging_threads()
        for lock in self._folder.glob(".tantivy-*.lock"):
            lock.unlink()


class LexicalIndex:
    """The lexical files of one published generation; safe to share between threads.

    Raises
    ------
    IndexCorruptError
        The files cannot be opened.
    """

    def __init__(self, folder: Path) -> None:
        try:
            self._index = _open(folder)
            self._searcher = self._index.searcher()
        except (ValueError, OSError) as error:
            raise IndexCorruptError(
                f"The lexical index cannot be opened: {error}.",
                cure="Run `codeintel index --full` to write it anew.",
            ) from error
        self._schema = self._index.schema

    def __len__(self) -> int:
        return int(self._searcher.num_docs)

    def only(self, documents: NDArray[np.int64]) -> DocumentFilter:
        """Make a filter that lets nothing but the chunks of these documents be found."""
        terms = tantivy.Query.term_set_query(self._schema, "document", documents.tolist())
        return DocumentFilter(tantivy.Query.const_score_query(terms, 0.0))

    def search(
        self, field: Field, tokens: Sequence[str], limit: int, among: DocumentFilter | None = None
    ) -> Candidates:
        """Find the chunks that match any of the tokens best, in all documents or `among` some."""
        counts = Counter(token for token in tokens if len(token) <= _MAX_TOKEN_CHARS)
        if not counts or limit < 1:
            return Candidates(np.empty(0, np.int64), np.empty(0, np.float32))
        query = self._any_of(field, counts)
        if among is not None:
            both = [(tantivy.Occur.Must, query), (tantivy.Occur.Must, among.query)]
            query = tantivy.Query.boolean_query(both)
        hits = self._searcher.search(query, limit=limit, count=False).hits
        ids = self._searcher.fast_field_values("chunk", [address for _, address in hits])
        return Candidates(
            np.asarray(ids, dtype=np.int64),
            np.asarray([score for score, _ in hits], dtype=np.float32),
        )

    def doc_freq(self, field: Field, token: str) -> int:
        """Count the chunks that hold a token (removed ones included until segments merge)."""
        return int(self._searcher.doc_freq(field, token))

    def _any_of(self, field: Field, counts: Counter[str]) -> tantivy.Query:
        """Match any token; one that stands n times in the query counts n times."""
        clauses = []
        for token, n in counts.items():
            term = tantivy.Query.term_query(self._schema, field, token)
            clauses.append(
                (tantivy.Occur.Should, tantivy.Query.boost_query(term, n) if n > 1 else term)
            )
        return tantivy.Query.boolean_query(clauses)


def _open(folder: Path) -> tantivy.Index:
    """Open the index in a folder, made where there is none."""
    builder = tantivy.SchemaBuilder()
    builder.add_integer_field("chunk", fast=True)
    builder.add_integer_field("document", indexed=True)
    for field in ("body", "names", "path"):
        builder.add_text_field(field, tokenizer_name=_TOKENIZER, index_option="freq")
    index = tantivy.Index(builder.build(), path=str(folder), reuse=True)
    blanks = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
    index.register_tokenizer(_TOKENIZER, blanks)
    return index
