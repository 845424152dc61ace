"""Answers blame and log from the fastest layer that is ready; all give git's own answer.

1. git itself, in the shadow, whose commit-graph makes it quicker once that is written;
2. the index of history, for commits that it knows;
3. over it the cache of whole-file blames.
"""

import contextlib
import logging
import threading
from collections.abc import Callable
from functools import lru_cache
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from codeintel.errors import IndexStateError, StorageError
from codeintel.git import commands
from codeintel.git.background import Stage
from codeintel.git.blame_walk import BlameWalk
from codeintel.git.history_path import AmbiguousOrderError
from codeintel.git.history_store import HistoryStore, history_file
from codeintel.git.process import Git
from codeintel.git.question import HistoryQuestion
from codeintel.git.records import Blame, Commit, LineRun, join_runs
from codeintel.git.shadow import Shadow, View
from codeintel.git.timings import TIMINGS, Timing
from codeintel.types import HistoryState

MAX_WHOLE = 32
"""Versions of a file up to which all its lines are blamed at once, to be kept; of others only those
that are asked, and the worker blames the whole."""

WORTH_BUILDING = 3
"""Questions after which what would make them fast is built; a command asks one and ends."""

MAX_LINES = 10_000
"""Lines of a file up to which a call goes through its versions itself; beyond, git is as quick."""

log = logging.getLogger(__name__)


class Layers:
    """The layers of one repository; paths are from the top of the repository.

    Parameters
    ----------
    cache_dir
        Folder of the index; None for git alone.
    later
        Told what shall be built in the background: a stage, and the path that it is about or "".
    """

    def __init__(
        self,
        shadow: Shadow,
        cache_dir: Path | None,
        *,
        later: Callable[[Stage, str], None] | None,
    ) -> None:
        self._shadow = shadow
        self._cache_dir = cache_dir
        self._later = later
        self._n_missed = 0
        self._n_parts = 0
        self._n_new = lru_cache(maxsize=1)(self._count_new)
        self._lock = threading.Lock()
        self._store: HistoryStore | None = None

    @property
    def git(self) -> Git:
        """Git, in the shadow."""
        return self._shadow.view().git

    def blame(self, sha: str, path: str, n_lines: int, first: int, last: int) -> Blame:
        """Blame lines of a file that has `n_lines` at that commit."""
        view = self._shadow.view()
        store = self._ready(view)
        with TIMINGS.measure("blame") as timing:
            if store is not None:
                try:
                    answer = self._indexed_blame(
                        timing, store, view, sha, path, n_lines, first, last
                    )
                    if answer is not None:
                        return answer
                except IndexStateError as error:
                    self._give_up(store, error)
            timing.layer = view.layer
            return commands.blame(view.git, sha, path, first, last)

    def log(self, sha: str, question: HistoryQuestion, skip: int, limit: int) -> list[Commit]:
        """List at most `limit` wanted commits after the first `skip` wanted ones."""
        view = self._shadow.view()
        store = self._ready(view) if not question.follow else None
        with TIMINGS.measure("log") as timing:
            if store is not None:
                try:
                    found = self._indexed_log(store, view, sha, question, skip, limit)
                    if found is not None:
                        timing.layer = "index"
                        return found
                except IndexStateError as error:
                    self._give_up(store, error)
            timing.layer = view.layer
            return self._log_of_git(view, sha, question, skip, limit)

    def state(self, head: str | None) -> HistoryState:
        """Tell how much of the history up to a commit is indexed."""
        view = self._shadow.view()
        store = self._open(view)
        n_commits, size_bytes, known = 0, 0, False
        heads: tuple[str, ...] = ()
        if store is not None:
            try:
                with store.reading():
                    n_commits, heads = len(store.graph), tuple(store.heads)
                    known = head is not None and store.commit_number(head) is not None
                files = store.file.parent.glob(f"{store.file.name}*")
                size_bytes = sum(file.stat().st_size for file in files)
            except IndexStateError as error:
                self._give_up(store, error)
        n_behind = 0 if head is None or known else self._n_new(view, head, heads)
        return HistoryState(n_commits=n_commits, n_behind=n_behind, size_bytes=size_bytes)

    def is_current(self, head: str) -> bool:
        """Tell whether the index has a commit, and its people by the present mailmap."""
        view = self._shadow.view()
        store = self._open(view)
        if store is None:
            return False
        try:
            with store.reading():
                return store.commit_number(head) is not None and store.mailmap == view.mailmap
        except IndexStateError as error:
            self._give_up(store, error)
            return False

    def close(self) -> None:
        """Close the index."""
        with self._lock:
            if self._store is not None:
                self._store.close()
                self._store = None

    def _log_of_git(
        self, view: View, sha: str, question: HistoryQuestion, skip: int, limit: int
    ) -> list[Commit]:
        if not question.filters:
            # Of what git skips it follows no rename, and it skips commits that are none of these.
            passed = skip if question.follow else 0
            found = commands.log(
                view.git,
                sha,
                question.path,
                follow=question.follow,
                limit=passed + limit,
                skip=skip - passed,
            )
            return list(found)[passed:]
        commits = commands.log(view.git, sha, question.path, follow=question.follow)
        try:
            return list(islice(filter(question.wants, commits), skip, skip + limit))
        finally:
            commits.close()

    def _count_new(self, view: View, head: str, known: tuple[str, ...]) -> int:
        """Count the commits up to one that others do not reach."""
        names = "".join([f"{head}\n", *(f"^{sha}\n" for sha in known)])
        return int(
            view.git.run("rev-list", "--count", "--ignore-missing", "--stdin", stdin=names.encode())
        )

    def _ready(self, view: View) -> HistoryStore | None:
        """Give the index for this state of history; ask for one where it is missed often."""
        store = self._open(view)
        if store is None and self._cache_dir is not None:
            with self._lock:
                self._n_missed += 1
                wanted = self._n_missed == WORTH_BUILDING
            if wanted:
                self._want("graph")
                self._want("extend")
        return store

    def _open(self, view: View) -> HistoryStore | None:
        """Give the index for this state of history, if there is one."""
        if self._cache_dir is None:
            return None
        file = history_file(self._cache_dir, view.key)
        with self._lock:
            if self._store is not None and self._store.file != file:
                self._store.close()
                self._store = None
            if self._store is None:
                try:
                    self._store = HistoryStore(file)
                except FileNotFoundError:
                    return None
                except IndexStateError as error:
                    log.warning("git answers without its index: %s", error)
                    return None
            return self._store

    def _want_blame(self, path: str) -> None:
        """Ask for the blame of a whole file, unless it is a command that asks once."""
        with self._lock:
            self._n_parts += 1
            wanted = self._n_parts >= WORTH_BUILDING
        if wanted:
            self._want("blame", path)

    def _want(self, stage: Stage, path: str = "") -> None:
        if self._later:
            self._later(stage, path)

    def _give_up(self, store: HistoryStore, error: IndexStateError) -> None:
        """Close an index that failed; git answers, and the next build mends it."""
        log.warning("git answers without its index: %s", error)
        with self._lock:
            if self._store is store:
                store.close()
                self._store = None

    def _indexed_blame(
        self,
        timing: Timing,
        store: HistoryStore,
        view: View,
        sha: str,
        path: str,
        n_lines: int,
        first: int,
        last: int,
    ) -> Blame | None:
        with store.reading():
            commit, number = self._numbers(store, view, sha, path)
            if commit is None or number is None:
                return None
            history = store.histories(number)
            tip = history.tip(commit)
            if tip < 0:
                return None
            key = (number, history.commit(tip))
            rows = store.cached_blame(*key)
            if rows is not None:
                timing.layer = "cache"
                return _blame_of_rows(store, rows, first, last)
        if n_lines > MAX_LINES:
            self._want_blame(path)
            return None
        timing.layer = "index"
        walk = BlameWalk(store, view.git)
        if len(history.touches) > MAX_WHOLE:
            self._want_blame(path)
            return _blame_of_rows(store, walk.blame(number, tip, first, last), first, last)
        rows = walk.blame(number, tip, 1, n_lines)
        with contextlib.suppress(StorageError):  # another process writes; the answer is good
            store.cache_blame(*key, rows)
        return _blame_of_rows(store, rows, first, last)

    def _indexed_log(
        self,
        store: HistoryStore,
        view: View,
        sha: str,
        question: HistoryQuestion,
        skip: int,
        limit: int,
    ) -> list[Commit] | None:
        with store.reading():
            commit, number = self._numbers(store, view, sha, question.path)
            if commit is None or number is None or store.has_below(question.path):
                return None
            walk = store.histories(number).walk(commit)
            try:
                if not question.filters:
                    return store.commits(list(islice(walk, skip, skip + limit)))
                wanted = (x for n in walk for x in store.commits([n]) if question.wants(x))
                return list(islice(wanted, skip, skip + limit))
            except AmbiguousOrderError:
                return None

    def _numbers(
        self, store: HistoryStore, view: View, sha: str, path: str
    ) -> tuple[int | None, int | None]:
        """Look a commit and a path up; what is lacking is asked to be indexed."""
        commit = store.commit_number(sha) if store.mailmap == view.mailmap else None
        if commit is None:
            self._want("extend")
            return None, None
        return commit, store.path_number(path)


def _blame_of_rows(store: HistoryStore, rows: NDArray[np.int32], first: int, last: int) -> Blame:
    """Turn the columns of `BlameWalk` into an answer about the lines `first` to `last`."""
    wanted = rows[(rows[:, 0] <= last) & (rows[:, 0] + rows[:, 1] > first)].tolist()
    commits = store.commits(sorted({row[2] for row in wanted}))
    facts = {commit.sha: commit for commit in commits}
    numbers = {row[k] for row in wanted for k in (2, 5) if row[k] >= 0}
    shas = store.shas(numbers)
    paths = store.paths({row[k] for row in wanted for k in (3, 6) if row[k] >= 0})
    runs = join_runs(
        LineRun(line, n, shas[commit], paths[path], there, shas.get(before, ""), paths.get(at, ""))
        for line, n, commit, path, there, before, at in wanted
    )
    return Blame(runs, facts).part(first, last)
