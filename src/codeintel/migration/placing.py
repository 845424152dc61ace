"""Finds where the chunks of an older deployment stand in a file as it is now."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, groupby, takewhile
from typing import NamedTuple

from codeintel.lang.content import split_lines
from codeintel.migration.catalog import OldChunk
from codeintel.types import Chunk

_NOBODY = -1


class Place(NamedTuple):
    """First and last line, from 1, at which a chunk's text stands now."""

    start_line: int
    end_line: int
    chunk: OldChunk


class Piece(NamedTuple):
    """A run of lines; `source` is the old chunk that was embedded for it, if any."""

    start_line: int
    end_line: int
    source: OldChunk | None


def find_places(text: str, chunks: Sequence[OldChunk]) -> list[Place]:
    """Find each chunk by its text, the nearest to its old line where that stands there twice.

    Chunks whose text is not in the file any more are left out. Old line numbers only decide between
    equal texts, so it does not matter whether they count from 0 or from 1, or have moved.
    """
    lines = split_lines(text)
    starts = list(accumulate((len(line) + 1 for line in lines), initial=0))
    places = []
    for chunk in chunks:
        wanted = chunk.content.replace("\r\n", "\n").strip()
        found = list(_occurrences(text, wanted)) if wanted else []
        if found:
            nearest = min(found, key=lambda at: abs(bisect_right(starts, at) - chunk.line))
            last = bisect_right(starts, nearest + len(wanted) - 1)
            places.append(Place(bisect_right(starts, nearest), last, chunk))
    return places


def cut(text: str, places: Sequence[Place], own: Sequence[Chunk]) -> list[Piece]:
    """Cover a file with pieces that follow each other without gap or overlap.

    Where old chunks overlap, the one that begins later has the lines. What is left of a chunk
    behind an inner one, and lines that no old chunk has, are cut as our own chunks are, less
    their first lines without a letter or digit, which go to the piece above.

    Parameters
    ----------
    own
        Our own chunks of the file, in order, without gap or overlap.
    """
    lines = split_lines(text)
    owners = [_NOBODY] * len(lines)
    ordered = sorted(places, key=lambda place: (place.start_line, -place.end_line))
    for number, place in enumerate(ordered):
        owners[place.start_line - 1 : place.end_line] = [number] * (
            place.end_line - place.start_line + 1
        )
    pieces: list[Piece] = []
    used = {_NOBODY}
    row = 0
    for owner, run in groupby(owners):
        start, row = row + 1, row + len(list(run))
        source = None if owner in used else ordered[owner].chunk
        used.add(owner)
        if source:
            pieces.append(Piece(start, row, source))
            continue
        if pieces:
            start += _wordless(lines[start - 1 : row])
            pieces[-1] = pieces[-1]._replace(end_line=start - 1)
        pieces += _own_pieces(start, row, own)
    return pieces


def _own_pieces(start: int, end: int, own: Sequence[Chunk]) -> Iterator[Piece]:
    """Cut lines where our own chunks begin."""
    for chunk in own:
        first, last = max(start, chunk.start_line), min(end, chunk.end_line)
        if first <= last:
            yield Piece(first, last, None)


def _wordless(lines: Sequence[str]) -> int:
    """Count the first lines that have no letter or digit."""
    return sum(1 for _ in takewhile(lambda line: not any(map(str.isalnum, line)), lines))


def _occurrences(text: str, wanted: str) -> Iterator[int]:
    """Give every place of a text in another."""
    at = text.find(wanted)
    while at >= 0:
        yield at
        at = text.find(wanted, at + len(wanted))
