"""Lists the files of one generation from memory."""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from codeintel.effort import checked
from codeintel.errors import InputError
from codeintel.search.globs import GlobMatcher, PathTable
from codeintel.store.catalog import Document
from codeintel.types import FileFilter, PathEntry, PathOrder, SkippedFile

# Selections of the last scopes; each takes a byte for a file.
_MAX_SELECTIONS = 32


class PathListing:
    """The files of a generation, ready to be selected and paged; safe to share between threads.

    Parameters
    ----------
    repo
        Name of the repository, for the entries.
    documents, skipped
        Ordered by path, as the catalog gives them.
    """

    def __init__(
        self, repo: str, documents: Sequence[Document], skipped: Sequence[SkippedFile] = ()
    ) -> None:
        self._repo = repo
        self.documents = documents
        self.skipped = skipped
        self._selections: dict[tuple[GlobMatcher, frozenset[str]], NDArray[np.bool_]] = {}

    def select(self, globs: GlobMatcher, languages: frozenset[str]) -> NDArray[np.bool_]:
        """Say for each document whether a scope has it; no languages means any."""
        if not (globs or languages):
            return self._all
        key = (globs, languages)
        found = self._selections.get(key)
        if found is None:
            found = globs.select(self.table)
            if languages:
                names, numbers = self._languages
                wanted = np.array([name in languages for name in names], np.bool_)
                found &= wanted[numbers]
            if len(self._selections) >= _MAX_SELECTIONS:
                self._selections.clear()
            self._selections[key] = found
        return found

    @cached_property
    def _all(self) -> NDArray[np.bool_]:
        """All of the documents."""
        return np.ones(len(self.documents), np.bool_)

    def passing(self, selected: NDArray[np.bool_], file: FileFilter) -> NDArray[np.bool_]:
        """Leave only documents of some size and age among those selected.

        Raises
        ------
        InputError
            The time is no ISO 8601 time, or the index knows no times (it is of a revision).
        """
        sizes, _ = self._sums
        if file.min_bytes is not None:
            selected = selected & (sizes >= file.min_bytes)
        if file.max_bytes is not None:
            selected = selected & (sizes <= file.max_bytes)
        if file.modified_since is not None:
            selected = selected & (self.modified_ns >= _nanoseconds(file.modified_since))
        return selected

    def ordered(self, selected: NDArray[np.bool_], order: PathOrder) -> NDArray[np.int64]:
        """Give the positions of selected documents: by path, or the largest or latest first."""
        chosen = np.flatnonzero(selected)
        if order == "path":
            return chosen
        keys = self._sums[0] if order == "size" else self.modified_ns
        return chosen[np.argsort(-keys[chosen], kind="stable")]

    @cached_property
    def table(self) -> PathTable:
        """The paths of the documents."""
        return PathTable([document.path for document in self.documents])

    def files(self, selected: NDArray[np.bool_], after: str, limit: int) -> list[PathEntry]:
        """Give selected files in path order.

        Parameters
        ----------
        after
            Give only paths that come after this one; empty for all.
        """
        first = bisect_left(self.documents, after + "\0", key=_path) if after else 0
        return self.entries(np.flatnonzero(selected[first:])[:limit] + first)

    def entries(self, positions: NDArray[np.int64]) -> list[PathEntry]:
        """Give files by their positions."""
        return [self._file(self.documents[position]) for position in positions.tolist()]

    def skipped_files(self, globs: GlobMatcher, after: str, limit: int) -> list[PathEntry]:
        """Give files that are not indexed, with the reason, in path order."""
        found: list[PathEntry] = []
        first = bisect_left(self.skipped, after + "\0", key=_path) if after else 0
        for file in checked(self.skipped[first:]):
            if len(found) == limit:
                break
            if globs.matches(file.path):
                found.append(PathEntry(repo=self._repo, path=file.path, skipped=file.reason))
        return found

    def folders(self, selected: NDArray[np.bool_], after: str, limit: int) -> list[PathEntry]:
        """Give the folders with selected files, each with all that lies below it."""
        chosen = np.flatnonzero(selected)
        sizes, lines = self._sums
        entries: list[PathEntry] = []
        for folder, (first, last) in self._folders.items():
            if folder <= after:
                continue
            if len(entries) == limit:
                break
            low, high = np.searchsorted(chosen, (first, last))
            if low == high:
                continue
            inside = chosen[low:high]
            entries.append(
                PathEntry(
                    repo=self._repo,
                    path=folder,
                    kind="folder",
                    n_files=int(high - low),
                    size_bytes=int(sizes[inside].sum()),
                    n_lines=int(lines[inside].sum()),
                )
            )
        return entries

    def _file(self, document: Document) -> PathEntry:
        return PathEntry(
            repo=self._repo,
            path=document.path,
            language=document.language,
            size_bytes=document.size_bytes,
            n_lines=document.n_lines,
        )

    @cached_property
    def _folders(self) -> dict[str, tuple[int, int]]:
        """Every folder in path order, with the run of documents below it."""
        runs: dict[str, tuple[int, int]] = {}
        for position, document in enumerate(self.documents):
            folder = document.path
            while "/" in folder:
                folder = folder.rpartition("/")[0]
                first = runs[folder][0] if folder in runs else position
                runs[folder] = (first, position + 1)
        return dict(sorted(runs.items()))

    @cached_property
    def _sums(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Sizes and numbers of lines of the documents."""
        sizes = np.array([document.size_bytes for document in self.documents], np.int64)
        return sizes, np.array([document.n_lines for document in self.documents], np.int64)

    @cached_property
    def modified_ns(self) -> NDArray[np.int64]:
        """When each document was last changed, in nanoseconds since 1970.

        Raises
        ------
        InputError
            The index is of a revision, where files have no times.
        """
        stamps = [document.stamp.partition("-") for document in self.documents]
        if not all(rest for _, _, rest in stamps):
            raise InputError(
                "The files have no times: the index is of a revision, not of a working tree.",
                cure="The history of a path tells when it was changed.",
            )
        return np.array([int(time, 16) for time, _, _ in stamps], np.int64)

    @cached_property
    def _languages(self) -> tuple[list[str], NDArray[np.int64]]:
        """The languages' names, and each document's as a number among them."""
        names = sorted({document.language for document in self.documents})
        numbers = {name: number for number, name in enumerate(names)}
        found = [numbers[document.language] for document in self.documents]
        return names, np.array(found, np.int64)


def _nanoseconds(text: str) -> int:
    """Read a time."""
    try:
        time = datetime.fromisoformat(text)
        if time.tzinfo is None:
            time = time.replace(tzinfo=UTC)
        return int(time.timestamp()) * 1_000_000_000
    except (ValueError, OverflowError):
        raise InputError(
            f"'{text[:100]}' is no time.",
            cure="Give it as 2026-01-31 or 2026-01-31T12:00:00+00:00.",
        ) from None


def _path(file: Document | SkippedFile) -> str:
    return file.path
