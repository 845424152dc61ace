"""Finds the places that can hold a text: trigram postings, with the texts beside them.

A trigram is three bytes of the UTF-8 form of a folded text (`fold`), so that one index serves
searches of either case. Postings name blocks: whole lines of one document, about 8 KiB of them, so
that a long file is not read for a short match. A segment is a set of immutable files; a generation
shares unchanged ones with the one before by hard links::

    000001.texts          all texts, UTF-8, each ended by a line feed
    000001.documents.npy  int64 (4, n): id, start, length in bytes, 1 where all bytes are ASCII
    000001.blocks.npy     int64: where each block begins; it ends where the next one does
    000001.trigrams.npy   uint32, ascending: the trigrams, big-endian in the low 24 bits
    000001.counts.npy     uint32: in how many blocks each trigram is
    000001.postings       the blocks of each trigram, one list after the other
    dead.npy              int64: ids of stored documents that are in this generation no more

A list is a bitmap where that is shorter, else ascending uint16 block numbers. Keeping the texts
makes a search independent of the working tree (a bare repository has none) and lets it run over
many files at once without opening any.
"""

import mmap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from codeintel.errors import IndexCorruptError

# Block numbers are uint16.
MAX_SEGMENT_BLOCKS = 1 << 16
_NUMBER_BYTES = 2
# Lists are read until few blocks are left; more cost more than they save.
_MAX_LISTS = 16
_FEW = 2


@dataclass(frozen=True, slots=True)
class Literal:
    """The document holds these bytes of folded text; shorter than 3, it asks for nothing."""

    text: bytes


@dataclass(frozen=True, slots=True)
class AllOf:
    """All parts hold; without parts, every document does."""

    parts: tuple["TrigramQuery", ...] = ()


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds; without parts, no document does."""

    parts: tuple["TrigramQuery", ...] = ()


TrigramQuery = Literal | AllOf | AnyOf


class Segment:
    """One set of files; `stem` is the number that their names begin with.

    Attributes
    ----------
    ids, starts, lengths, ascii
        Of each document, in the order in which the texts are stored.
    ends
        Where each document ends in the texts, with a line end that was added to it.
    block_starts, block_ends
        Of each block, ascending.
    """

    def __init__(self, folder: Path, stem: str) -> None:
        self.stem = stem
        self._folder = folder
        try:
            self.ids, self.starts, self.lengths, self.ascii = np.load(
                folder / f"{stem}.documents.npy"
            )
            self.block_starts: NDArray[np.int64] = np.load(folder / f"{stem}.blocks.npy")
            self._trigrams = np.load(folder / f"{stem}.trigrams.npy", mmap_mode="r")
            self._counts = np.load(folder / f"{stem}.counts.npy")
        except (OSError, ValueError) as error:
            raise corrupt(stem) from error
        self.ends = np.append(self.starts[1:], len(self.texts))
        self.block_ends = np.append(self.block_starts[1:], len(self.texts))
        sizes = list_sizes(self._counts, len(self.block_starts))
        self._offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])
        if len(self._postings) != self._offsets[-1]:
            raise corrupt(stem)

    def __len__(self) -> int:
        """Count the documents."""
        return len(self.ids)

    @cached_property
    def texts(self) -> mmap.mmap | bytes:
        """All texts, one after the other."""
        return _map(self._folder / f"{self.stem}.texts")

    @cached_property
    def _postings(self) -> mmap.mmap | bytes:
        return _map(self._folder / f"{self.stem}.postings")

    @cached_property
    def documents_of_blocks(self) -> NDArray[np.int64]:
        """Give for each block the ordinal of its document."""
        return np.searchsorted(self.starts, self.block_starts, side="right") - 1

    def text(self, ordinal: int) -> bytes:
        """Give the text of a document."""
        return self.part(ordinal, 0, int(self.lengths[ordinal]))

    def part(self, ordinal: int, start: int, end: int) -> bytes:
        """Give a part of the text of a document, in bytes."""
        first = int(self.starts[ordinal])
        return self.texts[first + start : first + end]

    def matching_blocks(self, query: TrigramQuery) -> NDArray[np.bool_] | None:
        """Say for each block whether it can hold a query by itself; None where all can."""
        return self._matching(query, lambda blocks: blocks)

    def matching_documents(self, query: TrigramQuery) -> NDArray[np.bool_] | None:
        """Say for each document whether it can hold a query; None where all can."""

        def documents(blocks: NDArray[np.bool_]) -> NDArray[np.bool_]:
            return np.bincount(self.documents_of_blocks, blocks, len(self)) > 0

        return self._matching(query, documents)

    def _matching(self, query: TrigramQuery, units: "_Units") -> NDArray[np.bool_] | None:
        """Say for each unit (a block, or a document) whether it can hold a query."""
        match query:
            case Literal(text):
                return self._holding(text, units)
            case AllOf(parts):
                masks = [self._matching(part, units) for part in parts]
                known = [mask for mask in masks if mask is not None]
                return np.logical_and.reduce(known) if known else None
            case AnyOf(parts):
                found = units(np.zeros(len(self.block_starts), np.bool_))
                for part in parts:
                    mask = self._matching(part, units)
                    if mask is None:
                        return None
                    found |= mask
                return found

    def _holding(self, text: bytes, units: "_Units") -> NDArray[np.bool_] | None:
        """Say for each unit whether it has all trigrams of a text, rarest first."""
        wanted = np.unique(trigrams_of(np.frombuffer(text, np.uint8)))
        if not len(wanted):
            return None
        at = np.searchsorted(self._trigrams, wanted)
        if at[-1] == len(self._trigrams) or (self._trigrams[at] != wanted).any():
            return units(np.zeros(len(self.block_starts), np.bool_))
        rarest = at[np.argsort(self._counts[at], kind="stable")][:_MAX_LISTS]
        found = units(self._list(int(rarest[0])))
        for position in rarest[1:]:
            if np.count_nonzero(found) <= _FEW:
                break
            found &= units(self._list(int(position)))
        return found

    def _list(self, position: int) -> NDArray[np.bool_]:
        """Read the list of the trigram at a position, as a mask over the blocks."""
        start, end = int(self._offsets[position]), int(self._offsets[position + 1])
        n_blocks = len(self.block_starts)
        if end - start == int(self._counts[position]) * _NUMBER_BYTES:
            numbers = np.frombuffer(self._postings, np.uint8, end - start, start).view("<u2")
            found = np.zeros(n_blocks, np.bool_)
            found[numbers] = True
            return found
        packed = np.frombuffer(self._postings, np.uint8, end - start, start)
        return np.unpackbits(packed, count=n_blocks).view(np.bool_)


_Units = Callable[[NDArray[np.bool_]], NDArray[np.bool_]]


class TrigramIndex:
    """The segments of one generation; immutable, safe to share between threads.

    Attributes
    ----------
    live
        For each segment, which of its documents are in the generation.
    """

    def __init__(self, segments: Sequence[Segment], dead: NDArray[np.int64]) -> None:
        self.segments = tuple(segments)
        self.live = tuple(~np.isin(segment.ids, dead) for segment in segments)

    @classmethod
    def open(cls, folder: Path) -> "TrigramIndex":
        """Open what `TrigramWriter` wrote into a folder.

        Raises
        ------
        IndexCorruptError
            A file is missing or broken.
        """
        return cls([Segment(folder, stem) for stem in segment_stems(folder)], read_dead(folder))

    def __len__(self) -> int:
        """Count the documents."""
        return sum(int(np.count_nonzero(live)) for live in self.live)

    @cached_property
    def places(self) -> dict[int, tuple[int, int]]:
        """Where each document is, by its id: the number of its segment, and its ordinal there."""
        return {
            int(segment.ids[ordinal]): (number, int(ordinal))
            for number, (segment, live) in enumerate(zip(self.segments, self.live, strict=True))
            for ordinal in np.flatnonzero(live)
        }

    def text(self, document: int) -> bytes | None:
        """Give the text of a document as UTF-8; None where it is not in the index."""
        place = self.places.get(document)
        return None if place is None else self.segments[place[0]].text(place[1])

    def part(self, document: int, start: int, end: int) -> bytes:
        """Give a part of the text of a document that is in the index, in bytes."""
        segment, ordinal = self.places[document]
        return self.segments[segment].part(ordinal, start, end)


def trigrams_of(data: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Give the trigram at each position, without those that reach over a line's end."""
    wide = data.astype(np.uint32)
    codes = wide[:-2] << 16 | wide[1:-1] << 8 | wide[2:]
    ends = (data == 10) | (data == 13)
    kept: NDArray[np.uint32] = codes[~(ends[:-2] | ends[1:-1] | ends[2:])]
    return kept


def list_sizes(counts: NDArray[np.uint32], n_blocks: int) -> NDArray[np.int64]:
    """Give the size in bytes of each list, by how many blocks it names."""
    sizes: NDArray[np.int64] = np.minimum(
        counts.astype(np.int64) * _NUMBER_BYTES, bitmap_bytes(n_blocks)
    )
    return sizes


def bitmap_bytes(n_blocks: int) -> int:
    """Give the size of a bitmap; odd, so that no list of numbers has the same."""
    return (n_blocks + 7) // 8 | 1


def segment_stems(folder: Path) -> list[str]:
    """Give the stems of the segments in a folder, oldest first."""
    return sorted(path.name.partition(".")[0] for path in folder.glob("*.documents.npy"))


def read_dead(folder: Path) -> NDArray[np.int64]:
    """Read the ids of stored documents that are no longer in the generation."""
    try:
        dead: NDArray[np.int64] = np.load(folder / "dead.npy")
    except (OSError, ValueError) as error:
        raise corrupt("dead.npy") from error
    return dead


def corrupt(stem: str) -> IndexCorruptError:
    """Say which files cannot be read."""
    return IndexCorruptError(
        f"The trigram index file '{stem}' is missing or broken.",
        cure="Run `codeintel index --full` to write it anew.",
    )


def _map(path: Path) -> mmap.mmap | bytes:
    """Map a file into memory; an empty one cannot be mapped."""
    try:
        with open(path, "rb") as file:
            if path.stat().st_size == 0:
                return b""
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise corrupt(path.name) from error
