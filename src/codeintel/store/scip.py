"""Keeps what imported SCIP files say, beside the index, with the content it was made for."""

import sqlite3
import zlib
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Self

from msgspec import Struct

from codeintel.store.files import storage_errors
from codeintel.store.schema import connect, corrupt

_FILE = "scip.sqlite"
_CURE = f"Remove '{_FILE}' from the index folder and import the SCIP file again."
_SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE,
    blob TEXT NOT NULL,
    text BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS symbols (
    id INTEGER PRIMARY KEY,
    symbol TEXT NOT NULL UNIQUE
);
CREATE TABLE IF NOT EXISTS places (
    symbol_id INTEGER NOT NULL,
    document_id INTEGER NOT NULL,
    packed BLOB NOT NULL,
    PRIMARY KEY (symbol_id, document_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS places_by_document ON places (document_id);
"""


class PrecisePlace(Struct, frozen=True):
    """A symbol's place; line and columns are 1-based, columns in characters, `end` exclusive."""

    line: int
    column: int
    end: int
    is_definition: bool


class PreciseFile(Struct, frozen=True):
    """A file that was imported, and the blob that its places belong to."""

    id: int
    path: str
    blob: str


class ScipStore:
    """The imported places of one repository; for one thread."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    @classmethod
    @contextmanager
    def opened(cls, folder: Path) -> Iterator[Self | None]:
        """Open what was imported into an index folder, for reading; None where nothing was.

        Raises
        ------
        IndexCorruptError
            The database cannot be read.
        """
        path = folder / _FILE
        if not path.exists():
            yield None
            return
        try:
            with closing(connect(path, read_only=True)) as db:
                yield cls(db)
        except sqlite3.DatabaseError as error:
            raise corrupt(error, _FILE, _CURE) from error

    @classmethod
    @contextmanager
    def writing(cls, folder: Path) -> Iterator[Self]:
        """Open an index folder's store to write; all is written, or after an error nothing."""
        with storage_errors(f"'{folder / _FILE}'"):
            try:
                with closing(connect(folder / _FILE, schema=_SCHEMA)) as db:
                    db.execute("BEGIN IMMEDIATE")
                    yield cls(db)
                    db.execute("COMMIT")  # closing without it undoes all
            except sqlite3.DatabaseError as error:
                raise corrupt(error, _FILE, _CURE) from error

    def replace(
        self, path: str, blob: str, text: str, places: Iterable[tuple[str, PrecisePlace]]
    ) -> None:
        """Store the places of a file in place of those it had.

        Parameters
        ----------
        text
            The content that the places belong to, from which lines are carried over later.
        """
        document = self.file(path)
        if document:
            self._db.execute("DELETE FROM places WHERE document_id = ?", (document.id,))
            self._db.execute("DELETE FROM documents WHERE id = ?", (document.id,))
        cursor = self._db.execute(
            "INSERT INTO documents (path, blob, text) VALUES (?, ?, ?)",
            (path, blob, zlib.compress(text.encode())),
        )
        packed: dict[str, array[int]] = defaultdict(lambda: array("I"))
        for symbol, place in places:
            packed[symbol].extend((place.line, place.column, place.end, place.is_definition))
        self._db.executemany(
            "INSERT OR IGNORE INTO symbols (symbol) VALUES (?)", ((symbol,) for symbol in packed)
        )
        self._db.executemany(
            "INSERT INTO places SELECT id, ?, ? FROM symbols WHERE symbol = ?",
            ((cursor.lastrowid, data.tobytes(), symbol) for symbol, data in packed.items()),
        )

    def file(self, path: str) -> PreciseFile | None:
        """Give an imported file."""
        row = self._db.execute(
            "SELECT id, path, blob FROM documents WHERE path = ?", (path,)
        ).fetchone()
        return PreciseFile(*row) if row else None

    def text_of(self, file: PreciseFile) -> str:
        """Give the content that a file's places belong to."""
        row = self._db.execute("SELECT text FROM documents WHERE id = ?", (file.id,)).fetchone()
        return zlib.decompress(row[0]).decode()

    def symbols_at(self, file: PreciseFile, line: int, column: int) -> list[int]:
        """Give the symbols at a place of a file, those of the shortest span."""
        found: dict[int, int] = {}
        for symbol, packed in self._db.execute(
            "SELECT symbol_id, packed FROM places WHERE document_id = ?", (file.id,)
        ):
            for place in _unpacked(packed):
                if place.line == line and place.column <= column < place.end:
                    found[symbol] = min(found.get(symbol, 1 << 32), place.end - place.column)
        return [symbol for symbol, size in found.items() if size == min(found.values())]

    def places_of(self, symbol: int) -> list[tuple[PreciseFile, list[PrecisePlace]]]:
        """Give all places of a symbol, by file in path order."""
        rows = self._db.execute(
            "SELECT id, path, blob, packed FROM places JOIN documents ON id = document_id"
            " WHERE symbol_id = ? ORDER BY path",
            (symbol,),
        )
        return [(PreciseFile(*row[:3]), _unpacked(row[3])) for row in rows]


def _unpacked(data: bytes) -> list[PrecisePlace]:
    """Give packed places in order."""
    numbers = array("I")
    numbers.frombytes(data)
    groups = zip(*[iter(numbers)] * 4, strict=True)
    return sorted(
        (PrecisePlace(line, column, end, bool(role)) for line, column, end, role in groups),
        key=lambda place: (place.line, place.column),
    )
