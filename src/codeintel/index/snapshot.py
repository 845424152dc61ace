"""One generation, opened for reading, and the way to the newest one."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property, lru_cache, partial
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from codeintel.effort import kept_for_all
from codeintel.errors import IndexCorruptError, IndexMissingError
from codeintel.index.faiss_manager import FAISSManager
from codeintel.index.lexical import LexicalIndex
from codeintel.index.trigram import TrigramIndex
from codeintel.store.catalog import Catalog
from codeintel.store.generations import GenerationStore, Manifest
from codeintel.store.identity import chunk_id

# Enough for a median within a few percent, small enough to cost 15 µs.
_SAMPLE_CHUNKS = 256
# Documents whose line starts are kept: 4 bytes a line, so some 2 MB.
_KEPT_DOCUMENTS = 1_024
_LINE_END = ord("\n")
_OPEN_TRIES = 5
T = TypeVar("T")


class Snapshot:
    """The parts of one published generation; immutable, safe to share between threads.

    Parameters
    ----------
    inherited
        What was `derived` in an older generation.
    """

    def __init__(
        self, store: GenerationStore, manifest: Manifest, inherited: dict[str, Any] | None = None
    ) -> None:
        folder = store.folder(manifest.generation)
        store.verify(manifest)
        self.manifest = manifest
        self._made: dict[str, Any] = {}
        self._making: dict[str, threading.Lock] = {}
        self._inherited = dict(inherited or {})
        self._derived: dict[str, Any] = {}
        self.lexical = LexicalIndex(folder / "lexical")
        self.trigrams = TrigramIndex.open(folder / "trigrams")
        self.vectors = FAISSManager.open(folder / "vectors")
        self.catalog = Catalog(store.root / "catalog.sqlite", manifest.generation)
        self._line_bounds = lru_cache(_KEPT_DOCUMENTS)(partial(_line_bounds, self.trigrams))

    def cached(self, name: str, make: Callable[[], T]) -> T:
        """Give what a layer above made of this generation, made once, on first use."""
        if name not in self._made:
            with self._making.setdefault(name, threading.Lock()):
                if name not in self._made:
                    with kept_for_all():
                        self._made[name] = make()
        made: T = self._made[name]
        return made

    def derived(self, name: str, make: Callable[[T | None], T]) -> T:
        """Give what `cached` does, made from its like of an older generation where there is one."""
        made = self.cached(name, lambda: make(self._inherited.pop(name, None)))
        self._derived[name] = made
        return made

    def heirlooms(self) -> dict[str, Any]:
        """Give what the next generation may make its own from."""
        return {**self._inherited, **self._derived}

    def close(self) -> None:
        """Close the databases; mapped files go with the last reference."""
        self.catalog.close()

    @cached_property
    def vector_ids(self) -> NDArray[np.int64]:
        """Ids of all chunks that have vectors, ascending."""
        return self.vectors.ids

    @cached_property
    def sample(self) -> NDArray[np.float32]:
        """Vectors of some chunks, the first ones of documents drawn at random (always the same)."""
        documents = np.fromiter(self.catalog.by_id, dtype=np.int64)
        if len(documents) > _SAMPLE_CHUNKS:
            documents = np.random.default_rng(0).choice(documents, _SAMPLE_CHUNKS, replace=False)
        return self.vectors.vectors_of([chunk_id(document, 0) for document in documents.tolist()])

    @cached_property
    def capitalized(self) -> dict[str, list[str]]:
        """The defined names that have letters in upper case, by their form in lower case."""
        names: dict[str, list[str]] = {}
        for name in self.catalog.names():
            lower = name.lower()
            if lower != name:
                names.setdefault(lower, []).append(name)
        return names

    def text_of(self, document_id: int) -> str:
        """Give the text of a document as it was indexed."""
        data = self.trigrams.text(document_id)
        if data is None:
            raise _missing(document_id)
        return data.decode("utf-8")

    def lines_of(self, document_id: int, start_line: int, end_line: int) -> str:
        """Give a run of lines of a document as it was indexed, without the last line's end."""
        bounds = self._line_bounds(document_id)
        last = min(end_line, len(bounds) - 1)
        start, end = int(bounds[start_line - 1]), int(bounds[last]) - 1
        return self.trigrams.part(document_id, start, end).decode("utf-8")


def _line_bounds(trigrams: TrigramIndex, document_id: int) -> NDArray[np.int32]:
    """Give where each line of a document starts, in bytes, and where one more would."""
    data = trigrams.text(document_id)
    if data is None:
        raise _missing(document_id)
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == _LINE_END)
    bounds = np.zeros(len(ends) + 2, np.int32)
    bounds[1:-1] = ends + 1
    bounds[-1] = len(data) + 1
    return bounds


def _missing(document_id: int) -> IndexCorruptError:
    return IndexCorruptError(
        f"The text index does not have document {document_id}.",
        cure="Run `codeintel index --full` to write it anew.",
    )


class LiveIndex:
    """The newest generation of an index folder; a reader keeps the one that it began with."""

    def __init__(self, store: GenerationStore) -> None:
        self.store = store
        self._lock = threading.Lock()
        self._current: Snapshot | None = None
        self._readers: dict[Snapshot, int] = {}
        self._seen: tuple[int, int] | None = None

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """Hold the newest generation to the end of a question.

        Raises
        ------
        IndexMissingError
            Nothing was published yet.
        IndexCorruptError
            The newest generation is broken.
        """
        snapshot = self._acquire()
        try:
            yield snapshot
        finally:
            self._release(snapshot)

    def close(self) -> None:
        """Close the current generation as soon as its last reader has finished."""
        with self._lock:
            self._retire_current()

    def stamp(self) -> tuple[int, int] | None:
        """Tell one published generation from the next, without reading it."""
        try:
            stat = self.store.manifest_path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        return stat.st_ino, stat.st_mtime_ns

    def _acquire(self) -> Snapshot:
        """Give the newest snapshot, opened where a new one was published."""
        with self._lock:
            seen = self.stamp()
            if self._current is None or seen != self._seen:
                snapshot = self._open()
                self._retire_current()
                self._current, self._seen = snapshot, seen
                self._readers[snapshot] = 0
            self._readers[self._current] += 1
            return self._current

    def _release(self, snapshot: Snapshot) -> None:
        """Let a reader go; the last one of an old snapshot closes it."""
        with self._lock:
            self._readers[snapshot] -= 1
            if snapshot is not self._current and not self._readers[snapshot]:
                del self._readers[snapshot]
                snapshot.close()

    def _retire_current(self) -> None:
        """Give up the current snapshot."""
        snapshot, self._current = self._current, None
        if snapshot is not None and not self._readers[snapshot]:
            del self._readers[snapshot]
            snapshot.close()

    def _open(self) -> Snapshot:
        """Open the newest generation; while writers publish, it may be gone before it is open."""
        inherited = self._current.heirlooms() if self._current else None
        for attempt in range(_OPEN_TRIES):
            manifest = self.store.manifest()
            if manifest is None:
                raise IndexMissingError(
                    "There is no index yet.", cure="Run `codeintel index` in the repository."
                )
            try:
                return Snapshot(self.store, manifest, inherited)
            except IndexCorruptError:
                newest = self.store.manifest()
                replaced = newest is not None and newest.generation != manifest.generation
                if not replaced or attempt == _OPEN_TRIES - 1:
                    raise
        raise AssertionError("unreachable")
