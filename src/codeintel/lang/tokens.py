"""Words of code: identifiers, and the words they are made of."""

import re
from functools import lru_cache
from typing import Final

MAX_TOKEN_CHARS: Final = 64
"""Longer words are hashes or encoded data: no one asks for them, and each would be a new term."""

_WORD = re.compile(r"\w+")
# "HTTPServer2" is http, server, 2. Letters outside ASCII and Latin-1 have no case here.
_UPPER = "A-ZÀ-ÖØ-Þ"
_LOWER = rf"[^\W\d_{_UPPER}]"
_PART = re.compile(rf"[{_UPPER}]+(?=[{_UPPER}]{_LOWER})|[{_UPPER}]?{_LOWER}+|[{_UPPER}]+|\d+")


def tokenize(text: str) -> list[str]:
    """Split a text or a query into lower-case tokens.

    Words are cut at case changes, underscores and digits; a word that was cut follows its parts
    as a whole, so that both ``parse_url`` and ``url`` find it.
    """
    tokens: list[str] = []
    for word in _WORD.findall(text):
        tokens += _tokens_of(word)
    return tokens


@lru_cache(maxsize=1 << 16)
def _tokens_of(word: str) -> tuple[str, ...]:
    """The tokens of one run of word characters."""
    parts = tuple(part.lower() for part in _PART.findall(word) if len(part) <= MAX_TOKEN_CHARS)
    if len(parts) < 2 or len(word) > MAX_TOKEN_CHARS:
        return parts
    return (*parts, word.strip("_").lower())
