"""Reads the chunks and vectors of an older deployment, from DuckDB or Parquet."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from codeintel.errors import ConfigurationError, InputError

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS = 4_096
# What such catalogs call each column; the first name that is there counts.
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "chunk_id"),
    "path": ("path", "uri", "file_path", "file"),
    "content": ("content", "text", "code", "chunk_text"),
    "line": ("start_line", "line_start", "line"),
    "embedding": ("embedding", "vector", "embeddings"),
}
_EXTRA = "Install the extra: pip install 'codeintel[migrate]'."


class OldChunk(msgspec.Struct, frozen=True):
    """A chunk as the older deployment cut it.

    Attributes
    ----------
    path
        As it was recorded: relative to the repository, absolute, or a ``file://`` address.
    line
        About where it began, 0 where that is not known.
    """

    id: int
    path: str
    content: str
    line: int


class _Tables(Protocol):
    """A store of tables that can be read in Arrow batches."""

    def columns(self) -> dict[str, list[str]]:
        """Give the columns of each table."""
        ...

    def batches(self, table: str, columns: Sequence[str]) -> "Iterator[pa.RecordBatch]":
        """Read some columns of a table."""
        ...


class OldCatalog:
    """The catalog of an older deployment, opened for reading.

    Raises
    ------
    ConfigurationError
        It cannot be read, or no table of it has chunks with id, path and content.
    """

    def __init__(self, path: Path) -> None:
        self._tables = _open(path)
        tables = {
            name: {part: _known(names, columns) for part, names in _COLUMNS.items()}
            for name, columns in self._tables.columns().items()
        }
        self._chunks = _first(tables, ("id", "path", "content"))
        self._vectors = _first(tables, ("id", "embedding"))
        if self._chunks is None:
            listed = ", ".join(
                f"{name} ({', '.join(c)})" for name, c in self._tables.columns().items()
            )
            raise ConfigurationError(
                f"No table of '{path}' has chunks. Its tables: {listed or 'none'}.",
                cure=f"It needs columns for the id ({_or('id')}), the path ({_or('path')})"
                f" and the text ({_or('content')}).",
            )

    @property
    def has_vectors(self) -> bool:
        """Whether the catalog holds the vectors, too."""
        return self._vectors is not None

    def chunks(self) -> Iterator[OldChunk]:
        """Read all chunks; those without a text are left out.

        Raises
        ------
        InputError
            An id is no whole number.
        """
        assert self._chunks is not None
        table, names = self._chunks
        parts = [part for part in ("id", "path", "content", "line") if names[part]]
        for batch in self._tables.batches(table, [names[part] or "" for part in parts]):
            columns = {part: batch.column(i).to_pylist() for i, part in enumerate(parts)}
            lines = columns.get("line") or [0] * len(columns["id"])
            for number, path, content, line in zip(
                columns["id"], columns["path"], columns["content"], lines, strict=True
            ):
                if not isinstance(number, int):
                    raise InputError(f"The chunk id {number!r} is no whole number.")
                if path and content:
                    yield OldChunk(number, path, content, int(line or 0))

    def vectors(self) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """Read ids with their vectors, in batches; rows without a vector are left out.

        Raises
        ------
        InputError
            Vectors have different lengths.
        """
        if self._vectors is None:
            return
        table, names = self._vectors
        for batch in self._tables.batches(table, [names["id"] or "", names["embedding"] or ""]):
            batch = batch.filter(batch.column(1).is_valid())
            if not batch.num_rows:
                continue
            ids = np.asarray(batch.column(0).to_numpy(zero_copy_only=False), np.int64)
            values = batch.column(1).flatten().to_numpy(zero_copy_only=False)
            if len(values) % len(ids):
                raise InputError(f"The vectors in '{table}' have different lengths.")
            yield ids, np.asarray(values, np.float32).reshape(len(ids), -1)


class _Parquet:
    """One Parquet file, or all of a folder, as one table."""

    def __init__(self, path: Path) -> None:
        import pyarrow.dataset as dataset

        files = sorted(path.rglob("*.parquet")) if path.is_dir() else [path]
        self._name = path.name
        self._data: Any = dataset.dataset([str(file) for file in files], format="parquet")

    def columns(self) -> dict[str, list[str]]:
        """Give the columns of the one table."""
        return {self._name: list(self._data.schema.names)}

    def batches(self, table: str, columns: Sequence[str]) -> "Iterator[pa.RecordBatch]":
        """Read some columns."""
        yield from self._data.to_batches(columns=list(columns), batch_size=_ROWS)


class _DuckDB:
    """A DuckDB file; views are tables like others."""

    def __init__(self, path: Path) -> None:
        import duckdb

        self._db = duckdb.connect(str(path), read_only=True)

    def columns(self) -> dict[str, list[str]]:
        """Give the columns of each table and view."""
        found: dict[str, list[str]] = {}
        for table, column in self._db.execute(
            "SELECT table_schema || '.' || table_name, column_name"
            " FROM information_schema.columns ORDER BY 1, ordinal_position"
        ).fetchall():
            found.setdefault(table, []).append(column)
        return found

    def batches(self, table: str, columns: Sequence[str]) -> "Iterator[pa.RecordBatch]":
        """Read some columns of a table."""
        schema, _, name = table.partition(".")
        listed = ", ".join(map(_quoted, columns))
        query = f"SELECT {listed} FROM {_quoted(schema)}.{_quoted(name)}"  # noqa: S608
        reader: Any = self._db.sql(query).to_arrow_reader(_ROWS)
        yield from reader


def _open(path: Path) -> _Tables:
    """Open a catalog by what it is."""
    is_parquet = path.is_dir() or path.suffix == ".parquet"
    try:
        return _Parquet(path) if is_parquet else _DuckDB(path)
    except ImportError as error:
        raise ConfigurationError(
            f"Reading '{path}' needs the package '{error.name}'.", cure=_EXTRA
        ) from None
    except Exception as error:  # each library has a tree of its own
        raise ConfigurationError(
            f"The catalog '{path}' cannot be read: {error}",
            cure="Give a DuckDB file, a Parquet file, or a folder of Parquet files.",
        ) from error


def _known(names: Sequence[str], columns: Sequence[str]) -> str | None:
    """Give the column that has one of the names."""
    return next((name for name in names if name in columns), None)


def _first(
    tables: Mapping[str, Mapping[str, str | None]], parts: Sequence[str]
) -> tuple[str, Mapping[str, str | None]] | None:
    """Give the first table that has all of the parts."""
    return next(
        ((name, found) for name, found in tables.items() if all(found[part] for part in parts)),
        None,
    )


def _or(part: str) -> str:
    return " or ".join(_COLUMNS[part])


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
