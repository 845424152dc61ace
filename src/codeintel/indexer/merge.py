"""Folds the secondary vector index into a new primary, now."""

import msgspec

from codeintel.errors import IndexMissingError
from codeintel.index.faiss_manager import FAISSManager
from codeintel.indexer.progress import Progress, ProgressCallback
from codeintel.indexer.tally import Tally
from codeintel.store.catalog_writer import CatalogWriter
from codeintel.store.generations import GenerationStore
from codeintel.types import IndexReport

_UNCHANGED_PARTS = ("lexical", "trigrams")


def merge_index(
    store: GenerationStore,
    repo: str,
    *,
    if_needed: bool = False,
    progress: ProgressCallback | None = None,
) -> IndexReport:
    """Publish a generation whose vectors are all in the primary index; nothing else changes.

    Parameters
    ----------
    if_needed
        Only where the secondary index or the tombstones have grown past their limit.

    Raises
    ------
    IndexMissingError
        There is no index yet.
    IndexLockedError, IndexCorruptError, StorageError
        As `index_repository`.
    """
    tally = Tally()
    with store.lock():
        manifest = store.manifest()
        if manifest is None:
            raise IndexMissingError("There is no index yet.", cure="Run `codeintel index` first.")
        store.verify(manifest)
        # Also undoes what a killed run left, before its generation number is taken.
        catalog = CatalogWriter(store.root / "catalog.sqlite", manifest.generation)
        try:
            skipped = catalog.count_skipped()
        finally:
            catalog.close()
        folder = store.folder(manifest.generation) / "vectors"
        vectors = FAISSManager.open(folder, scratch=store.root)
        due = vectors.needs_merge() if if_needed else bool(vectors.n_unmerged)
        if due:
            if progress:
                progress(Progress("merge", 0, len(vectors)))
            draft = store.draft()
            for part in _UNCHANGED_PARTS:
                draft.link_part(part)
            with tally.timed("vectors"):
                vectors.merge_indexes()
                vectors.save(draft.part("vectors"))
            notes = {**manifest.notes, "vector_index": vectors.describe()}
            with tally.timed("publish"):
                manifest = store.publish(draft, msgspec.structs.replace(manifest, notes=notes))
            store.collect()
        return tally.report(repo, manifest, skipped, store.size_bytes(), changed=due)
