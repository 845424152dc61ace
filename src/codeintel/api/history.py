"""Answers questions about git history."""

from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches

from codeintel.api.files import known_paths, locate
from codeintel.api.symbols import outline, split_symbol
from codeintel.context import ApplicationContext, ServedRepository
from codeintel.errors import PathNotFoundError, UnknownSymbolError
from codeintel.git import relations
from codeintel.git.records import group_blame
from codeintel.search.files import nearest_paths
from codeintel.types import (
    AuthorsAnswer,
    BlameAnswer,
    HistoryAnswer,
    Provenance,
    RelatedAnswer,
    Scope,
)


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
    with _nearest_named(repository, path):
        entries = repository.git.blame_range(path, start_line, end_line, rev)
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
    with _nearest_named(repository, path):
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
    return HistoryAnswer(
        repo=repository.name,
        path=path,
        commits=tuple(entry.facts() for entry in page.entries),
        about=Provenance(repo=repository.name, commit=sha),
        next_cursor=page.next_cursor,
    )


def range_history(
    context: ApplicationContext,
    path: str,
    start_line: int | None,
    end_line: int | None,
    *,
    symbol: str | None,
    limit: int,
    rev: str | None,
    scope: Scope,
) -> HistoryAnswer:
    """See `CodeIntel.range_history`."""
    repository, path = locate(context, path, scope)
    if symbol is not None:
        start_line, end_line = _lines_of(context, repository.name, path, symbol)
    start_line = start_line or 1
    sha = repository.git.resolve(rev)
    with _nearest_named(repository, path):
        entries = repository.git.range_history(path, start_line, end_line, limit=limit, rev=rev)
    return HistoryAnswer(
        repo=repository.name,
        path=path,
        commits=tuple(entry.facts() for entry in entries),
        about=Provenance(repo=repository.name, commit=sha),
    )


def related_files(
    context: ApplicationContext, path: str, *, limit: int, rev: str | None, scope: Scope
) -> RelatedAnswer:
    """See `CodeIntel.related_files`."""
    repository, path = locate(context, path, scope)
    sha = repository.git.resolve(rev)
    with _nearest_named(repository, path):
        files, n_commits = relations.related_files(repository.git, path, limit=limit, rev=sha)
    return RelatedAnswer(
        repo=repository.name,
        path=path,
        files=tuple(files),
        n_commits=n_commits,
        about=Provenance(repo=repository.name, commit=sha),
    )


def file_authors(
    context: ApplicationContext, path: str, *, rev: str | None, scope: Scope
) -> AuthorsAnswer:
    """See `CodeIntel.file_authors`."""
    repository, path = locate(context, path, scope)
    sha = repository.git.resolve(rev)
    with _nearest_named(repository, path):
        history = repository.git.file_history(path, relations.MAX_COMMITS, rev=sha)
    return AuthorsAnswer(
        repo=repository.name,
        path=path,
        last_change=history[0].facts(),
        authors=tuple(relations.authors(history)),
        n_commits=len(history),
        about=Provenance(repo=repository.name, commit=sha),
    )


def _lines_of(context: ApplicationContext, repo: str, path: str, symbol: str) -> tuple[int, int]:
    """Give the lines of a definition in a file; the first one where several have the name."""
    container, name = split_symbol(symbol)
    found = outline(context, path, scope=Scope(repo=repo)).symbols
    for hit in found:
        whole = f".{hit.container}".replace("::", ".").replace("#", ".")
        if hit.name == name and whole.endswith(f".{container}" if container else ""):
            return hit.start_line, hit.end_line
    raise UnknownSymbolError(
        f"'{path}' defines no '{symbol[:200]}'.",
        suggestions=get_close_matches(name, [hit.name for hit in found], n=5),
    )


@contextmanager
def _nearest_named(repository: ServedRepository, path: str) -> Iterator[None]:
    """Add the nearest paths that are indexed where there is no such one."""
    try:
        yield
    except PathNotFoundError as error:
        raise PathNotFoundError(
            error.message,
            cure=error.cure,
            suggestions=nearest_paths(path, set(known_paths(repository)) - {path}),
        ) from error
