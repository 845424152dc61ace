"""Makes an index from an older deployment, aside; it takes its place when it is proved."""

import shutil
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import unquote, urlsplit

import msgspec

from codeintel.config import Settings
from codeintel.context import ApplicationContext, ServedRepository
from codeintel.errors import MigrationError
from codeintel.git.files import open_source
from codeintel.index.foreign_vectors import ForeignIndex
from codeintel.index.snapshot import LiveIndex
from codeintel.indexer.pipeline import IndexOptions, index_repository
from codeintel.indexer.progress import ProgressCallback
from codeintel.lang.content import SourceText, read_source
from codeintel.migration.catalog import OldCatalog, OldChunk
from codeintel.migration.checks import check_index, check_model, old_recall, questions
from codeintel.migration.deployment import Deployment
from codeintel.migration.placing import find_places
from codeintel.migration.recut import RecutParsers
from codeintel.migration.vectors import OldVectors, read_vectors
from codeintel.store.files import storage_errors, write_atomically
from codeintel.store.generations import GenerationStore
from codeintel.store.vector_cache import VectorCache

MARK = "migration.json"


class MigrationReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a migration does, or would do.

    Attributes
    ----------
    n_chunks, n_vectors
        Chunks in the old catalog, and vectors of any.
    n_found
        Chunks that have a vector and whose text still stands in its file.
    n_imported
        Chunks of the new index that have an old vector.
    n_embedded
        Texts that were embedded now: what changed since, and what was never a chunk.
    old_index
        Type of the FAISS file, empty where none was given.
    model_cosine
        Middle cosine between old vectors and what the model gives for their texts today.
    recall, old_recall
        Share of the exact ten nearest that the new and the old index find; None where not tried.
    exports
        Settings that every command and the server need from now on.
    """

    repository: str
    n_chunks: int
    n_vectors: int
    n_found: int
    model_cosine: float
    old_index: str = ""
    n_imported: int = 0
    n_embedded: int = 0
    recall: float | None = None
    old_recall: float | None = None
    exports: dict[str, str] = {}
    notes: tuple[str, ...] = ()


def migrate(
    deployment: Deployment,
    settings: Settings,
    *,
    dry_run: bool = False,
    progress: ProgressCallback | None = None,
) -> MigrationReport:
    """Import a deployment; the index that was there is kept aside for `undo`.

    Parameters
    ----------
    dry_run
        Read and compare everything, write nothing that stays.

    Raises
    ------
    MigrationError
        Nothing can be imported without loss, or the new index does not pass its checks.
    EmbeddingMismatchError
        The vectors are of another model than the settings name.
    """
    settings, exports = _with_server(settings, deployment)
    with (
        ApplicationContext([deployment.repository], settings) as context,
        TemporaryDirectory(prefix="codeintel-migrate-") as scratch,
    ):
        (served,) = context.repositories.values()
        if _aside(served.store.root).exists() or (served.store.root / MARK).exists():
            raise MigrationError(
                f"'{served.path}' was migrated already.",
                cure="Take that back with `codeintel migrate --undo` first.",
            )
        old = _Old.read(deployment, served.path, Path(scratch))
        report = MigrationReport(
            repository=str(served.path),
            n_chunks=sum(map(len, old.chunks.values())),
            n_vectors=len(old.vectors),
            n_found=len(old.usable),
            model_cosine=check_model(context.embedder, old.usable, old.vectors),
            old_index=old.index.kind if old.index else "",
            exports=exports,
            notes=tuple(_notes(old)),
        )
        if dry_run:
            return report
        staging = GenerationStore(
            served.store.root.with_name(f"{served.store.root.name}.migrating")
        )
        try:
            report = _build(staging, served, old, report, context, progress)
            _take_place(served.store, staging.root)
        finally:
            shutil.rmtree(staging.root, ignore_errors=True)
    return report


@dataclass(frozen=True, slots=True)
class _Old:
    """What was read of a deployment; `usable` chunks have a vector and stand in their file."""

    chunks: dict[str, list[OldChunk]]
    vectors: OldVectors
    index: ForeignIndex | None
    usable: list[OldChunk]

    @classmethod
    def read(cls, deployment: Deployment, repository: Path, scratch: Path) -> "_Old":
        catalog = OldCatalog(deployment.catalog)
        index = ForeignIndex(deployment.faiss_index) if deployment.faiss_index else None
        vectors = read_vectors(catalog, index, scratch)
        chunks = _by_path(catalog, repository)
        usable = _found_now(repository, chunks, vectors)
        if not usable:
            raise MigrationError(
                f"None of the {sum(map(len, chunks.values())):,} chunks of '{deployment.catalog}'"
                f" stands in a file of '{repository}' and has a vector.",
                cure="Check that the catalog is of this repository.",
            )
        return cls(chunks, vectors, index, usable)


def _build(
    store: GenerationStore,
    served: ServedRepository,
    old: _Old,
    report: MigrationReport,
    context: ApplicationContext,
    progress: ProgressCallback | None,
) -> MigrationReport:
    """Make the new index in a folder of its own, and prove it."""
    embedder, n_workers = context.embedder, context.settings.workers
    shutil.rmtree(store.root, ignore_errors=True)
    with storage_errors(f"the index folder '{store.root}'"):
        store.root.mkdir(parents=True)
    cache = VectorCache(store.root / "vector-cache.sqlite", embedder.fingerprint, embedder.dim)
    with closing(cache), closing(open_source(served.path)) as source:
        parsers = RecutParsers(n_workers, old.chunks, old.vectors, cache)
        options = IndexOptions(n_workers, context.settings.vector_options())
        done = index_repository(
            store, source, embedder, options, parsers=parsers, progress=progress
        )
    asked = questions(embedder, old.usable)
    with closing(LiveIndex(store)) as live, live.snapshot() as snapshot:
        recall = check_index(snapshot, parsers.imported, old.vectors, asked)
    report = msgspec.structs.replace(
        report,
        n_imported=len(parsers.imported),
        n_embedded=done.texts_embedded,
        recall=recall,
        old_recall=old_recall(old.index, old.vectors, asked) if old.index else None,
    )
    write_atomically(store.root / MARK, msgspec.json.format(msgspec.json.encode(report)))
    return report


def undo(repository: Path, settings: Settings) -> bool:
    """Take a migration back; gives whether there was an index before it, which is back now.

    Raises
    ------
    MigrationError
        The repository's index does not come from a migration.
    """
    with ApplicationContext([repository], settings) as context:
        (served,) = context.repositories.values()
    root = served.store.root
    if not (root / MARK).exists():
        raise MigrationError(
            f"The index of '{served.path}' does not come from a migration.",
            cure="There is nothing to take back.",
        )
    old = _aside(root)
    gone = root.with_name(f"{root.name}.undone")
    with served.store.lock(), storage_errors(f"the index folder '{root}'"):
        root.rename(gone)
        was_there = old.exists()
        if was_there:
            old.rename(root)
    shutil.rmtree(gone, ignore_errors=True)
    return was_there


def _take_place(store: GenerationStore, staging: Path) -> None:
    """Put the new index folder in its place, and the one that was there aside."""
    there = store.root.exists()
    with storage_errors(f"the index folder '{store.root}'"):
        if there:
            with store.lock():
                store.root.rename(_aside(store.root))
        staging.rename(store.root)


def _aside(root: Path) -> Path:
    """Give the folder that keeps the index before a migration."""
    return root.with_name(f"{root.name}.before-migration")


def _with_server(settings: Settings, deployment: Deployment) -> tuple[Settings, dict[str, str]]:
    """Use the deployment's embedding server where the settings name none."""
    if settings.embedding_url or settings.model_path or not deployment.embedding_url:
        return settings, {}
    url, model = deployment.embedding_url, deployment.embedding_model
    exports = {"CODEINTEL_EMBEDDING_URL": url, "CODEINTEL_EMBEDDING_MODEL": model}
    return replace(settings, embedding_url=url, embedding_model=model), exports


def _by_path(catalog: OldCatalog, root: Path) -> dict[str, list[OldChunk]]:
    """Read the old chunks, by their path relative to the repository."""
    found: dict[str, list[OldChunk]] = defaultdict(list)
    for chunk in catalog.chunks():
        place = chunk.path
        if place.startswith("file://"):
            place = unquote(urlsplit(place).path)
        path = Path(place)
        inside = path.relative_to(root) if path.is_relative_to(root) else path
        found[inside.as_posix()].append(chunk)
    return found


def _found_now(
    repository: Path, chunks: Mapping[str, Sequence[OldChunk]], vectors: OldVectors
) -> list[OldChunk]:
    """Give the old chunks that have a vector and still stand in their file."""
    found = []
    with closing(open_source(repository)) as source:
        for file in source.list_files().files:
            known = [chunk for chunk in chunks.get(file.path, ()) if chunk.id in vectors]
            text = read_source(file.path, source.read(file)) if known else None
            if isinstance(text, SourceText):
                found += [place.chunk for place in find_places(text.text, known)]
    return found


def _notes(old: _Old) -> list[str]:
    """Tell what does not agree in the deployment itself."""
    if old.index is None or len(old.index) == len(old.vectors):
        return []
    return [f"the FAISS file has {len(old.index):,} vectors, the catalog {len(old.vectors):,}"]
