"""Indexes a repository: lists its files, prepares the changed ones, publishes a generation.

A first index is published in slices, so that what is ready can be searched while the rest is
being done. Any later run publishes once: the old generation stays complete until then. Either way
a killed run costs no more than what was not yet stored, and no vector twice.
"""

import math
import time
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field

from codeintel.embedding.base import Embedder
from codeintel.errors import (
    EmbeddingMismatchError,
    EmbeddingUnavailableError,
    PathNotFoundError,
    RepositoryError,
)
from codeintel.git.files import Source, SourceFile, blob_id
from codeintel.index.vector_plan import VectorOptions
from codeintel.indexer.mend import open_cache, open_mended
from codeintel.indexer.parsers import Parsers
from codeintel.indexer.plan import Plan, make_plan
from codeintel.indexer.prepare import Prepared, Task
from codeintel.indexer.progress import Progress, ProgressCallback
from codeintel.indexer.tally import Tally
from codeintel.indexer.vectors import VectorStage
from codeintel.indexer.writer import GenerationWriter
from codeintel.lang import PIPELINE
from codeintel.store.catalog import Document
from codeintel.store.catalog_writer import CatalogWriter
from codeintel.store.generations import EmbedderRecord, GenerationStore, Manifest
from codeintel.types import IndexReport, SkippedFile, SkipReason

_FIRST_SLICE_S = 2.0
_SLICES_GROW = 4.0
# Content is committed this often while a generation is written, so that a killed run resumes.
_COMMIT_S = 2.0
_TELL_S = 0.1


@dataclass(frozen=True, slots=True)
class IndexOptions:
    """How to index.

    Attributes
    ----------
    n_workers
        Parser processes, beside the main one.
    vectors
        How vectors are indexed.
    """

    n_workers: int = 2
    vectors: VectorOptions = field(default_factory=VectorOptions)


def index_repository(
    store: GenerationStore,
    source: Source,
    embedder: Embedder,
    options: IndexOptions,
    *,
    full: bool = False,
    parsers: Parsers | None = None,
    progress: ProgressCallback | None = None,
) -> IndexReport:
    """Bring the index of a repository up to date.

    Parameters
    ----------
    full
        Do everything anew, also what seems current. Vectors come from the cache.
    parsers
        What cuts files into chunks in place of our own rules; closed at the end.

    Raises
    ------
    IndexLockedError
        Another process is indexing.
    EmbeddingMismatchError
        The embedding server answers with another model or dimension than before.
    StorageError
        The disk is full or read-only; the old index is as it was.
    """
    with store.lock(), ExitStack() as stack:
        manifest, catalog, notes = open_mended(store, options.vectors)
        stack.callback(catalog.close)
        record = _embedder_record(embedder, manifest, full=full)
        outdated = manifest is not None and (
            manifest.pipeline != PIPELINE or manifest.embedder != record
        )
        cache, cache_notes = open_cache(store, record)
        stack.callback(cache.close)
        stage = VectorStage(embedder, cache, record.dim)
        stack.callback(stage.close)
        if full:
            stage.forget_other_model()
        run = _Run(
            store=store,
            source=source,
            catalog=catalog,
            stage=stage,
            parsers=stack.enter_context(parsers or Parsers(options.n_workers)),
            embedder=record,
            options=options,
            tell=progress or (lambda _: None),
            tally=Tally(notes=notes + cache_notes),
        )
        return run.execute(manifest, fresh=manifest is None or full or outdated)


@dataclass(slots=True)
class _Run:
    """One run of the indexer, under the lock."""

    store: GenerationStore
    source: Source
    catalog: CatalogWriter
    stage: VectorStage
    parsers: Parsers
    embedder: EmbedderRecord
    options: IndexOptions
    tell: ProgressCallback
    tally: Tally = field(default_factory=Tally)
    remaining: deque[SourceFile] = field(default_factory=deque)
    n_total: int = 0
    n_done: int = 0
    n_searchable: int = 0

    def execute(self, manifest: Manifest | None, *, fresh: bool) -> IndexReport:
        """List the files, plan, and publish as many generations as it takes."""
        self.tell(Progress("list", 0, 0))
        with self.tally.timed("list"):
            listing = self.source.list_files()
            live = self.catalog.live_documents()
            again = None if fresh else frozenset(self.catalog.pending_paths())
            plan = make_plan(listing, live, self.catalog.skipped_files(), again)
        if manifest is not None and plan.empty and not fresh:
            if manifest.commit != self.source.commit:
                manifest = self.store.note_commit(manifest, self.source.commit)
            return self._report(manifest, changed=False)
        self.tally.files_removed = len(plan.gone)
        self.remaining = deque(plan.changed)
        self.n_total = len(plan.changed)
        sliced = manifest is None or bool(manifest.counts.get("files_remaining"))
        slice_s = _FIRST_SLICE_S if sliced else float("inf")
        while True:
            manifest = self._write_generation(plan, live, fresh=fresh, slice_s=slice_s)
            if not self.remaining:
                self.catalog.forget_old()
                return self._report(manifest, changed=True)
            self.n_searchable = manifest.counts["files"]
            plan, fresh, slice_s = Plan((), (), (), ()), False, _SLICES_GROW * slice_s
            self.catalog.next_generation()

    def _write_generation(
        self, plan: Plan, live: dict[str, Document], *, fresh: bool, slice_s: float
    ) -> Manifest:
        """Do as many files as fit into a time, and publish them."""
        writer = GenerationWriter(
            self.store, self.catalog, self.stage, self.embedder, self.options.vectors, fresh=fresh
        )
        with closing(writer):
            writer.drop(plan)
            with self.tally.timed("files"):
                tasks = self._tasks(writer, live, time.monotonic() + slice_s)
                self._take_all(writer, self.parsers.prepare(tasks), live)
            self._tell_files("publish")
            manifest = writer.publish(
                self.source.name,
                self.source.commit,
                self.tally,
                n_remaining=len(self.remaining),
                merge=math.isfinite(slice_s) or not self.options.vectors.secondary,
            )
        self.store.collect()
        return manifest

    def _tasks(
        self, writer: GenerationWriter, live: dict[str, Document], deadline: float
    ) -> Iterator[Task]:
        """Read files until the deadline."""
        while self.remaining and time.monotonic() < deadline:
            file = self.remaining.popleft()
            task = self._task(writer, file, live.get(file.path))
            if task is None:
                self.n_done += 1
            else:
                yield task

    def _task(
        self, writer: GenerationWriter, file: SourceFile, known: Document | None
    ) -> Task | None:
        """Read a file; None where nothing more is to be done with it."""
        try:
            data = self.source.read(file)
        except PathNotFoundError:
            return None  # removed since it was listed: the next run finds it gone
        except RepositoryError as error:
            skipped = SkippedFile(file.path, SkipReason.UNREADABLE, error.message)
            writer.skip(skipped, file.stamp, known)
            return None
        blob = file.blob or blob_id(data)
        if writer.keep(file, blob, known):
            return None
        writer.expect(file, blob, len(data))
        return Task(file.path, data)

    def _take_all(
        self, writer: GenerationWriter, prepared: Iterator[Prepared], live: dict[str, Document]
    ) -> None:
        """Store files as they come from the parsers."""
        told = committed = time.monotonic()
        self._tell_files("index")
        for item in prepared:
            writer.take(item, live.get(item.path), self.tally)
            self.n_done += 1
            now = time.monotonic()
            if now - told > _TELL_S:
                told = now
                self._tell_files("index")
            if now - committed > _COMMIT_S:
                committed = now
                self.catalog.commit()
                self.catalog.begin()

    def _tell_files(self, stage: str) -> None:
        """Tell how many files are done."""
        self.tell(Progress(stage, self.n_done, self.n_total, self.n_searchable))

    def _report(self, manifest: Manifest, *, changed: bool) -> IndexReport:
        """Sum up the run."""
        self.tally.worker_bytes = self.parsers.peak_memory_bytes
        skipped = self.catalog.count_skipped()
        return self.tally.report(
            self.source.name, manifest, skipped, self.store.size_bytes(), changed=changed
        )


def _embedder_record(
    embedder: Embedder, manifest: Manifest | None, *, full: bool
) -> EmbedderRecord:
    """Describe the embedder; one that does not answer keeps the dimension that the index knows.

    Dimension 0 stands for an embedder that has not answered since the index was begun.
    """
    same = manifest is not None and manifest.embedder.fingerprint == embedder.fingerprint
    known_dim = manifest.embedder.dim if manifest is not None and same else 0
    try:
        dim = embedder.dim
    except EmbeddingUnavailableError:
        dim = known_dim
    if known_dim not in (0, dim) and not full:
        raise EmbeddingMismatchError(
            f"The embedder '{embedder.name}' gives vectors of {dim} numbers;"
            f" those of the index have {known_dim}.",
            cure="Run `codeintel index --full` to index with the new model.",
        )
    return EmbedderRecord(embedder.name, dim, embedder.fingerprint)
