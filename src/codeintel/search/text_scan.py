"""Finds the matching lines of texts."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from time import monotonic
from typing import NamedTuple

import re2

from codeintel.search.text_corpus import Region
from codeintel.search.text_pattern import TextPattern

# Lines are taken in runs where of this many the mean distance is less than this.
_SAMPLE_LINES = 64
_DENSE_BYTES = 200


@dataclass(frozen=True, slots=True)
class Found:
    """The matching lines of one text.

    Attributes
    ----------
    start, end
        Where the text lies in the region's buffer.
    lines
        For each matching line a place in it, and where it ends (without its line feed).
    """

    region: Region
    path: str
    start: int
    end: int
    lines: list[tuple[int, int]]


class Counts(NamedTuple):
    """How many lines and files of a region match."""

    n_lines: int
    n_files: int


def scan(pattern: TextPattern, region: Region, deadline: float) -> list[Found]:
    """Find the matching lines of a region, by file in path order.

    Raises
    ------
    TimeoutError
        The deadline (of `time.monotonic`) has passed.
    """
    if monotonic() > deadline:
        raise TimeoutError
    lines = _lines if pattern.per_line else _touched_lines
    found: list[Found] = []
    current: list[tuple[int, int]] = []
    current_end = -1
    for start, end in lines(pattern, region, deadline):
        if start >= current_end:
            number = bisect_right(region.starts, start) - 1
            current_end = region.ends[number]
            text_start = region.starts[number]
            text_end = text_start + region.lengths[number]
            current = []
            found.append(Found(region, region.paths[number], text_start, text_end, current))
        current.append((start, end))
    return found


def count(pattern: TextPattern, region: Region, deadline: float) -> Counts:
    """Count the matching lines of a region; raises as `scan`.

    Where nearly every line matches, whole runs of lines are taken at once: one call into RE2 for
    each line would cost more than the matching.
    """
    runs = pattern.run_finder(ascii_text=region.ascii) if pattern.per_line else None
    if runs is None:
        found = scan(pattern, region, deadline)
        return Counts(sum(len(file.lines) for file in found), len(found))
    if monotonic() > deadline:
        raise TimeoutError
    starts = region.starts
    n_lines = n_files = 0
    last_file = -1
    for start, end in _dense_runs(pattern, runs, region, deadline):
        n_lines += region.data[start:end].count(b"\n") + 1
        first_file = max(bisect_right(starts, start) - 1, last_file + 1)
        last_file = bisect_right(starts, end) - 1
        n_files += last_file - first_file + 1
    return Counts(n_lines, n_files)


def _dense_runs(
    pattern: TextPattern, runs: re2._Regexp, region: Region, deadline: float
) -> Iterator[tuple[int, int]]:
    """Give spans of matching lines: of single ones, and of runs where most lines match."""
    n_lines = 0
    for first, last in region.windows:
        for start, end in _lines_of_window(pattern, region, first, last, deadline):
            yield start, end
            n_lines += 1
            if n_lines == _SAMPLE_LINES and end - first < _SAMPLE_LINES * _DENSE_BYTES:
                break
        else:
            continue
        for run in runs.finditer(region.data, end + 1, last):
            yield run.start(), run.end() - 1


def _lines(pattern: TextPattern, region: Region, deadline: float) -> Iterator[tuple[int, int]]:
    """Search line by line, over all texts of a window at once."""
    for first, last in region.windows:
        yield from _lines_of_window(pattern, region, first, last, deadline)


def _lines_of_window(
    pattern: TextPattern, region: Region, first: int, last: int, deadline: float
) -> Iterator[tuple[int, int]]:
    regex, confirm = pattern.line_finder(ascii_text=region.ascii)
    data = region.data
    previous_end = first - 1
    for match in regex.finditer(data, first, last):
        start, end = match.span()
        if start <= previous_end or start == last:
            continue
        previous_end = end
        if confirm:
            line_start = max(first, data.rfind(b"\n", first, start) + 1)
            text = data[line_start:end].decode()
            if not pattern.confirms(text, deadline):
                continue
        yield start, end


def _touched_lines(
    pattern: TextPattern, region: Region, deadline: float
) -> Iterator[tuple[int, int]]:
    """Search text by text; a match takes all lines that it reaches over."""
    for text_start, length in zip(region.starts, region.lengths, strict=False):
        data = region.data[text_start : text_start + length]
        text = data.decode()
        n_chars = n_bytes = 0
        previous_end = -1
        for begin, finish in pattern.spans(text, deadline):
            start = n_bytes + len(text[n_chars:begin].encode())
            stop = start + len(text[begin:finish].encode())
            n_chars, n_bytes = begin, start
            if start == length and (start == 0 or data.endswith(b"\n")):
                break  # after the last line there is none
            while True:
                end = data.find(b"\n", start)
                end = length if end < 0 else end
                if start > previous_end:
                    yield text_start + start, text_start + end
                    previous_end = end
                start = end + 1
                if start >= stop:
                    break
