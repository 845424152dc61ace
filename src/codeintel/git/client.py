"""Blame and history of a repository's files, typed.

Questions are answered by the fastest layer that is ready (`layers`); all give git's own answer.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypedDict, Unpack

from codeintel.errors import (
    GitCommandError,
    InvalidCursorError,
    InvalidRangeError,
    PathNotFoundError,
    UnknownRevisionError,
)
from codeintel.git import commands
from codeintel.git.background import Background, BuildProgress
from codeintel.git.diff import count_lines
from codeintel.git.dirty import WorkingFile
from codeintel.git.head import Head
from codeintel.git.layers import Layers
from codeintel.git.objects import ObjectReader
from codeintel.git.paths import blame_below, full_path
from codeintel.git.process import DEFAULT_TIMEOUT_S, job
from codeintel.git.question import HistoryQuestion, parse_time
from codeintel.git.records import Blame, GitBlameEntry, GitHistoryEntry, HistoryPage
from codeintel.git.repository import Repository, open_with_gitpython
from codeintel.git.shadow import Shadow
from codeintel.git.timings import TIMINGS
from codeintel.types import HistoryState

if TYPE_CHECKING:
    import git

MAX_LIMIT = 10_000

_KEPT_FILES = 16  # contents of commits that are kept in memory


class HistoryOptions(TypedDict, total=False):
    """What `GitClient.history_page` takes beside path and limit."""

    cursor: str | None
    rev: str | None
    follow: bool
    since: str | None
    until: str | None
    author: str | None


class GitClient:
    """Reads blame and history; thread-safe.

    Parameters
    ----------
    repo_path
        A folder in a repository; parent directories are searched. Paths are relative to it.
    cache_dir
        Where shadow, index and blame cache are kept; without it git answers, in a temporary shadow.
    timeout_s
        Time limit of one call.
    background
        Whether the client has built by itself, in a worker process, what its `cache_dir` lacks.

    Raises
    ------
    NotARepositoryError, UnsafeRepositoryError, PathNotFoundError, GitNotInstalledError
        The repository cannot be opened.
    """

    def __init__(
        self,
        repo_path: Path | str,
        *,
        cache_dir: Path | None = None,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        background: bool = True,
    ) -> None:
        self._path = Path(repo_path)
        self._timeout_s = timeout_s
        self._repository = Repository.find(self._path)
        self._objects = ObjectReader(self._repository.git)
        self._head = Head(self._repository, self._objects)
        self._background = Background(self._path, cache_dir) if cache_dir else None
        self._read = lru_cache(maxsize=_KEPT_FILES)(self._read_committed)
        self._layers = Layers(
            Shadow(self._repository, self._objects, cache_dir),
            cache_dir,
            later=self._background.later if self._background and background else None,
        )

    @cached_property
    def repo(self) -> "git.Repo":
        """The repository, as `open_with_gitpython` gives it."""
        return open_with_gitpython(self._path)

    def resolve(self, rev: str | None = None) -> str:
        """Give the full sha of the commit that a revision names, HEAD by default.

        Raises
        ------
        UnknownRevisionError
            Git cannot resolve it to one commit.
        NoCommitsError, RepositoryError
            HEAD was asked, and there are no commits yet, or its commit is gone.
        """
        name = "HEAD" if rev is None else rev
        if name == "HEAD":
            sha = self._head.sha()
        else:
            info = self._objects.info(f"{name}^{{commit}}") if name.strip() else None
            sha = info.id if info else None
        if sha is not None:
            return sha
        if name == "HEAD":
            raise self._repository.headless()
        raise UnknownRevisionError(
            f"Git knows no commit '{name[:80]}'.", cure="Give a branch, a tag or a commit's sha."
        )

    def blame_range(
        self,
        path: str,
        start_line: int = 1,
        end_line: int | None = None,
        rev: str | None = None,
    ) -> list[GitBlameEntry]:
        """Tell for each line which commit last changed it.

        Parameters
        ----------
        path
            Relative to the folder that was opened.
        start_line, end_line
            1-based, both included; a later end means the last line.
        rev
            Without it the lines are those of the working tree, and what is not committed yet has a
            sha of zeros; in a bare repository, those of HEAD.

        Raises
        ------
        PathNotFoundError
            The revision has no such file, or the working tree has it no more.
        PathOutsideRepositoryError, InvalidRangeError
            The path or the range is impossible.
        UnknownRevisionError, NoCommitsError
            The revision cannot be resolved.
        GitCommandError, DeadlineExceededError, BusyError
            Git failed or took too long.
        """
        with job(self._timeout_s):
            sha, name, committed, working = self._versions(path, rev)
            if working is None:
                last = _last_line(path, count_lines(committed), start_line, end_line)
                answer = self._blame(sha, name, committed, start_line, last)
            else:
                last = _last_line(path, count_lines(working.data), start_line, end_line)
                answer = working.blame(
                    self._layers.git,
                    sha,
                    committed,
                    start_line,
                    last,
                    partial(self._blame, sha, name, committed),
                )
        return blame_below(answer, self._repository.prefix).entries()

    def file_history(
        self, path: str, limit: int = 50, **options: Unpack[HistoryOptions]
    ) -> list[GitHistoryEntry]:
        """Give the entries of `history_page`, which has the cursor of the next page, too."""
        return list(self.history_page(path, limit, **options).entries)

    def history_page(
        self,
        path: str,
        limit: int = 50,
        *,
        cursor: str | None = None,
        rev: str | None = None,
        follow: bool = False,
        since: str | None = None,
        until: str | None = None,
        author: str | None = None,
    ) -> HistoryPage:
        """List the commits that changed a file or folder, in the order of ``git log``.

        Parameters
        ----------
        limit
            At most this many, 1 to 10,000.
        cursor
            `next_cursor` of the page before; the other arguments must be the same. It keeps to the
            commit that the first page began at.
        rev
            Where to begin, HEAD by default.
        follow
            Go on across renames of a file, as git's own heuristic finds them; never from an index.
        since, until
            ISO 8601 dates or times (UTC where no zone is given), both included; of the committer.
        author
            Part of the author's name or email, in any case.

        Raises
        ------
        PathNotFoundError
            Neither the revision nor its history has such a path.
        PathOutsideRepositoryError, InvalidRangeError, InvalidQueryError, InvalidCursorError
            An argument is impossible.
        UnknownRevisionError, NoCommitsError
            The revision cannot be resolved.
        GitCommandError, DeadlineExceededError, BusyError
            Git failed or took too long.
        """
        if not 1 <= limit <= MAX_LIMIT:
            raise InvalidRangeError(
                f"The limit {limit} is impossible.", cure=f"Choose 1 to {MAX_LIMIT}."
            )
        question = HistoryQuestion(
            path=full_path(path, self._repository.prefix),
            follow=follow,
            since_s=parse_time("since", since),
            until_s=parse_time("until", until, end=True),
            author=author.casefold() if author else None,
        )
        with job(self._timeout_s):
            sha, skip = question.position(cursor) if cursor else (self.resolve(rev), 0)
            with _begun_at(sha, self._objects):
                found = self._layers.log(sha, question, skip, limit + 1)
            if not found and not skip:
                self._check_known(sha, question, path)
        more = question.cursor(sha, skip + limit) if len(found) > limit else None
        return HistoryPage(tuple(commit.entry() for commit in found[:limit]), more)

    def range_history(
        self,
        path: str,
        start_line: int = 1,
        end_line: int | None = None,
        *,
        limit: int = 20,
        rev: str | None = None,
    ) -> list[GitHistoryEntry]:
        """List the commits that changed some lines, newest first, as ``git log -L`` follows them.

        Lines are meant as `blame_range` means them; it takes as long as git takes.

        Raises
        ------
        CodeIntelError
            As `blame_range`.
        """
        with job(self._timeout_s), TIMINGS.measure("log_lines"):
            sha, name, committed, working = self._versions(path, rev)
            data = committed if working is None else working.data
            last = _last_line(path, count_lines(data), start_line, end_line)
            git = self._layers.git
            lines = range(start_line, last + 1)
            if working is not None:
                lines = working.committed_lines(git, committed, lines)
            commits = commands.log_of_lines(git, sha, name, lines, limit) if lines else []
        return [commit.entry() for commit in commits]

    def changed_paths(self, shas: list[str]) -> list[set[str]]:
        """Give the paths below the opened folder that each commit changes; none for merges."""
        prefix = self._repository.prefix
        with job(self._timeout_s), TIMINGS.measure("changed_paths"):
            changes = commands.changed_paths(self._layers.git, shas)
        return [
            {path.removeprefix(prefix) for path in paths if path.startswith(prefix)}
            for paths in changes
        ]

    def build(self, *, blame: bool = True, progress: BuildProgress | None = None) -> None:
        """Build or extend what makes answers fast, in a process of low priority; wait for its end.

        First the commit-graph, then the index of history up to HEAD, then, if `blame`, the cache
        of all files of HEAD. Each is used as soon as it is there. Where nothing is new, without a
        `cache_dir` or without commits, there is nothing to do.

        Raises
        ------
        RepositoryError
            It failed; git goes on to answer.
        """
        head = self._head.sha()
        if self._background is None or head is None:
            return
        if not self._layers.is_current(head):
            self._background.run("graph", progress=progress)
            self._background.run("extend", progress=progress)
        if blame:
            self._background.run("blame", progress=progress)

    def index_state(self) -> HistoryState:
        """Tell how much of the history up to HEAD is indexed."""
        with job(self._timeout_s):
            return self._layers.state(self._head.sha())

    def close(self) -> None:
        """End the processes that stay open between calls."""
        if self._background is not None:
            self._background.close()
        self._layers.close()
        self._objects.close()
        if "repo" in self.__dict__:
            self.repo.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _versions(self, path: str, rev: str | None) -> tuple[str, str, bytes, WorkingFile | None]:
        """Give commit, path from the top, content there, and the changed file of the work tree."""
        sha = self.resolve(rev)
        name = full_path(path, self._repository.prefix)
        committed = self._read(sha, name, path)
        if rev is not None or self._repository.work_tree is None:
            return sha, name, committed, None
        working = WorkingFile.read(self._repository.work_tree, name)
        changed = working is not None and not working.is_same(committed)
        return sha, name, committed, working if changed else None

    def _blame(self, sha: str, name: str, committed: bytes, first: int, last: int) -> Blame:
        if last < first:  # an empty file
            return Blame((), {})
        return self._layers.blame(sha, name, count_lines(committed), first, last)

    def _read_committed(self, sha: str, name: str, path: str) -> bytes:
        """Read a file at a commit."""
        data = self._objects.read_path(sha, name)
        if data is None:
            raise PathNotFoundError(
                f"There is no file '{path[:200]}' in commit {sha[:8]}.",
                cure="Folders, submodules and files that were never committed have no blame.",
            )
        return data

    def _check_known(self, sha: str, question: HistoryQuestion, path: str) -> None:
        """Raise where a path has no commits because there is and was no such path."""
        anything = HistoryQuestion(path=question.path)
        if not question.filters or not self._layers.log(sha, anything, 0, 1):
            raise PathNotFoundError(
                f"No commit up to {sha[:8]} has a path '{path[:200]}'.",
                cure="Files that were never committed have no history.",
            )


def _last_line(path: str, n_lines: int, first: int, last: int | None) -> int:
    """Clamp the end of a range to the file, and refuse what is no range or starts behind it."""
    if first < 1 or (last is not None and last < first):
        raise InvalidRangeError(
            f"The line range {first} to {last} is impossible.",
            cure="Lines begin at 1, and the end is not before the start.",
        )
    if first > max(n_lines, 1):
        raise InvalidRangeError(
            f"Line {first} is past the end of '{path}', which has {n_lines} lines."
        )
    return n_lines if last is None else min(last, n_lines)


@contextmanager
def _begun_at(sha: str, objects: ObjectReader) -> Iterator[None]:
    """Say of a failure where the commit that the first page began at is gone that it is so."""
    try:
        yield
    except GitCommandError as error:
        if objects.info(sha):
            raise
        raise InvalidCursorError(
            f"The commit {sha[:12]}, at which the first page began, is gone.",
            cure="Ask again without a cursor.",
        ) from error
