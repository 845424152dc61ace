"""Ignore files in gitignore syntax, nested, as git judges them, without git."""

from collections.abc import Callable, Sequence
from pathlib import PurePosixPath

from pathspec import GitIgnoreSpec


class IgnoreRules:
    """What the ignore files of one name say about the paths below a folder.

    A deeper file overrides the ones above it, the last matching line of a file decides, and what
    lies in an ignored folder cannot be included again.

    Parameters
    ----------
    read
        Gives the lines of the ignore file in a folder ("" is the top), or None without one.
    """

    def __init__(self, read: Callable[[str], Sequence[str] | None]) -> None:
        self._read = read
        self._specs: dict[str, GitIgnoreSpec | None] = {}
        self._folders: dict[str, bool] = {"": False}

    def excludes(self, path: str, *, folder: bool = False) -> bool:
        """Tell whether a path, relative to the top, is ignored itself or lies in what is."""
        parent = path.rpartition("/")[0]
        return self._folder_excluded(parent) or self._matches(path, folder=folder)

    def _folder_excluded(self, folder: str) -> bool:
        known = self._folders.get(folder)
        if known is None:
            known = self._folders[folder] = self.excludes(folder, folder=True)
        return known

    def _matches(self, path: str, *, folder: bool) -> bool:
        """Ask the ignore files from the path's folder upwards; the first with an opinion rules."""
        for parent in PurePosixPath(path).parents:
            above = "" if str(parent) == "." else str(parent)
            spec = self._spec(above)
            if spec is None:
                continue
            below = path[len(above) + 1 :] if above else path
            include = spec.check_file(f"{below}/" if folder else below).include
            if include is not None:
                return include
        return False

    def _spec(self, folder: str) -> GitIgnoreSpec | None:
        if folder not in self._specs:
            lines = self._read(folder)
            self._specs[folder] = GitIgnoreSpec.from_lines(lines) if lines else None
        return self._specs[folder]
