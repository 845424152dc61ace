"""Finds the matching lines of texts."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from time import monotonic

from codeintel.search.text_corpus import Region
from codeintel.search.text_pattern import TextPattern


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
    current, current_end = None, -1
    for start, end in lines(pattern, region, deadline):
        if start >= current_end:
            number = bisect_right(region.starts, start) - 1
            current_end = region.starts[number + 1]
            text_start = region.starts[number]
            text_end = text_start + region.lengths[number]
            current = []
            found.append(Found(region, region.paths[number], text_start, text_end, current))
        assert current is not None
        current.append((start, end))
    return found


def _lines(pattern: TextPattern, region: Region, deadline: float) -> Iterator[tuple[int, int]]:
    """Search line by line, over all texts of the region at once."""
    regex, confirm = pattern.line_finder(ascii_text=region.ascii)
    data, first, last = region.data, region.starts[0], region.starts[-1]
    previous_end = first - 1
    for match in regex.finditer(data, first, last):
        start, end = match.span()
        if start <= previous_end or start == last:
            continue
        previous_end = end
        if confirm:
            line_start = max(first, data.rfind(b"\n", first, start) + 1)
            text = data[line_start:end].decode()
            if next(iter(pattern.spans(text, deadline)), None) is None:
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
