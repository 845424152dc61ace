"""Finds the documents that can hold a text: trigram postings, with the texts beside them.

A trigram is three bytes of the UTF-8 form of a folded text (`fold`), so that one index serves
searches of either case. A segment is a set of immutable files; a generation shares unchanged ones
with the one before by hard links::

    000001.texts          all texts, UTF-8, each ended by a line feed
    000001.documents.npy  int64 (4, n): id, start, length in bytes, 1 where all bytes are ASCII
    000001.trigrams.npy   uint32, ascending: the trigrams, big-endian in the low 24 bits
    000001.counts.npy     uint32: in how many documents each trigram is
    000001.postings       the documents of each trigram, one list after the other
    dead.npy              int64: ids of stored documents that are in this generation no more

A list is a bitmap where that is shorter, else ascending uint16 ordinals. Keeping the texts makes a
search independent of the working tree (a bare repository has none) and lets it run over many files
at once without opening any.
"""

import mmap
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from codeintel.errors import IndexCorruptError

# Ordinals are uint16.
MAX_SEGMENT_DOCUMENTS = 1 << 16
_ORDINAL_BYTES = 2
# Lists that are read until few documents are left; more cost more than they save.
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
    """One set of files; `stem` is the number that their names begin with."""

    def __init__(self, folder: Path, stem: str) -> None:
        self.stem = stem
        self._folder = folder
        try:
            self.documents: NDArray[np.int64] = np.load(folder / f"{stem}.documents.npy")
            self._trigrams = np.load(folder / f"{stem}.trigrams.npy", mmap_mode="r")
            self._counts = np.load(folder / f"{stem}.counts.npy")
        except (OSError, ValueError) as error:
            raise corrupt(stem) from error
        self.ids, self.starts, self.lengths, self.ascii = self.documents
        sizes = list_sizes(self._counts, len(self.ids))
        self.ends = np.append(self.starts[1:], len(self.texts))
        self._offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])
        if len(self._postings) != self._offsets[-1]:
            raise corrupt(stem)

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def texts(self) -> mmap.mmap | bytes:
        """All texts, one after the other."""
        return _map(self._folder / f"{self.stem}.texts")

    @cached_property
    def _postings(self) -> mmap.mmap | bytes:
        return _map(self._folder / f"{self.stem}.postings")

    def text(self, ordinal: int) -> bytes:
        """Give the text of a document."""
        start = int(self.starts[ordinal])
        return self.texts[start : start + int(self.lengths[ordinal])]

    def matching(self, query: TrigramQuery) -> NDArray[np.bool_] | None:
        """Say for each document whether it can hold a query; None where all can."""
        match query:
            case Literal(text):
                return self._holding(text)
            case AllOf(parts):
                found: NDArray[np.bool_] | None = None
                for part in parts:
                    mask = self.matching(part)
                    if mask is not None:
                        found = mask if found is None else found & mask
                return found
            case AnyOf(parts):
                found = np.zeros(len(self), np.bool_)
                for part in parts:
                    mask = self.matching(part)
                    if mask is None:
                        return None
                    found |= mask
                return found

    def _holding(self, text: bytes) -> NDArray[np.bool_] | None:
        """Say for each document whether it has all trigrams of a text, rarest first."""
        wanted = np.unique(trigrams_of(np.frombuffer(text, np.uint8)))
        if not len(wanted):
            return None
        at = np.searchsorted(self._trigrams, wanted)
        if at[-1] == len(self._trigrams) or (self._trigrams[at] != wanted).any():
            return np.zeros(len(self), np.bool_)
        rarest = at[np.argsort(self._counts[at], kind="stable")][:_MAX_LISTS]
        found = self._list(int(rarest[0]))
        for position in rarest[1:]:
            if np.count_nonzero(found) <= _FEW:
                break
            found &= self._list(int(position))
        return found

    def _list(self, position: int) -> NDArray[np.bool_]:
        """Read the list of the trigram at a position."""
        start, end = int(self._offsets[position]), int(self._offsets[position + 1])
        n_documents = len(self)
        if end - start == int(self._counts[position]) * _ORDINAL_BYTES:
            ordinals = np.frombuffer(self._postings, np.uint16, (end - start) // 2, start)
            found = np.zeros(n_documents, np.bool_)
            found[ordinals] = True
            return found
        packed = np.frombuffer(self._postings, np.uint8, end - start, start)
        return np.unpackbits(packed, count=n_documents).view(np.bool_)


class TrigramIndex:
    """The segments of one generation; immutable, safe to share between threads."""

    def __init__(self, segments: Sequence[Segment], dead: NDArray[np.int64]) -> None:
        self.segments = tuple(segments)
        self._live = [~np.isin(segment.ids, dead) for segment in segments]
        ids = [segment.ids[live] for segment, live in zip(segments, self._live, strict=True)]
        places = [
            np.stack([np.full(live.sum(), n), np.flatnonzero(live)])
            for n, live in enumerate(self._live)
        ]
        self._ids = np.concatenate([np.zeros(0, np.int64), *ids])
        order = np.argsort(self._ids)
        self._ids = self._ids[order]
        self._places = np.concatenate([np.zeros((2, 0), np.int64), *places], axis=1)[:, order]

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
        return len(self._ids)

    def candidates(self, query: TrigramQuery) -> NDArray[np.int64] | None:
        """Give the ids of all documents that can hold a query, ascending; None where all can."""
        masks = [segment.matching(query) for segment in self.segments]
        if all(mask is None for mask in masks):
            return None
        found = [
            segment.ids[live if mask is None else live & mask]
            for segment, mask, live in zip(self.segments, masks, self._live, strict=True)
        ]
        return np.sort(np.concatenate(found))

    def locate(self, documents: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Give for each document its segment's position and its ordinal there.

        Returns
        -------
        segments, ordinals
            Of the length of `documents`; -1 for a document that is not in the index.
        """
        at = np.searchsorted(self._ids, documents)
        at[at == len(self._ids)] = 0
        known = self._ids[at] == documents if len(self._ids) else np.zeros(len(at), np.bool_)
        if not len(self._ids):
            return np.full(len(at), -1), np.full(len(at), -1)
        segments, ordinals = self._places[:, at]
        return np.where(known, segments, -1), np.where(known, ordinals, -1)

    def text(self, document: int) -> bytes | None:
        """Give the text of a document as UTF-8; None where it is not in the index."""
        segments, ordinals = self.locate(np.array([document], np.int64))
        if segments[0] < 0:
            return None
        return self.segments[int(segments[0])].text(int(ordinals[0]))


def trigrams_of(data: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Give the trigram at each position, without those that reach over a line's end."""
    wide = data.astype(np.uint32)
    codes = wide[:-2] << 16 | wide[1:-1] << 8 | wide[2:]
    ends = (data == 10) | (data == 13)
    kept: NDArray[np.uint32] = codes[~(ends[:-2] | ends[1:-1] | ends[2:])]
    return kept


def list_sizes(counts: NDArray[np.uint32], n_documents: int) -> NDArray[np.int64]:
    """Give the size in bytes of each list, by how many documents it holds."""
    sizes: NDArray[np.int64] = np.minimum(
        counts.astype(np.int64) * _ORDINAL_BYTES, bitmap_bytes(n_documents)
    )
    return sizes


def bitmap_bytes(n_documents: int) -> int:
    """Give the size of a bitmap; odd, so that no list of ordinals has the same."""
    return (n_documents + 7) // 8 | 1


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
