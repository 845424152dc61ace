"""Finds the matching lines of texts."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from time import monotonic
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from codeintel.search.text_corpus import Region
from codeintel.search.text_pattern import Literal, TextPattern

# Lines are taken in runs where of this many the mean distance is less than this.
_SAMPLE_LINES = 64
_DENSE_BYTES = 200
# Longer texts are not compared at all places at once: that takes a pass for each byte.
_MAX_DENSE_BYTES = 16


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
    for line in lines(pattern, region, deadline):
        if line[0] >= current_end:
            found.append(_found(region, line))
            current = found[-1].lines
            current_end = region.ends[bisect_right(region.starts, line[0]) - 1]
        else:
            current.append(line)
    return found


def _found(region: Region, line: tuple[int, int]) -> Found:
    """Begin what is found in the text that a line lies in."""
    number = bisect_right(region.starts, line[0]) - 1
    start = region.starts[number]
    return Found(region, region.paths[number], start, start + region.lengths[number], [line])


def scan_files(pattern: TextPattern, region: Region, deadline: float) -> list[Found]:
    """Find the first matching line of each text of a region; raises as `scan`."""
    if not pattern.per_line:
        return [replace(file, lines=file.lines[:1]) for file in scan(pattern, region, deadline)]
    if monotonic() > deadline:
        raise TimeoutError
    found: list[Found] = []
    done = -1
    for first, last in region.windows:
        at = max(first, done)
        while at < last:
            line = next(_lines_of_window(pattern, region, at, last, deadline), None)
            if line is None:
                break
            found.append(_found(region, line))
            at = done = region.ends[bisect_right(region.starts, line[0]) - 1]
    return found


def count(pattern: TextPattern, region: Region, deadline: float) -> Counts:
    """Count the matching lines of a region; raises as `scan`.

    Literals are compared at all places at once. Of other patterns, whole runs of matching and
    empty lines are taken where many match: a call into RE2 for each line would cost more than the
    matching.
    """
    if monotonic() > deadline:
        raise TimeoutError
    literal = pattern.literal
    if literal and all(literal.is_all_in(region.data, *window) for window in region.windows):
        return _count_literal(literal, region)
    if not pattern.per_line or pattern.must_confirm(ascii_text=region.ascii):
        found = scan(pattern, region, deadline)
        return Counts(sum(len(file.lines) for file in found), len(found))
    n_lines = n_files = 0
    last_file = -1
    for start, end, with_empty in _dense_runs(pattern, region, deadline):
        n_lines += _n_lines(region.data[start:end], with_empty)
        first_file = max(bisect_right(region.starts, start) - 1, last_file + 1)
        for number in range(first_file, bisect_left(region.starts, end)):
            text = region.data[max(start, region.starts[number]) : min(end, region.ends[number])]
            if _n_lines(text, with_empty):
                n_files += 1
                last_file = number
    return Counts(n_lines, n_files)


def _n_lines(lines: bytes, with_empty: bool) -> int:
    """Count lines; the last one may have no line feed."""
    n_lines = lines.count(b"\n") + (not lines.endswith(b"\n"))
    if with_empty:
        return n_lines
    # `bytes.count` does not look at a line feed twice: of n in a row it sees half.
    data = np.frombuffer(b"\n" + lines, np.uint8) == 10
    return n_lines - int(np.count_nonzero(data[1:] & data[:-1]))


def _count_literal(literal: Literal, region: Region) -> Counts:
    """Count the lines that hold a text."""
    n_lines = 0
    files: set[int] = set()
    for first, last in region.windows:
        for number, (start, end) in enumerate(_literal_lines(literal, region, first, last), 1):
            n_lines += 1
            files.add(bisect_right(region.starts, start))
            dense = number == _SAMPLE_LINES and end - first < _SAMPLE_LINES * _DENSE_BYTES
            if dense and len(literal.data) <= _MAX_DENSE_BYTES:
                matching = _dense_lines(literal, region.data[end:last]) + end
                n_lines += len(matching)
                files.update(np.searchsorted(region.starts, matching, side="right").tolist())
                break
    return Counts(n_lines, len(files))


def _dense_lines(literal: Literal, data: bytes) -> NDArray[np.int64]:
    """Give where the lines begin that hold a text, compared at all places at once."""
    text = literal.data
    bytes_ = np.frombuffer(data.lower() if literal.folded else data, np.uint8)
    size = max(0, len(bytes_) - len(text) + 1)
    at = np.ones(size, np.bool_)
    for offset, byte in enumerate(text):
        at &= bytes_[offset : offset + size] == byte
    starts = np.concatenate(([0], np.flatnonzero(bytes_[: size - 1] == 10) + 1))[:size]
    return starts[np.logical_or.reduceat(at, starts)] if size else starts


def _literal_lines(
    literal: Literal, region: Region, first: int, last: int
) -> Iterator[tuple[int, int]]:
    """Give the lines of a window that hold a text: where it first stands, and where they end."""
    text, data = literal.data, region.data[first:last]
    data = data.lower() if literal.folded else data
    at = data.find(text)
    while at >= 0:
        end = data.find(b"\n", at)
        end = len(data) if end < 0 else end
        yield first + at, first + end
        at = data.find(text, end)


def _dense_runs(
    pattern: TextPattern, region: Region, deadline: float
) -> Iterator[tuple[int, int, bool]]:
    """Give spans of matching lines: single ones, and runs where many match.

    The third value tells whether empty lines of the span match, too.
    """
    for first, last in region.windows:
        lines = _lines_of_window(pattern, region, first, last, deadline)
        for n_lines, (start, end) in enumerate(lines, 1):
            yield start, end, True
            if n_lines == _SAMPLE_LINES and end - first < _SAMPLE_LINES * _DENSE_BYTES:
                break
        else:
            continue
        n_all = _n_lines(region.data[first:end], False)
        # Runs that go on over empty lines are found more slowly, and longer only where most match.
        over_empty = not pattern.matches_empty and n_all < _SAMPLE_LINES * 4 // 3
        for run in pattern.run_finder(over_empty=over_empty).finditer(region.data, end + 1, last):
            yield *run.span(), not over_empty


def _lines(pattern: TextPattern, region: Region, deadline: float) -> Iterator[tuple[int, int]]:
    """Search line by line, over all texts of a window at once."""
    for first, last in region.windows:
        yield from _lines_of_window(pattern, region, first, last, deadline)


def _lines_of_window(
    pattern: TextPattern, region: Region, first: int, last: int, deadline: float
) -> Iterator[tuple[int, int]]:
    literal, data = pattern.literal, region.data
    if literal and literal.is_all_in(data, first, last):
        yield from _literal_lines(literal, region, first, last)
        return
    regex, confirm = pattern.line_finder(ascii_text=region.ascii)
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
