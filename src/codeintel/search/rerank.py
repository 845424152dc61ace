"""Orders candidates: from the scores of chunks to the score of files, by what code tells.

The weights were chosen by NDCG@10 on the development repositories and on the questions about this
project (tests/golden) together: either alone would favour names of files, or words, too much.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from codeintel.index.vector_arrays import positions
from codeintel.search.query import Query
from codeintel.search.signals import FileTraits, stem_codes

Scores = NDArray[np.float64]
Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each signal counts.

    Attributes
    ----------
    dense, dense_literal
        Share of the meaning against the words, for questions and for what stands in code.
    names
        Words of the names that a chunk defines.
    exact, exact_literal
        The question names, or is the name of, exactly what a chunk defines.
    place
        The question names the file.
    path
        Words of the file's path.
    file_name
        How far the question and the file's name are made of the same words.
    decay
        What each further good chunk of a file adds, as a power.
    n_chunks
        Chunks of a file that count at most.
    aside, facade, prose
        Factors for tests, examples and documents, for files that hand on others' definitions, and
        for texts about code.
    further
        Factor for each further chunk of a file, as a power: how much better than another file's
        best chunk it must be to come before it.
    recent
        What the newest change of all adds to a file's score, as a share of it, for those who
        prefer recent code.
    """

    dense: float = 0.7
    dense_literal: float = 0.2
    names: float = 0.05
    exact: float = 0.1
    exact_literal: float = 1.0
    place: float = 1.0
    path: float = 0.2
    file_name: float = 0.3
    decay: float = 0.35
    n_chunks: int = 6
    aside: float = 0.5
    facade: float = 0.9
    prose: float = 0.5
    further: float = 0.2
    recent: float = 0.5


WEIGHTS = Weights()
WORDS_ALONE = Weights(
    dense=0,
    dense_literal=0,
    names=0,
    exact=0,
    exact_literal=0,
    place=0,
    path=0,
    file_name=0,
    decay=0,
    aside=1,
    facade=1,
    prose=1,
    further=0,
)
"""Plain BM25 over the same tokens, one hit a file: what the ranking is measured against."""
MEANING_ALONE = replace(WORDS_ALONE, dense=1, dense_literal=1)
"""Plain similarity of vectors."""


RETRIEVERS = ("body", "names", "dense", "exact", "path_words", "place")
# The first speak for a chunk, the others for its file.
_N_OWN = 4


@dataclass(frozen=True, slots=True)
class Pool:
    """The chunks that were found for a question.

    Attributes
    ----------
    chunks
        Ids, ascending, shape ``(n,)``.
    file_of
        Position in `paths` of each chunk's file.
    paths
        Ascending.
    traits
        What each path tells, as `paths`.
    raw
        Scores by retriever, shape ``(n, len(RETRIEVERS))``; 0 where one did not find a chunk.
    recency
        How recently each file changed, from 0 to 1, as `paths`; None where that does not count.
    """

    chunks: Ids
    file_of: NDArray[np.intp]
    paths: list[str]
    traits: FileTraits
    raw: Scores
    recency: Scores | None = None

    def column(self, retriever: str) -> Scores:
        """Give one retriever's scores."""
        return self.raw[:, RETRIEVERS.index(retriever)]


SIGNALS = (
    *("words", "names", "meaning", "exact_name", "same_file", "path", "file_name", "place"),
    "recent",
)


class Ranked(Struct, frozen=True):
    """A chunk with its final score; `signals` has each one's part of it, as in `SIGNALS`.

    The last one is there only where recency counts.
    """

    chunk: int
    path: str
    score: float
    signals: Scores

    @property
    def shares(self) -> dict[str, float]:
        """Each signal's share of the score, without those that give none."""
        values = zip(SIGNALS, self.signals.tolist(), strict=False)
        return {name: value for name, value in values if value}


def rank(query: Query, pool: Pool, weights: Weights = WEIGHTS) -> Iterator[Ranked]:
    """Order candidates, best first, ties by path and position.

    A chunk's score joins its own signals; its file adds what the path tells, and what the file's
    other good chunks tell. Further chunks of a file follow by their own score, lowered.
    """
    if not len(pool.chunks):
        return
    weighted = pool.raw * _scales(query, pool, weights)
    own = weighted[:, :_N_OWN].sum(axis=1)
    # File by file, the best chunk of each first; what the file adds does not change their order.
    order = np.lexsort((-own, pool.file_of))
    weighted, file_of = weighted.take(order, axis=0), pool.file_of[order]
    first = np.searchsorted(file_of, np.arange(len(pool.paths)))
    for_files = np.maximum.reduceat(weighted[:, _N_OWN:], first)
    by_file, factors = _file_signals(query, pool.traits, for_files, weights)
    support = _support(own[order], file_of, weights)
    signals = np.column_stack((weighted[:, :_N_OWN], support, by_file[file_of]))
    if pool.recency is not None:
        recent = signals.sum(axis=1) * weights.recent * pool.recency[file_of]
        signals = np.column_stack((signals, recent))
    position = np.arange(len(order)) - first[file_of]
    signals *= (factors[file_of] * weights.further**position)[:, None]
    scores = signals.sum(axis=1)
    for n in np.argsort(-scores, kind="stable").tolist():
        path = pool.paths[file_of[n]]
        yield Ranked(int(pool.chunks[order[n]]), path, float(scores[n]), signals[n])


def _scales(query: Query, pool: Pool, weights: Weights) -> Scores:
    """Give what each retriever's scores are multiplied with.

    Those of words and of meaning have no scale of their own: the best one counts as 1.
    """
    dense = weights.dense_literal if query.is_literal else weights.dense
    exact = weights.exact_literal if query.is_literal else weights.exact
    scales = np.array([1 - dense, weights.names, dense, exact, weights.path, weights.place])
    best: Scores = pool.raw.max(axis=0)
    best[[RETRIEVERS.index("exact"), RETRIEVERS.index("place")]] = 1.0
    best[best == 0] = 1.0
    return scales / best


def _support(total: Scores, file_of: NDArray[np.intp], weights: Weights) -> Scores:
    """Give what the next best chunks of each chunk's file add to it; all are in that order."""
    support = np.zeros(len(total))
    for distance in range(1, min(weights.n_chunks, len(total))):
        same = file_of[distance:] == file_of[:-distance]
        support[:-distance] += weights.decay**distance * (same * total[distance:])
    return support


def _file_signals(
    query: Query, traits: FileTraits, named: Scores, weights: Weights
) -> tuple[Scores, Scores]:
    """Give for each file its path's words, name and place, and the factor of its kind.

    Parameters
    ----------
    named
        What the question's words in the path, and its places, give; shape ``(n, 2)``.
    """
    names = weights.file_name * _stem_match(query, traits)
    # Who names a file does not want another one because of what kind of file it is.
    factors = np.where(named[:, 1] > 0, 1.0, _factors(traits, weights))
    return np.column_stack((named[:, 0], names, named[:, 1])), factors


def _factors(traits: FileTraits, weights: Weights) -> Scores:
    """Give what the kind of each file takes off its score."""
    factors: Scores = np.where(traits.aside, weights.aside, 1.0)
    factors[traits.facade] *= weights.facade
    factors[traits.prose & ~traits.aside] *= weights.prose
    return factors


def _stem_match(query: Query, traits: FileTraits) -> Scores:
    """Give the share of the question's words in each file's name, times that of its in them.

    Either alone would raise a file for one word among many; measured, the product is better for
    labelled questions, those about this project, and commit messages alike.
    """
    wanted = stem_codes(query.stems)
    common: Scores = (positions(traits.stems, wanted) >= 0).sum(axis=1, dtype=np.float64)
    return common / max(1, len(wanted)) * common / np.maximum(1, traits.n_stems)
