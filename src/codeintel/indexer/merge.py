"""Folds the secondary vector index into a new primary, and mends codes that are broken.

The new primary is built without the writer's lock, so that changes are indexed meanwhile; they are
taken over when it is published.
"""

from collections import Counter
from contextlib import closing

import msgspec

from codeintel.errors import IndexMissingError
from codeintel.index.faiss_manager import FAISSManager
from codeintel.index.vector_files import CODES_FILE
from codeintel.index.vector_plan import VectorOptions
from codeintel.indexer.progress import Progress, ProgressCallback
from codeintel.indexer.tally import Tally
from codeintel.store.catalog import Catalog
from codeintel.store.catalog_writer import CatalogWriter
from codeintel.store.generations import GenerationStore, Manifest
from codeintel.types import IndexReport

_UNCHANGED_PARTS = ("lexical", "trigrams")
# A merge of minutes is not thrown away because an indexing run is just under way.
_PATIENCE_S = 600.0


def merge_index(
    store: GenerationStore,
    repo: str,
    options: VectorOptions,
    *,
    if_needed: bool = False,
    dry_run: bool = False,
    progress: ProgressCallback | None = None,
) -> IndexReport:
    """Publish a generation whose vectors are all in the primary index; nothing else changes.

    Parameters
    ----------
    if_needed
        Only where the secondary index or the tombstones have grown past their limit.
    dry_run
        Only say in the report whether it would change the index, and into what.

    Raises
    ------
    IndexMissingError
        There is no index yet.
    IndexLockedError
        Another process is merging, or does not stop writing.
    IndexCorruptError, StorageError
        As `index_repository`.
    """
    tally = Tally()
    manifest = _current(store)
    vectors = _open(store, manifest, options)
    due = vectors.needs_merge() if if_needed else bool(vectors.n_unmerged)
    tally.notes.append(f"{vectors.n_unmerged:,} changes since the primary index was built")
    if due and dry_run:
        tally.notes.append(f"a merge would build: {vectors.plan_after_merge()}")
    elif due:
        begun = _open(store, manifest, options)
        with store.lock("merge.lock"):
            with tally.timed("vectors"):
                _merge(vectors, progress)
            merged = _publish_merged(store, begun, vectors, tally)
        due = merged is not None
        manifest = merged or _current(store)
        if not due:
            tally.notes.append("the primary index was built anew meanwhile; the merge is dropped")
    return _report(store, repo, manifest, tally, changed=due)


def with_merge(report: IndexReport, merge: IndexReport) -> IndexReport:
    """Give the report of a run that ended with a merge."""
    if not merge.changed:
        return report
    return msgspec.structs.replace(
        report,
        generation=merge.generation,
        seconds={**report.seconds, "merge": merge.seconds["total"]},
        vector_index=merge.vector_index,
        size_bytes=merge.size_bytes,
        peak_memory_bytes=merge.peak_memory_bytes,
    )


def rebuild_codes(store: GenerationStore, manifest: Manifest, options: VectorOptions) -> Manifest:
    """Publish a generation whose broken vector codes are built anew from the original vectors.

    For the holder of the writer's lock.

    Raises
    ------
    IndexCorruptError
        More than that is broken.
    """
    store.verify(manifest, deep=True, ignored=f"vectors/{CODES_FILE}")
    folder = store.folder(manifest.generation) / "vectors"
    return _publish(store, manifest, FAISSManager.rebuild(folder, options, scratch=store.root))


def _merge(vectors: FAISSManager, progress: ProgressCallback | None) -> None:
    """Merge in memory and in a temporary folder."""
    coded = vectors.plan_after_merge().kind != "flat"
    done, total = 0, len(vectors) * (2 if coded else 1)

    def advance(n: int) -> None:
        nonlocal done
        done += n
        if progress:
            progress(Progress("merge", done, total))

    advance(0)
    vectors.merge_indexes(advance)


def _publish_merged(
    store: GenerationStore, begun: FAISSManager, vectors: FAISSManager, tally: Tally
) -> Manifest | None:
    """Publish a merged index with what has changed since it was begun; None where all has."""
    with store.lock(patience_s=_PATIENCE_S):
        manifest = _current(store)
        store.verify(manifest)
        if not vectors.take_changes(begun, _open(store, manifest, vectors.options)):
            return None
        with tally.timed("publish"):
            return _publish(store, manifest, vectors)


def _publish(store: GenerationStore, manifest: Manifest, vectors: FAISSManager) -> Manifest:
    """Publish a generation that differs from the current one in its vectors only."""
    # Undoes what a killed run left, before its generation number is taken.
    CatalogWriter(store.root / "catalog.sqlite", manifest.generation).close()
    draft = store.draft()
    for part in _UNCHANGED_PARTS:
        draft.link_part(part)
    vectors.save(draft.part("vectors"))
    notes = {**manifest.notes, "vector_index": vectors.describe()}
    published = store.publish(draft, msgspec.structs.replace(manifest, notes=notes))
    store.collect()
    return published


def _current(store: GenerationStore) -> Manifest:
    """Give the current manifest."""
    manifest = store.manifest()
    if manifest is None:
        raise IndexMissingError("There is no index yet.", cure="Run `codeintel index` first.")
    return manifest


def _open(store: GenerationStore, manifest: Manifest, options: VectorOptions) -> FAISSManager:
    """Open a generation's vectors."""
    folder = store.folder(manifest.generation) / "vectors"
    return FAISSManager.open(folder, options, scratch=store.root)


def _report(
    store: GenerationStore, repo: str, manifest: Manifest, tally: Tally, *, changed: bool
) -> IndexReport:
    """Sum up the run."""
    with closing(Catalog(store.root / "catalog.sqlite", manifest.generation)) as catalog:
        skipped = dict(Counter(file.reason.value for file in catalog.skipped))
    return tally.report(repo, manifest, skipped, store.size_bytes(), changed=changed)
