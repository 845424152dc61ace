"""Understands what a question is: its words, and the identifiers that it names."""

import re
from dataclasses import dataclass
from functools import cached_property

from codeintel.errors import InvalidQueryError
from codeintel.lang.tokens import tokenize

MAX_QUERY_CHARS = 10_000

# A name alone, perhaps qualified: `retry`, `Session.send`, `std::vector`, `empty?`.
_SYMBOL = re.compile(r"[A-Za-z_$][\w$]*(?:(?:\.|::|#|->|/)[A-Za-z_$][\w$]*)*[!?]?(?:\(\))?")
_IDENTIFIER = re.compile(r"[A-Za-z_$][\w$]*")
# Spelled as people do not spell words: camelCase, snake_case, PascalCase, HTTPError.
_CODE_SPELLING = re.compile(r"[a-z][A-Z]|_|^[A-Z][a-z]+[A-Z]|^[A-Z]{2,}[a-z]")
_SEPARATOR = re.compile(r"\.|::|#|->|/")
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
    def is_symbol(self) -> bool:
        """Whether the whole question is a name."""
        return _SYMBOL.fullmatch(self.text) is not None

    @cached_property
    def tokens(self) -> list[str]:
        """Tokens for the lexical index."""
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
        """Names in the question that are spelled like code, or the name that it is."""
        found = [name for name in _IDENTIFIER.findall(self.text) if _CODE_SPELLING.search(name)]
        if self.is_symbol:
            found.insert(0, _SEPARATOR.split(self.text.rstrip("()!?"))[-1])
        return list(dict.fromkeys(found))


def stem(word: str) -> str:
    """Cut the commonest English endings: "handlers" and "handling" become "handl"."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word
