"""Vectors by text: what was embedded once is never embedded again."""

import hashlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from codeintel.store.schema import connect, corrupt

_BATCH = 10_000
_SCHEMA = """
CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID;
"""


class VectorCache:
    """Vectors in half precision, keyed by the embedder's fingerprint, `dim` and the text's hash.

    Half precision changes a cosine by less than 0.001. A file of its own, beside the catalog,
    because it is shared by all generations and may be deleted at any time.
    """

    def __init__(self, path: Path, fingerprint: str, dim: int) -> None:
        self._fingerprint = f"{fingerprint}\0{dim}".encode()
        self._dim = dim
        try:
            self._db = connect(path, schema=_SCHEMA)
            self._is_empty = self._has_none()
        except sqlite3.DatabaseError as error:
            raise corrupt(error, path.name) from error

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def get(self, texts: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Look up vectors.

        Returns
        -------
        vectors
            float32, shape ``(len(texts), dim)``; rows that are not known are zero.
        known
            Which rows are known, shape ``(len(texts),)``.
        """
        # Asked again while it is empty: another connection may have filled it, as a migration does.
        self._is_empty = self._is_empty and self._has_none()
        keys = [] if self._is_empty else [self._key(text) for text in texts]
        found: dict[bytes, bytes] = {}
        for start in range(0, len(keys), _BATCH):
            batch = keys[start : start + _BATCH]
            marks = ",".join("?" * len(batch))
            found.update(
                self._db.execute(f"SELECT key, vector FROM vectors WHERE key IN ({marks})", batch)
            )
        vectors = np.zeros((len(texts), self._dim), dtype=np.float32)
        known = np.zeros(len(texts), dtype=np.bool_)
        for row, key in enumerate(keys):
            if (data := found.get(key)) is not None:
                vectors[row] = np.frombuffer(data, dtype=np.float16)
                known[row] = True
        return vectors, known

    def put(self, texts: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Store vectors of shape ``(len(texts), dim)``."""
        self._is_empty = False
        half = vectors.astype(np.float16)
        rows = zip(map(self._key, texts), map(bytes, half), strict=True)
        self._db.execute("BEGIN IMMEDIATE")
        # Neighbours go to the same page of the table.
        self._db.executemany("INSERT OR IGNORE INTO vectors VALUES (?, ?)", sorted(rows))
        self._db.execute("COMMIT")

    def checkpoint(self) -> None:
        """Move what was stored into the database file, which closing would do otherwise."""
        self._db.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def clear(self) -> None:
        """Forget all vectors."""
        self._db.execute("DELETE FROM vectors")

    def _has_none(self) -> bool:
        return self._db.execute("SELECT 1 FROM vectors LIMIT 1").fetchone() is None

    def _key(self, text: str) -> bytes:
        """Hash the embedder and the text into 16 bytes."""
        data = text.encode("utf-8", "surrogatepass")
        return hashlib.sha256(self._fingerprint + b"\0" + data).digest()[:16]
