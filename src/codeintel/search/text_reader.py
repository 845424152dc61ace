"""Reads a pattern's characters and escapes, in the syntax of ripgrep (Rust's ``regex``)."""

from dataclasses import dataclass, replace

from codeintel.errors import InvalidPatternError
from codeintel.search.text_charset import (
    ASCII_DIGIT,
    ASCII_SPACE,
    ASCII_WORD,
    DIGIT,
    SPACE,
    WORD,
    CharSet,
    property_set,
)
from codeintel.search.text_syntax import Look, Node, Parsed

_CONTROLS = {"n": 10, "t": 9, "r": 13, "f": 12, "v": 11, "a": 7}
_HEX_DIGITS = {"x": 2, "u": 4, "U": 8}
_BOUNDARIES = {"start": "<", "end": ">", "start-half": "(", "end-half": ")"}


@dataclass(frozen=True, slots=True)
class Flags:
    """The flags in force; ``i``, ``m``, ``s``, ``U``, ``x`` and ``u`` of the syntax."""

    ignore_case: bool = False
    multi_line: bool = True
    dot_all: bool = False
    swap_greed: bool = False
    verbose: bool = False
    unicode: bool = True


class PatternReader:
    """A place in a pattern, and the flags in force there.

    Attributes
    ----------
    parsed
        Takes note of the characters that the pattern names.
    """

    def __init__(self, pattern: str, flags: Flags) -> None:
        self.pattern = pattern
        self.flags = flags
        self.at = 0
        self.parsed = Parsed()

    def literal(self, point: int) -> CharSet:
        """Give the set of a character that stands for itself."""
        self.parsed.note(point)
        return CharSet.of(point, ignore_case=self.flags.ignore_case)

    def escape(self) -> Node:
        """Parse what follows a backslash outside a set."""
        start = self.at - 1
        char = self.next_of_escape()
        unicode = self.flags.unicode
        if char in "bB":
            return Look(self.boundary() if char == "b" else char, unicode)
        if char in "<>":
            return Look(char, unicode)
        if char in "Az":
            return Look(char)
        named = self.class_escape(char)
        if named is not None:
            return named
        return self.literal(self.code_point(char, start))

    def boundary(self) -> str:
        r"""Parse the braces that may follow ``\b``."""
        for name, kind in _BOUNDARIES.items():
            if self.pattern.startswith(f"{{{name}}}", self.at):
                self.at += len(name) + 2
                return kind
        return "b"

    def class_escape(self, char: str) -> CharSet | None:
        """Give the set of a ``d``, ``s``, ``w`` or ``p`` escape, else None."""
        unicode = self.flags.unicode
        match char.lower():
            case "d":
                found = DIGIT if unicode else ASCII_DIGIT
            case "s":
                found = SPACE if unicode else ASCII_SPACE
            case "w":
                found = WORD if unicode else ASCII_WORD
            case "p":
                found = self.property()
            case _:
                return None
        negated = found.negated != char.isupper()
        return replace(found, negated=negated, ignore_case=self.flags.ignore_case)

    def property(self) -> CharSet:
        """Parse the name of a Unicode property."""
        start = self.at - 2
        name = self.next_of_escape()
        if name == "{":
            end = self.pattern.find("}", self.at)
            if end < 0:
                raise self.error("a property's name is not closed", at=start)
            name = self.pattern[self.at : end]
            self.at = end + 1
        found = property_set(name)
        if found is None:
            raise self.error(f"'{name}' is no Unicode property that is known here", at=start)
        return found

    def code_point(self, char: str, start: int) -> int:
        """Give the character that an escape stands for."""
        if char in _CONTROLS:
            return _CONTROLS[char]
        if char in _HEX_DIGITS:
            return self.hexadecimal(_HEX_DIGITS[char], start)
        if char.isdecimal():
            raise self.error("back-references and octal escapes are not supported", at=start)
        if char.isalnum():
            raise self.error(f"'\\{char}' is no escape", at=start)
        return ord(char)

    def hexadecimal(self, n_digits: int, start: int) -> int:
        """Parse the digits of a character's number."""
        if self.take("{"):
            end = self.pattern.find("}", self.at)
            digits = self.pattern[self.at : end] if end >= 0 else ""
            self.at = end + 1
        else:
            digits = self.pattern[self.at : self.at + n_digits]
            self.at += n_digits
            if len(digits) < n_digits:
                digits = ""
        try:
            point = int(digits, 16)
            chr(point).encode()
        except (ValueError, OverflowError):
            raise self.error("this is no hexadecimal character", at=start) from None
        return point

    def peek(self) -> str:
        """Give the next character, which must be there."""
        return self.pattern[self.at]

    def next(self) -> str:
        """Take the next character, which must be there."""
        self.at += 1
        return self.pattern[self.at - 1]

    def next_of_escape(self) -> str:
        """Take the next character of an escape."""
        if self.at == len(self.pattern):
            raise self.error("it ends in a single backslash", at=self.at - 1)
        return self.next()

    def take(self, char: str) -> bool:
        """Take a character, if it comes next."""
        found = self.pattern.startswith(char, self.at)
        self.at += found
        return found

    def skip_blanks(self) -> None:
        """Pass over white space and comments where the pattern is verbose."""
        while self.flags.verbose and self.at < len(self.pattern):
            if self.peek().isspace():
                self.at += 1
            elif self.peek() == "#":
                end = self.pattern.find("\n", self.at)
                self.at = len(self.pattern) if end < 0 else end + 1
            else:
                return

    def error(self, why: str, *, at: int | None = None) -> InvalidPatternError:
        """Say what is wrong, and where."""
        position = min(self.at if at is None else at, len(self.pattern))
        shown = self.pattern if len(self.pattern) <= 100 else f"{self.pattern[:100]}…"
        return InvalidPatternError(
            f"The pattern '{shown}' cannot be used: {why} (character {position + 1}).",
            cure="Mend it, or search it as literal text.",
        )
