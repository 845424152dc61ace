"""The file that holds the history index and the blame cache: SQLite, beside the search index.

There is one file for each state of what decides the shape of history (`shadow.View.key`), so an
index never answers for a history that was deepened, grafted or replaced since. A build is one
transaction: a reader sees the state before or after it.
"""

import json
import sqlite3
import threading
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codeintel.errors import IndexCorruptError, StorageError
from codeintel.git.history_graph import Graph
from codeintel.git.history_path import TOUCH, PathHistory
from codeintel.git.records import Commit, iso_date

SCHEMA_VERSION = 2

_MANY = 500  # values of one query

# Reading never waits for a writer. A reader that has a blame to keep does not wait long for one.
_WRITER_WAITS_S = 60.0
_READER_WAITS_S = 0.05

_REBUILD = "Remove the folder 'git' of the index; it is built again."

_SCHEMA = """
CREATE TABLE state(name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE commits(
    id INTEGER PRIMARY KEY, sha BLOB NOT NULL UNIQUE,
    person INTEGER NOT NULL, authored_s INTEGER NOT NULL, zone TEXT NOT NULL, message TEXT NOT NULL
);
CREATE TABLE people(
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL,
    mapped_name TEXT NOT NULL, mapped_email TEXT NOT NULL, UNIQUE(name, email)
);
CREATE TABLE paths(id INTEGER PRIMARY KEY, path BLOB NOT NULL UNIQUE);
CREATE TABLE touches(
    path INTEGER, part INTEGER, data BLOB NOT NULL, PRIMARY KEY(path, part)
) WITHOUT ROWID;
CREATE TABLE renames(
    path INTEGER, tip INTEGER, source INTEGER NOT NULL, PRIMARY KEY(path, tip)
) WITHOUT ROWID;
CREATE TABLE blames(path INTEGER, tip INTEGER, data BLOB NOT NULL, PRIMARY KEY(path, tip))
    WITHOUT ROWID;
"""


def history_file(folder: Path, key: str) -> Path:
    """Name the file for a state of history."""
    return folder / f"history-{SCHEMA_VERSION}-{key}.sqlite"


class HistoryStore:
    """An open file; thread-safe, one question at a time.

    Raises
    ------
    FileNotFoundError
        It was never built.
    """

    def __init__(self, path: Path, *, create: bool = False) -> None:
        if create:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise StorageError(
                    f"The folder of the history index cannot be made: {error.strerror}.",
                    cure="Choose another index folder.",
                ) from error
        elif not path.exists():
            raise FileNotFoundError(path)
        self.file = path
        self._lock = threading.RLock()
        self._generation = -1
        self.graph = Graph.empty()
        self.heads: list[str] = []
        self.mailmap = ""
        with _sqlite_errors():
            self.connection = sqlite3.connect(
                path,
                timeout=_WRITER_WAITS_S if create else _READER_WAITS_S,
                isolation_level=None,
                check_same_thread=False,
            )
            # What a crash of the machine loses is built again.
            self.connection.execute("PRAGMA synchronous=NORMAL")
            if create:
                self._create()
            elif not self._exists():
                self.connection.close()
                raise FileNotFoundError(path)
        self.histories = lru_cache(maxsize=256)(self._load_history)

    def _create(self) -> None:
        self.connection.execute("PRAGMA journal_mode=WAL")
        with self.transaction():
            if not self._exists():
                for statement in _SCHEMA.split(";"):
                    self.connection.execute(statement)

    def _exists(self) -> bool:
        """Tell whether the tables were made; another process may just be doing it."""
        return bool(self.connection.execute("SELECT 1 FROM sqlite_master").fetchone())

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Write all or nothing, with no other writer in between."""
        with self._lock, _sqlite_errors():
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self.connection.execute("ROLLBACK")
                raise
            self.connection.execute("COMMIT")

    @contextmanager
    def reading(self) -> Iterator[None]:
        """See one state of the file throughout, the newest."""
        with self._lock, _sqlite_errors():
            self.connection.execute("BEGIN")
            try:
                self.refresh()
                yield
            finally:
                self.connection.execute("COMMIT")

    def refresh(self) -> None:
        """Load the graph where another state was written since."""
        generation = self._state("generation") or 0
        if generation != self._generation:
            graph = self._state("graph")
            self.graph = Graph.from_bytes(graph) if graph else Graph.empty()
            self.heads = json.loads(self._state("heads") or "[]")
            self.mailmap = self._state("mailmap") or ""
            self.histories.cache_clear()
            self._generation = generation

    @property
    def generation(self) -> int:
        """Number of the state that was loaded last."""
        return self._generation

    def write_state(self, graph: Graph, heads: list[str], mailmap: str) -> None:
        """Write what `refresh` reads."""
        values = {
            "graph": graph.to_bytes(),
            "heads": json.dumps(heads),
            "mailmap": mailmap,
            "generation": (self._state("generation") or 0) + 1,
        }
        self.connection.executemany("REPLACE INTO state VALUES(?, ?)", values.items())

    def commit_number(self, sha: str) -> int | None:
        """Give the number of a commit; None where it is not indexed."""
        row = self._row("SELECT id FROM commits WHERE sha=?", bytes.fromhex(sha))
        return row[0] if row else None

    def path_number(self, path: str) -> int | None:
        """Give the number of a path; None where no indexed commit has it."""
        name = path.encode("utf-8", "surrogateescape")
        row = self._row("SELECT id FROM paths WHERE path=?", name)
        return row[0] if row else None

    def known_commit(self, sha: str) -> int:
        """Give the number of a commit that must be indexed.

        Raises
        ------
        IndexCorruptError
            It is not.
        """
        number = self.commit_number(sha)
        if number is None:
            raise IndexCorruptError(f"The history index lacks the commit {sha}.", cure=_REBUILD)
        return number

    def known_path(self, path: str) -> int:
        """Give the number of a path that must be indexed.

        Raises
        ------
        IndexCorruptError
            It is not.
        """
        number = self.path_number(path)
        if number is None:
            raise IndexCorruptError(f"The history index lacks the path '{path}'.", cure=_REBUILD)
        return number

    def has_below(self, path: str) -> bool:
        """Tell whether some indexed commit has the path as a folder."""
        name = path.encode("utf-8", "surrogateescape")
        return (
            self._row(
                "SELECT 1 FROM paths WHERE path > ? AND path < ? LIMIT 1", name + b"/", name + b"0"
            )
            is not None
        )

    def commits(self, numbers: Sequence[int]) -> list[Commit]:
        """Give the facts of commits, in the order of their numbers in the argument."""
        found: dict[int, Commit] = {}
        for number, sha, authored_s, zone, message, name, email in self._rows(
            "SELECT commits.id, sha, authored_s, zone, message, mapped_name, mapped_email"
            " FROM commits JOIN people ON people.id = person WHERE commits.id IN",
            numbers,
        ):
            found[number] = Commit(
                sha.hex(),
                name,
                email,
                iso_date(authored_s, zone),
                message or f"({sha.hex()})",
                not self.graph.parents(number),
                int(self.graph.committed_s[number]),
            )
        return [found[number] for number in numbers]

    def shas(self, numbers: Iterable[int]) -> dict[int, str]:
        """Give the shas of commits, by their numbers."""
        rows = self._rows("SELECT id, sha FROM commits WHERE id IN", list(numbers))
        return {number: sha.hex() for number, sha in rows}

    def paths(self, numbers: Iterable[int]) -> dict[int, str]:
        """Give paths, by their numbers."""
        rows = self._rows("SELECT id, path FROM paths WHERE id IN", list(numbers))
        return {number: path.decode("utf-8", "surrogateescape") for number, path in rows}

    def renamed_from(self, path: int, commit: int) -> int | None:
        """Give the path that a commit renamed to this one as it was; None where only git knows."""
        row = self._row("SELECT source FROM renames WHERE path=? AND tip=?", path, commit)
        return row[0] if row else None

    def cached_blame(self, path: int, tip: int) -> NDArray[np.int32] | None:
        """Give what `cache_blame` stored."""
        row = self._row("SELECT data FROM blames WHERE path=? AND tip=?", path, tip)
        return np.frombuffer(zlib.decompress(row[0]), np.int32).reshape(-1, 7) if row else None

    def cached_tips(self, path: int) -> frozenset[int]:
        """Give the commits at which a path has a cached blame."""
        with self._lock, _sqlite_errors():
            rows = self.connection.execute("SELECT tip FROM blames WHERE path=?", (path,))
            return frozenset(row[0] for row in rows)

    def cache_blame(self, path: int, tip: int, runs: NDArray[np.int32]) -> None:
        """Store the whole-file blame of a path as the commit `tip` made it."""
        data = zlib.compress(runs.astype(np.int32).tobytes(), 1)
        with self._lock, _sqlite_errors():
            self.connection.execute("REPLACE INTO blames VALUES(?, ?, ?)", (path, tip, data))

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self.connection.close()

    def _load_history(self, path: int) -> PathHistory:
        with self._lock, _sqlite_errors():
            rows = self.connection.execute(
                "SELECT data FROM touches WHERE path=? ORDER BY part", (path,)
            )
            data = b"".join(row[0] for row in rows)
        return PathHistory(self.graph, np.frombuffer(data, TOUCH))

    def _state(self, name: str) -> Any:
        row = self._row("SELECT value FROM state WHERE name=?", name)
        return row[0] if row else None

    def _rows(self, query: str, numbers: Sequence[int]) -> Iterator[Any]:
        """Select the rows of some numbers; SQLite takes a limited number at a time."""
        for start in range(0, len(numbers), _MANY):
            some = numbers[start : start + _MANY]
            marks = ",".join("?" * len(some))
            with self._lock, _sqlite_errors():
                yield from self.connection.execute(f"{query} ({marks})", some).fetchall()

    def _row(self, query: str, *values: object) -> Any:
        with self._lock, _sqlite_errors():
            return self.connection.execute(query, values).fetchone()


@contextmanager
def _sqlite_errors() -> Iterator[None]:
    """Translate SQLite's errors."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise StorageError(
            f"The history index cannot be used: {error}.",
            cure="Check the disk and its permissions.",
        ) from error
    except (sqlite3.DatabaseError, zlib.error, ValueError) as error:
        raise IndexCorruptError(
            f"The history index is broken: {error}.",
            cure=_REBUILD,
        ) from error
