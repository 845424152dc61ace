"""Databases of the index are made, and opened again whatever was left of their making."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from codeintel.store.schema import connect

_SCHEMA = "CREATE TABLE IF NOT EXISTS words (word TEXT PRIMARY KEY);"


def _words(path: Path) -> list[str]:
    with closing(connect(path, schema=_SCHEMA)) as db:
        return [word for (word,) in db.execute("SELECT word FROM words")]


def test_rows_are_found_again_after_the_tables_were_made(tmp_path: Path) -> None:
    with closing(connect(tmp_path / "new.sqlite", schema=_SCHEMA)) as db:
        db.execute("INSERT INTO words VALUES ('kept')")
    assert _words(tmp_path / "new.sqlite") == ["kept"]


@pytest.mark.parametrize("left", ["an empty file", "no tables"])
def test_a_database_whose_maker_was_killed_gets_its_tables(tmp_path: Path, left: str) -> None:
    path = tmp_path / "half.sqlite"
    path.touch()
    if left == "no tables":
        with closing(sqlite3.connect(path)) as db:
            db.execute("PRAGMA journal_mode = WAL")
    assert _words(path) == []


def test_a_writer_waits_for_the_disk_once_the_tables_are_made(tmp_path: Path) -> None:
    for _ in range(2):
        with closing(connect(tmp_path / "new.sqlite", schema=_SCHEMA)) as db:
            assert db.execute("PRAGMA synchronous").fetchone() == (1,)  # NORMAL
            assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
