"""From the paths of a command line to repositories and paths inside them, and back."""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from codeintel.errors import (
    ConfigurationError,
    GitNotInstalledError,
    InputError,
    NotARepositoryError,
    PathNotFoundError,
    StorageError,
)

if TYPE_CHECKING:
    from argparse import Namespace

    from codeintel.api import CodeIntel
    from codeintel.types import Scope

_GLOB_SIGNS = str.maketrans({sign: f"\\{sign}" for sign in "*?[]{}\\"})


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

        include, exclude = tuple(arguments.include), tuple(arguments.exclude)
        if self.inside:
            folders: list[str] = []
            files: list[str] = []
            for path in self.inside:  # a file that is named is meant, whatever else is
                meant = files if (self.roots[0] / path).is_file() else folders
                meant.append(glob_of(path))
            wanted = [glob for glob in include if not glob.startswith("!")]
            unwanted = [glob for glob in include if glob.startswith("!")]
            within = _below(folders, wanted) if wanted else folders
            include = (*within, *_below(folders, unwanted), *files)
            exclude = tuple(_below(folders, exclude))
        return Scope(
            include_globs=include,
            exclude_globs=exclude,
            languages=tuple(arguments.language),
        )


def glob_of(path: str) -> str:
    """Give the glob that means one path, and what is below it."""
    return "/" + path.translate(_GLOB_SIGNS)


def _below(folders: Iterable[str], globs: Sequence[str]) -> Iterator[str]:
    """Give the globs as they read from the top of the repository instead of from the folders."""
    for folder in folders:
        for glob in globs:
            sign = "!" if glob.startswith("!") else ""
            glob = glob.removeprefix("!")
            if "/" in glob.rstrip("/"):
                yield f"{sign}{folder}/{glob.lstrip('/')}"
            else:
                yield f"{sign}{folder}/**/{glob}"


def root_of(path: Path) -> Path:
    """Find the repository around an existing path; outside of any, the plain folder meant.

    A folder that the repository around it ignores is a plain folder.

    Raises
    ------
    PathNotFoundError
        There is no such path.
    StorageError
        Permission is missing.
    RepositoryError
        Git does not work, or does not trust the repository.
    """
    from codeintel.git.files import is_ignored
    from codeintel.git.repository import Repository

    if not path.exists():
        raise PathNotFoundError(
            f"There is no file or folder '{path}'.", cure="Give the path of a repository."
        )
    folder = path.resolve() if path.is_dir() else path.parent.resolve()
    if not os.access(folder, os.R_OK | os.X_OK):
        raise StorageError(
            f"The folder '{path}' cannot be read: permission is missing.",
            cure="Ask its owner for permission, or choose another folder.",
        )
    try:
        repository = Repository.find(folder)
    except (NotARepositoryError, GitNotInstalledError):
        return _plain_folder(path, folder)
    if repository.work_tree in (None, folder):
        return folder
    assert repository.work_tree is not None
    return _plain_folder(path, folder) if is_ignored(repository) else repository.work_tree


def _plain_folder(path: Path, folder: Path) -> Path:
    """For a file, the current folder where that is above it, so that its path is as typed."""
    here = Path.cwd()
    return here if not path.is_dir() and folder.is_relative_to(here) else folder


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
        roots.setdefault(root, []).append(_place(path).relative_to(root).as_posix())
    wholes = tuple(roots)
    inside = [part for parts in roots.values() for part in parts if "." not in parts]
    if inside and len(wholes) > 1:
        raise InputError(
            f"'{inside[0]}' is a part of one repository, and {len(wholes)} are asked for.",
            cure="Name whole repositories, or parts of one.",
        )
    return Target(wholes, tuple(inside))


def repositories_of(config: Path) -> list[str]:
    """Read the paths of repositories in a TOML file, relative to its folder.

    One that is not there is left out with a note, so that the others are served.

    Raises
    ------
    ConfigurationError
        The file cannot be read, or does not name repositories.
    """
    import tomllib

    try:
        named = tomllib.loads(config.read_text())["repositories"]
    except (OSError, UnicodeError, tomllib.TOMLDecodeError, KeyError) as error:
        raise ConfigurationError(
            f"'{config}' names no repositories: {error}.",
            cure='It must be TOML with a line such as repositories = ["shop", "/srv/web"].',
        ) from error
    if not isinstance(named, list) or not all(isinstance(path, str) for path in named):
        raise ConfigurationError(f"`repositories` of '{config}' is no list of paths.")
    paths = [config.parent / Path(path).expanduser() for path in named]
    for path in paths:
        if not path.is_dir():
            print(f"note: '{path}' is not served: there is no such folder", file=sys.stderr)
    return [str(path) for path in paths if path.is_dir()]


def file_of(text: str, directory: str) -> tuple[Target, str]:
    """Find the repository of a file or folder, which need not exist any more, and its path there.

    A path may lead into another repository than that of `directory`, beside it or in it. One that
    leads out of it and into no other is given back as it is, for the answer to say so.
    """
    path = Path(directory, text)
    root = root_of(Path(directory))
    place = _place(path)
    if os.path.exists(place):  # unlike `Path.exists`, also no where permission is missing
        other = root_of(path)
        root = other if (other / ".git").exists() else root
    if not place.is_relative_to(root):
        return Target((root,)), text
    return Target((root,)), place.relative_to(root).as_posix()


def _place(path: Path) -> Path:
    """Give the absolute path; a file that is a symbolic link is meant by its own name."""
    if path.is_dir() or path.name == "..":
        return path.resolve()
    return path.parent.resolve() / path.name


@contextmanager
def opened(target: Target) -> "Iterator[CodeIntel]":
    """Open the repositories of a target."""
    from codeintel.api import CodeIntel

    with CodeIntel(*target.roots) as intel:
        yield intel
