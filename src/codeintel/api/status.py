"""Tells where the indexes stand."""

from collections import Counter

from codeintel import __version__
from codeintel.context import ApplicationContext, ServedRepository
from codeintel.errors import IndexMissingError, IndexStateError
from codeintel.index.snapshot import Snapshot
from codeintel.types import IndexPhase, RepositoryStatus, Scope, StatusAnswer


def index_status(context: ApplicationContext, *, skipped: bool, scope: Scope) -> StatusAnswer:
    """See `CodeIntel.index_status`."""
    return StatusAnswer(
        version=__version__,
        repositories=tuple(
            _status(repository, skipped=skipped) for repository in context.select(scope.repo)
        ),
    )


def _status(repository: ServedRepository, *, skipped: bool) -> RepositoryStatus:
    """Tell the state of one repository; a broken index is a state, not a failure."""
    state = repository.progress
    message = f"{state.stage}: {state.done} of {state.total} files" if state else ""
    try:
        with repository.live.snapshot() as snapshot:
            return _described(repository, snapshot, message, skipped=skipped)
    except IndexMissingError as error:
        return RepositoryStatus(
            repo=repository.name,
            phase=IndexPhase.BUILDING if state else IndexPhase.MISSING,
            message=message or str(error),
        )
    except IndexStateError as error:
        return RepositoryStatus(repo=repository.name, phase=IndexPhase.BROKEN, message=str(error))


def _described(
    repository: ServedRepository, snapshot: Snapshot, message: str, *, skipped: bool
) -> RepositoryStatus:
    """Describe a generation."""
    manifest, catalog = snapshot.manifest, snapshot.catalog
    building = bool(message) and bool(manifest.counts.get("files_remaining"))
    unfinished = manifest.counts.get("files_remaining", 0)
    if unfinished and not message:
        message = f"{unfinished} files are not indexed yet; run `codeintel index` to go on."
    return RepositoryStatus(
        repo=repository.name,
        phase=IndexPhase.BUILDING
        if building
        else IndexPhase.STALE
        if unfinished
        else IndexPhase.READY,
        generation=manifest.generation,
        commit=manifest.commit,
        n_files=len(catalog.documents),
        n_chunks=manifest.counts.get("chunks", 0),
        n_symbols=manifest.counts.get("symbols", 0),
        languages=dict(Counter(d.language for d in catalog.documents).most_common()),
        skipped=dict(Counter(file.reason.value for file in catalog.skipped).most_common()),
        embedder=manifest.embedder.name,
        vector_index=manifest.notes.get("vector_index", ""),
        vectors_pending=manifest.counts.get("pending", 0),
        size_bytes=repository.store.size_bytes(),
        indexed_at=manifest.created_at,
        message=message,
        skipped_files=catalog.skipped if skipped else (),
        history=repository.history_state(),
    )
