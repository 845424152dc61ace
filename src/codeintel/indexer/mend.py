"""Opens an index to be written; what is broken is found, and mended or removed."""

import logging

from codeintel.errors import IndexCorruptError
from codeintel.index import vector_files
from codeintel.index.vector_plan import VectorOptions
from codeintel.indexer.merge import rebuild_codes
from codeintel.store.catalog_writer import CatalogWriter
from codeintel.store.generations import EmbedderRecord, GenerationStore, Manifest
from codeintel.store.vector_cache import VectorCache

_log = logging.getLogger(__name__)


def open_mended(
    store: GenerationStore, options: VectorOptions
) -> tuple[Manifest | None, CatalogWriter, list[str]]:
    """Open the catalog of an index that is whole; for the holder of the writer's lock.

    Broken vector codes are built anew from the original vectors. Where more is broken, all is
    removed, to be indexed anew; vectors that were computed before then come from their cache.

    Returns
    -------
    manifest
        None where there is no index, or none that could be mended.
    catalog
        Open for writing; empty where the manifest is None.
    notes
        What was broken, and what was done about it.
    """
    path = store.root / "catalog.sqlite"
    try:
        manifest, notes = _whole(store, options)
        return manifest, CatalogWriter(path, manifest.generation if manifest else 0), notes
    except IndexCorruptError as error:
        notes = [f"{error.message} Everything is indexed anew."]
        _log.warning("%s", notes[0])
    store.clear()
    for file in store.root.glob("catalog.sqlite*"):
        file.unlink()
    return None, CatalogWriter(path, 0), notes


def open_cache(store: GenerationStore, embedder: EmbedderRecord) -> tuple[VectorCache, list[str]]:
    """Open the cache of vectors, an empty one where it is broken, and say so."""
    path = store.root / "vector-cache.sqlite"
    notes: list[str] = []
    try:
        return VectorCache(path, embedder.fingerprint, embedder.dim), notes
    except IndexCorruptError as error:
        notes.append(f"{error.message} Vectors are computed anew where they are needed.")
        _log.warning("%s", notes[0])
    for file in store.root.glob(f"{path.name}*"):
        file.unlink()
    return VectorCache(path, embedder.fingerprint, embedder.dim), notes


def _whole(store: GenerationStore, options: VectorOptions) -> tuple[Manifest | None, list[str]]:
    """Give the current manifest and what was mended, or raise for what cannot be."""
    manifest = store.manifest()
    if manifest is None:
        return None, []
    try:
        store.verify(manifest)
        vector_files.read_header(store.folder(manifest.generation) / "vectors")
        return manifest, []
    except IndexCorruptError as error:
        mended = rebuild_codes(store, manifest, options)
        note = f"{error.message} It was made anew from the original vectors."
        _log.warning("%s", note)
        return mended, [note]
