"""Folds text so that all characters that match each other without case become one.

Unlike `str.casefold` every character stays one character, which is how regular expression engines
ignore case: Unicode's simple case folding.
"""


def fold(text: str) -> str:
    """Fold a text; characters without case stay as they are."""
    if text.isascii():
        return text.lower()
    return text.translate(_FOLDED)


class _Folded(dict[int, str]):
    """What each character becomes, found out when it is first met."""

    def __missing__(self, point: int) -> str:
        folded = self[point] = _fold_char(chr(point))
        return folded


_FOLDED = _Folded()


def _fold_char(char: str) -> str:
    """Fold a character, where that gives a single one."""
    if char.isascii():
        return char.lower()
    for folded in (char.casefold(), char.lower()):
        if len(folded) == 1:
            return folded
    return char
