"""Packs texts into requests that are bounded by tokens as well as by number."""

import threading
from collections.abc import Iterator, Sequence

#: Bytes of source code per token before a server has counted any; real ones lie from 2.5 to 4.
_FIRST_BYTES_PER_TOKEN = 3.0
#: Share of a new answer in the running average.
_WEIGHT = 0.1
#: Special tokens that a model may add around a text.
_SPECIAL_TOKENS = 8


def n_bytes(text: str) -> int:
    """Give the length of a text in UTF-8; a lone surrogate counts as what replaces it."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))


def surely_fits(text: str, max_tokens: int) -> bool:
    """Tell whether no tokenizer can make too many tokens of a text: each is at least one byte."""
    return n_bytes(text) + _SPECIAL_TOKENS <= max_tokens


class TokenEstimate:
    """Guesses tokens from bytes, at the ratio that the server's own counts show."""

    def __init__(self) -> None:
        self._bytes_per_token = _FIRST_BYTES_PER_TOKEN
        self._lock = threading.Lock()

    def n_tokens(self, text: str) -> int:
        """Guess the tokens of a text; at least 1."""
        return 1 + int(n_bytes(text) / self._bytes_per_token)

    def learn(self, texts: Sequence[str], n_tokens: int) -> None:
        """Take in how many tokens the server counted for some texts that it did not cut."""
        if n_tokens <= 0:
            return
        ratio = min(16.0, max(1.0, sum(map(n_bytes, texts)) / n_tokens))
        with self._lock:
            self._bytes_per_token += _WEIGHT * (ratio - self._bytes_per_token)


def pack(
    texts: Sequence[str], estimate: TokenEstimate, *, max_texts: int, max_tokens: int
) -> Iterator[range]:
    """Give runs of positions, in order, each within both bounds; one text may exceed the second."""
    start = total = 0
    for position, text in enumerate(texts):
        tokens = estimate.n_tokens(text)
        if position > start and (position - start == max_texts or total + tokens > max_tokens):
            yield range(start, position)
            start, total = position, 0
        total += tokens
    if start < len(texts):
        yield range(start, len(texts))
