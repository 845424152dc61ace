"""Folds text so that all characters that match each other without case become one.

Unlike `str.casefold` every character stays one character, which is how regular expression engines
ignore case: Unicode's simple case folding.
"""

from functools import cache

# The last letters with case are those of Adlam.
_LAST_CASED = 0x1E943


def fold(text: str) -> str:
    """Fold a text; characters without case stay as they are."""
    if text.isascii():
        return text.lower()
    return text.translate(_table())


@cache
def _table() -> dict[int, str]:
    """Give the characters that do not stay as they are."""
    table = {ord(char): char.lower() for char in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
    for point in range(0x80, _LAST_CASED + 1):
        char = chr(point)
        folded = _fold_char(char)
        if folded != char:
            table[point] = folded
    return table


def _fold_char(char: str) -> str:
    """Fold a character, where that gives a single one."""
    for folded in (char.casefold(), char.lower()):
        if len(folded) == 1:
            return folded
    return char
