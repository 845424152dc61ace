r"""Sets of characters, and how they are written for RE2.

RE2's own ``\w``, ``\d`` and ``\s`` are ASCII; the sets here are Unicode's, as in ripgrep.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache, lru_cache

import numpy as np
import re2
from numpy.typing import NDArray

from codeintel.errors import InvalidPatternError

_LAST = 0x10FFFF
_N_POINTS = _LAST + 1
Ranges = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class SetOperation:
    """Intersection (``&&``), difference (``--``) or symmetric difference (``~~``) of two sets."""

    operator: str
    left: "CharSet"
    right: "CharSet"


@dataclass(frozen=True, slots=True)
class CharSet:
    """The union of ranges, properties and other sets; `negated`, all characters but these.

    Attributes
    ----------
    properties
        Names that RE2 knows, such as ``Lu`` or ``Greek``.
    operation
        Stands in the place of all the others where it is not None.
    """

    ranges: Ranges = ()
    properties: tuple[str, ...] = ()
    subsets: tuple["CharSet", ...] = ()
    operation: SetOperation | None = None
    negated: bool = False
    ignore_case: bool = False

    @classmethod
    def of(cls, point: int, *, ignore_case: bool = False) -> "CharSet":
        """Make the set of one character."""
        return cls(ranges=((point, point),), ignore_case=ignore_case)

    def chars(self, at_most: int) -> list[str] | None:
        """List the characters, case apart; None where they are more, or not known by ranges."""
        if self.negated or self.properties or self.operation is not None:
            return None
        found: list[str] = []
        for subset in self.subsets:
            inner = subset.chars(at_most)
            if inner is None:
                return None
            found += inner
        for low, high in self.ranges:
            if high - low >= at_most:
                return None
            found += map(chr, range(low, high + 1))
        return found if len(found) <= at_most else None

    @lru_cache(maxsize=4096)  # noqa: B019 - sets are small values, most of them single letters
    def to_re2(self, excluded: str = "") -> str:
        """Write the set for RE2, without some characters."""
        body = _union_body(self)
        if body is None:
            return _bracket(_ranges_of(_mask(self)), excluded, negated=False)
        ranges, properties = body
        if self.negated:
            ranges += tuple((ord(char), ord(char)) for char in excluded)
            text = _bracket(ranges, "", True, properties)
        else:
            text = _bracket(ranges, excluded, False, properties)
        return f"(?i:{text})" if self.ignore_case else text


def _union_body(charset: CharSet) -> tuple[Ranges, tuple[str, ...]] | None:
    """Flatten a union of positive sets; None where that takes set arithmetic."""
    if charset.operation is not None or any(p in _WITH_LINE_ENDS for p in charset.properties):
        return None
    ranges, properties = charset.ranges, charset.properties
    for subset in charset.subsets:
        inner = None if subset.negated else _union_body(subset)
        if inner is None:
            return None
        ranges += inner[0]
        properties += inner[1]
    return ranges, properties


def _bracket(
    ranges: Iterable[tuple[int, int]],
    excluded: str,
    negated: bool,
    properties: tuple[str, ...] = (),
) -> str:
    """Write a bracket expression; an empty set matches nothing."""
    for char in excluded:
        point = ord(char)
        ranges = [
            (a, b)
            for low, high in ranges
            for a, b in ((low, min(high, point - 1)), (max(low, point + 1), high))
            if a <= b
        ]
    inner = "".join(f"\\x{{{low:x}}}-\\x{{{high:x}}}" for low, high in ranges)
    inner += "".join(f"\\p{{{name}}}" for name in properties)
    if not inner:
        return f"[\\x{{0}}-\\x{{{_LAST:x}}}]" if negated else f"[^\\x{{0}}-\\x{{{_LAST:x}}}]"
    return f"[{'^' if negated else ''}{inner}]"


# ---------------------------------------------------------------- set arithmetic


@lru_cache(maxsize=64)
def _mask(charset: CharSet) -> NDArray[np.bool_]:
    """Say for each code point whether it is in a set."""
    operation = charset.operation
    if operation is not None:
        left, right = (
            _mask(replace(side, ignore_case=charset.ignore_case))
            for side in (operation.left, operation.right)
        )
        match operation.operator:
            case "&&":
                found = left & right
            case "--":
                found = left & ~right
            case _:
                found = left ^ right
    else:
        found = np.zeros(_N_POINTS, np.bool_)
        plain = _bracket(charset.ranges, "", False, charset.properties)
        if charset.ranges or charset.properties:
            found |= _matched(f"(?i:{plain})" if charset.ignore_case else plain)
        for subset in charset.subsets:
            found |= _mask(subset)
    return ~found if charset.negated else found


def _matched(pattern: str) -> NDArray[np.bool_]:
    """Let RE2 itself say which characters a set holds."""
    text, starts = _all_characters()
    found = np.zeros(_N_POINTS, np.bool_)
    for run in re2.finditer(f"(?:{pattern})+".encode(), text):
        first, last = np.searchsorted(starts, run.span())
        found[first:last] = True
    return found


@cache
def _all_characters() -> tuple[bytes, NDArray[np.int64]]:
    """Give all characters in order, and where each begins (surrogates take no room)."""
    points = np.arange(_N_POINTS)
    sizes = np.select([points < 0x80, points < 0x800, points < 0x10000], [1, 2, 3], 4)
    sizes[0xD800:0xE000] = 0
    text = "".join(map(chr, [*range(0xD800), *range(0xE000, _N_POINTS)])).encode()
    return text, np.cumsum(sizes) - sizes


def _ranges_of(mask: NDArray[np.bool_]) -> Ranges:
    """Give the runs of a mask."""
    edges = np.flatnonzero(np.diff(mask.astype(np.int8), prepend=0, append=0))
    return tuple((int(a), int(b) - 1) for a, b in edges.reshape(-1, 2))


# ---------------------------------------------------------------- named sets

DIGIT = CharSet(properties=("Nd",))
SPACE = CharSet(
    ranges=(
        (0x09, 0x0D),
        (0x20, 0x20),
        (0x85, 0x85),
        (0xA0, 0xA0),
        (0x1680, 0x1680),
        (0x2000, 0x200A),
        (0x2028, 0x2029),
        (0x202F, 0x202F),
        (0x205F, 0x205F),
        (0x3000, 0x3000),
    )
)
# UTS 18: Alphabetic, marks, decimal digits, connectors and joiners. Alphabetic is letters, letter
# numbers, and of the symbols the circled and squared letters.
WORD = CharSet(
    ranges=(
        (0x200C, 0x200D),
        (0x24B6, 0x24E9),
        (0x1F130, 0x1F149),
        (0x1F150, 0x1F169),
        (0x1F170, 0x1F189),
    ),
    properties=("L", "M", "Nd", "Nl", "Pc"),
)
_DIGITS, _UPPER, _LOWER = (0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A)
ASCII_DIGIT = CharSet(ranges=(_DIGITS,))
ASCII_SPACE = CharSet(ranges=((0x09, 0x0D), (0x20, 0x20)))
ASCII_WORD = CharSet(ranges=(_DIGITS, _UPPER, (0x5F, 0x5F), _LOWER))
POSIX = {
    "alnum": CharSet(ranges=(_DIGITS, _UPPER, _LOWER)),
    "alpha": CharSet(ranges=(_UPPER, _LOWER)),
    "ascii": CharSet(ranges=((0, 0x7F),)),
    "blank": CharSet(ranges=((0x09, 0x09), (0x20, 0x20))),
    "cntrl": CharSet(ranges=((0, 0x1F), (0x7F, 0x7F))),
    "digit": ASCII_DIGIT,
    "graph": CharSet(ranges=((0x21, 0x7E),)),
    "lower": CharSet(ranges=(_LOWER,)),
    "print": CharSet(ranges=((0x20, 0x7E),)),
    "punct": CharSet(ranges=((0x21, 0x2F), (0x3A, 0x40), (0x5B, 0x60), (0x7B, 0x7E))),
    "space": ASCII_SPACE,
    "upper": CharSet(ranges=(_UPPER,)),
    "word": ASCII_WORD,
    "xdigit": CharSet(ranges=(_DIGITS, (0x41, 0x46), (0x61, 0x66))),
}
# Properties that hold a line end, which a set that is written by its properties cannot leave out.
_WITH_LINE_ENDS = ("C", "Cc", "Any")
_LONG_NAMES = {
    "letter": "L",
    "uppercaseletter": "Lu",
    "lowercaseletter": "Ll",
    "titlecaseletter": "Lt",
    "modifierletter": "Lm",
    "otherletter": "Lo",
    "mark": "M",
    "number": "N",
    "decimalnumber": "Nd",
    "letternumber": "Nl",
    "punctuation": "P",
    "symbol": "S",
    "mathsymbol": "Sm",
    "currencysymbol": "Sc",
    "separator": "Z",
    "other": "C",
    "control": "Cc",
    "any": "Any",
}


def property_set(name: str) -> CharSet | None:
    """Give the set of a Unicode category or script, by its short or long name."""
    negated = name.startswith("^")
    plain = name.removeprefix("^").partition("=")[2] or name.removeprefix("^")
    key = plain.lower().replace("_", "").replace(" ", "").replace("-", "")
    if key in ("alphabetic", "alpha"):
        return CharSet(subsets=(replace(WORD, properties=("L", "Nl")),), negated=negated)
    known = _LONG_NAMES.get(key)
    if known is None:
        known = "_".join(part.capitalize() for part in plain.replace(" ", "_").split("_"))
    return CharSet(properties=(known,), negated=negated) if _is_known(known) else None


@cache
def _is_known(name: str) -> bool:
    """Ask RE2 whether it knows a property."""
    if not name.replace("_", "").isalnum():
        return False
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(f"\\p{{{name}}}".encode(), options)
    except re2.error:
        return False
    return True


def refuse_unsupported(pattern: str, error: Exception) -> InvalidPatternError:
    """Translate RE2's refusal of a pattern that was parsed."""
    reason = error.args[0] if error.args else error
    text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
    return InvalidPatternError(
        f"The pattern '{pattern[:100]}' cannot be used: {text[:200]}.",
        cure="Make it smaller: fewer or shorter repetitions.",
    )
