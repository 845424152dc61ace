"""From files of pairs to arrays of token bags, and the vocabulary that they are written in."""

import json
import string
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from codeintel.embedding.words import Vocabulary, words_of
from training.corpus import read_pairs
from training.mining import Kind, Pair
from training.recipe import Recipe

KINDS: tuple[str, ...] = get_args(Kind)

_SAME_QUERY = 3
_LEAST_CODE_WORDS = 5
_SHORT_WORD_COST = 6.0
_DATA = "\0"


@dataclass(frozen=True, slots=True)
class Bags:
    """Token bags, one after the other: bag i is ``tokens[offsets[i]:offsets[i + 1]]``."""

    tokens: NDArray[np.int32]
    weights: NDArray[np.float32]
    offsets: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def take(self, bags: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Give where some bags' tokens stand, and where each bag starts among them."""
        starts, lengths = self.offsets[bags], self.offsets[bags + 1] - self.offsets[bags]
        ends = np.cumsum(lengths)
        firsts = ends - lengths
        positions = np.arange(ends[-1]) + np.repeat(starts - firsts, lengths)
        return positions, firsts


@dataclass(frozen=True, slots=True)
class Dataset:
    """Pairs as bags: query i belongs to code i.

    `kinds` are positions in `KINDS`, `packages` and `files` tell where a pair is from.
    """

    queries: Bags
    codes: Bags
    kinds: NDArray[np.uint8]
    packages: NDArray[np.int32]
    files: NDArray[np.int32]
    words: tuple[str, ...]
    costs: NDArray[np.float32]
    doc_freq: NDArray[np.int64]

    def save(self, path: Path) -> None:
        """Write everything to one file."""
        np.savez(
            path,
            query_tokens=self.queries.tokens,
            query_weights=self.queries.weights,
            query_offsets=self.queries.offsets,
            code_tokens=self.codes.tokens,
            code_weights=self.codes.weights,
            code_offsets=self.codes.offsets,
            kinds=self.kinds,
            packages=self.packages,
            files=self.files,
            words=np.array(json.dumps(self.words)),
            costs=self.costs,
            doc_freq=self.doc_freq,
        )

    @classmethod
    def load(cls, path: Path) -> "Dataset":
        """Read what `save` wrote."""
        with np.load(path) as f:
            return cls(
                Bags(f["query_tokens"], f["query_weights"], f["query_offsets"]),
                Bags(f["code_tokens"], f["code_weights"], f["code_offsets"]),
                f["kinds"],
                f["packages"],
                f["files"],
                tuple(json.loads(str(f["words"]))),
                f["costs"],
                f["doc_freq"],
            )


class _RawBags:
    """Bags of interned words, before there is a vocabulary."""

    def __init__(self, interned: dict[str, int]) -> None:
        self._interned = interned
        self.ids = array("i")
        self.weights = array("f")
        self.offsets = array("q", [0])

    def add(self, words: Mapping[str, float]) -> None:
        interned = self._interned
        self.ids.extend(interned.setdefault(word, len(interned)) for word in words)
        self.weights.extend(words.values())
        self.offsets.append(len(self.ids))


def build(files: Sequence[Path], recipe: Recipe) -> Dataset:
    """Read the pairs of all packages, choose the vocabulary, and write the pairs in it.

    Parameters
    ----------
    files
        One file of pairs a package; their order is part of the result.
    """
    interned: dict[str, int] = {_DATA: 0}
    queries, codes = _RawBags(interned), _RawBags(interned)
    kinds, packages, numbers = array("B"), array("i"), array("i")
    seen: set[int] = set()
    asked: Counter[str] = Counter()
    n_files = 0
    for package, file in enumerate(files):
        last = 0
        for pair in read_pairs(file):
            last = max(last, pair.file)
            key = hash((pair.query.lower(), pair.code[:200]))
            asked[pair.query] += 1
            if key in seen or asked[pair.query] > _SAME_QUERY:
                continue
            seen.add(key)
            query, code = _bags_of_pair(pair, recipe)
            if len(query) < 2 or len(code) < _LEAST_CODE_WORDS:
                continue
            queries.add(query)
            codes.add(code)
            kinds.append(KINDS.index(pair.kind))
            packages.append(package)
            numbers.append(n_files + pair.file)
        n_files += last + 1
    words = list(interned)
    bags = (queries, codes)
    doc_freq = _frequencies([np.frombuffer(b.ids, np.int32) for b in bags], len(words))
    vocabulary, costs = _choose(words, doc_freq, recipe)
    pieces = _pieces(words, vocabulary, costs)
    in_tokens = [_in_vocabulary(b, pieces) for b in bags]
    token_freq = _frequencies([b.tokens for b in in_tokens], len(vocabulary))
    return Dataset(
        in_tokens[0],
        in_tokens[1],
        np.frombuffer(kinds, np.uint8),
        np.frombuffer(packages, np.int32),
        np.frombuffer(numbers, np.int32),
        tuple(vocabulary),
        np.array(costs, np.float32),
        token_freq,
    )


def _frequencies(bags: Iterable[NDArray[np.int32]], n_words: int) -> NDArray[np.int64]:
    total = np.zeros(n_words, np.int64)
    for tokens in bags:
        total += np.bincount(tokens, minlength=n_words)
    return total


def _bags_of_pair(pair: Pair, recipe: Recipe) -> tuple[dict[str, float], dict[str, float]]:
    """Weigh the words of both sides as `codeintel.embedding.static` does."""
    path, _, symbol = pair.place.partition("\n")
    query = _weighted(pair.query, recipe.exponent)
    code = _weighted(f"{pair.place}\n{pair.code}", recipe.exponent)
    for line, factor in ((path, recipe.path_weight), (symbol, recipe.symbol_weight)):
        for word, weight in _weighted(line, recipe.exponent).items():
            code[word] += factor * weight
    for word in words_of(pair.drop):
        code.pop(word, None)
    return query, code


def _weighted(text: str, exponent: float) -> dict[str, float]:
    return {word: n**exponent for word, n in Counter(words_of(text)).items()}


def _choose(
    words: Sequence[str], doc_freq: NDArray[np.int64], recipe: Recipe
) -> tuple[list[str], list[float]]:
    """Take the most frequent words, and single characters so that every word can be cut."""
    order = np.argsort(-doc_freq, kind="stable")
    single = list(string.ascii_lowercase + string.digits)
    chosen = [words[i] for i in order if doc_freq[i] >= recipe.least_doc_freq and words[i] != _DATA]
    chosen = chosen[: recipe.most_words - len(single)]
    known = set(chosen)
    chosen += [character for character in single if character not in known]
    freq = dict(zip(words, doc_freq.tolist(), strict=True))
    total = float(np.log(doc_freq.sum()))
    costs = [
        total - float(np.log(freq.get(w, 0) + 1)) + (_SHORT_WORD_COST if len(w) < 3 else 0.0)
        for w in chosen
    ]
    return chosen, costs


def _pieces(
    words: Sequence[str], vocabulary: Sequence[str], costs: Sequence[float]
) -> list[tuple[int, ...]]:
    cutter = Vocabulary(vocabulary, costs)
    return [cutter.tokens_of_run(word) if word != _DATA else () for word in words]


def _in_vocabulary(bags: _RawBags, pieces: Sequence[tuple[int, ...]]) -> Bags:
    ids = np.frombuffer(bags.ids, np.int32)
    weights = np.frombuffer(bags.weights, np.float32)
    n_pieces = np.array([len(p) for p in pieces], np.int64)
    flat = np.fromiter((token for p in pieces for token in p), np.int32)
    first = np.cumsum(n_pieces) - n_pieces
    repeats = n_pieces[ids]
    ends = np.cumsum(repeats)
    positions = np.arange(ends[-1]) + np.repeat(first[ids] - (ends - repeats), repeats)
    offsets = np.concatenate([[0], ends])[np.frombuffer(bags.offsets, np.int64)]
    return Bags(flat[positions], np.repeat(weights, repeats), offsets)
