"""Ignore files in gitignore syntax, nested, judged as git judges them, without git."""

from collections.abc import Iterator, Sequence

from pathspec import GitIgnoreSpec


class IgnoreRules:
    """What ignore files say about the paths below a folder.

    A deeper file overrides the ones above it, the last matching line of a file decides, and what
    lies in an ignored folder cannot be included again.
    """

    def __init__(self) -> None:
        self._specs: dict[str, GitIgnoreSpec] = {}
        self._folders: dict[str, bool] = {"": False}

    def add(self, folder: str, lines: Sequence[str]) -> None:
        """Add the ignore file of a folder ("" is the top), before paths below it are judged."""
        # In git ``d/**`` is what lies in d, but not d itself, so that a later line can include it.
        self._specs[folder] = GitIgnoreSpec.from_lines(
            f"{line.rstrip()}/*" if line.rstrip().endswith("/**") else line for line in lines
        )

    def excludes(self, path: str, *, folder: bool = False) -> bool:
        """Tell whether a path, relative to the top, is ignored itself or lies in what is."""
        if not self._specs:
            return False
        parent = path.rpartition("/")[0]
        known = self._folders.get(parent)
        if known is None:
            known = self._folders[parent] = self.excludes(parent, folder=True)
        return known or self._matches(path, folder=folder)

    def _matches(self, path: str, *, folder: bool) -> bool:
        """Ask the ignore files from the path's folder upwards; the first with an opinion rules."""
        for above in _folders_above(path):
            spec = self._specs.get(above)
            if spec is None:
                continue
            below = path[len(above) + 1 :] if above else path
            include = spec.check_file(f"{below}/" if folder else below).include
            if include is not None:
                return include
        return False


def _folders_above(path: str) -> Iterator[str]:
    """Yield the folders that hold a path, the nearest first, "" last."""
    while path:
        path = path.rpartition("/")[0]
        yield path
