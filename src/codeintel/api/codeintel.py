"""The class that programs, the command line and the server talk to."""

from collections.abc import Collection, Hashable, Iterator
from copy import copy
from os import PathLike
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Self

from codeintel.api import scopes, status
from codeintel.api.looking_back import LookingBack
from codeintel.api.navigating import Navigating
from codeintel.api.questions import EVERYTHING
from codeintel.api.searching import Searching
from codeintel.config import Settings
from codeintel.context import ApplicationContext
from codeintel.indexer.progress import ProgressCallback
from codeintel.types import HistoryState, IndexReport, Scope, ScopeAnswer, StatusAnswer
from codeintel.types.metrics import Family


class CodeIntel(Searching, Navigating, LookingBack):
    """Answers questions about one or more repositories; safe to share between threads.

    Parameters
    ----------
    paths
        Folders or git repositories.
    settings
        By default those of the environment.

    Notes
    -----
    Every method that takes a `scope` raises `UnknownRepositoryError`, `UnknownLanguageError` or
    `InvalidGlobError` where the scope names what there is not; every one that takes a `cursor`
    raises `InvalidCursorError`; every one that needs the index raises `IndexMissingError` before
    the first `index` and `IndexCorruptError` where the index is broken.

    Examples
    --------
    >>> with CodeIntel("path/to/repository") as code:  # doctest: +SKIP
    ...     code.index()
    ...     for hit in code.semantic_search("where are requests retried").hits:
    ...         print(hit.path, hit.start_line)
    """

    def __init__(self, *paths: str | PathLike[str], settings: Settings | None = None) -> None:
        self._context = ApplicationContext(map(Path, paths or (".",)), settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close indexes, processes and connections; closing twice is fine."""
        self._context.close()

    def restricted_to(self, repos: Collection[str]) -> "CodeIntel":
        """Give a view that knows only some of the repositories; closing it is left to this one."""
        view = copy(self)
        view._context = self._context.restricted_to(repos)
        return view

    @property
    def repositories(self) -> tuple[str, ...]:
        """Names of the served repositories."""
        return tuple(self._context.repositories)

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self._context.settings

    @property
    def stamp(self) -> Hashable:
        """What changes whenever an answer from the indexes may; costs no more than a look."""
        return tuple(
            (name, repository.live.stamp())
            for name, repository in self._context.repositories.items()
        )

    def index(
        self,
        *,
        full: bool = False,
        merge: bool = True,
        progress: ProgressCallback | None = None,
        scope: Scope = EVERYTHING,
    ) -> tuple[IndexReport, ...]:
        """Bring the index of each repository up to date; only what changed is done.

        Parameters
        ----------
        full
            Do everything anew, also what seems current.
        merge
            Whether the secondary vector index is merged where it has grown too large and the
            settings do not leave that to others.
        progress
            Called from this thread, about ten times a second.

        Raises
        ------
        IndexLockedError
            Another process is indexing.
        EmbeddingMismatchError
            The embedding server answers with another model or dimension than before.
        StorageError
            The disk is full or read-only; the old index still answers.
        """
        return tuple(
            repository.index(
                self._context.embedder,
                full=full,
                merge=merge and self.settings.merge,
                progress=progress,
            )
            for repository in self._context.select(scope.repo)
        )

    def index_history(
        self, *, progress: ProgressCallback | None = None, scope: Scope = EVERYTHING
    ) -> dict[str, HistoryState]:
        """Bring the index of each repository's git history up to date, at low priority.

        Gives where each stands, by name; folders without git history are left out. Blame and
        history are answered without it, too, by git.

        Raises
        ------
        RepositoryError
            It failed.
        """
        states = {
            repository.name: repository.index_history(progress)
            for repository in self._context.select(scope.repo)
        }
        return {name: state for name, state in states.items() if state}

    def process_metrics(self) -> tuple[Family, ...]:
        """Give what this process has counted: operations of git, requests for embeddings."""
        return self._context.process_metrics()

    def index_metrics(self) -> tuple[Family, ...]:
        """Give what the vector indexes tell of themselves, the same in every process."""
        return self._context.index_metrics()

    def changes(self, stop: Event) -> Iterator[frozenset[str]]:
        """Yield the names of repositories that may have changed, all of them first, until `stop`.

        The index of each is to be brought up to date before the next names are asked for.
        """
        return self._context.changes(stop)

    def merge(
        self,
        *,
        if_needed: bool = False,
        dry_run: bool = False,
        progress: ProgressCallback | None = None,
        scope: Scope = EVERYTHING,
    ) -> tuple[IndexReport, ...]:
        """Fold the secondary vector index of each repository into its primary.

        Parameters
        ----------
        if_needed
            Only where the secondary index or the tombstones have grown past their limit.
        dry_run
            Only tell in the reports what would change.

        Raises
        ------
        IndexLockedError
            Another process is writing.
        StorageError
            The disk is full or read-only; the old index still answers.
        """
        return tuple(
            repository.merge(if_needed=if_needed, dry_run=dry_run, progress=progress)
            for repository in self._context.select(scope.repo)
        )

    def index_status(self, *, skipped: bool = False, scope: Scope = EVERYTHING) -> StatusAnswer:
        """Tell where each index stands; with `skipped`, also each file that is not indexed."""
        return status.index_status(self._context, skipped=skipped, scope=scope)

    def set_scope(self, scope: Scope) -> ScopeAnswer:
        """Check a scope and give it as an id that holds it; the server keeps no state.

        Raises
        ------
        InvalidScopeError
            The scope selects no file.
        """
        return scopes.set_scope(self._context, scope)

    def resolve_scope(self, scope_id: str) -> Scope:
        """Give the scope that an id holds.

        Raises
        ------
        InvalidScopeError
            The id was not issued here, or has expired.
        """
        return scopes.resolve_scope(self._context, scope_id)
