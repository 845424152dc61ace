"""Finds defined names the way people type them: exactly, by beginning, humps, parts or typos."""

import re
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
    """Names, laid out so that only those with the right letters have to be looked at."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = tuple(names)
        self._letters = _letters_of(self.names)

    def with_letters_of(self, query: str) -> list[str]:
        """Give the names that have every letter of a query, whatever their order and case."""
        (wanted,) = _letters_of((query,))
        # Beyond ASCII one letter can have many forms: all names may match.
        wanted = wanted if query.isascii() else np.uint64(0)
        found = np.flatnonzero(self._letters & wanted == wanted)
        return [self.names[position] for position in found]


def _letters_of(names: tuple[str, ...]) -> NDArray[np.uint64]:
    """Give for each name the set of its letters as bits."""
    if not names:
        return np.zeros(0, np.uint64)
    data = np.frombuffer("\0".join(names).lower().encode("utf-8", "surrogatepass"), np.uint8)
    starts = np.concatenate([[0], np.flatnonzero(data == 0) + 1])
    return np.bitwise_or.reduceat(_BITS[np.append(data, 0)], starts)


def match_names(query: str, table: NameTable) -> dict[str, float]:
    """Score names against what was typed; higher is better, those that do not match are left out.

    The rungs: same name (1.0), but for case (0.95), beginning (0.8), initials of humps as in
    ``gUN`` for ``getUserName`` (0.7), a part (0.6), letters in order (0.4), a typo (0.3). Within a
    rung the shorter name is better. Where a letter is typed in upper case, case counts.
    """
    folded = query.lower()
    smart = query != folded
    letters = (re.escape(c) if c.isupper() else f"(?i:{re.escape(c)})" for c in query)
    subsequence = re.compile(".*?".join(letters), re.DOTALL)
    scores = {}
    for name in table.with_letters_of(query):
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
    initials = "".join(hump[0] for hump in _HUMP.findall(name))
    if len(query) > 1 and initials.lower().startswith(folded):
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
