"""Opens files, as they are now or at a revision."""

import contextlib
from collections.abc import Sequence

from codeintel.context import ApplicationContext, ServedRepository
from codeintel.errors import (
    IndexMissingError,
    InputError,
    NotTextError,
    PathNotFoundError,
)
from codeintel.lang.content import SourceText, decode, secret_name
from codeintel.lang.languages import detect_language
from codeintel.search.files import check_path, count_lines, excerpts, path_not_found, read_bytes
from codeintel.types import FileAnswer, FilePart, Provenance, Scope


def open_file(
    context: ApplicationContext,
    path: str,
    *,
    start_line: int | None,
    end_line: int | None,
    ranges: Sequence[tuple[int, int | None]],
    ref: str | None,
    max_tokens: int,
    max_bytes: int | None,
    scope: Scope,
) -> FileAnswer:
    """See `CodeIntel.open_file`."""
    repository, path = locate(context, path, scope)
    data, commit = _read(repository, path, ref)
    text = decode(data)
    if not isinstance(text, SourceText):
        reason, detail = text
        raise NotTextError(f"'{path}' is no text file: {reason.value}, {detail}.")
    if ranges and (start_line is not None or end_line is not None):
        raise InputError(
            "Both `ranges` and a single range of lines are given.", cure="Give one of them."
        )
    wanted: Sequence[tuple[int | None, int | None]] = ranges or [(start_line, end_line)]
    cut, *further = excerpts(text.text, wanted, max_tokens, max_bytes, path=path)
    return FileAnswer(
        repo=repository.name,
        path=path,
        text=cut.text,
        start_line=cut.start_line,
        end_line=cut.end_line,
        n_lines=count_lines(text.text),
        language=detect_language(path, text.text),
        encoding=text.encoding,
        truncated=cut.truncated,
        about=Provenance(repo=repository.name, commit=commit),
        further=tuple(
            FilePart(
                text=part.text,
                start_line=part.start_line,
                end_line=part.end_line,
                truncated=part.truncated,
            )
            for part in further
        ),
    )


def locate(context: ApplicationContext, path: str, scope: Scope) -> tuple[ServedRepository, str]:
    """Find the repository that a path is meant in; ``repo:path`` names it, too.

    Raises
    ------
    InputError
        The path is in several repositories.
    PathOutsideRepositoryError
        The path is absolute or contains ``..``.
    """
    name, colon, rest = path.partition(":")
    if colon and scope.repo is None and name in context.repositories:
        return context.repositories[name], check_path(rest)
    path = check_path(path)
    repositories = context.select(scope.repo)
    if len(repositories) == 1:
        return repositories[0], path
    having = [repository for repository in repositories if path in known_paths(repository)]
    if len(having) > 1:
        raise InputError(
            f"'{path[:200]}' is in several repositories.",
            cure="Name one by `repo`.",
            suggestions=[f"{repository.name}:{path}" for repository in having],
        )
    if not having:
        known = [
            f"{repository.name}:{known}"
            for repository in repositories
            for known in known_paths(repository)
        ]
        raise path_not_found(path, known)
    return having[0], path


def known_paths(repository: ServedRepository) -> list[str]:
    """Give the indexed paths of a repository; none while there is no index."""
    with contextlib.suppress(IndexMissingError), repository.live.snapshot() as snapshot:
        return list(snapshot.catalog.by_path)
    return []


def _read(repository: ServedRepository, path: str, ref: str | None) -> tuple[bytes, str | None]:
    """Read a file, now or at a revision; what looks like a secret is never opened."""
    try:
        _refuse_hidden(path)
        if ref is not None:
            return repository.read_at(path, ref)
        root = repository.source.root
        if root is None:
            return repository.read_at(path, "HEAD")
        return read_bytes(root, path, _refuse_hidden), None
    except PathNotFoundError as error:
        nearest = path_not_found(path, known_paths(repository))
        raise PathNotFoundError(
            error.message, cure=error.cure or nearest.cure, suggestions=nearest.suggestions
        ) from error


def _refuse_hidden(path: str) -> None:
    """Refuse git's own files and what looks like a secret."""
    if secret := secret_name(path.rpartition("/")[2].lower()):
        raise NotTextError(f"'{path}' is not opened: {secret}.")
    if ".git" in path.split("/"):
        raise PathNotFoundError("Git's own files are not served.")
