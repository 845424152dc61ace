"""Writes one generation: every part of it gets the same changes, then all are published at once."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import msgspec
import numpy as np

from codeintel.git.files import SourceFile
from codeintel.index.faiss_manager import FAISSManager
from codeintel.index.lexical import LexicalChunk, LexicalWriter
from codeintel.index.trigram_writer import TrigramWriter
from codeintel.index.vector_plan import VectorOptions
from codeintel.indexer.plan import Plan
from codeintel.indexer.prepare import Prepared
from codeintel.indexer.tally import Tally
from codeintel.indexer.vectors import ChunkVectors, VectorStage
from codeintel.lang import PIPELINE
from codeintel.store.catalog import Document
from codeintel.store.catalog_writer import CatalogWriter
from codeintel.store.generations import Draft, EmbedderRecord, GenerationStore, Manifest
from codeintel.types import SkippedFile


class Arrival(msgspec.Struct, frozen=True):
    """A file on its way through the parsers."""

    file: SourceFile
    blob: str
    size_bytes: int


class GenerationWriter:
    """The parts of the next generation, being written.

    Parameters
    ----------
    options
        How vectors are indexed.
    fresh
        Begin with empty parts instead of those of the current generation.
    """

    def __init__(
        self,
        store: GenerationStore,
        catalog: CatalogWriter,
        stage: VectorStage,
        embedder: EmbedderRecord,
        options: VectorOptions,
        *,
        fresh: bool,
    ) -> None:
        self._store = store
        self._catalog = catalog
        self._stage = stage
        self._embedder = embedder
        self._draft: Draft = store.draft()
        part = self._draft.part if fresh else self._draft.link_part
        self._lexical = LexicalWriter(part("lexical"))
        self._trigrams = TrigramWriter(part("trigrams"))
        current = store.manifest()
        self._vectors = (
            FAISSManager.create(max(1, embedder.dim), options, scratch=store.root)
            if fresh or current is None
            else FAISSManager.open(
                store.folder(current.generation) / "vectors", options, scratch=store.root
            )
        )
        self._fresh = fresh
        self._arrivals: dict[str, Arrival] = {}
        self._dropped_chunks: list[int] = []
        catalog.begin()

    def drop(self, plan: Plan) -> None:
        """Let go of files that are no longer there or no longer indexed by git's rules."""
        for document in plan.gone:
            self._retire(document)
        self._catalog.unskip(plan.gone_skips)
        for file in plan.new_skips:
            self._catalog.skip(file, "")

    def keep(self, file: SourceFile, blob: str, known: Document | None) -> bool:
        """Keep a document whose file was touched but has the content it had."""
        if self._fresh or known is None or known.blob != blob or known.stamp == file.stamp:
            return False
        self._catalog.touch(known.id, file.stamp)
        return True

    def expect(self, file: SourceFile, blob: str, size_bytes: int) -> None:
        """Remember a file that goes through the parsers."""
        self._arrivals[file.path] = Arrival(file, blob, size_bytes)

    def skip(self, file: SkippedFile, stamp: str, known: Document | None) -> None:
        """Record why a file is not indexed, and let go of the document that its path had."""
        if known is not None:
            self._retire(known)
        self._catalog.skip(file, stamp)

    def take(self, item: Prepared, known: Document | None, tally: Tally) -> None:
        """Store a prepared file in the place of the document that its path had."""
        arrival = self._arrivals.pop(item.path)
        if item.skipped is not None:
            self.skip(item.skipped, arrival.file.stamp, known)
            return
        assert item.parsed is not None
        document = self._catalog.add(
            item.path,
            arrival.blob,
            item.pipeline,
            item.encoding,
            arrival.size_bytes,
            item.parsed,
        )
        chunks = self._catalog.chunk_ids(document)
        if known is not None and known.id != document:
            self._retire(known)
        if known is None or known.id != document:
            self._catalog.unskip([item.path])
            self._catalog.revive(document, arrival.file.stamp)
            tally.files_added += 1
        else:
            self._catalog.touch(document, arrival.file.stamp)
        if self._fresh or known is None or known.id != document:
            self._lexical.add(_lexical_chunks(document, chunks, item))
            self._trigrams.add(document, item.text)
        self._catalog.clear_pending(document)
        self._stage.add(chunks, [chunk.text for chunk in item.chunks])

    def close(self) -> None:
        """Close what is open; what was not published is left to the next writer to remove."""
        self._trigrams.close()

    def publish(
        self, source: str, commit: str | None, tally: Tally, *, n_remaining: int, merge: bool
    ) -> Manifest:
        """Finish all parts, make them durable and current."""
        with ThreadPoolExecutor(2, "codeintel-finish") as threads:
            # These two work and wait for the disk by themselves.
            words = threads.submit(self._lexical.finish)
            with tally.timed("embed"):
                embedded = self._stage.finish()
            tally.texts_embedded += embedded.n_embedded
            self._catalog.set_pending(embedded.pending, final=False)
            self._catalog.set_pending(embedded.refused, final=True)
            self._catalog.set_truncated(embedded.truncated)
            counts = threads.submit(self._finish_catalog)
            with tally.timed("vectors"):
                self._write_vectors(embedded, merge=merge)
            with tally.timed("trigrams"):
                self._trigrams.finish()
            with tally.timed("words"):
                words.result()
        with tally.timed("publish"):
            manifest = Manifest(
                generation=0,
                source=source,
                commit=commit,
                pipeline=PIPELINE,
                embedder=self._embedder,
                counts={**counts.result(), "files_remaining": n_remaining},
                notes={"vector_index": self._vectors.describe()},
            )
            return self._store.publish(self._draft, manifest)

    def _finish_catalog(self) -> dict[str, int]:
        """Make the rows and the cached vectors durable; gives the counts of the catalog."""
        self._catalog.commit()
        self._catalog.checkpoint()
        self._stage.checkpoint()
        return self._catalog.counts()

    def _retire(self, document: Document) -> None:
        """Take a document out of all parts."""
        self._catalog.retire([document.id])
        if not self._fresh:
            self._lexical.remove([document.id])
            self._trigrams.remove([document.id])
        self._dropped_chunks += self._catalog.chunk_ids(document.id)

    def _write_vectors(self, embedded: ChunkVectors, *, merge: bool) -> None:
        """Bring the vector index up to date in the draft."""
        if self._fresh:
            self._vectors.build_index(embedded.vectors, embedded.ids)
        else:
            if self._dropped_chunks:
                self._vectors.remove(np.asarray(self._dropped_chunks, dtype=np.int64))
            if len(embedded.ids):
                self._vectors.update_index(embedded.vectors, embedded.ids)
            if merge and self._vectors.needs_merge():
                self._vectors.merge_indexes()
        self._vectors.save(self._draft.part("vectors"))


def _lexical_chunks(document: int, chunks: list[int], item: Prepared) -> Iterable[LexicalChunk]:
    """Give the tokens of a file's chunks; the path's words stand on the first."""
    for position, (chunk, prepared) in enumerate(zip(chunks, item.chunks, strict=True)):
        path = item.path_tokens if position == 0 else ""
        yield LexicalChunk(chunk, document, prepared.body, prepared.names, path)
