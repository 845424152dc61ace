"""The class that programs, the command line and the server talk to."""

from collections.abc import Collection, Hashable
from copy import copy
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Self

from codeintel.api import scopes, status
from codeintel.api.navigating import Navigating
from codeintel.api.questions import EVERYTHING
from codeintel.api.searching import Searching
from codeintel.config import Settings
from codeintel.context import ApplicationContext
from codeintel.indexer.progress import ProgressCallback
from codeintel.types import IndexReport, Scope, ScopeAnswer, StatusAnswer


class CodeIntel(Searching, Navigating):
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
        progress: ProgressCallback | None = None,
        scope: Scope = EVERYTHING,
    ) -> tuple[IndexReport, ...]:
        """Bring the index of each repository up to date; only what changed is done.

        Parameters
        ----------
        full
            Do everything anew; this also mends a broken index.
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
            repository.index(self._context.embedder, full=full, progress=progress)
            for repository in self._context.select(scope.repo)
        )

    def merge(
        self,
        *,
        if_needed: bool = False,
        progress: ProgressCallback | None = None,
        scope: Scope = EVERYTHING,
    ) -> tuple[IndexReport, ...]:
        """Fold the secondary vector index of each repository into its primary.

        Parameters
        ----------
        if_needed
            Only where the secondary index or the tombstones have grown past their limit.

        Raises
        ------
        IndexLockedError
            Another process is writing.
        StorageError
            The disk is full or read-only; the old index still answers.
        """
        return tuple(
            repository.merge(if_needed=if_needed, progress=progress)
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
