"""What history tells beyond blame and log: what changes together, whose a file is, a range's past.

Every answer stands on the commits that `GitClient.file_history` gives, so the index makes it fast.
"""

from collections import Counter

from msgspec import Struct

from codeintel.git.client import GitClient
from codeintel.git.records import GitHistoryEntry

MAX_COMMITS = 500
"""Newest commits of a path that are looked at; older ones tell little of the code today."""

MAX_PATHS = 50
"""A commit that changes more paths says nothing of what belongs together."""


class RelatedPath(Struct, frozen=True):
    """A path that changes with another one.

    Attributes
    ----------
    support
        Number of commits that change both.
    confidence
        Share of the other path's commits that change this one, too; 0 to 1.
    """

    path: str
    support: int
    confidence: float


class AuthorShare(Struct, frozen=True):
    """An author and how many of the newest commits of a path are theirs."""

    author: str
    email: str
    n_commits: int


class Ownership(Struct, frozen=True):
    """The last change of a path, and its authors, the most active first."""

    last_change: GitHistoryEntry
    authors: tuple[AuthorShare, ...]


def related_paths(
    client: GitClient, path: str, *, limit: int = 10, rev: str | None = None
) -> list[RelatedPath]:
    """Find what changes together with a file, the most confident first.

    Paths may be deleted by now. Merges and commits of more than `MAX_PATHS` paths do not count.

    Raises
    ------
    PathNotFoundError, PathOutsideRepositoryError, UnknownRevisionError, NoCommitsError
        As `GitClient.file_history`.
    """
    history = client.file_history(path, MAX_COMMITS, rev=rev)
    changes = client.changed_paths([entry.full_sha for entry in history])
    together: Counter[str] = Counter()
    n_counted = 0
    for paths in changes:
        if path in paths and len(paths) <= MAX_PATHS:
            n_counted += 1
            together.update(paths - {path})
    ordered = sorted(together.items(), key=lambda item: (-item[1], item[0]))
    return [RelatedPath(name, n, n / n_counted) for name, n in ordered[:limit]]


def ownership(client: GitClient, path: str, *, rev: str | None = None) -> Ownership:
    """Tell the last change of a path and its main authors.

    Raises
    ------
    PathNotFoundError, PathOutsideRepositoryError, UnknownRevisionError, NoCommitsError
        As `GitClient.file_history`.
    """
    history = client.file_history(path, MAX_COMMITS, rev=rev)
    shares = Counter((entry.author, entry.email) for entry in history)
    return Ownership(
        history[0], tuple(AuthorShare(*who, n_commits=n) for who, n in shares.most_common())
    )
