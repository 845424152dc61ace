"""Writes the next generation of the catalog."""

import sqlite3
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import msgspec

from codeintel.store.catalog import Document
from codeintel.store.identity import MAX_CHUNKS, chunk_id, chunk_range, document_id
from codeintel.store.schema import SCHEMA, connect, corrupt
from codeintel.types import ParsedFile, SkippedFile

# Content that no generation used for this many generations is removed; until then a branch
# switch back finds it.
KEEP_GENERATIONS = 1_000
_REMEMBERED_NAMES = 200_000  # some 20 MB


class CatalogWriter:
    """The one writer of a catalog.

    What it writes belongs to generation `current + 1` and is not seen by readers before a
    manifest of that number is published. What an earlier writer left unpublished is undone when
    the catalog is opened, except for content, which is kept because it can be used again.

    Parameters
    ----------
    path
        The database file, made where it is not there.
    current
        The published generation, 0 where there is none.

    Raises
    ------
    IndexCorruptError
        The database cannot be read.
    """

    def __init__(self, path: Path, current: int) -> None:
        self.generation = current + 1
        self._name_ids: dict[str, int] = {}
        try:
            self._db = connect(path, schema=SCHEMA)
            with self._transaction():
                for table in ("live", "skipped"):
                    self._db.execute(f"DELETE FROM {table} WHERE born > ?", (current,))
                    self._db.execute(f"UPDATE {table} SET died = NULL WHERE died > ?", (current,))
        except sqlite3.DatabaseError as error:
            raise corrupt(error) from error

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def live_documents(self) -> dict[str, Document]:
        """Give the documents that live now, by path."""
        rows = self._db.execute(
            "SELECT d.id, path, blob, language, encoding, size_bytes, n_lines, stamp"
            " FROM live JOIN documents d ON d.id = document_id WHERE died IS NULL"
        )
        return {row[1]: Document(*row) for row in rows}

    def skipped_files(self) -> dict[str, tuple[SkippedFile, str]]:
        """Give the files that are skipped now, with their stamps, by path."""
        rows = self._db.execute(
            "SELECT path, reason, detail, stamp FROM skipped WHERE died IS NULL"
        )
        return {row[0]: (SkippedFile(row[0], row[1], row[2]), row[3]) for row in rows}

    def chunk_ids(self, document: int) -> list[int]:
        """Give the ids of the chunks of stored content, ascending."""
        rows = self._db.execute(
            "SELECT id FROM chunks WHERE id BETWEEN ? AND ? ORDER BY id", chunk_range(document)
        )
        return [row[0] for row in rows]

    def add(
        self, path: str, blob: str, pipeline: str, encoding: str, size_bytes: int, file: ParsedFile
    ) -> int:
        """Store the content of a document, unless it is there; returns its id."""
        identity, stored = self._id_of(path, blob, pipeline)
        if stored:
            return identity
        if len(file.chunks) > MAX_CHUNKS:
            raise ValueError(
                f"{path} has {len(file.chunks)} chunks, at most {MAX_CHUNKS} are possible"
            )
        self._db.execute(
            "INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (identity, path, blob, pipeline, file.language, encoding, size_bytes, file.n_lines),
        )
        self._db.executemany(
            "INSERT OR REPLACE INTO chunks VALUES (?, ?, ?, ?, ?, ?)",
            (
                (
                    chunk_id(identity, n),
                    c.start_line,
                    c.end_line,
                    c.symbol,
                    c.container,
                    c.kind,
                )
                for n, c in enumerate(file.chunks)
            ),
        )
        self._db.executemany(
            "INSERT INTO definitions VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (
                    identity,
                    d.name,
                    d.kind,
                    d.start_line,
                    d.end_line,
                    d.name_line,
                    d.name_column,
                    d.container,
                    d.signature,
                    d.doc,
                    d.public,
                )
                for d in file.definitions
            ),
        )
        self._add_occurrences(identity, file)
        return identity

    def revive(self, document: int, stamp: str) -> None:
        """Let a stored document live from this generation on."""
        self._db.execute(
            "INSERT OR REPLACE INTO live VALUES (?, ?, ?, NULL)", (document, stamp, self.generation)
        )

    def touch(self, document: int, stamp: str) -> None:
        """Record a new stamp of a file whose content is the same."""
        self._db.execute(
            "UPDATE live SET stamp = ? WHERE document_id = ? AND died IS NULL", (stamp, document)
        )

    def retire(self, documents: Iterable[int]) -> None:
        """Let documents live no longer from this generation on."""
        self._db.executemany(
            "UPDATE live SET died = ? WHERE document_id = ? AND died IS NULL",
            ((self.generation, document) for document in documents),
        )

    def skip(self, file: SkippedFile, stamp: str) -> None:
        """Record that a file is not indexed from this generation on."""
        self.unskip([file.path])
        self._db.execute(
            "INSERT OR REPLACE INTO skipped VALUES (?, ?, ?, ?, ?, NULL)",
            (file.path, file.reason, file.detail, stamp, self.generation),
        )

    def unskip(self, paths: Iterable[str]) -> None:
        """Forget that files were skipped, from this generation on."""
        self._db.executemany(
            "UPDATE skipped SET died = ? WHERE path = ? AND died IS NULL",
            ((self.generation, path) for path in paths),
        )

    def set_pending(self, reasons: Iterable[tuple[int, str]], *, final: bool) -> None:
        """Record chunks whose vector is missing, and why; a later run tries all but final ones."""
        self._db.executemany(
            "INSERT OR REPLACE INTO pending VALUES (?, ?, ?)",
            ((chunk, reason, final) for chunk, reason in reasons),
        )

    def set_truncated(self, chunks: Iterable[tuple[int, int]]) -> None:
        """Record chunks of which only the first tokens were embedded, with their number."""
        self._db.executemany("INSERT OR REPLACE INTO truncated VALUES (?, ?)", chunks)

    def clear_pending(self, document: int) -> None:
        """Record that all chunks of a document have their vector now."""
        self._db.execute(
            "DELETE FROM pending WHERE chunk_id BETWEEN ? AND ?", chunk_range(document)
        )

    def pending_paths(self) -> list[str]:
        """Give the paths of live documents that have chunks whose vector is still to be made."""
        rows = self._db.execute(
            "SELECT DISTINCT path FROM pending JOIN live ON document_id = chunk_id >> 16"
            " JOIN documents ON documents.id = document_id WHERE died IS NULL AND NOT final"
        )
        return [row[0] for row in rows]

    def counts(self) -> dict[str, int]:
        """Count what lives now: files, chunks, symbols and pending vectors."""
        alive = "JOIN live ON live.document_id ="
        queries = {
            "files": "SELECT COUNT(*) FROM live WHERE died IS NULL",
            "chunks": f"SELECT COUNT(*) FROM chunks {alive} chunks.id >> 16 WHERE died IS NULL",
            "symbols": f"SELECT COUNT(*) FROM definitions {alive} definitions.document_id"
            " WHERE died IS NULL",
            "pending": f"SELECT COUNT(*) FROM pending {alive} chunk_id >> 16 WHERE died IS NULL",
            "truncated": f"SELECT COUNT(*) FROM truncated {alive} chunk_id >> 16"
            " WHERE died IS NULL",
        }
        return {name: self._db.execute(sql).fetchone()[0] for name, sql in queries.items()}

    def count_skipped(self) -> dict[str, int]:
        """Count the files that are skipped now, by reason."""
        rows = self._db.execute(
            "SELECT reason, COUNT(*) FROM skipped WHERE died IS NULL GROUP BY reason"
        )
        return dict(rows)

    def next_generation(self) -> None:
        """Go on with the generation after the one that was just published."""
        self.generation += 1

    def commit(self) -> None:
        """Make what was written durable; it stays invisible until its manifest is published."""
        if self._db.in_transaction:
            self._db.execute("COMMIT")

    def begin(self) -> None:
        """Begin a batch of writes that `commit` ends."""
        if not self._db.in_transaction:
            self._db.execute("BEGIN IMMEDIATE")

    def checkpoint(self) -> None:
        """Move all committed rows into the database file and force them to the disk."""
        self._db.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def forget_old(self) -> None:
        """Remove content that has not lived for `KEEP_GENERATIONS` generations."""
        limit = self.generation - KEEP_GENERATIONS
        if limit <= 0:
            return
        with self._transaction():
            for table in ("live", "skipped"):
                self._db.execute(f"DELETE FROM {table} WHERE died <= ?", (limit,))
            gone = [
                row[0]
                for row in self._db.execute(
                    "SELECT id FROM documents WHERE id NOT IN (SELECT document_id FROM live)"
                )
            ]
            self._remove_content(gone)

    def _remove_content(self, documents: Sequence[int]) -> None:
        """Remove documents with all that belongs to them."""
        for document in documents:
            self._db.execute("DELETE FROM documents WHERE id = ?", (document,))
            self._db.execute("DELETE FROM chunks WHERE id BETWEEN ? AND ?", chunk_range(document))
            self._db.execute("DELETE FROM definitions WHERE document_id = ?", (document,))
            self._db.execute("DELETE FROM occurrences WHERE document_id = ?", (document,))
            for table in ("pending", "truncated"):
                self._db.execute(
                    f"DELETE FROM {table} WHERE chunk_id BETWEEN ? AND ?", chunk_range(document)
                )

    def _add_occurrences(self, identity: int, file: ParsedFile) -> None:
        """Store the uses of names, packed by name."""
        self._learn_names(file.uses)
        ids = self._name_ids
        self._db.executemany(
            "INSERT OR REPLACE INTO occurrences VALUES (?, ?, ?)",
            [(ids[name], identity, packed) for name, packed in file.uses.items()],
        )

    def _learn_names(self, names: Collection[str]) -> None:
        """Give a number to each name that has none, and remember the numbers of all."""
        if len(self._name_ids) > _REMEMBERED_NAMES:
            self._name_ids.clear()
        unknown = [name for name in names if name not in self._name_ids]
        if not unknown:
            return
        wanted = (msgspec.json.encode(unknown).decode(),)
        self._db.execute(
            "INSERT OR IGNORE INTO names (name) SELECT value FROM json_each(?)", wanted
        )
        numbers = self._db.execute(
            "SELECT names.name, names.id FROM json_each(?) JOIN names ON names.name = value",
            wanted,
        )
        self._name_ids.update(numbers)

    def _id_of(self, path: str, blob: str, pipeline: str) -> tuple[int, bool]:
        """Give the id of a document, which no other content has, and whether it is stored."""
        salt = 0
        while True:
            identity = document_id(path, blob, pipeline, salt)
            row = self._db.execute(
                "SELECT path, blob, pipeline FROM documents WHERE id = ?", (identity,)
            ).fetchone()
            if row is None or row == (path, blob, pipeline):
                return identity, row is not None
            salt += 1

    def _transaction(self) -> "_Transaction":
        """Run a few statements as one transaction."""
        return _Transaction(self._db)


class _Transaction:
    """Begins a transaction, commits it at the end, and rolls it back on an error."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: object, *_: object) -> None:
        self._db.execute("COMMIT" if kind is None else "ROLLBACK")
