"""What history tells beyond blame and log: what changes together, and whose a file is.

Every answer stands on the commits that `GitClient.file_history` gives, so the index makes it fast.
"""

from collections import Counter
from collections.abc import Sequence

from codeintel.git.client import GitClient
from codeintel.git.records import GitHistoryEntry
from codeintel.types import AuthorShare, RelatedFile

MAX_COMMITS = 500
"""Newest commits of a path that are looked at; older ones tell little of the code today."""

MAX_PATHS = 50
"""A commit that changes more paths says nothing of what belongs together."""


def related_files(
    client: GitClient, path: str, *, limit: int = 10, rev: str | None = None
) -> tuple[list[RelatedFile], int]:
    """Find what changes together with a file, and give the number of its commits that count.

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
    files = [
        RelatedFile(path=name, support=n, confidence=n / n_counted) for name, n in ordered[:limit]
    ]
    return files, n_counted


def authors(history: Sequence[GitHistoryEntry]) -> list[AuthorShare]:
    """Count commits by author, the most active first."""
    shares = Counter((entry.author, entry.email) for entry in history)
    return [
        AuthorShare(author=author, email=email, n_commits=n)
        for (author, email), n in shares.most_common()
    ]
