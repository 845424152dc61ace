"""Parses regular expressions in the syntax of ripgrep (Rust's ``regex``)."""

from dataclasses import replace

from codeintel.search.text_charset import POSIX, CharSet, SetOperation
from codeintel.search.text_reader import Flags, PatternReader
from codeintel.search.text_syntax import Alternate, Concat, Look, Node, Parsed, Repeat

MAX_PATTERN_CHARS = 10_000
_MAX_DEPTH = 60
_MAX_REPEAT = 1_000
_FLAG_NAMES = {
    "i": "ignore_case",
    "m": "multi_line",
    "s": "dot_all",
    "U": "swap_greed",
    "x": "verbose",
    "u": "unicode",
}


def parse_regex(pattern: str, *, ignore_case: bool) -> Parsed:
    """Parse a regular expression.

    Raises
    ------
    InvalidPatternError
        It is malformed, or needs what no linear-time engine has (look-around, back-references);
        says where.
    """
    return _Parser(pattern, Flags(ignore_case=ignore_case)).run()


class _Parser(PatternReader):
    """Recursive descent over one pattern."""

    def __init__(self, pattern: str, flags: Flags) -> None:
        super().__init__(pattern, flags)
        self._depth = 0

    def run(self) -> Parsed:
        if len(self.pattern) > MAX_PATTERN_CHARS:
            raise self.error(f"it has more than {MAX_PATTERN_CHARS:,} characters", at=0)
        self.parsed.node = self._alternation()
        if self.at < len(self.pattern):
            raise self.error("this ')' has no '(' before it")
        return self.parsed

    # ---------------------------------------------------------------- structure

    def _alternation(self) -> Node:
        """Parse alternatives up to the end or a closing parenthesis; flags end with them."""
        flags = self.flags
        parts = [self._concatenation()]
        while self.take("|"):
            parts.append(self._concatenation())
        self.flags = flags
        return parts[0] if len(parts) == 1 else Alternate(tuple(parts))

    def _concatenation(self) -> Node:
        parts: list[Node] = []
        while True:
            self.skip_blanks()
            if self.at == len(self.pattern) or self.peek() in "|)":
                break
            start = self.at
            part = self._atom()
            if part is not None:
                parts.append(self._repeated(part, start))
        return parts[0] if len(parts) == 1 else Concat(tuple(parts))

    def _atom(self) -> Node | None:
        """Parse one item; None for a change of flags."""
        char = self.next()
        match char:
            case "(":
                return self._group()
            case "[":
                return self._charset()
            case ".":
                ends = () if self.flags.dot_all else ((10, 10),)
                return CharSet(ranges=ends, negated=True)
            case "^":
                return Look("^" if self.flags.multi_line else "A")
            case "$":
                return Look("$" if self.flags.multi_line else "z")
            case "*" | "+" | "?":
                raise self.error(f"'{char}' has nothing to repeat", at=self.at - 1)
            case "\\":
                return self.escape()
            case _:
                return self.literal(ord(char))

    def _repeated(self, part: Node, start: int) -> Node:
        """Parse the repetitions after an item."""
        while True:
            self.skip_blanks()
            bounds = self._bounds()
            if bounds is None:
                return part
            low, high = bounds
            if high is not None and high < low:
                raise self.error(f"the repetition {{{low},{high}}} is reversed", at=start)
            if max(low, high or 0) > _MAX_REPEAT:
                raise self.error(f"more than {_MAX_REPEAT} repetitions", at=start)
            lazy = self.take("?")
            part = Repeat(part, low, high, greedy=lazy == self.flags.swap_greed)

    def _bounds(self) -> tuple[int, int | None] | None:
        """Parse one repetition operator; a brace that is none stands for itself."""
        char = self.pattern[self.at : self.at + 1]
        if char in ("*", "+", "?") and char:
            self.at += 1
            return {"*": (0, None), "+": (1, None), "?": (0, 1)}[char]
        end = self.pattern.find("}", self.at)
        if char != "{" or end < 0:
            return None
        low, comma, high = self.pattern[self.at + 1 : end].replace(" ", "").partition(",")
        if not (low + high).isdecimal() or not (low + high).isascii() or len(low + high) > 9:
            return None
        self.at = end + 1
        first = int(low or 0)
        return first, (int(high) if high else None) if comma else first

    def _group(self) -> Node | None:
        """Parse what follows an opening parenthesis."""
        start = self.at - 1
        before = self.flags
        if self.take("?"):
            rest = self.pattern[self.at :]
            if rest.startswith(("=", "!", "<=", "<!")):
                raise self.error("look-around is not supported", at=start)
            if rest.startswith(("P<", "<")):
                end = self.pattern.find(">", self.at)
                if end < 0:
                    raise self.error("a group's name is not closed", at=start)
                self.at = end + 1
            elif not self._set_flags(start):
                return None
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise self.error(f"more than {_MAX_DEPTH} groups inside each other", at=start)
        node = self._alternation()
        if not self.take(")"):
            raise self.error("this '(' is not closed", at=start)
        self._depth -= 1
        self.flags = before
        return node

    def _set_flags(self, start: int) -> bool:
        """Parse flags; tells whether a group follows them."""
        value = True
        while True:
            if self.at == len(self.pattern):
                raise self.error("this '(' is not closed", at=start)
            char = self.next()
            if char == "-":
                value = False
            elif char in ":)":
                return char == ":"
            elif char in _FLAG_NAMES:
                self.flags = replace(self.flags, **{_FLAG_NAMES[char]: value})
            else:
                raise self.error(f"'{char}' is no flag", at=self.at - 1)

    # ---------------------------------------------------------------- sets

    def _charset(self) -> CharSet:
        """Parse what follows an opening bracket."""
        start = self.at - 1
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise self.error(f"more than {_MAX_DEPTH} sets inside each other", at=start)
        negated = self.take("^")
        left = self._union(start, first=True)
        while operator := self._set_operator():
            right = self._union(start, first=False)
            left = CharSet(operation=SetOperation(operator, left, right))
        if not self.take("]"):
            raise self.error("this '[' is not closed", at=start)
        self._depth -= 1
        return replace(left, negated=negated, ignore_case=self.flags.ignore_case)

    def _set_operator(self) -> str:
        for operator in ("&&", "--", "~~"):
            if self.pattern.startswith(operator, self.at):
                self.at += 2
                return operator
        return ""

    def _union(self, start: int, *, first: bool) -> CharSet:
        """Parse items up to an operator or the end of the set."""
        ranges: list[tuple[int, int]] = []
        subsets: list[CharSet] = []
        while True:
            self.skip_blanks()
            if self.at == len(self.pattern):
                raise self.error("this '[' is not closed", at=start)
            if self.peek() == "]" and not (first and not ranges and not subsets):
                break
            if not first and self.peek() == "]":
                break
            if (ranges or subsets) and self.pattern[self.at : self.at + 2] in ("&&", "--", "~~"):
                break
            item = self._set_item()
            if isinstance(item, CharSet):
                subsets.append(item)
            else:
                ranges.append((item, self._range_end(item)))
        return CharSet(ranges=tuple(ranges), subsets=tuple(subsets))

    def _range_end(self, low: int) -> int:
        """Parse the end of a range, if this is one."""
        rest = self.pattern[self.at : self.at + 2]
        if not rest.startswith("-") or rest in ("-]", "--") or len(rest) < 2:
            return low
        start = self.at
        self.at += 1
        self.skip_blanks()
        high = self._set_item()
        if isinstance(high, CharSet) or high < low:
            raise self.error("the range of this set is reversed or has no end", at=start - 1)
        return high

    def _set_item(self) -> int | CharSet:
        """Parse one character, escape or inner set."""
        start = self.at
        char = self.next()
        if char == "[":
            posix = self._posix()
            return self._charset() if posix is None else posix
        if char == "\\":
            char = self.next_of_escape()
            named = self.class_escape(char)
            if named is not None:
                return named
            point = self.code_point(char, start)
        else:
            point = ord(char)
        self.parsed.note(point)
        return point

    def _posix(self) -> CharSet | None:
        """Parse a set such as ``[:alpha:]``, after its bracket."""
        end = self.pattern.find(":]", self.at)
        if not self.pattern.startswith(":", self.at) or end < 0:
            return None
        name = self.pattern[self.at + 1 : end]
        found = POSIX.get(name.removeprefix("^"))
        if found is None:
            return None
        self.at = end + 2
        return replace(found, negated=name.startswith("^"), ignore_case=self.flags.ignore_case)
