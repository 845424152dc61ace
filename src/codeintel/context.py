"""Opens, shares and closes everything that answering needs."""

import hashlib
import threading
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from copy import copy
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

from codeintel.config import Settings
from codeintel.embedding.base import Embedder
from codeintel.errors import (
    GitNotInstalledError,
    IndexStateError,
    InputError,
    NotARepositoryError,
    PathNotFoundError,
    RepositoryError,
    UnknownRepositoryError,
)
from codeintel.git.background import BuildState
from codeintel.git.client import GitClient
from codeintel.git.files import Source, open_revision, open_source
from codeintel.git.timings import TIMINGS
from codeintel.index import timings
from codeintel.index.snapshot import LiveIndex
from codeintel.indexer.changes import Changes
from codeintel.indexer.merge import merge_index, with_merge
from codeintel.indexer.pipeline import IndexOptions, index_repository
from codeintel.indexer.progress import Progress, ProgressCallback, ProgressFile
from codeintel.indexer.watch import changed
from codeintel.store.files import storage_errors
from codeintel.store.generations import GenerationStore
from codeintel.types import HistoryState, IndexReport
from codeintel.types.metrics import Family


class ServedRepository:
    """One repository: its files, its index and its history."""

    def __init__(self, path: Path, name: str, settings: Settings) -> None:
        self.path = path
        self.name = name
        self.store = GenerationStore(index_folder(path, settings))
        self.live = LiveIndex(self.store)
        self._options = IndexOptions(settings.workers, settings.vector_options())
        self._lock = threading.Lock()
        self.changes = Changes(path)
        self._progress = ProgressFile(self.store.root / "progress.json")

    @property
    def progress(self) -> Progress | None:
        """Where the indexing run stands, whichever process does it; None while there is none."""
        return self._progress.read()

    @cached_property
    def source(self) -> Source:
        """Where documents are read from."""
        return open_source(self.path)

    @cached_property
    def git(self) -> GitClient:
        """Blame and history."""
        return GitClient(self.path, cache_dir=self.store.root / "git")

    def index(
        self,
        embedder: Embedder,
        *,
        full: bool = False,
        merge: bool = True,
        progress: ProgressCallback | None = None,
    ) -> IndexReport:
        """Bring the index up to date; a second call meanwhile waits for the first."""

        def tell(state: Progress) -> None:
            self._progress.write(state)
            if progress:
                progress(state)

        with self._lock, storage_errors(f"the index of '{self.name}'"):
            # Opened anew: HEAD may have moved.
            source = open_source(self.path)
            try:
                report = index_repository(
                    self.store, source, embedder, self._options, full=full, progress=tell
                )
            finally:
                self._progress.clear()
                source.close()
        if not (merge and report.changed):
            return report
        return with_merge(report, self.merge(if_needed=True, progress=progress))

    def merge(
        self,
        *,
        if_needed: bool = False,
        dry_run: bool = False,
        progress: ProgressCallback | None = None,
    ) -> IndexReport:
        """Fold the secondary vector index into the primary; indexing goes on meanwhile."""
        return merge_index(
            self.store,
            self.name,
            self._options.vectors,
            if_needed=if_needed,
            dry_run=dry_run,
            progress=progress,
        )

    def index_history(self, progress: ProgressCallback | None = None) -> HistoryState | None:
        """Bring the index of git history up to date; None where there is none.

        Raises
        ------
        RepositoryError
            It failed; git goes on to answer.
        """

        def tell(state: BuildState) -> None:
            if progress:
                progress(Progress("history", state.n_done, state.n_total))

        with suppress(NotARepositoryError, GitNotInstalledError):
            self.git.build(blame=False, progress=tell)
        return self.history_state()

    def history_state(self) -> HistoryState | None:
        """Tell how much of git history is indexed; None where git shows none."""
        try:
            return self.git.index_state()
        except RepositoryError:
            return None

    def read_at(self, path: str, rev: str) -> tuple[bytes, str]:
        """Read a file as it was at a revision; gives its bytes and the revision's full sha.

        Raises
        ------
        UnknownRevisionError
            Git cannot resolve the revision.
        PathNotFoundError
            The revision has no such file.
        """
        source = open_revision(self.path, rev)
        try:
            data = source.read_path(path)
        finally:
            source.close()
        if data is None or source.commit is None:
            raise PathNotFoundError(f"There is no file '{path[:200]}' at '{rev[:100]}'.")
        return data, source.commit

    def close(self) -> None:
        """Close the index and end the git processes."""
        self.live.close()
        for name in ("source", "git"):
            if name in self.__dict__:
                self.__dict__.pop(name).close()


class ApplicationContext:
    """The served repositories and the embedder they share.

    Parameters
    ----------
    paths
        Folders or git repositories; each is known by its folder's name (with a number where two
        have the same).
    """

    def __init__(self, paths: Iterable[Path], settings: Settings | None = None) -> None:
        self.settings = settings or Settings.from_environment()
        self.repositories: dict[str, ServedRepository] = {}
        for path in dict.fromkeys(path.resolve() for path in paths):
            if not path.is_dir():
                raise PathNotFoundError(
                    f"There is no folder '{path}'.", cure="Give the path of a repository."
                )
            name = self._free_name(path.name or "root")
            self.repositories[name] = ServedRepository(path, name, self.settings)
        if not self.repositories:
            raise InputError("No repository is named.", cure="Give the path of at least one.")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    @cached_property
    def embedder(self) -> Embedder:
        """Turns chunks and questions into vectors; opened on first use."""
        options = self.settings.vllm_options()
        if options is not None:
            from codeintel.embedding.vllm import VLLMEmbedder
            from codeintel.embedding.vllm_client import VLLMClient

            return VLLMEmbedder(VLLMClient(options))
        if self.settings.model_path is not None:
            from codeintel.embedding.model2vec import Model2VecEmbedder

            return Model2VecEmbedder(self.settings.model_path)
        from codeintel.embedding.static import bundled_embedder

        return bundled_embedder()

    def restricted_to(self, repos: Collection[str]) -> "ApplicationContext":
        """Give a view that has only these repositories; it shares, and does not close, all else."""
        _ = self.embedder  # opened before the copy, so that it is shared
        view = copy(self)
        view.repositories = {
            name: repository for name, repository in self.repositories.items() if name in repos
        }
        return view

    def select(self, repo: str | None) -> list[ServedRepository]:
        """Give the repository of a name, or all of them.

        Raises
        ------
        UnknownRepositoryError
            No repository of that name is served.
        """
        if repo is None:
            return list(self.repositories.values())
        found = self.repositories.get(repo)
        if found is None:
            raise UnknownRepositoryError(
                f"No repository '{repo[:200]}' is served.", suggestions=sorted(self.repositories)
            )
        return [found]

    def process_metrics(self) -> tuple[Family, ...]:
        """Give what this process has counted: operations of git, requests for embeddings."""
        families = TIMINGS.families()
        if self.settings.vllm_options() is not None and "embedder" in self.__dict__:
            from codeintel.embedding.vllm import VLLMEmbedder

            if isinstance(self.embedder, VLLMEmbedder):
                families += self.embedder.client.metrics.families()
        return families

    def index_metrics(self) -> tuple[Family, ...]:
        """Give what the vector indexes tell of themselves, the same in every process."""
        states = {}
        for name, repository in self.repositories.items():
            with suppress(IndexStateError), repository.live.snapshot() as snapshot:
                states[name] = snapshot.vectors.state
        return timings.families(states)

    def changes(self, stop: threading.Event) -> Iterator[frozenset[str]]:
        """Yield the names of repositories that may have changed; see `indexer.watch.changed`."""
        folders = {name: repository.path for name, repository in self.repositories.items()}
        return changed(folders, self.settings.index_dir.resolve(), stop)

    def close(self) -> None:
        """Close everything; closing twice is fine."""
        for repository in self.repositories.values():
            repository.close()
        if "embedder" in self.__dict__:
            self.__dict__.pop("embedder").close()

    def _free_name(self, name: str) -> str:
        """Number a name that is taken."""
        number, free = 2, name
        while free in self.repositories:
            free = f"{name}-{number}"
            number += 1
        return free


def index_folder(path: Path, settings: Settings) -> Path:
    """Give the index folder of a repository: its name and a hash of its place."""
    place = hashlib.sha256(str(path.resolve()).encode("utf-8", "surrogateescape")).hexdigest()
    return settings.index_dir / f"{path.name or 'root'}-{place[:12]}"
