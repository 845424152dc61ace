"""The texts to search, in path order: from the index, and from disk where files have changed."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from mmap import mmap
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from codeintel.errors import IndexCorruptError
from codeintel.index.trigram import TrigramIndex, TrigramQuery

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

    Raises
    ------
    IndexCorruptError
        The index does not have a document.
    """

    def __init__(self, documents: Sequence[IndexedDocument], index: TrigramIndex) -> None:
        self.paths = [document.path for document in documents]
        self.segments = index.segments
        places = index.places
        try:
            found = [places[document.id] for document in documents]
        except KeyError:
            missing = next(d.path for d in documents if d.id not in places)
            raise IndexCorruptError(
                f"The text index does not have '{missing}'.",
                cure="Run `codeintel index --full` to write it anew.",
            ) from None
        numbers, ordinals = np.array(found, np.int64).reshape(-1, 2).T
        self._positions = [np.full(len(segment), -1) for segment in self.segments]
        for number, positions in enumerate(self._positions):
            inside = np.flatnonzero(numbers == number)
            positions[ordinals[inside]] = inside

    def __len__(self) -> int:
        return len(self.paths)

    def position(self, path: str) -> int:
        """Give the position of a path, or of the first one after it."""
        return bisect_left(self.paths, path)

    def pieces(self, query: TrigramQuery, *, per_line: bool) -> "Pieces":
        """Give the pieces of documents that can hold a query, by the document's position.

        Parameters
        ----------
        per_line
            A match stays within a line, so that blocks can be judged each by itself.
        """
        rows = []
        for number, (segment, positions) in enumerate(
            zip(self.segments, self._positions, strict=True)
        ):
            blocks = segment.matching_blocks(query) if per_line else None
            if blocks is not None:
                found = np.flatnonzero(blocks)
                ordinals = segment.documents_of_blocks[found]
                starts, ends = segment.block_starts[found], segment.block_ends[found]
            else:
                mask = None if per_line else segment.matching_documents(query)
                ordinals = np.arange(len(segment)) if mask is None else np.flatnonzero(mask)
                starts, ends = segment.starts[ordinals], segment.ends[ordinals]
            at = positions[ordinals]
            row = np.stack([at, np.full(len(at), number), ordinals, starts, ends])
            rows.append(row[:, at >= 0])
        joined = np.concatenate([np.zeros((5, 0), np.int64), *rows], axis=1)
        return Pieces(*joined[:, np.lexsort((joined[3], joined[0]))])


class Pieces(NamedTuple):
    """Pieces of documents as int64 arrays of one length, by `positions`, then `starts`.

    Attributes
    ----------
    positions, numbers, ordinals
        Of the document: in path order, of its segment, and within that.
    starts, ends
        Of the piece, in the texts of the segment.
    """

    positions: NDArray[np.int64]
    numbers: NDArray[np.int64]
    ordinals: NDArray[np.int64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]

    def where(self, kept: NDArray[np.bool_] | slice) -> "Pieces":
        """Give some of the pieces."""
        return Pieces(*(column[kept] for column in self))


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
    """Texts of one buffer, in path order, and what of them is to be searched.

    Attributes
    ----------
    starts, ends
        Where each text begins, ascending, and where it ends with its line end.
    lengths
        In bytes, without a line end that only the buffer adds.
    windows
        What can match: whole lines, ascending, each of them within the texts.
    ascii
        Whether the texts are ASCII alone.
    """

    repo: str
    data: mmap | bytes
    paths: Sequence[str]
    starts: Sequence[int]
    ends: Sequence[int]
    lengths: Sequence[int]
    windows: Sequence[tuple[int, int]]
    ascii: bool


def regions(
    part: RepositoryText, query: TrigramQuery, *, per_line: bool, by_ascii: bool, after: str
) -> Iterator[Region]:
    """Give the texts of a repository that can hold a query, in path order.

    Parameters
    ----------
    per_line
        See `TextCorpus.pieces`.
    by_ascii
        Texts of ASCII alone are to have regions of their own.
    after
        The first path to give, or to come after; empty for all.
    """
    corpus = part.corpus
    pieces = corpus.pieces(query, per_line=per_line)
    kept = pieces.positions >= (corpus.position(after) if after else 0)
    if part.selected is not None:
        kept &= part.selected[pieces.positions]
    changed = sorted(path for path in part.changed if path >= after)
    if changed:
        at = [corpus.position(path) for path in changed]
        stale = [
            p for p, path in zip(at, changed, strict=True) if corpus.paths[p : p + 1] == [path]
        ]
        kept &= ~np.isin(pieces.positions, stale)
    pieces = pieces.where(kept)
    done = 0
    for path in changed:
        text = part.changed[path]
        if text:
            before = int(np.searchsorted(pieces.positions, corpus.position(path)))
            yield from _indexed(part, pieces.where(slice(done, before)), by_ascii)
            yield _on_disk(part.repo, path, text)
            done = before
    yield from _indexed(part, pieces.where(slice(done, None)), by_ascii)


def _on_disk(repo: str, path: str, text: str) -> Region:
    """Make the region of one changed file."""
    data = text.encode("utf-8", "replace")
    length = len(data)
    if not data.endswith(b"\n"):
        data += b"\n"
    end = len(data)
    return Region(repo, data, [path], [0], [end], [length], [(0, end)], data.isascii())


def _indexed(part: RepositoryText, pieces: Pieces, by_ascii: bool) -> Iterator[Region]:
    """Cut pieces into regions: of one segment, ascending, of bounded size, if need be of a kind."""
    if not len(pieces.positions):
        return
    sizes = np.cumsum(pieces.ends - pieces.starts) // _REGION_BYTES
    new = _changes(pieces.numbers) | _changes(sizes)
    new[1:] |= pieces.starts[1:] < pieces.starts[:-1]
    if by_ascii:
        new |= _changes(_is_ascii(part.corpus, pieces))
    # All pieces of a document are in one region.
    new &= _changes(pieces.positions)
    for run in _runs(new):
        yield _region(part, pieces.where(run))


def _is_ascii(corpus: TextCorpus, pieces: Pieces) -> NDArray[np.bool_]:
    """Tell of which pieces the whole text is ASCII."""
    is_ascii = np.zeros(len(pieces.numbers), np.bool_)
    for number in set(pieces.numbers.tolist()):
        inside = pieces.numbers == number
        is_ascii[inside] = corpus.segments[number].ascii[pieces.ordinals[inside]]
    return is_ascii


def _region(part: RepositoryText, pieces: Pieces) -> Region:
    """Make a region of pieces that belong together; adjoining ones become one window."""
    corpus = part.corpus
    segment = corpus.segments[int(pieces.numbers[0])]
    first = _changes(pieces.positions)
    ordinals = pieces.ordinals[first]
    opens = np.ones(len(pieces.starts) + 1, np.bool_)
    np.not_equal(pieces.starts[1:], pieces.ends[:-1], out=opens[1:-1])
    window_starts, window_ends = pieces.starts[opens[:-1]], pieces.ends[opens[1:]]
    return Region(
        part.repo,
        segment.texts,
        [corpus.paths[position] for position in pieces.positions[first].tolist()],
        segment.starts[ordinals].tolist(),
        segment.ends[ordinals].tolist(),
        segment.lengths[ordinals].tolist(),
        list(zip(window_starts.tolist(), window_ends.tolist(), strict=True)),
        bool(segment.ascii[ordinals].all()),
    )


def _changes(values: NDArray[np.int64] | NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Say of each element whether it differs from the one before it; the first does."""
    new = np.ones(len(values), np.bool_)
    np.not_equal(values[1:], values[:-1], out=new[1:])
    return new


def _runs(new: NDArray[np.bool_]) -> list[slice]:
    """Give the runs of a sequence, by whether each element begins one; the first does."""
    return [slice(a, b) for a, b in pairwise([*np.flatnonzero(new).tolist(), len(new)])]
