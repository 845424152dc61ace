"""Compiles what the user looks for: to RE2, and to the trigrams that it needs.

The lines found are those of ripgrep with ``--crlf``: ``^`` and ``$`` stand at the ends of lines,
classes are Unicode's, a match stays within a line unless `multiline` is asked for.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import inf
from mmap import mmap
from time import monotonic

import re2
from msgspec import Struct

from codeintel.errors import InvalidPatternError
from codeintel.index.trigram import TrigramQuery
from codeintel.search.text_boundary import BoundaryMatcher
from codeintel.search.text_charset import WORD, CharSet, refuse_unsupported
from codeintel.search.text_parser import MAX_PATTERN_CHARS, parse_regex
from codeintel.search.text_plan import trigram_query
from codeintel.search.text_syntax import (
    Alternate,
    Concat,
    Look,
    Node,
    Parsed,
    Repeat,
    literal_of,
    parse_literal,
)
from codeintel.types import CaseRule

# What RE2 may use for one pattern and its automaton; Unicode classes need more than the default.
_MAX_MEMORY_BYTES = 64 << 20
# Where case does not count, the Kelvin sign is a k too, and the long s an s.
_BEYOND_ASCII = {"k": "\N{KELVIN SIGN}".encode(), "s": "\N{LATIN SMALL LETTER LONG S}".encode()}
# RE2 refuses only what takes much memory.
_SURELY_COMPILED_CHARS = 200
_ASSERTIONS = {"^": "(?m:^)", "$": "(?m:$)", "A": r"\A", "z": r"\z"}


class TextQuery(Struct, frozen=True):
    """What to look for.

    Attributes
    ----------
    case
        ``smart`` ignores case unless the pattern has an upper-case letter.
    word
        Matches must begin and end at word boundaries.
    multiline
        Matches may reach over line ends; a pattern that names a line feed is always multiline.
    """

    pattern: str
    regex: bool = False
    case: CaseRule = "smart"
    word: bool = False
    multiline: bool = False


@dataclass(frozen=True, slots=True)
class Literal:
    """A text that is all that a pattern matches.

    Attributes
    ----------
    data
        The text in UTF-8.
    folded
        Case does not count; the text is ASCII in lower case.
    """

    text: str
    data: bytes
    folded: bool

    def is_all_in(self, buffer: mmap | bytes, first: int, last: int) -> bool:
        """Tell whether in that part of a buffer no letter beyond ASCII stands for one of it."""
        return not self.folded or not any(
            letter in self.text and buffer.find(other, first, last) >= 0
            for letter, other in _BEYOND_ASCII.items()
        )


class TextPattern:
    """A compiled query; `compile_pattern` makes it.

    Attributes
    ----------
    query
        What a document must hold to be worth a look.
    per_line
        A match never leaves its line, nor looks beyond it.
    by_ascii
        Whether texts of ASCII alone are searched in another way than others.
    literal
        The only text that matches; None for other patterns. Case of letters beyond ASCII is left
        to RE2.
    """

    def __init__(self, query: TextQuery, parsed: Parsed) -> None:
        node = parsed.node
        self._source = query.pattern
        self._word = query.word
        looks = set(_looks(node))
        crosses = query.multiline or parsed.has_line_feed
        self.per_line = not crosses and not looks & {"A", "z"}
        self.query: TrigramQuery = trigram_query(node)
        self._crlf = not parsed.has_return
        self._excluded = "" if crosses else "\r\n" if self._crlf else "\n"
        self._node = node
        # RE2's boundaries are ASCII's, and two-sided.
        self._one_sided = bool(looks & set("<>()"))
        self._has_boundaries = self._one_sided or bool(looks & set("bB"))
        self.by_ascii = self._has_boundaries and not self._one_sided
        self.literal = _literal(node) if self.per_line and not query.word else None
        if self.literal is None or len(query.pattern) > _SURELY_COMPILED_CHARS:
            _ = self._regex  # compiled now, so that a refusal comes with the question

    def line_finder(self, *, ascii_text: bool) -> tuple[re2._Regexp, bool]:
        """Give what finds lines: each match goes from where a match begins to its line's end.

        Only for patterns that are `per_line`. The second value says whether RE2 cannot judge the
        word boundaries of such a text, so that `spans` has to confirm each line.
        """
        confirm = self.must_confirm(ascii_text=ascii_text)
        return (self._relaxed_lines if confirm else self._lines), confirm

    def run_finder(self, *, over_empty: bool) -> re2._Regexp:
        """Give what finds runs of matching lines, whole, perhaps with empty ones among them."""
        return self._runs_over_empty if over_empty else self._runs

    def must_confirm(self, *, ascii_text: bool) -> bool:
        """Tell whether lines of such a text need `confirms`."""
        return self._one_sided or (self._has_boundaries and not ascii_text)

    @cached_property
    def matches_empty(self) -> bool:
        """Whether an empty line matches."""
        return next(self.spans(""), None) is not None

    def spans(self, text: str, deadline: float = inf) -> Iterator[tuple[int, int]]:
        """Give the spans of all matches in a text, in characters.

        Raises
        ------
        TimeoutError
            The deadline (of `time.monotonic`) has passed.
        """
        ascii_text = text.isascii()
        # Beyond ASCII, letters in lower case can be more than they were.
        if self.literal and (ascii_text or not self.literal.folded):
            return self._literal_spans(self.literal, text)
        if self.must_confirm(ascii_text=ascii_text):
            return self._boundary_matcher.spans(text, deadline)
        return self._re2_spans(text, deadline)

    def confirms(self, line: str, deadline: float) -> bool:
        """Tell whether a line (without its line feed) that `line_finder` found does match.

        Raises
        ------
        TimeoutError
            The deadline has passed.
        """
        if not self.must_confirm(ascii_text=line.isascii()):
            return next(self._re2_spans(line, deadline), None) is not None
        text = line.removesuffix("\r") if self._crlf else line
        return self._boundary_matcher.matches(text, deadline)

    def _literal_spans(self, literal: Literal, text: str) -> Iterator[tuple[int, int]]:
        text = text.lower() if literal.folded else text
        at = text.find(literal.text)
        while at >= 0:
            end = at + len(literal.text)
            yield at, end
            at = text.find(literal.text, end)

    def _re2_spans(self, text: str, deadline: float) -> Iterator[tuple[int, int]]:
        data = text.encode("utf-8", "replace")
        at = n_bytes = n_chars = 0
        previous_end = -1
        while at <= len(data) and (match := self._regex.search(data, at)):
            if monotonic() > deadline:
                raise TimeoutError
            start, end = match.span(1)
            n_chars += len(data[n_bytes:start].decode())
            n_bytes = start
            # An empty match right after another one is no match of its own.
            if end > start or start != previous_end:
                yield n_chars, n_chars + len(match[1].decode())
            previous_end = end
            # The character beside a word may begin the next match as well as end this one.
            at = end if end > start else _next_char(data, max(end, at))

    @cached_property
    def _regex(self) -> re2._Regexp:
        """The pattern, with the match itself as group 1."""
        match = f"({self._emit(self._node, boundaries=not self._one_sided)})"
        return _compile_re2(self._bounded(match), self._source)

    @cached_property
    def _lines(self) -> re2._Regexp:
        return _compile_re2(self._line(boundaries=True), self._source)

    @cached_property
    def _relaxed_lines(self) -> re2._Regexp:
        """The lines that match without the word boundaries: all that match, and more."""
        return _compile_re2(self._line(boundaries=False), self._source)

    @cached_property
    def _runs(self) -> re2._Regexp:
        return _compile_re2(f"(?:(?m:^)[^\n]*{self._line(boundaries=True)}\n)+", self._source)

    @cached_property
    def _runs_over_empty(self) -> re2._Regexp:
        line = f"(?:[^\n]*{self._line(boundaries=True)})?\n"
        return _compile_re2(f"(?m:^)(?:{line})+", self._source)

    def _line(self, *, boundaries: bool) -> str:
        """Write what goes from a match to its line's end."""
        return self._bounded(f"(?:{self._emit(self._node, boundaries)})") + "[^\n]*"

    @cached_property
    def _boundary_matcher(self) -> BoundaryMatcher:
        node = self._node
        if self._word:
            node = Concat((Look("("), node, Look(")")))
        return BoundaryMatcher(node, self._excluded, crlf=self._crlf)

    def _bounded(self, pattern: str) -> str:
        """Ask for word boundaries around a pattern, where the query does."""
        if not self._word:
            return pattern
        no_word = CharSet(subsets=(WORD,), negated=True).to_re2(self._excluded)
        return f"(?:(?m:^)|{no_word}){pattern}(?:{self._emit_look('$')}|{no_word})"

    def _emit(self, node: Node, boundaries: bool) -> str:
        """Write a part for RE2."""
        match node:
            case CharSet():
                text = node.to_re2(self._excluded)
                # A line feed that is written out stands for either line end.
                line_feed = node.chars(1) == ["\n"] and self._crlf
                return rf"(?:\r?{text})" if line_feed else text
            case Look(kind):
                if kind in _ASSERTIONS:
                    return self._emit_look(kind)
                return f"\\{kind}" if boundaries else ""
            case Concat(parts):
                return "".join(self._emit(part, boundaries) for part in parts)
            case Alternate(parts):
                return f"(?:{'|'.join(self._emit(part, boundaries) for part in parts)})"
            case Repeat(part, low, high, greedy):
                bounds = f"{{{low},{'' if high is None else high}}}"
                return f"(?:{self._emit(part, boundaries)}){bounds}{'' if greedy else '?'}"

    def _emit_look(self, kind: str) -> str:
        """Write an assertion; the end of a line may have a carriage return before it."""
        return r"(?:\r?(?m:$))" if kind == "$" and self._crlf else _ASSERTIONS[kind]


@lru_cache(maxsize=256)
def compile_pattern(query: TextQuery) -> TextPattern:
    """Compile a query.

    Raises
    ------
    InvalidPatternError
        It is empty, too long, malformed or too large; says where.
    """
    if not query.pattern:
        raise InvalidPatternError("The pattern is empty.", cure="Say what to look for.")
    if len(query.pattern) > MAX_PATTERN_CHARS:
        raise InvalidPatternError(
            f"The pattern has {len(query.pattern):,} characters, more than {MAX_PATTERN_CHARS:,}.",
            cure="Look for a part of it.",
        )
    parse = parse_regex if query.regex else parse_literal
    parsed = parse(query.pattern, ignore_case=query.case == "ignore")
    if query.case == "smart" and parsed.has_literal and not parsed.has_upper:
        parsed = parse(query.pattern, ignore_case=True)
    return TextPattern(query, parsed)


def _literal(node: Node) -> Literal | None:
    """Give the only text that a tree matches, if case of letters beyond ASCII does not matter."""
    found = literal_of(node)
    if found is None:
        return None
    text, folded = found
    if folded and not text.isascii():
        return None
    return Literal(text, text.encode("utf-8", "replace"), folded)


def _compile_re2(pattern: str, source: str) -> re2._Regexp:
    """Compile for RE2; a refusal names the pattern that the user gave."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MAX_MEMORY_BYTES
    try:
        return re2.compile(pattern.encode("utf-8", "replace"), options)
    except re2.error as error:
        raise refuse_unsupported(source, error) from error


def _looks(node: Node) -> Iterator[str]:
    """Give the kinds of all assertions of a tree."""
    match node:
        case Look(kind):
            yield kind
        case Concat(parts) | Alternate(parts):
            for part in parts:
                yield from _looks(part)
        case Repeat(part=part):
            yield from _looks(part)


def _next_char(data: bytes, at: int) -> int:
    """Give where the character after the one at a position begins."""
    at += 1
    while at < len(data) and data[at] & 0xC0 == 0x80:
        at += 1
    return at
