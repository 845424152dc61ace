"""The tables of the catalog.

Content (documents, chunks, definitions, occurrences) never changes once written: it belongs to a
path with a blob. What changes is which content lives: rows of `live` and `skipped` carry the
generation that they were born in and the one they died in, so that a reader of one generation is
not disturbed by the writer of the next.
"""

import sqlite3
from pathlib import Path

from codeintel.effort import checkpoint, is_unwanted
from codeintel.errors import IndexCorruptError

SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL,
    blob TEXT NOT NULL,
    pipeline TEXT NOT NULL,
    language TEXT NOT NULL,
    encoding TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    n_lines INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS live (
    document_id INTEGER NOT NULL,
    stamp TEXT NOT NULL,
    born INTEGER NOT NULL,
    died INTEGER,
    PRIMARY KEY (document_id, born)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS skipped (
    path TEXT NOT NULL,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL,
    stamp TEXT NOT NULL,
    born INTEGER NOT NULL,
    died INTEGER,
    PRIMARY KEY (path, born)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS chunks (
    id INTEGER PRIMARY KEY,
    start_line INTEGER NOT NULL,
    end_line INTEGER NOT NULL,
    symbol TEXT NOT NULL,
    container TEXT NOT NULL,
    kind TEXT
);
CREATE TABLE IF NOT EXISTS definitions (
    id INTEGER PRIMARY KEY,
    document_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    start_line INTEGER NOT NULL,
    end_line INTEGER NOT NULL,
    name_line INTEGER NOT NULL,
    name_column INTEGER NOT NULL,
    container TEXT NOT NULL,
    signature TEXT NOT NULL,
    doc TEXT NOT NULL,
    public INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS definitions_by_name ON definitions (name);
CREATE INDEX IF NOT EXISTS definitions_by_document ON definitions (document_id);
CREATE TABLE IF NOT EXISTS names (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);
CREATE TABLE IF NOT EXISTS occurrences (
    name_id INTEGER NOT NULL,
    document_id INTEGER NOT NULL,
    positions BLOB NOT NULL,
    PRIMARY KEY (name_id, document_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pending (
    chunk_id INTEGER PRIMARY KEY,
    reason TEXT NOT NULL,
    final INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS truncated (
    chunk_id INTEGER PRIMARY KEY,
    n_tokens INTEGER NOT NULL
);
"""

# At most 2 ms; looking costs less than can be measured.
_STEPS_BETWEEN_LOOKS = 10_000

# The rows of one generation; both tables have the same two columns.
ALIVE = "born <= :generation AND (died IS NULL OR died > :generation)"


def connect(path: Path, *, schema: str = "", read_only: bool = False) -> sqlite3.Connection:
    """Open a database of the index; a reader never blocks the writer, nor is blocked by it.

    Parameters
    ----------
    schema
        Statements that make the tables where they are not there; for a writer.
    """
    if read_only:
        connection = sqlite3.connect(
            f"file:{path.absolute().as_posix().replace('?', '%3f').replace('#', '%23')}?mode=ro",
            uri=True,
            check_same_thread=False,
            isolation_level=None,
        )
        connection.execute("PRAGMA query_only = ON")
        # A statement ends, as interrupted, once nobody waits for its rows.
        connection.set_progress_handler(is_unwanted, _STEPS_BETWEEN_LOOKS)
    else:
        is_new = not path.exists()
        connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        if is_new:  # nothing would be lost yet: that it is on the disk is not waited for
            connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(f"BEGIN; {schema} COMMIT;")
        # A crash of the machine may lose the last transactions but never breaks the file; what
        # a manifest names is made durable by a checkpoint before the manifest is written.
        connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA busy_timeout = 10000")
    connection.execute("PRAGMA mmap_size = 1073741824")
    return connection


def corrupt(
    error: sqlite3.DatabaseError,
    name: str = "catalog.sqlite",
    cure: str = "Run `codeintel index --full` to write it anew.",
) -> IndexCorruptError:
    """Say that a database of the index cannot be read.

    Raises
    ------
    DeadlineExceededError
        It can: the statement was ended because nobody waits for its rows.
    """
    if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:
        checkpoint()
    return IndexCorruptError(f"The index file '{name}' cannot be read: {error}.", cure=cure)
