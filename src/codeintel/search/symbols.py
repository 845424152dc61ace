"""Finds defined names the way people type them: exactly, by beginning, humps, parts or typos."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from difflib import SequenceMatcher

import numpy as np
from numpy.typing import NDArray

_HUMP = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^A-Z_\W\d]+|\d+")
_LEAST_TYPO_RATIO = 0.75
_LEAST_TYPO_CHARS = 4
# A bit for each byte of ASCII, some of them shared; all bits for a byte of any other letter.
_BITS = np.concatenate(
    [np.uint64(1) << (np.arange(128, dtype=np.uint64) % 64), np.full(128, ~np.uint64(0))]
)
_BITS[0] = 0


class NameTable:
    """Names, laid out so that only those that can match have to be looked at.

    Attributes
    ----------
    names
        Ordered by their lower-case form.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self.names = tuple(sorted(names, key=str.lower))
        self._folded = [name.lower() for name in self.names]
        self._joined = "\0".join(self._folded)
        lengths = np.fromiter(map(len, self._folded), np.int64, len(self.names))
        self._starts = np.concatenate([[0], np.cumsum(lengths + 1)[:-1]]) if self.names else lengths
        self._lengths = np.fromiter(map(len, self.names), np.int64, len(self.names))
        self._letters = _letters_of(self.names)
        initials = [_initials(name) for name in self.names]
        self._by_initials = sorted(range(len(self.names)), key=initials.__getitem__)
        self._initials = [initials[position] for position in self._by_initials]

    def beginning_with(self, folded: str, most: int) -> list[str]:
        """Give the names that begin so, whatever their case: the `most` shortest of them."""
        found = np.arange(*_range(self._folded, folded))
        if len(found) > most:
            found = found[np.argpartition(self._lengths[found], most)[:most]]
        return [self.names[position] for position in found]

    def candidates(self, query: str) -> list[str]:
        """Give the names that `match_names` may find but for typos: a few more than it does."""
        folded = query.lower()
        letters = np.arange(*_range(self._folded, folded[0]))
        (wanted,) = _letters_of((query,))
        if query.isascii():  # beyond ASCII one letter can have many forms
            letters = letters[self._letters[letters] & wanted == wanted]
        at = [match.start() for match in re.finditer(re.escape(folded), self._joined)]
        parts = np.searchsorted(self._starts, at, side="right") - 1
        low, high = _range(self._initials, folded)
        found = {*letters.tolist(), *parts.tolist(), *self._by_initials[low:high]}
        return [self.names[position] for position in sorted(found)]


def _range(ordered: list[str], start: str) -> tuple[int, int]:
    """Give where the texts that begin with `start` lie in an ordered list."""
    low = bisect_left(ordered, start)
    return low, bisect_right(ordered, start, lo=low, key=lambda text: text[: len(start)])


def _initials(name: str) -> str:
    return "".join(hump[0] for hump in _HUMP.findall(name)).lower()


def _letters_of(names: tuple[str, ...]) -> NDArray[np.uint64]:
    """Give for each name the set of its letters as bits."""
    if not names:
        return np.zeros(0, np.uint64)
    data = np.frombuffer("\0".join(names).lower().encode("utf-8", "surrogatepass"), np.uint8)
    starts = np.concatenate([[0], np.flatnonzero(data == 0) + 1])
    return np.bitwise_or.reduceat(_BITS[np.append(data, 0)], starts)


def match_names(query: str, table: NameTable, most: int | None = None) -> dict[str, float]:
    """Score names against what was typed; higher is better, those that do not match are left out.

    The rungs: same name (1.0), but for case (0.95), beginning (0.8), initials of humps as in
    ``gUN`` for ``getUserName`` (0.7), a part (0.6), letters in order (0.4), a typo (0.3). Within a
    rung the shorter name is better. Where a letter is typed in upper case, case counts.

    Parameters
    ----------
    most
        Where so many names begin with what was typed, only the shortest of these are looked at.
    """
    folded = query.lower()
    smart = query != folded
    letters = (re.escape(c) if c.isupper() else f"(?i:{re.escape(c)})" for c in query)
    subsequence = re.compile(".*?".join(letters), re.DOTALL)
    scores = {}
    found = table.beginning_with(folded, most) if most and not smart else []
    for name in found if most and len(found) >= most else table.candidates(query):
        rung = _rung(query, folded, name, smart, subsequence)
        if rung:
            scores[name] = rung + 0.05 * min(1.0, len(query) / max(1, len(name)))
    if not scores and len(query) >= _LEAST_TYPO_CHARS:
        scores = _typos(folded, table.names)
    return scores


def _rung(query: str, folded: str, name: str, smart: bool, subsequence: re.Pattern[str]) -> float:
    """Give the rung of one name, 0 where it does not match."""
    if name == query:
        return 1.0
    lower = name.lower()
    if lower == folded:
        return 0.95
    if lower.startswith(folded):
        return 0.8 if name.startswith(query) or not smart else 0.7
    if not subsequence.search(name):
        return 0.0
    if len(query) > 1 and _initials(name).startswith(folded):
        return 0.7
    if folded in lower:
        return 0.6 if query in name or not smart else 0.5
    if lower[0] != folded[0]:
        return 0.0
    return 0.4


def _typos(folded: str, names: Iterable[str]) -> dict[str, float]:
    """Score names that differ from what was typed by few letters."""
    scores = {}
    matcher = SequenceMatcher(b=folded, autojunk=False)
    for name in names:
        if abs(len(name) - len(folded)) > 2:
            continue
        matcher.set_seq1(name.lower())
        if matcher.quick_ratio() >= _LEAST_TYPO_RATIO:
            ratio = matcher.ratio()
            if ratio >= _LEAST_TYPO_RATIO:
                scores[name] = 0.3 * ratio
    return scores
