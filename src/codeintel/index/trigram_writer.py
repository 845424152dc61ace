"""Writes the segments that `codeintel.index.trigram` reads."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from codeintel.index.trigram import (
    MAX_SEGMENT_BLOCKS,
    Segment,
    bitmap_bytes,
    list_sizes,
    read_dead,
    segment_stems,
)
from codeintel.index.trigram_fold import fold

# Bounds the memory of a build to about twice this, and the work that one rewrite can cost.
_MAX_SEGMENT_BYTES = 256 << 20
_BLOCK_BYTES = 8 << 10
# A block's place in its batch is the low byte of a sort key, its trigram the three above.
# As many as fit into a core's cache, and so that little is left to do at the end.
_BATCH_BLOCKS = 64
_BATCH_BYTES = 1 << 20
# Trigrams are merged in ranges of about so many pairs, so that only one range is held twice.
_RANGE_PAIRS = 4_000_000


class TrigramWriter:
    """Changes the trigram files in the folder of a draft, which holds links to the last ones.

    Segments are kept so that each has at least twice the bytes of all newer ones together: a
    change costs about its own size, and there are few segments however many changes came.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._segments = [Segment(folder, stem) for stem in segment_stems(folder)]
        stored = (int(document) for segment in self._segments for document in segment.ids)
        self._stored = set(stored)
        self._dead = set(map(int, read_dead(folder))) if self._segments else set()
        self._next = int(self._segments[-1].stem) + 1 if self._segments else 1
        self._builder: _SegmentBuilder | None = None
        self._added_bytes = 0

    def remove(self, documents: Iterable[int]) -> None:
        """Remove documents; unknown ones are left alone."""
        self._dead.update(document for document in documents if document in self._stored)

    def add(self, document: int, text: str) -> None:
        """Add a document; one that is stored already (its id stands for its text) is revived."""
        if document in self._stored:
            self._dead.discard(document)
            return
        self._stored.add(document)
        self._append(document, text)

    def finish(self) -> None:
        """Write everything to the folder; the writer cannot be used afterwards."""
        for segment in self._outgrown():
            self._absorb(segment)
        if self._builder is not None:
            self._builder.finish()
        dead = np.array(sorted(self._dead), np.int64)
        temporary = self._folder / "dead.tmp.npy"
        np.save(temporary, dead)
        os.replace(temporary, self._folder / "dead.npy")

    def close(self) -> None:
        """Close what is open, of a run that may have failed; closing twice is fine."""
        if self._builder is not None:
            self._builder.close()

    def _append(self, document: int, text: str) -> None:
        """Put a document into the segment that is being built."""
        data = text.encode("utf-8", "replace")
        if self._builder is not None and self._builder.is_full(len(data)):
            self._builder.finish()
            self._builder = None
        if self._builder is None:
            self._builder = _SegmentBuilder(self._folder, f"{self._next:06d}")
            self._next += 1
        self._builder.add(document, data)
        self._added_bytes += len(data)

    def _outgrown(self) -> list[Segment]:
        """Choose the segments to write anew: half dead ones, and small ones before a large new."""
        chosen = []
        newer_bytes = self._added_bytes
        for segment in reversed(self._segments):
            live_bytes = int(segment.lengths[self._is_live(segment)].sum())
            small = live_bytes < 2 * newer_bytes < _MAX_SEGMENT_BYTES
            if small or 2 * live_bytes < int(segment.lengths.sum()):
                chosen.append(segment)
            newer_bytes += live_bytes
        return chosen[::-1]

    def _absorb(self, segment: Segment) -> None:
        """Write a segment's live documents anew and remove its files."""
        for ordinal in np.flatnonzero(self._is_live(segment)):
            text = segment.text(int(ordinal)).decode("utf-8")
            self._append(int(segment.ids[ordinal]), text)
        self._dead.difference_update(map(int, segment.ids))
        for path in self._folder.glob(f"{segment.stem}.*"):
            path.unlink()

    def _is_live(self, segment: Segment) -> NDArray[np.bool_]:
        """Say for each document of a segment whether it was not removed."""
        return np.array([int(document) not in self._dead for document in segment.ids], np.bool_)


class _SegmentBuilder:
    """Collects the documents of one segment; the trigrams of a batch are sorted at once."""

    def __init__(self, folder: Path, stem: str) -> None:
        self._folder = folder
        self._stem = stem
        self._texts: BinaryIO = open(folder / f"{stem}.texts", "wb")  # noqa: SIM115 - see finish
        self._end = 0
        self._documents: list[tuple[int, int, int, bool]] = []
        self._blocks: list[int] = []
        self._batch: list[bytes] = []
        self._batch_bytes = 0
        self._keys: list[NDArray[np.uint32]] = []
        self._bases: list[int] = []

    def is_full(self, size_bytes: int) -> bool:
        """Tell whether another document of this size could be too much.

        Two blocks that follow each other have more than `_BLOCK_BYTES` together.
        """
        return bool(self._documents) and (
            len(self._blocks) + 2 * size_bytes // _BLOCK_BYTES + 1 > MAX_SEGMENT_BLOCKS
            or self._end + size_bytes > _MAX_SEGMENT_BYTES
        )

    def add(self, document: int, data: bytes) -> None:
        """Store a text, and note the trigrams of its blocks."""
        self._documents.append((document, self._end, len(data), data.isascii()))
        line_end = b"" if data.endswith(b"\n") or not data else b"\n"
        self._texts.write(data)
        self._texts.write(line_end)
        for start, block in _cut(data):
            self._blocks.append(self._end + start)
            self._batch.append(fold(block.decode()).encode())
            self._batch_bytes += len(block)
            if len(self._batch) == _BATCH_BLOCKS or self._batch_bytes > _BATCH_BYTES:
                self._flush()
        self._end += len(data) + len(line_end)

    def close(self) -> None:
        """Close the file of texts."""
        self._texts.close()

    def finish(self) -> None:
        """Write the files."""
        self._flush()
        self._texts.close()
        np.save(self._path("documents.npy"), np.array(self._documents, np.int64).T.reshape(4, -1))
        np.save(self._path("blocks.npy"), np.array(self._blocks, np.int64))
        trigrams, counts = [], []
        with open(self._path("postings"), "wb") as postings:
            n_pairs = sum(map(len, self._keys))
            n_ranges = 1 << (n_pairs // _RANGE_PAIRS).bit_length()  # so that none cuts a trigram
            for n in range(n_ranges):
                keys = self._range(n, n_ranges)
                codes, starts = np.unique(keys >> 16, return_index=True)
                n_blocks = np.diff(starts, append=len(keys)).astype(np.uint32)
                postings.write(_encode_lists(keys, starts, n_blocks, len(self._blocks)))
                trigrams.append(codes.astype(np.uint32))
                counts.append(n_blocks)
        np.save(self._path("trigrams.npy"), np.concatenate(trigrams))
        np.save(self._path("counts.npy"), np.concatenate(counts))

    def _path(self, kind: str) -> Path:
        return self._folder / f"{self._stem}.{kind}"

    def _flush(self) -> None:
        """Reduce the batch to its distinct (trigram, block) pairs, in that order."""
        if not self._batch:
            return
        data = np.frombuffer(b"\n".join(self._batch), np.uint8)
        lengths = [len(text) + 1 for text in self._batch]
        places = np.repeat(np.arange(len(lengths), dtype=np.uint8), lengths)[: len(data)]
        ends = (data == 10) | (data == 13)
        kept = ~(ends[:-2] | ends[1:-1] | ends[2:])
        keys = data[:-2].astype(np.uint32)
        for low in (data[1:-1], data[2:], places[:-2]):
            keys <<= 8
            keys |= low
        keys = keys[kept]
        keys.sort()
        self._keys.append(keys[np.diff(keys, prepend=~keys[:1]) != 0])
        self._bases.append(len(self._blocks) - len(self._batch))
        self._batch, self._batch_bytes = [], 0

    def _range(self, n: int, n_ranges: int) -> NDArray[np.uint64]:
        """Give all pairs of one range of trigrams: trigram << 16 | block, ascending."""
        width = (1 << 32) // n_ranges
        parts = []
        for keys, base in zip(self._keys, self._bases, strict=True):
            # No byte of UTF-8 is 0xFF, so no key is the highest number.
            bounds = np.array([n * width, min((n + 1) * width, 0xFFFFFFFF)], np.uint32)
            first, last = np.searchsorted(keys, bounds)
            part = keys[first:last].astype(np.uint64)
            parts.append((part >> 8 << 16) | ((part & 0xFF) + np.uint64(base)))
        pairs = np.concatenate([np.zeros(0, np.uint64), *parts])
        pairs.sort()
        return pairs


def _cut(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Cut a text into blocks of whole lines, each with its start."""
    start = 0
    while start < len(data):
        end = len(data)
        if end - start > _BLOCK_BYTES * 3 // 2:
            end = data.rfind(b"\n", start, start + _BLOCK_BYTES) + 1
            end = end or data.find(b"\n", start + _BLOCK_BYTES) + 1 or len(data)
        yield start, data[start:end]
        start = end


def _encode_lists(
    keys: NDArray[np.uint64],
    starts: NDArray[np.int64],
    counts: NDArray[np.uint32],
    n_blocks: int,
) -> bytes:
    """Write each list in its shorter form."""
    numbers = (keys & 0xFFFF).astype("<u2")
    sizes = list_sizes(counts, n_blocks)
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])
    out = np.zeros(int(offsets[-1]), np.uint8)
    dense = counts.astype(np.int64) * 2 > bitmap_bytes(n_blocks)
    out[np.repeat(~dense, sizes)] = numbers[np.repeat(~dense, counts)].view(np.uint8)
    bits = numbers[np.repeat(dense, counts)].astype(np.int64)
    places = np.repeat(offsets[:-1][dense], counts[dense]) + (bits >> 3)
    np.add.at(out, places, (128 >> (bits & 7)).astype(np.uint8))
    return out.tobytes()
