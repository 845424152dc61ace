"""Answers questions about git history."""

from codeintel.api.files import known_paths, locate
from codeintel.context import ApplicationContext, ServedRepository
from codeintel.errors import PathNotFoundError
from codeintel.git.records import group_blame
from codeintel.search.files import nearest_paths
from codeintel.types import BlameAnswer, CommitFacts, HistoryAnswer, Provenance, Scope


def blame_range(
    context: ApplicationContext,
    path: str,
    start_line: int,
    end_line: int | None,
    *,
    rev: str | None,
    scope: Scope,
) -> BlameAnswer:
    """See `CodeIntel.blame_range`."""
    repository, path = locate(context, path, scope)
    sha = repository.git.resolve(rev)
    try:
        entries = repository.git.blame_range(path, start_line, end_line, rev)
    except PathNotFoundError as error:
        raise _with_nearest(error, repository, path) from error
    spans, commits = group_blame(entries)
    return BlameAnswer(
        repo=repository.name,
        path=path,
        rev=sha,
        spans=spans,
        commits=commits,
        about=Provenance(repo=repository.name, commit=sha),
    )


def file_history(
    context: ApplicationContext,
    path: str,
    *,
    limit: int,
    cursor: str | None,
    rev: str | None,
    follow: bool,
    since: str | None,
    until: str | None,
    author: str | None,
    scope: Scope,
) -> HistoryAnswer:
    """See `CodeIntel.file_history`."""
    repository, path = locate(context, path, scope)
    sha = repository.git.resolve(rev)
    try:
        page = repository.git.history_page(
            path,
            limit,
            cursor=cursor,
            rev=rev,
            follow=follow,
            since=since,
            until=until,
            author=author,
        )
    except PathNotFoundError as error:
        raise _with_nearest(error, repository, path) from error
    return HistoryAnswer(
        repo=repository.name,
        path=path,
        commits=tuple(
            CommitFacts(
                sha=entry.full_sha,
                author=entry.author,
                email=entry.email,
                date=entry.date,
                summary=entry.message,
            )
            for entry in page.entries
        ),
        about=Provenance(repo=repository.name, commit=sha),
        next_cursor=page.next_cursor,
    )


def _with_nearest(
    error: PathNotFoundError, repository: ServedRepository, path: str
) -> PathNotFoundError:
    """Add the nearest paths that are indexed."""
    return PathNotFoundError(
        error.message,
        cure=error.cure,
        suggestions=nearest_paths(path, known_paths(repository)),
    )
