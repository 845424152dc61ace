"""Reads one generation of the catalog: documents, chunks, definitions and occurrences."""

import sqlite3
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from codeintel.effort import kept_for_all
from codeintel.store.identity import MAX_CHUNKS, ORDINAL_BITS, chunk_range, documents_of
from codeintel.store.schema import ALIVE, connect, corrupt
from codeintel.types import Definition, SkippedFile, SkipReason, SymbolKind
from codeintel.types.packed import PACKED_BYTES, unpack_positions

# SQLite's limit on the variables of a statement is 32,766 since 3.32.
_BATCH = 10_000


class Document(Struct, frozen=True):
    """A path at one blob, as it was indexed; `stamp` changes when the file on disk does."""

    id: int
    path: str
    blob: str
    language: str
    encoding: str
    size_bytes: int
    n_lines: int
    stamp: str


class ChunkRow(Struct, frozen=True):
    """Where a chunk lies and what it belongs to."""

    id: int
    start_line: int
    end_line: int
    symbol: str
    container: str
    kind: SymbolKind | None


class StoredDefinition(Struct, frozen=True):
    """A definition with the document that it stands in."""

    document_id: int
    definition: Definition


class DefinitionRow(NamedTuple):
    """The part of a definition that decides whether it is found."""

    id: int
    document_id: int
    name: str
    kind: str
    start_line: int
    container: str
    public: int


class Catalog:
    """One generation of the catalog; safe to share between threads.

    Parameters
    ----------
    path
        The database file.
    generation
        The generation to read; later ones that are written meanwhile are not seen.
    """

    def __init__(self, path: Path, generation: int) -> None:
        self._path = path
        self.generation = generation
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the connections of all threads."""
        with self._lock:
            for connection in self._connections:
                connection.close()
            self._connections.clear()
        self._local = threading.local()

    @cached_property
    def documents(self) -> tuple[Document, ...]:
        """All documents of the generation, ordered by path."""
        rows = self._query_for_all(
            "SELECT d.id, path, blob, language, encoding, size_bytes, n_lines, stamp"
            f" FROM live JOIN documents d ON d.id = document_id WHERE {ALIVE} ORDER BY path"
        )
        return tuple(Document(*row) for row in rows)

    @cached_property
    def by_id(self) -> dict[int, Document]:
        """Documents by id."""
        return {document.id: document for document in self.documents}

    @cached_property
    def _positions(self) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
        """The ids of all documents, ascending, with each one's position in `documents`."""
        n = len(self.documents)
        ids = np.fromiter((document.id for document in self.documents), np.int64, n)
        order = np.argsort(ids)
        return ids[order], order

    def positions_of(self, document_ids: NDArray[np.int64]) -> NDArray[np.intp]:
        """Give where documents stand in `documents`; -1 for those the generation does not have."""
        ids, positions = self._positions
        if not len(ids):
            return np.full(len(document_ids), -1, np.intp)
        at = np.searchsorted(ids, document_ids)
        at[at == len(ids)] = 0
        return np.where(ids[at] == document_ids, positions[at], -1)

    def ids_of(self, chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Give the ids of chosen documents, ascending; `chosen` says of each whether it is one."""
        ids, positions = self._positions
        return ids[chosen[positions]]

    @cached_property
    def by_path(self) -> dict[str, Document]:
        """Documents by path."""
        return {document.path: document for document in self.documents}

    @cached_property
    def stamps(self) -> dict[str, str]:
        """The stamp of every file that was looked at, by path; skipped ones are among them."""
        rows = self._query_for_all(f"SELECT path, stamp FROM skipped WHERE {ALIVE}")
        return dict(rows) | {document.path: document.stamp for document in self.documents}

    @cached_property
    def skipped(self) -> tuple[SkippedFile, ...]:
        """All files that are not indexed, ordered by path."""
        rows = self._query_for_all(
            f"SELECT path, reason, detail FROM skipped WHERE {ALIVE} ORDER BY path"
        )
        return tuple(SkippedFile(path, SkipReason(reason), detail) for path, reason, detail in rows)

    @cached_property
    def chunk_ids(self) -> NDArray[np.int64]:
        """Ids of all chunks of the generation, ascending."""
        rows = self._query_for_all("SELECT id FROM chunks ORDER BY id")
        ids = np.fromiter((row[0] for row in rows), dtype=np.int64)
        alive = np.fromiter(self.by_id, dtype=np.int64, count=len(self.by_id))
        return ids[np.isin(documents_of(ids), alive)]

    def chunks(self, ids: Sequence[int]) -> dict[int, ChunkRow]:
        """Look up chunks by id; unknown ids are left out."""
        rows = self._by_ids(f"SELECT {_CHUNK} FROM chunks WHERE id IN", ids)
        return {row[0]: _chunk(row) for row in rows}

    def chunks_of(self, document_id: int) -> list[ChunkRow]:
        """Give the chunks of a document, in file order."""
        low, high = chunk_range(document_id)
        rows = self._query(
            f"SELECT {_CHUNK} FROM chunks WHERE id BETWEEN :low AND :high ORDER BY id",
            low=low,
            high=high,
        )
        return [_chunk(row) for row in rows]

    def names(self) -> Iterator[str]:
        """Give every name that was ever defined: those of the generation, and of removed files."""
        return (row[0] for row in self._query("SELECT DISTINCT name FROM definitions"))

    def definitions_of(self, document_id: int) -> list[Definition]:
        """Give the definitions of a document, in file order."""
        rows = self._query(
            f"SELECT {_DEFINITION} FROM definitions WHERE document_id = :document_id"
            " ORDER BY start_line, end_line DESC",
            document_id=document_id,
        )
        return [_definition(row).definition for row in rows]

    def definitions_named(self, names: Iterable[str]) -> list[StoredDefinition]:
        """Give all definitions of the generation that have one of these names."""
        rows = self._by_ids(f"SELECT {_DEFINITION} FROM definitions WHERE name IN", list(names))
        return [_definition(row) for row in rows if row[0] in self.by_id]

    def defining_chunks(self, names: Sequence[str]) -> Iterator[tuple[StoredDefinition, int]]:
        """Give the definitions that have one of these names, each with the chunk of its name."""
        sql = f"SELECT {_DEFINITION}, ({_CHUNK_OF_NAME}) FROM definitions WHERE name IN"
        for row in self._by_ids(sql, names):
            if row[0] in self.by_id and row[-1] is not None:
                yield _definition(row), row[-1]

    def chunk_defining(self, document_id: int, name: str) -> int | None:
        """Give the chunk in which a document first defines a name; None where it does not."""
        rows = self._query(
            f"SELECT ({_CHUNK_OF_NAME}) AS chunk FROM definitions"
            " WHERE document_id = :document_id AND name = :name AND chunk IS NOT NULL"
            " ORDER BY definitions.start_line, definitions.end_line DESC LIMIT 1",
            document_id=document_id,
            name=name,
        )
        return rows[0][0] if rows else None

    def chunk_at(self, document_id: int, line: int) -> int | None:
        """Give the id of the chunk that holds a line of a document."""
        low, high = chunk_range(document_id)
        rows = self._query(
            "SELECT MIN(id) FROM chunks WHERE id BETWEEN :low AND :high"
            " AND :line BETWEEN start_line AND end_line",
            low=low,
            high=high,
            line=line,
        )
        chunk: int | None = rows[0][0]
        return chunk

    def occurrences_of(self, name: str) -> list[tuple[Document, list[tuple[int, int]]]]:
        """Give the places where a name is used, by document in path order.

        Returns
        -------
        list
            Each document with its (line, column) pairs, ascending; columns stop at 4,095.
        """
        found = self.packed_occurrences(name)
        return [(document, unpack_positions(packed)) for document, packed in found]

    def definition_rows(self, documents: Sequence[int] | None = None) -> Iterator[tuple[Any, ...]]:
        """Give all definitions, or those of some documents, in no order: plain `DefinitionRow`s."""
        if documents is not None:
            return self._by_ids(f"{_DEFINITION_ROW} WHERE document_id IN", documents)
        return (row for row in self._rows(_DEFINITION_ROW) if row[1] in self.by_id)

    def definition_spans(self) -> dict[int, tuple[int, int, int]]:
        """Give each document's first and last definition, and their number: they tell its rows."""
        rows = self._rows(f"{_SPAN} GROUP BY document_id")
        return {row[0]: row[1:] for row in rows if row[0] in self.by_id}

    def rows_named(self, name: str) -> list[DefinitionRow]:
        """Give the same for the definitions of one name."""
        rows = self._query(f"{_DEFINITION_ROW} WHERE name = :name", name=name)
        return [DefinitionRow(*row) for row in rows if row[1] in self.by_id]

    def definitions_by_id(self, ids: Sequence[int]) -> dict[int, StoredDefinition]:
        """Look up definitions by the ids of their rows."""
        rows = self._by_ids(f"SELECT {_DEFINITION}, id FROM definitions WHERE id IN", ids)
        return {row[-1]: _definition(row) for row in rows}

    def use_counts(self) -> dict[str, int]:
        """Count the uses of each name."""
        rows = self._query(
            f"SELECT name, SUM(LENGTH(positions)) / {PACKED_BYTES} FROM names"
            " JOIN occurrences ON name_id = names.id JOIN live USING (document_id)"
            f" WHERE {ALIVE} GROUP BY name_id"
        )
        return dict(rows)

    def use_counts_in(self, documents: Sequence[int]) -> Counter[str] | None:
        """Count the uses of each name in some documents, also of generations before.

        None where the content of one of them is stored no longer.
        """
        counts = _sum_uses(self._by_ids(f"{_USES} WHERE document_id IN", documents))
        # Content goes in one transaction with its document: what is there now was there before.
        stored = self._by_ids("SELECT id FROM documents WHERE id IN", documents)
        return counts if sum(1 for _ in stored) == len(documents) else None

    def use_counts_of(self, names: Sequence[str]) -> Counter[str]:
        """Count the uses of some names."""
        rows = self._by_ids(f"{_USES} WHERE name IN", names)
        return _sum_uses(row for row in rows if row[1] in self.by_id)

    def packed_occurrences(self, name: str) -> list[tuple[Document, bytes]]:
        """Give the same with the places still packed, 4 bytes each."""
        rows = self._query(
            "SELECT document_id, positions FROM names JOIN occurrences ON name_id = names.id"
            " WHERE name = :name",
            name=name,
        )
        found = [
            (document, positions)
            for document_id, positions in rows
            if (document := self.by_id.get(document_id))
        ]
        return sorted(found, key=lambda pair: pair[0].path)

    def uses_in(self, document_id: int, name: str) -> list[tuple[int, int]]:
        """Give the (line, column) pairs of the uses of a name in one document."""
        rows = self._query(
            "SELECT positions FROM occurrences WHERE document_id = :document_id"
            " AND name_id = (SELECT id FROM names WHERE name = :name)",
            document_id=document_id,
            name=name,
        )
        return unpack_positions(rows[0][0]) if rows else []

    def _query(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        """Run one statement on this thread's connection."""
        return list(self._rows(sql, **values))

    def _rows(self, sql: str, **values: Any) -> Iterator[tuple[Any, ...]]:
        """Do the same, one row after the other."""
        try:
            yield from self._connection.execute(sql, {"generation": self.generation, **values})
        except sqlite3.DatabaseError as error:
            raise corrupt(error) from error

    def _query_for_all(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a statement whose result this generation keeps."""
        with kept_for_all():
            return self._query(sql)

    def _by_ids(self, sql: str, values: Sequence[int | str]) -> Iterator[tuple[Any, ...]]:
        """Run a statement that ends in IN, for as many values as there are."""
        for start in range(0, len(values), _BATCH):
            batch = values[start : start + _BATCH]
            marks = ",".join("?" * len(batch))
            try:
                yield from self._connection.execute(f"{sql} ({marks})", batch)
            except sqlite3.DatabaseError as error:
                raise corrupt(error) from error

    @property
    def _connection(self) -> sqlite3.Connection:
        """Give this thread's connection, opened on first use."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            try:
                connection = connect(self._path, read_only=True)
            except sqlite3.DatabaseError as error:
                raise corrupt(error) from error
            self._local.connection = connection
            with self._lock:
                self._connections.append(connection)
        return connection


_DEFINITION_ROW = (
    "SELECT id, document_id, name, kind, start_line, container, public FROM definitions"
)
_SPAN = "SELECT document_id, MIN(id), MAX(id), COUNT(*) FROM definitions"
_USES = (
    "SELECT name, document_id, LENGTH(positions) FROM occurrences JOIN names ON names.id = name_id"
)
_CHUNK = "id, start_line, end_line, symbol, container, kind"
_DEFINITION = (
    "document_id, name, kind, start_line, end_line, name_line, name_column,"
    " container, signature, doc, public"
)
_CHUNK_OF_NAME = (
    "SELECT MIN(chunks.id) FROM chunks"
    f" WHERE chunks.id BETWEEN document_id << {ORDINAL_BITS}"
    f" AND (document_id << {ORDINAL_BITS}) + {MAX_CHUNKS - 1}"
    " AND name_line BETWEEN chunks.start_line AND chunks.end_line"
)


def _sum_uses(rows: Iterable[tuple[str, int, int]]) -> Counter[str]:
    """Add up the uses of each name; `rows` as of `_USES`."""
    counts: Counter[str] = Counter()
    for name, _, n_bytes in rows:
        counts[name] += n_bytes // PACKED_BYTES
    return counts


def _chunk(row: tuple[Any, ...]) -> ChunkRow:
    """Make a chunk of a database row."""
    identity, start_line, end_line, symbol, container, kind = row
    return ChunkRow(
        identity,
        start_line,
        end_line,
        symbol,
        container,
        SymbolKind(kind) if kind else None,
    )


def _definition(row: tuple[Any, ...]) -> StoredDefinition:
    """Make a definition of a database row."""
    return StoredDefinition(
        row[0],
        Definition(
            name=row[1],
            kind=SymbolKind(row[2]),
            start_line=row[3],
            end_line=row[4],
            name_line=row[5],
            name_column=row[6],
            container=row[7],
            signature=row[8],
            doc=row[9],
            public=bool(row[10]),
        ),
    )
