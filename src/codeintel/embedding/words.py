"""Splits text into the bundled model's vocabulary of words."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

# Everything but ASCII letters and digits becomes a blank.
_RUNS = bytes(code if chr(code).isalnum() else 0x20 for code in range(128)).ljust(256)
_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+")

_LONGEST_WORD_CHARS = 40
_LONGEST_PIECE_CHARS = 18
_LONGEST_NUMBER_DIGITS = 3
_CACHED_RUNS = 200_000


def words_of(text: str) -> list[str]:
    """Split text into lower-case words where case or class changes; data is left out."""
    if not text.isascii():
        text = _without_accents(text)
    return [word.lower() for word in _WORDS.findall(text) if not _is_data(word)]


class Vocabulary:
    """Words known to the model, and how any other word is cut into them.

    A run of letters and digits is split where its case or class changes (``parseHTTPHeader2`` is
    parse, http, header, 2). A word that is not in the vocabulary is cut into the likeliest
    sequence of known pieces; long numbers and over-long words, which are data, are dropped.

    Parameters
    ----------
    words
        Lower-case ASCII; the position is the token.
    costs
        Negative log probability of each word, for the cut.
    """

    def __init__(self, words: Sequence[str], costs: Sequence[float]) -> None:
        self._tokens = {word: token for token, word in enumerate(words)}
        self._costs = costs
        self._runs = _RunCache(self)

    def __len__(self) -> int:
        return len(self._tokens)

    def count(self, text: str) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Give the distinct tokens of a text, in order of appearance, and how often each occurs."""
        counts = Counter(self._tokens_of_text(text))
        n = len(counts)
        return (
            np.fromiter(counts.keys(), np.int64, n),
            np.fromiter(counts.values(), np.float32, n),
        )

    def count_each(
        self, texts: Sequence[str]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
        """Do the same for many texts at once, at half the cost for each.

        Returns
        -------
        numbers
            Of which text a count is, ascending.
        tokens
            Ascending for each text.
        counts
            How often the token occurs in the text.
        """
        found = [self._tokens_of_text(text) for text in texts]
        lengths = np.fromiter(map(len, found), np.int64, len(found))
        tokens = np.fromiter(chain.from_iterable(found), np.int64, lengths.sum())
        pairs = np.repeat(np.arange(len(found)) * len(self), lengths) + tokens
        distinct, counts = np.unique(pairs, return_counts=True)
        return (*np.divmod(distinct, len(self)), counts.astype(np.float32))

    def _tokens_of_text(self, text: str) -> list[int]:
        """Give the tokens of a text."""
        if not text.isascii():
            text = _without_accents(text)
        if len(self._runs) > _CACHED_RUNS:
            self._runs.clear()
        # Bytes are cut at blanks three times as fast as a regular expression finds runs.
        found = text.encode("ascii", "replace").translate(_RUNS).split()
        return list(chain.from_iterable(map(self._runs.__getitem__, found)))

    def tokens_of_run(self, run: str) -> tuple[int, ...]:
        """Give the tokens of one run of ASCII letters and digits."""
        return tuple(chain.from_iterable(self._tokens_of_word(w) for w in _WORDS.findall(run)))

    def _tokens_of_word(self, word: str) -> tuple[int, ...]:
        token = self._tokens.get(word.lower())
        if token is not None:
            return (token,)
        return () if _is_data(word) else self._cut(word.lower())

    def _cut(self, word: str) -> tuple[int, ...]:
        """Find the cheapest sequence of known pieces (Viterbi over the word's characters)."""
        cheapest = [0.0] + [float("inf")] * len(word)
        starts = [0] * (len(word) + 1)
        for end in range(1, len(word) + 1):
            for start in range(max(0, end - _LONGEST_PIECE_CHARS), end):
                token = self._tokens.get(word[start:end])
                if token is None:
                    continue
                cost = cheapest[start] + self._costs[token]
                if cost < cheapest[end]:
                    cheapest[end], starts[end] = cost, start
        if cheapest[-1] == float("inf"):
            return ()
        pieces = []
        end = len(word)
        while end:
            pieces.append(self._tokens[word[starts[end] : end]])
            end = starts[end]
        return tuple(reversed(pieces))


class _RunCache(dict[bytes, tuple[int, ...]]):
    """Tokens by run; entries never change, so that threads may fill it side by side."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        super().__init__()
        self._vocabulary = vocabulary

    def __missing__(self, run: bytes) -> tuple[int, ...]:
        tokens = self[run] = self._vocabulary.tokens_of_run(run.decode())
        return tokens


def _is_data(word: str) -> bool:
    """Whether a word is a long number or a blob, which say nothing."""
    return len(word) > (_LONGEST_NUMBER_DIGITS if word.isdigit() else _LONGEST_WORD_CHARS)


def _without_accents(text: str) -> str:
    """Write accented Latin letters without their accents, so that they stay inside their word."""
    return unicodedata.normalize("NFKD", text).translate(_COMBINING)


class _Combining(dict[int, int | None]):
    """None for each accent met, which removes it; every other character as it is."""

    def __missing__(self, point: int) -> int | None:
        kept = self[point] = None if unicodedata.combining(chr(point)) else point
        return kept


_COMBINING = _Combining()
