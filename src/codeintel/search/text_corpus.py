"""The texts to search, in path order: from the index, and from disk where files have changed."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from mmap import mmap
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from codeintel.errors import IndexCorruptError
from codeintel.index.trigram import TrigramIndex, TrigramQuery
from codeintel.search.globs import PathTable

# A region is one unit of parallel work, and what is looked at between two looks at the clock.
_REGION_BYTES = 1 << 20


class IndexedDocument(Protocol):
    """What is needed of a document of the catalog."""

    @property
    def id(self) -> int: ...  # noqa: D102
    @property
    def path(self) -> str: ...  # noqa: D102


class TextCorpus:
    """The documents of one generation, beside the trigram index that has their texts.

    Parameters
    ----------
    documents
        Ordered by path, as `Catalog.documents` are.
    index
        Of the same generation.
    """

    def __init__(self, documents: Sequence[IndexedDocument], index: TrigramIndex) -> None:
        self.index = index
        self.paths = [document.path for document in documents]
        self.table = PathTable(self.paths)
        self._ids = np.array([document.id for document in documents], np.int64)
        self._order = np.argsort(self._ids)
        self._ids = self._ids[self._order]
        by_path = np.empty_like(self._ids)
        by_path[self._order] = self._ids
        self.segments, self.ordinals = index.locate(by_path)
        if (self.segments < 0).any():
            missing = self.paths[int(np.argmin(self.segments))]
            raise IndexCorruptError(
                f"The text index does not have '{missing}'.",
                cure="Run `codeintel index --full` to write it anew.",
            )

    def __len__(self) -> int:
        return len(self.paths)

    def candidates(self, query: TrigramQuery) -> NDArray[np.int64]:
        """Give the positions of all documents that can hold a query, ascending."""
        ids = self.index.candidates(query)
        if ids is None:
            return np.arange(len(self))
        at = np.searchsorted(self._ids, ids)
        at[at == len(self._ids)] = 0
        known = self._ids[at] == ids if len(self._ids) else np.zeros(len(at), np.bool_)
        return np.sort(self._order[at[known]])

    def position(self, path: str) -> int:
        """Give the position of a path, or of the first one after it."""
        return bisect_left(self.paths, path)


@dataclass(frozen=True, slots=True)
class RepositoryText:
    """One repository's part in a search.

    Attributes
    ----------
    selected
        For each document whether the scope has it; None for all.
    changed
        Files that are not as they were indexed, by path, with their present text; None where the
        file is gone or not searched any more. New files may be among them.
    """

    repo: str
    corpus: TextCorpus
    selected: NDArray[np.bool_] | None = None
    changed: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Region:
    """Texts that lie side by side in one buffer, in path order.

    Attributes
    ----------
    starts
        Where each text begins, and where the last one ends with its line end.
    lengths
        In bytes, without a line end that only the buffer adds.
    """

    repo: str
    data: mmap | bytes
    paths: Sequence[str]
    starts: Sequence[int]
    lengths: Sequence[int]
    ascii: bool


def regions(part: RepositoryText, query: TrigramQuery, after: str) -> Iterator[Region]:
    """Give the texts of a repository that can hold a query, in path order.

    Parameters
    ----------
    after
        The first path to give, or to come after; empty for all.
    """
    corpus = part.corpus
    positions = corpus.candidates(query)
    if part.selected is not None:
        positions = positions[part.selected[positions]]
    if after:
        positions = positions[np.searchsorted(positions, corpus.position(after)) :]
    changed = sorted(path for path in part.changed if path >= after)
    if changed:
        stale = [corpus.position(path) for path in changed]
        stale = [at for at, path in zip(stale, changed, strict=True) if _is_at(corpus, at, path)]
        positions = positions[~np.isin(positions, stale)]
    done = 0
    for path in changed:
        text = part.changed[path]
        if text:
            before = int(np.searchsorted(positions, corpus.position(path)))
            yield from _indexed(part, positions[done:before])
            yield _on_disk(part.repo, path, text)
            done = before
    yield from _indexed(part, positions[done:])


def _is_at(corpus: TextCorpus, position: int, path: str) -> bool:
    return position < len(corpus) and corpus.paths[position] == path


def _on_disk(repo: str, path: str, text: str) -> Region:
    """Make the region of one changed file."""
    data = text.encode("utf-8", "replace")
    length = len(data)
    if not data.endswith(b"\n"):
        data += b"\n"
    return Region(repo, data, (path,), (0, len(data)), (length,), data.isascii())


def _indexed(part: RepositoryText, positions: NDArray[np.int64]) -> Iterator[Region]:
    """Cut documents into regions: runs that lie side by side, of like kind and bounded size."""
    if not len(positions):
        return
    corpus = part.corpus
    numbers, ordinals = corpus.segments[positions], corpus.ordinals[positions]
    for number in _runs(np.diff(numbers) != 0):
        segment = corpus.index.segments[int(numbers[number.start])]
        inside = ordinals[number]
        starts, ends = segment.starts[inside], segment.ends[inside]
        apart = (np.diff(inside) != 1) | (np.diff(segment.ascii[inside]) != 0)
        apart |= np.diff((starts - starts[0]) // _REGION_BYTES) != 0
        at = [corpus.paths[p] for p in positions[number].tolist()]
        for run in _runs(apart):
            yield Region(
                part.repo,
                segment.texts,
                at[run],
                [*starts[run].tolist(), int(ends[run][-1])],
                segment.lengths[inside[run]].tolist(),
                bool(segment.ascii[inside[run.start]]),
            )


def _runs(breaks: NDArray[np.bool_]) -> list[slice]:
    """Give the runs of a sequence, by whether it breaks after each element but the last."""
    edges = [0, *(np.flatnonzero(breaks) + 1).tolist(), len(breaks) + 1]
    return [slice(a, b) for a, b in zip(edges, edges[1:], strict=False)]
