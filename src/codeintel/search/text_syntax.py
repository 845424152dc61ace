"""Parses regular expressions in the syntax of ripgrep (Rust's ``regex``).

The tree is what matching, the trigram plan and the check of word boundaries work from. Groups do
not appear in it, and flags are resolved: every character set knows whether it ignores case.
"""

from dataclasses import dataclass, field, replace

from codeintel.errors import InvalidPatternError
from codeintel.search.text_charset import (
    ASCII_DIGIT,
    ASCII_SPACE,
    ASCII_WORD,
    DIGIT,
    POSIX,
    SPACE,
    WORD,
    CharSet,
    SetOperation,
    property_set,
)

MAX_PATTERN_CHARS = 10_000
_MAX_DEPTH = 60
_MAX_REPEAT = 1_000


@dataclass(frozen=True, slots=True)
class Look:
    """An assertion that takes no character.

    ``^`` and ``$`` of a line, ``\\A`` and ``\\z`` of the text, ``b`` and ``B`` for word boundaries,
    ``<`` and ``>`` for the start and end of a word, ``(`` and ``)`` for their half forms (no word
    character before; none after).
    """

    kind: str
    unicode: bool = True


@dataclass(frozen=True, slots=True)
class Concat:
    """Parts that follow each other; none is the empty pattern."""

    parts: tuple["Node", ...] = ()


@dataclass(frozen=True, slots=True)
class Alternate:
    """Alternatives, the first one preferred."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """A part `low` to `high` times; None is without limit."""

    part: "Node"
    low: int
    high: int | None
    greedy: bool


Node = CharSet | Look | Concat | Alternate | Repeat


@dataclass(slots=True)
class Parsed:
    """A pattern's tree, and what of its text decides about case and lines.

    Attributes
    ----------
    has_literal, has_upper
        Whether characters are written out, and whether one of them is an upper-case letter.
    has_line_feed, has_return
        Whether the pattern names a line feed or a carriage return.
    """

    node: Node = field(default_factory=Concat)
    has_literal: bool = False
    has_upper: bool = False
    has_line_feed: bool = False
    has_return: bool = False

    def note(self, point: int) -> None:
        """Remember a character that the pattern names."""
        self.has_literal = True
        self.has_upper |= chr(point).isupper()
        self.has_line_feed |= point == 10
        self.has_return |= point == 13


def parse_literal(text: str, *, ignore_case: bool) -> Parsed:
    """Make the tree of a text that stands for itself."""
    parsed = Parsed()
    for char in text:
        parsed.note(ord(char))
    parsed.node = Concat(tuple(CharSet.of(ord(c), ignore_case=ignore_case) for c in text))
    return parsed


def parse_regex(pattern: str, *, ignore_case: bool) -> Parsed:
    """Parse a regular expression.

    Raises
    ------
    InvalidPatternError
        It is malformed, or needs what no linear-time engine has (look-around, back-references);
        says where.
    """
    return _Parser(pattern, _Flags(ignore_case=ignore_case)).run()


@dataclass(frozen=True, slots=True)
class _Flags:
    """The flags in force; ``i``, ``m``, ``s``, ``U``, ``x`` and ``u`` of the syntax."""

    ignore_case: bool = False
    multi_line: bool = True
    dot_all: bool = False
    swap_greed: bool = False
    verbose: bool = False
    unicode: bool = True


_FLAG_NAMES = {
    "i": "ignore_case",
    "m": "multi_line",
    "s": "dot_all",
    "U": "swap_greed",
    "x": "verbose",
    "u": "unicode",
}
_CONTROLS = {"n": 10, "t": 9, "r": 13, "f": 12, "v": 11, "a": 7}
_HEX_DIGITS = {"x": 2, "u": 4, "U": 8}
_BOUNDARIES = {"start": "<", "end": ">", "start-half": "(", "end-half": ")"}


class _Parser:
    """Recursive descent over one pattern."""

    def __init__(self, pattern: str, flags: _Flags) -> None:
        self._pattern = pattern
        self._at = 0
        self._depth = 0
        self._flags = flags
        self._parsed = Parsed()

    def run(self) -> Parsed:
        if len(self._pattern) > MAX_PATTERN_CHARS:
            raise self._error(f"it has more than {MAX_PATTERN_CHARS:,} characters", at=0)
        self._parsed.node = self._alternation()
        if self._at < len(self._pattern):
            raise self._error("this ')' has no '(' before it")
        return self._parsed

    # ---------------------------------------------------------------- structure

    def _alternation(self) -> Node:
        """Parse alternatives up to the end or a closing parenthesis; flags end with them."""
        flags = self._flags
        parts = [self._concatenation()]
        while self._take("|"):
            parts.append(self._concatenation())
        self._flags = flags
        return parts[0] if len(parts) == 1 else Alternate(tuple(parts))

    def _concatenation(self) -> Node:
        parts: list[Node] = []
        while True:
            self._skip_blanks()
            if self._at == len(self._pattern) or self._peek() in "|)":
                break
            start = self._at
            part = self._atom()
            if part is not None:
                parts.append(self._repeated(part, start))
        return parts[0] if len(parts) == 1 else Concat(tuple(parts))

    def _atom(self) -> Node | None:
        """Parse one item; None for a change of flags."""
        char = self._next()
        match char:
            case "(":
                return self._group()
            case "[":
                return self._charset()
            case ".":
                ends = () if self._flags.dot_all else ((10, 10),)
                return CharSet(ranges=ends, negated=True)
            case "^":
                return Look("^" if self._flags.multi_line else "A")
            case "$":
                return Look("$" if self._flags.multi_line else "z")
            case "*" | "+" | "?":
                raise self._error(f"'{char}' has nothing to repeat", at=self._at - 1)
            case "\\":
                return self._escape()
            case _:
                return self._literal(ord(char))

    def _literal(self, point: int) -> CharSet:
        self._parsed.note(point)
        return CharSet.of(point, ignore_case=self._flags.ignore_case)

    def _repeated(self, part: Node, start: int) -> Node:
        """Parse the repetitions after an item."""
        while True:
            self._skip_blanks()
            bounds = self._bounds()
            if bounds is None:
                return part
            low, high = bounds
            if high is not None and high < low:
                raise self._error(f"the repetition {{{low},{high}}} is reversed", at=start)
            if max(low, high or 0) > _MAX_REPEAT:
                raise self._error(f"more than {_MAX_REPEAT} repetitions", at=start)
            lazy = self._take("?")
            part = Repeat(part, low, high, greedy=lazy == self._flags.swap_greed)

    def _bounds(self) -> tuple[int, int | None] | None:
        """Parse one repetition operator; a brace that is none stands for itself."""
        char = self._pattern[self._at : self._at + 1]
        if char in ("*", "+", "?") and char:
            self._at += 1
            return {"*": (0, None), "+": (1, None), "?": (0, 1)}[char]
        end = self._pattern.find("}", self._at)
        if char != "{" or end < 0:
            return None
        low, comma, high = self._pattern[self._at + 1 : end].replace(" ", "").partition(",")
        if not (low + high).isdecimal() or not (low + high).isascii() or len(low + high) > 9:
            return None
        self._at = end + 1
        first = int(low or 0)
        return first, (int(high) if high else None) if comma else first

    def _group(self) -> Node | None:
        """Parse what follows an opening parenthesis."""
        start = self._at - 1
        before = self._flags
        if self._take("?"):
            rest = self._pattern[self._at :]
            if rest.startswith(("=", "!", "<=", "<!")):
                raise self._error("look-around is not supported", at=start)
            if rest.startswith(("P<", "<")):
                end = self._pattern.find(">", self._at)
                if end < 0:
                    raise self._error("a group's name is not closed", at=start)
                self._at = end + 1
            elif not self._set_flags(start):
                return None
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise self._error(f"more than {_MAX_DEPTH} groups inside each other", at=start)
        node = self._alternation()
        if not self._take(")"):
            raise self._error("this '(' is not closed", at=start)
        self._depth -= 1
        self._flags = before
        return node

    def _set_flags(self, start: int) -> bool:
        """Parse flags; tells whether a group follows them."""
        value = True
        while True:
            if self._at == len(self._pattern):
                raise self._error("this '(' is not closed", at=start)
            char = self._next()
            if char == "-":
                value = False
            elif char in ":)":
                return char == ":"
            elif char in _FLAG_NAMES:
                self._flags = replace(self._flags, **{_FLAG_NAMES[char]: value})
            else:
                raise self._error(f"'{char}' is no flag", at=self._at - 1)

    # ---------------------------------------------------------------- escapes

    def _escape(self) -> Node:
        """Parse what follows a backslash outside a set."""
        start = self._at - 1
        char = self._next_of_escape()
        unicode = self._flags.unicode
        if char in "bB":
            return Look(self._boundary() if char == "b" else char, unicode)
        if char in "<>":
            return Look(char, unicode)
        if char in "Az":
            return Look(char)
        named = self._class_escape(char)
        if named is not None:
            return named
        return self._literal(self._code_point(char, start))

    def _boundary(self) -> str:
        r"""Parse the braces that may follow ``\b``."""
        for name, kind in _BOUNDARIES.items():
            if self._pattern.startswith(f"{{{name}}}", self._at):
                self._at += len(name) + 2
                return kind
        return "b"

    def _class_escape(self, char: str) -> CharSet | None:
        """Give the set of a ``d``, ``s``, ``w`` or ``p`` escape, else None."""
        unicode = self._flags.unicode
        match char.lower():
            case "d":
                found = DIGIT if unicode else ASCII_DIGIT
            case "s":
                found = SPACE if unicode else ASCII_SPACE
            case "w":
                found = WORD if unicode else ASCII_WORD
            case "p":
                found = self._property()
            case _:
                return None
        negated = found.negated != char.isupper()
        return replace(found, negated=negated, ignore_case=self._flags.ignore_case)

    def _property(self) -> CharSet:
        """Parse the name of a Unicode property."""
        start = self._at - 2
        name = self._next_of_escape()
        if name == "{":
            end = self._pattern.find("}", self._at)
            if end < 0:
                raise self._error("a property's name is not closed", at=start)
            name = self._pattern[self._at : end]
            self._at = end + 1
        found = property_set(name)
        if found is None:
            raise self._error(f"'{name}' is no Unicode property that is known here", at=start)
        return found

    def _code_point(self, char: str, start: int) -> int:
        """Give the character that an escape stands for."""
        if char in _CONTROLS:
            return _CONTROLS[char]
        if char in _HEX_DIGITS:
            return self._hexadecimal(_HEX_DIGITS[char], start)
        if char.isdecimal():
            raise self._error("back-references and octal escapes are not supported", at=start)
        if char.isalnum():
            raise self._error(f"'\\{char}' is no escape", at=start)
        return ord(char)

    def _hexadecimal(self, n_digits: int, start: int) -> int:
        if self._take("{"):
            end = self._pattern.find("}", self._at)
            digits = self._pattern[self._at : end] if end >= 0 else ""
            self._at = end + 1
        else:
            digits = self._pattern[self._at : self._at + n_digits]
            self._at += n_digits
            if len(digits) < n_digits:
                digits = ""
        try:
            point = int(digits, 16)
            chr(point).encode()
        except (ValueError, OverflowError):
            raise self._error("this is no hexadecimal character", at=start) from None
        return point

    # ---------------------------------------------------------------- sets

    def _charset(self) -> CharSet:
        """Parse what follows an opening bracket."""
        start = self._at - 1
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise self._error(f"more than {_MAX_DEPTH} sets inside each other", at=start)
        negated = self._take("^")
        left = self._union(start, first=True)
        while operator := self._set_operator():
            right = self._union(start, first=False)
            left = CharSet(operation=SetOperation(operator, left, right))
        if not self._take("]"):
            raise self._error("this '[' is not closed", at=start)
        self._depth -= 1
        return replace(left, negated=negated, ignore_case=self._flags.ignore_case)

    def _set_operator(self) -> str:
        for operator in ("&&", "--", "~~"):
            if self._pattern.startswith(operator, self._at):
                self._at += 2
                return operator
        return ""

    def _union(self, start: int, *, first: bool) -> CharSet:
        """Parse items up to an operator or the end of the set."""
        ranges: list[tuple[int, int]] = []
        subsets: list[CharSet] = []
        while True:
            self._skip_blanks()
            if self._at == len(self._pattern):
                raise self._error("this '[' is not closed", at=start)
            if self._peek() == "]" and not (first and not ranges and not subsets):
                break
            if not first and self._peek() == "]":
                break
            if (ranges or subsets) and self._pattern[self._at : self._at + 2] in ("&&", "--", "~~"):
                break
            item = self._set_item()
            if isinstance(item, CharSet):
                subsets.append(item)
            else:
                ranges.append((item, self._range_end(item)))
        return CharSet(ranges=tuple(ranges), subsets=tuple(subsets))

    def _range_end(self, low: int) -> int:
        """Parse the end of a range, if this is one."""
        rest = self._pattern[self._at : self._at + 2]
        if not rest.startswith("-") or rest in ("-]", "--") or len(rest) < 2:
            return low
        start = self._at
        self._at += 1
        self._skip_blanks()
        high = self._set_item()
        if isinstance(high, CharSet) or high < low:
            raise self._error("the range of this set is reversed or has no end", at=start - 1)
        return high

    def _set_item(self) -> int | CharSet:
        """Parse one character, escape or inner set."""
        start = self._at
        char = self._next()
        if char == "[":
            posix = self._posix()
            return self._charset() if posix is None else posix
        if char == "\\":
            char = self._next_of_escape()
            named = self._class_escape(char)
            if named is not None:
                return named
            point = self._code_point(char, start)
        else:
            point = ord(char)
        self._parsed.note(point)
        return point

    def _posix(self) -> CharSet | None:
        """Parse a set such as ``[:alpha:]``, after its bracket."""
        end = self._pattern.find(":]", self._at)
        if not self._pattern.startswith(":", self._at) or end < 0:
            return None
        name = self._pattern[self._at + 1 : end]
        found = POSIX.get(name.removeprefix("^"))
        if found is None:
            return None
        self._at = end + 2
        return replace(found, negated=name.startswith("^"), ignore_case=self._flags.ignore_case)

    # ---------------------------------------------------------------- characters

    def _peek(self) -> str:
        return self._pattern[self._at]

    def _next(self) -> str:
        self._at += 1
        return self._pattern[self._at - 1]

    def _next_of_escape(self) -> str:
        if self._at == len(self._pattern):
            raise self._error("it ends in a single backslash", at=self._at - 1)
        return self._next()

    def _take(self, char: str) -> bool:
        found = self._pattern.startswith(char, self._at)
        self._at += found
        return found

    def _skip_blanks(self) -> None:
        """Pass over white space and comments where the pattern is verbose."""
        while self._flags.verbose and self._at < len(self._pattern):
            if self._peek().isspace():
                self._at += 1
            elif self._peek() == "#":
                end = self._pattern.find("\n", self._at)
                self._at = len(self._pattern) if end < 0 else end + 1
            else:
                return

    def _error(self, why: str, *, at: int | None = None) -> InvalidPatternError:
        position = min(self._at if at is None else at, len(self._pattern))
        shown = self._pattern if len(self._pattern) <= 100 else f"{self._pattern[:100]}…"
        return InvalidPatternError(
            f"The pattern '{shown}' cannot be used: {why} (character {position + 1}).",
            cure="Mend it, or search it as literal text.",
        )
