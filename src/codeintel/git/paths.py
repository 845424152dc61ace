"""Paths as callers give and get them: relative to the folder that was opened."""

import posixpath

from msgspec.structs import replace

from codeintel.errors import PathOutsideRepositoryError
from codeintel.git.records import Blame


def full_path(path: str, prefix: str) -> str:
    """Give a caller's path from the top of the repository; ``.`` for all of it.

    Parameters
    ----------
    prefix
        Path of the opened folder from the top: empty, or ending in ``/``.

    Raises
    ------
    PathOutsideRepositoryError
        It leads out of the folder that was opened, or is absolute.
    """
    normal = posixpath.normpath(path) if path else "."
    if normal.startswith(("/", "../")) or normal == ".." or "\0" in path:
        raise PathOutsideRepositoryError(
            f"The path '{path[:200]}' is not inside the repository.",
            cure="Give a path relative to the repository's folder.",
        )
    if normal == ".":
        return prefix.rstrip("/") or "."
    return prefix + normal


def blame_below(answer: Blame, prefix: str) -> Blame:
    """Make the paths of an answer relative to the folder that was opened."""
    if not prefix:
        return answer

    def relative(name: str) -> str:
        return posixpath.relpath(name, prefix) if name else ""

    runs = tuple(
        replace(run, path=relative(run.path), previous_path=relative(run.previous_path))
        for run in answer.runs
    )
    return Blame(runs, answer.commits)
