"""Turns matching lines into what is shown: numbers, columns, context, cuts of long lines."""

from itertools import islice

from codeintel.search.text_pattern import TextPattern
from codeintel.search.text_scan import Found
from codeintel.types import TextLine

MAX_LINE_CHARS = 300
_LEAD_CHARS = 60
_MAX_COLUMNS = 20
_MARK = "…"


def present_lines(
    pattern: TextPattern, found: Found, context_lines: int, after_line: int, limit: int
) -> tuple[tuple[TextLine, ...], int, bool]:
    """Give the matching lines of a file after a line, with their context.

    Returns
    -------
    lines, last_line, more
        `last_line` is the number of the last match given, 0 without any; `more` tells whether the
        file has further ones.
    """
    data = found.region.data
    matched: dict[int, tuple[int, int]] = {}
    line, at = 1, found.start
    more = False
    for place, end in found.lines:
        line += data[at:place].count(b"\n")
        at = place
        if line <= after_line:
            continue
        if len(matched) == limit:
            more = True
            break
        matched[line] = (place, end)
    if not matched:
        return (), 0, more
    numbers = list(matched)
    texts = _texts(found, matched, context_lines)
    last = max(texts)
    columns = _columns(pattern, found, texts, numbers)
    shown: list[TextLine] = []
    done = 0
    for number, following in zip(numbers, [*numbers[1:], last + 1], strict=True):
        first = max(done + 1, number - context_lines)
        shown += [_line(texts[n], n) for n in range(first, number)]
        shown.append(_line(texts[number], number, columns[number]))
        done = min(number + context_lines, following - 1, last)
        shown += [_line(texts[n], n) for n in range(number + 1, done + 1)]
    return tuple(shown), numbers[-1], more


def _texts(
    found: Found, matched: dict[int, tuple[int, int]], context_lines: int
) -> dict[int, bytes]:
    """Give lines by number: those that matched, all where others are shown beside them."""
    data = found.region.data
    if not context_lines:
        return {
            number: data[data.rfind(b"\n", found.start, place) + 1 or found.start : end]
            for number, (place, end) in matched.items()
        }
    lines = data[found.start : found.end].split(b"\n")
    if not lines[-1]:
        lines.pop()
    return dict(enumerate(lines, 1))


def _columns(
    pattern: TextPattern, found: Found, texts: dict[int, bytes], numbers: list[int]
) -> dict[int, tuple[int, ...]]:
    """Give the columns where matches begin, by line; 1 where a match began on a line before."""
    columns: dict[int, tuple[int, ...]] = {}
    if pattern.per_line:
        for number in numbers:
            spans = islice(pattern.spans(_decode(texts[number])), _MAX_COLUMNS)
            columns[number] = tuple(start + 1 for start, _ in spans) or (1,)
        return columns
    text = found.region.data[found.start : found.end].decode()
    wanted, line, line_start = set(numbers), 1, 0
    for start, _ in pattern.spans(text):
        while (end := text.find("\n", line_start, start)) >= 0:
            line, line_start = line + 1, end + 1
        if line > numbers[-1]:
            break
        if line in wanted and len(columns.get(line, ())) < _MAX_COLUMNS:
            columns[line] = (*columns.get(line, ()), start - line_start + 1)
    return {number: columns.get(number, (1,)) for number in numbers}


def _line(line: bytes, number: int, columns: tuple[int, ...] = ()) -> TextLine:
    """Show one line, around its first match where it is long."""
    text = _decode(line)
    if len(text) <= MAX_LINE_CHARS:
        return TextLine(number, text, columns)
    first = columns[0] - 1 if columns else 0
    start = max(0, min(first - _LEAD_CHARS, len(text) - MAX_LINE_CHARS))
    end = start + MAX_LINE_CHARS
    cut = (_MARK if start else "") + text[start:end] + (_MARK if end < len(text) else "")
    return TextLine(number, cut, columns, truncated=True)


def _decode(line: bytes) -> str:
    return line.removesuffix(b"\r").decode()
