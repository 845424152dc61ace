"""Understands what a question is: its class, its words, and the names and places in it."""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, lru_cache

from codeintel.errors import InvalidQueryError
from codeintel.lang.tokens import tokenize
from codeintel.search.places import Place, find_places, is_path

MAX_QUERY_CHARS = 10_000

# A name alone, perhaps qualified: `retry`, `Session.send`, `std::vector`, `empty?`.
_SYMBOL = re.compile(r"[A-Za-z_$][\w$]*(?:(?:\.|::|#|->|/)[A-Za-z_$][\w$]*)*[!?]?(?:\(\))?")
_IDENTIFIER = re.compile(r"[A-Za-z_$][\w$]*")
# Spelled as people do not spell words: camelCase, snake_case, PascalCase, HTTPError.
_CODE_SPELLING = re.compile(r"[a-z][A-Z]|_|^[A-Z][a-z]+[A-Z]|^[A-Z]{2,}[a-z]")
_SEPARATOR = re.compile(r"\.|::|#|->|/")
# What only a regular expression has: classes, repetition of anything, groups, escaped brackets.
_REGEX = re.compile(r"\\[wWdDsSbB().\[\]{}|]|\.[*+]|\[\^?[^\]\s]{1,99}\][*+]|\(\?[:=!<i]|^\^|\w\$$")
_REGEX_SYNTAX = re.compile(r"\\[a-zA-Z]|\[\^?[^\]\s]{1,99}\]|\(\?[:=!<i]+|\{\d+(,\d*)?\}")
_FRAMES_OF_A_TRACE = 2
# Words that say what kind of answer is wanted, not what it is about.
_STOP_WORDS = frozenset(
    tokenize(
        """a an and are as at be between by can code do does for from function functions class
        classes handle handled handles handling how implement implementation implemented in into
        is it its logic method methods not of on or should that the this to use used using via vs
        was what when where which why with without work working works"""
    )
)
_ENDINGS = "ization izing izers izer ations ation ings ing ers er ors or ies ied ed es s ly".split()


class QueryClass(StrEnum):
    """What kind of text was asked."""

    IDENTIFIER = "identifier"
    QUALIFIED_NAME = "qualified_name"
    PATH = "path"
    REGEX = "regex"
    STACK_TRACE = "stack_trace"
    NATURAL_LANGUAGE = "natural_language"


@dataclass(frozen=True)
class Query:
    """A question, taken apart once."""

    text: str

    @classmethod
    def of(cls, text: str) -> "Query":
        """Check a question.

        Raises
        ------
        InvalidQueryError
            It is empty or longer than `MAX_QUERY_CHARS`.
        """
        text = text.strip()
        if not text:
            raise InvalidQueryError("The query is empty.", cure="Say what you look for.")
        if len(text) > MAX_QUERY_CHARS:
            raise InvalidQueryError(
                f"The query has {len(text)} characters; at most {MAX_QUERY_CHARS} are taken.",
                cure="Shorten it to the question itself.",
            )
        return cls(text)

    @cached_property
    def kind(self) -> QueryClass:
        """The class of the question, which decides how signals are weighed."""
        if is_path(self.text):
            return QueryClass.PATH
        if _SYMBOL.fullmatch(self.text):
            single = _IDENTIFIER.fullmatch(self.text.rstrip("()!?"))
            return QueryClass.IDENTIFIER if single else QueryClass.QUALIFIED_NAME
        if sum(place.line is not None for place in self.places) >= _FRAMES_OF_A_TRACE:
            return QueryClass.STACK_TRACE
        if _REGEX.search(self.text):
            return QueryClass.REGEX
        return QueryClass.NATURAL_LANGUAGE

    @property
    def is_literal(self) -> bool:
        """Whether the question is made of what stands in the code, not of words about it."""
        return self.kind is not QueryClass.NATURAL_LANGUAGE

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """Files, and lines of them, that the question names, the likeliest first."""
        return find_places(self.text)

    @cached_property
    def tokens(self) -> list[str]:
        """Tokens for the lexical index; of a regular expression those of its literal parts."""
        if self.kind is QueryClass.REGEX:
            return tokenize(_REGEX_SYNTAX.sub(" ", self.text))
        return tokenize(self.text)

    @cached_property
    def words(self) -> list[str]:
        """Distinct words that say what the question is about, in order."""
        kept = (token for token in self.tokens if token not in _STOP_WORDS and len(token) > 1)
        return list(dict.fromkeys(kept))

    @cached_property
    def stems(self) -> frozenset[str]:
        """The words without their endings."""
        return frozenset(map(stem, self.words))

    @cached_property
    def identifiers(self) -> list[str]:
        """Names in the question that are spelled like code, or the last part of the name it is."""
        if self._parts:
            return self._parts[-1:]
        found = [name for name in _IDENTIFIER.findall(self.text) if _CODE_SPELLING.search(name)]
        return list(dict.fromkeys(found))

    @cached_property
    def qualifier(self) -> str:
        """What stands before a qualified name's last part: "Session" of "http.Session.send"."""
        return self._parts[-2] if len(self._parts) > 1 else ""

    @cached_property
    def _parts(self) -> list[str]:
        """The parts of the name that the question is; `Response.json` may be one or a file."""
        is_name = _SYMBOL.fullmatch(self.text) is not None
        if not is_name or (self.kind is QueryClass.PATH and "/" in self.text):
            return []
        return _SEPARATOR.split(self.text.rstrip("()!?"))


@lru_cache(maxsize=1 << 16)
def stem(word: str) -> str:
    """Cut the commonest English endings: "handlers" and "handling" become "handl"."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word
