"""From the paths of a command line to repositories and paths inside them, and back."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from codeintel.errors import InputError, PathNotFoundError

if TYPE_CHECKING:
    from argparse import Namespace

    from codeintel.api import CodeIntel
    from codeintel.types import Scope

_GLOB_SIGNS = str.maketrans({sign: f"[{sign}]" for sign in "*?[{"})


@dataclass(frozen=True, slots=True)
class Target:
    """Repositories, and the folders or files in the one repository that are meant.

    Attributes
    ----------
    roots
        Top folder of each repository, or a plain folder.
    inside
        Paths relative to the only root; empty where whole repositories are meant.
    """

    roots: tuple[Path, ...]
    inside: tuple[str, ...] = ()

    def shown(self, repo: str, path: str) -> str:
        """Give a path of an answer as it reads from the current folder."""
        if len(self.roots) > 1:
            return f"{repo}:{path}"
        return os.path.relpath(self.roots[0] / path)

    def scope(self, arguments: "Namespace") -> "Scope":
        """Join the paths and the filters of a command line."""
        from codeintel.types import Scope

        include = tuple(arguments.include)
        if self.inside:
            folders = [path.translate(_GLOB_SIGNS) for path in self.inside]
            include = tuple(_below(folders, include)) if include else tuple(folders)
        return Scope(
            include_globs=include,
            exclude_globs=tuple(arguments.exclude),
            languages=tuple(arguments.language),
        )


def _below(folders: Iterable[str], globs: Sequence[str]) -> Iterator[str]:
    for folder in folders:
        for glob in globs:
            yield f"{folder}/{glob}" if "/" in glob else f"{folder}/**/{glob}"


def root_of(path: Path) -> Path:
    """Find the repository around an existing path; outside of any, the plain folder meant.

    Raises
    ------
    PathNotFoundError
        There is no such path.
    """
    if not path.exists():
        raise PathNotFoundError(
            f"There is no file or folder '{path}'.", cure="Give the path of a repository."
        )
    start = path.resolve()
    for folder in (start, *start.parents):
        if (folder / ".git").exists():
            return folder
    if start.is_dir():
        return start
    here = Path.cwd()
    return here if start.is_relative_to(here) else start.parent


def target_of(paths: Sequence[str]) -> Target:
    """Find the repositories around paths, and which part of the only one is meant.

    No path at all means the current folder.

    Raises
    ------
    InputError
        Parts of several repositories are asked for.
    PathNotFoundError
        There is no such path.
    """
    roots: dict[Path, list[str]] = {}
    for path in map(Path, paths or (".",)):
        root = root_of(path)
        roots.setdefault(root, []).append(_relative(path, root))
    wholes = tuple(roots)
    inside = [part for parts in roots.values() for part in parts if "." not in parts]
    if inside and len(wholes) > 1:
        raise InputError(
            f"'{inside[0]}' is a part of one repository, and {len(wholes)} are asked for.",
            cure="Name whole repositories, or parts of one.",
        )
    return Target(wholes, tuple(inside))


def _relative(path: Path, root: Path) -> str:
    # Only the folder is resolved: a symbolic link is asked about by its own name.
    absolute = path.parent.resolve() / path.name if path.name not in ("", "..") else path.resolve()
    return absolute.relative_to(root).as_posix()


def file_of(text: str, directory: str) -> tuple[Target, str]:
    """Find the repository of a file and the file's path in it.

    A path that does not exist here is taken as relative to the repository of `directory`: it
    may be one of another revision.
    """
    path = Path(directory, text)
    if path.exists():
        root = root_of(path)
        return Target((root,)), _relative(path, root)
    return Target((root_of(Path(directory)),)), Path(text).as_posix()


@contextmanager
def opened(target: Target) -> "Iterator[CodeIntel]":
    """Open the repositories of a target."""
    from codeintel.api import CodeIntel

    with CodeIntel(*target.roots) as intel:
        yield intel
