"""Where an index stands, and what a run did to it."""

from enum import StrEnum

from msgspec import Struct

from codeintel.types.content import SkippedFile


class IndexPhase(StrEnum):
    """Where a repository's index stands."""

    MISSING = "missing"
    BUILDING = "building"
    READY = "ready"
    STALE = "stale"
    BROKEN = "broken"


class HistoryState(Struct, frozen=True, kw_only=True):
    """State of the index of git history; without one, or for what it lacks, git itself answers.

    Attributes
    ----------
    n_behind
        Commits of HEAD that are not indexed.
    """

    n_commits: int
    n_behind: int
    size_bytes: int


class RepositoryStatus(Struct, frozen=True, kw_only=True):
    """State of one repository's index.

    Attributes
    ----------
    skipped
        Number of files that are not indexed, by reason.
    vector_index
        The vector index in words: type, parameters and why they were chosen.
    vectors_pending
        Chunks that are indexed but wait for their vector.
    history
        None where there is no git history.
    """

    repo: str
    phase: IndexPhase
    generation: int = 0
    commit: str | None = None
    n_files: int = 0
    n_chunks: int = 0
    n_symbols: int = 0
    languages: dict[str, int] = {}
    skipped: dict[str, int] = {}
    embedder: str = ""
    vector_index: str = ""
    vectors_pending: int = 0
    size_bytes: int = 0
    indexed_at: str = ""
    message: str = ""
    skipped_files: tuple[SkippedFile, ...] = ()
    history: HistoryState | None = None


class StatusAnswer(Struct, frozen=True, kw_only=True):
    """State of every served repository."""

    version: str
    repositories: tuple[RepositoryStatus, ...]


class IndexReport(Struct, frozen=True, kw_only=True):
    """What one indexing run did.

    Attributes
    ----------
    seconds
        Wall time by stage, in seconds.
    skipped
        Number of files that are not indexed, by reason.
    """

    repo: str
    generation: int
    changed: bool
    n_files: int
    n_chunks: int
    n_symbols: int
    files_added: int
    files_removed: int
    texts_embedded: int
    skipped: dict[str, int]
    seconds: dict[str, float]
    vector_index: str
    size_bytes: int
    peak_memory_bytes: int
    notes: tuple[str, ...] = ()
