"""Finds defined names the way people type them: exactly, by beginning, humps, parts or typos."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from sys import intern
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from codeintel.effort import checked

_HUMP = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^A-Z_\W\d]+|\d+")
_LEAST_TYPO_RATIO = 0.75
_LEAST_TYPO_CHARS = 4
_MOST_TYPO_CHARS = 2  # that a name is longer or shorter
_NAMES_AT_ONCE = 4096
# Where so many names match, those with only the letters in order are not what is looked for.
_ENOUGH = 20
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
        self.names = tuple(sorted(sorted(names), key=str.lower))
        # A copy of a million names takes 70 MB: one that is the same is not kept twice.
        self._folded = [low if (low := name.lower()) != name else name for name in self.names]
        folded = [name.encode("utf-8", "surrogatepass") for name in self._folded]
        self._joined = b"\0".join(folded)
        lengths = np.fromiter(map(len, folded), np.int64, len(self.names))
        self._starts = np.concatenate([[0], np.cumsum(lengths + 1)[:-1]]) if self.names else lengths
        self._lengths = np.fromiter(map(len, self.names), np.int64, len(self.names))
        self._letters = _letters_of(self.names)
        initials = [_initials(name) for name in self.names]
        by_initials = sorted(range(len(self.names)), key=initials.__getitem__)
        self._by_initials = np.asarray(by_initials, np.int32)
        self._initials = [initials[position] for position in self._by_initials]

    def beginning_with(self, folded: str, most: int | None) -> list[str]:
        """Give the names that begin so, whatever their case: the `most` shortest of them."""
        found = np.arange(*_range(self._folded, folded))
        if most and len(found) > most:
            found = found[np.argpartition(self._lengths[found], most)[:most]]
        return [self.names[position] for position in found]

    def holding(self, folded: str) -> list[str]:
        """Give the names that have this within, whatever their case."""
        part = folded.encode("utf-8", "surrogatepass")
        places = []
        at = self._joined.find(part)
        while at >= 0:
            places.append(at)
            at = self._joined.find(part, at + 1)
        parts = np.unique(np.searchsorted(self._starts, places, side="right") - 1)
        return [self.names[position] for position in parts]

    def with_initials(self, folded: str) -> list[str]:
        """Give the names whose humps have initials that begin so."""
        low, high = _range(self._initials, folded)
        return [self.names[position] for position in self._by_initials[low:high]]

    def in_order(self, query: str) -> list[str]:
        """Give the names with the first letter and then all others of a query in their order.

        Letters in upper case have to be upper case.
        """
        folded = query.lower()
        positions = np.arange(*_range(self._folded, folded[0]))
        (wanted,) = _letters_of((query,))
        if query.isascii():  # beyond ASCII one letter can have many forms
            positions = positions[self._letters[positions] & wanted == wanted]
        if query != folded:
            names = (self.names[position] for position in positions)
            return [name for name in names if _has_in_order(name, query)]
        return [self.names[n] for n in positions if _has_folded_in_order(self._folded[n], query)]

    def alike(self, folded: str, least_ratio: float, most_chars: int | None = None) -> list[str]:
        """Give the names that can have so many letters in common with a text in lower case.

        Parameters
        ----------
        least_ratio
            Twice the number of common letters, by the number of all in both.
        most_chars
            That a name is longer or shorter; None for any.
        """
        n_chars = len(folded)
        positions = np.arange(len(self.names))
        if most_chars is not None:
            positions = np.flatnonzero(np.abs(self._lengths - n_chars) <= most_chars)
        if folded.isascii():
            letters, lengths = self._letters[positions], self._lengths[positions]
            (wanted,) = _letters_of((folded.replace("\0", " "),))  # no name has either
            n_missing = np.bitwise_count(wanted & ~letters)
            n_more = np.where(letters == ~np.uint64(0), 0, np.bitwise_count(letters & ~wanted))
            n_common = np.minimum(n_chars - n_missing.astype(int), lengths - n_more)
            positions = positions[2 * n_common >= least_ratio * (n_chars + lengths)]
        return [self.names[position] for position in positions]


def _has_folded_in_order(name: str, letters: str) -> bool:
    """Tell whether a name has letters in their order; both are in lower case."""
    at = 0
    for letter in letters:
        at = name.find(letter, at) + 1
        if not at:
            return False
    return True


def _has_in_order(name: str, letters: str) -> bool:
    """Tell whether a name has letters in their order; those in upper case have to be so there."""
    at = 0
    for letter in letters:
        found = name.find(letter, at)
        if not letter.isupper():
            upper = name.find(letter.upper(), at)
            found = min(found, upper) if min(found, upper) >= 0 else max(found, upper)
        if found < 0:
            return False
        at = found + 1
    return True


def _range(ordered: list[str], start: str) -> tuple[int, int]:
    """Give where the texts that begin with `start` lie in an ordered list."""
    low = bisect_left(ordered, start)
    return low, bisect_right(ordered, start, lo=low, key=lambda text: text[: len(start)])


@lru_cache(maxsize=1 << 18)  # the next generation has nearly the same names
def _initials(name: str) -> str:
    return intern("".join(hump[0] for hump in _HUMP.findall(name)).lower())


def _letters_of(names: tuple[str, ...]) -> NDArray[np.uint64]:
    """Give for each name the set of its letters as bits."""
    if not names:
        return np.zeros(0, np.uint64)
    data = np.frombuffer("\0".join(names).lower().encode("utf-8", "surrogatepass"), np.uint8)
    starts = np.concatenate([[0], np.flatnonzero(data == 0) + 1])
    return np.bitwise_or.reduceat(_BITS[np.append(data, 0)], starts)


class Matches(NamedTuple):
    """Names with their scores; `complete` is false where some that match worse were left out."""

    scores: dict[str, float]
    complete: bool = True


def match_names(query: str, table: NameTable, most: int | None = None) -> Matches:
    """Score names against what was typed; higher is better, those that do not match are left out.

    The rungs: same name (1.0), but for case (0.95), beginning (0.8), initials of humps as in
    ``gUN`` for ``getUserName`` (0.7), a part (0.6), letters in order (0.4), a typo (0.3). Within a
    rung the shorter name is better. Where a letter is typed in upper case, case counts.

    Parameters
    ----------
    most
        Where so many names begin with what was typed, only the shortest of these are looked at;
        where `_ENOUGH` match better, letters in order are not. None for all.
    """
    if "\0" in query:  # no name has it; it lies between the names in the table
        return Matches({})
    folded = query.lower()
    smart = query != folded
    begin = table.beginning_with(folded, None if smart else most)
    rungs = {name: _rung_of_beginning(query, folded, name, smart) for name in begin}
    complete = True
    if not most or smart or len(begin) < most:
        for name in table.with_initials(folded) if len(query) > 1 else ():
            if not smart or _has_in_order(name, query):
                rungs.setdefault(name, 0.7)
        for name in table.holding(folded):
            if not smart or _has_in_order(name, query):
                rungs.setdefault(name, 0.6 if not smart or query in name else 0.5)
        if not most or len(rungs) < min(most, _ENOUGH):
            for name in table.in_order(query):
                rungs.setdefault(name, 0.4)
        else:
            complete = False
    else:
        complete = False
    if not rungs and len(query) >= _LEAST_TYPO_CHARS:
        alike = table.alike(folded, _LEAST_TYPO_RATIO, _MOST_TYPO_CHARS)
        return Matches(_typos(folded, alike))
    n_chars = len(query)
    scores = {name: rung + 0.05 * min(1.0, n_chars / len(name)) for name, rung in rungs.items()}
    return Matches(scores, complete)


def _rung_of_beginning(query: str, folded: str, name: str, smart: bool) -> float:
    """Give the rung of a name that begins with what was typed, whatever the case."""
    if name == query:
        return 1.0
    if len(name) == len(query) and name.lower() == folded:
        return 0.95
    return 0.8 if not smart or name.startswith(query) else 0.7


def _typos(folded: str, names: Sequence[str]) -> dict[str, float]:
    """Score names that differ from what was typed by few letters."""
    scores = {}
    matcher = SequenceMatcher(b=folded, autojunk=False)
    for name in checked(_with_common_letters(folded, names)):
        matcher.set_seq1(name.lower())
        ratio = matcher.ratio()
        if ratio >= _LEAST_TYPO_RATIO:
            scores[name] = 0.3 * ratio
    return scores


def _with_common_letters(folded: str, names: Sequence[str]) -> Iterator[str]:
    """Give the names that have enough letters in common with a text, in whatever order.

    What `SequenceMatcher.quick_ratio` tells of one name, of thousands at a time. Letters beyond
    ASCII all count as the same, so that none is missed.
    """
    wanted = _letter_counts([folded])
    for start in range(0, len(names), _NAMES_AT_ONCE):
        some = names[start : start + _NAMES_AT_ONCE]
        counts = _letter_counts([name.lower() for name in some])
        common = np.minimum(counts, wanted).sum(axis=1)
        enough = 2 * common >= _LEAST_TYPO_RATIO * (len(folded) + counts.sum(axis=1))
        for position in np.flatnonzero(enough).tolist():
            yield some[position]


def _letter_counts(names: list[str]) -> NDArray[np.int64]:
    """Count each letter of ASCII in each name; shape ``(n, 127)``."""
    data = np.frombuffer("\0".join(names).encode("ascii", "replace"), np.uint8)
    counts = np.bincount(np.cumsum(data == 0) * 128 + data, minlength=len(names) * 128)
    return counts.reshape(-1, 128)[:, 1:]
