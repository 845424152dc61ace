"""Orders candidates: from the scores of chunks to the score of files, by what code tells.

The weights were chosen by NDCG@10 on the development repositories and on the questions about this
project (tests/golden) together: either alone would favour names of files, or words, too much.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from codeintel.search.query import Query
from codeintel.search.signals import PathTraits, path_traits

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
    aside: float = 0.6
    facade: float = 0.9
    prose: float = 0.5
    further: float = 0.2


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


RETRIEVERS = ("body", "names", "path_words", "dense", "exact", "place")


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
    raw
        Scores by retriever, shape ``(n, len(RETRIEVERS))``; 0 where one did not find a chunk.
    """

    chunks: Ids
    file_of: NDArray[np.intp]
    paths: list[str]
    raw: Scores

    def column(self, retriever: str) -> Scores:
        """Give one retriever's scores."""
        return self.raw[:, RETRIEVERS.index(retriever)]


SIGNALS = ("words", "names", "meaning", "exact_name", "same_file", "path", "file_name", "place")


@dataclass(frozen=True, slots=True)
class Ranked:
    """A chunk with its final score; `signals` has each one's part of it, as in `SIGNALS`."""

    chunk: int
    path: str
    score: float
    signals: Scores

    @property
    def shares(self) -> dict[str, float]:
        """Each signal's share of the score, without those that give none."""
        values = zip(SIGNALS, self.signals.tolist(), strict=True)
        return {name: value for name, value in values if value}


def rank(query: Query, pool: Pool, weights: Weights = WEIGHTS) -> Iterator[Ranked]:
    """Order candidates, best first, ties by path and position.

    A chunk's score joins its own signals; its file adds what the path tells, and what the file's
    other good chunks tell. Further chunks of a file follow by their own score, lowered.
    """
    own = _own_signals(query, pool, weights)
    by_file = _file_signals(query, pool, weights)
    support = _support(own.sum(axis=1), pool.file_of, weights)
    signals = np.column_stack((own, support, by_file[pool.file_of, :3]))
    signals *= by_file[pool.file_of, 3:]
    scores = signals.sum(axis=1)
    lowered = weights.further ** _position_in_file(scores, pool.file_of)
    signals *= lowered[:, None]
    scores *= lowered
    for n in np.lexsort((pool.chunks, pool.file_of, -scores)).tolist():
        path = pool.paths[pool.file_of[n]]
        yield Ranked(int(pool.chunks[n]), path, float(scores[n]), signals[n])


def _own_signals(query: Query, pool: Pool, weights: Weights) -> Scores:
    """Weigh each chunk's own signals; every retriever's best score counts as 1.

    Returns
    -------
    signals
        Shape ``(n, 4)``, in the order of `SIGNALS`.
    """
    dense_share = weights.dense_literal if query.is_literal else weights.dense
    exact_share = weights.exact_literal if query.is_literal else weights.exact
    return np.column_stack(
        (
            (1 - dense_share) * _scaled(pool.column("body")),
            weights.names * _scaled(pool.column("names")),
            dense_share * _scaled(pool.column("dense")),
            exact_share * pool.column("exact"),
        )
    )


def _support(total: Scores, file_of: NDArray[np.intp], weights: Weights) -> Scores:
    """Give what the next best chunks of each chunk's file add to it."""
    order = np.lexsort((-total, file_of))
    files, sorted_total = file_of[order], total[order]
    support = np.zeros(len(total))
    for distance in range(1, min(weights.n_chunks, len(total))):
        same = files[distance:] == files[:-distance]
        support[:-distance] += weights.decay**distance * np.where(same, sorted_total[distance:], 0)
    unsorted = np.empty_like(support)
    unsorted[order] = support
    return unsorted


def _position_in_file(scores: Scores, file_of: NDArray[np.intp]) -> NDArray[np.intp]:
    """Give each chunk's rank among those of its file, from 0."""
    order = np.lexsort((-scores, file_of))
    files = file_of[order]
    position = np.empty(len(scores), np.intp)
    position[order] = np.arange(len(scores)) - np.searchsorted(files, files)
    return position


def _file_signals(query: Query, pool: Pool, weights: Weights) -> Scores:
    """Give for each file path, name and place, and the factor of its kind: shape ``(n, 4)``."""
    signals = np.zeros((len(pool.paths), 4))
    np.maximum.at(signals[:, 0], pool.file_of, weights.path * _scaled(pool.column("path_words")))
    np.maximum.at(signals[:, 2], pool.file_of, weights.place * pool.column("place"))
    for row, path in zip(signals, pool.paths, strict=True):
        traits = path_traits(path)
        row[1] = weights.file_name * _stem_match(query, traits)
        # Who names a file does not want another one because of what kind of file it is.
        row[3] = 1.0 if row[2] else _factor(traits, weights)
    return signals


def _factor(traits: PathTraits, weights: Weights) -> float:
    """Give what the kind of a file takes off its score."""
    factor = weights.aside if traits.aside else 1.0
    factor *= weights.facade if traits.facade else 1.0
    return factor * (weights.prose if traits.prose and not traits.aside else 1.0)


def _scaled(scores: Scores) -> Scores:
    """Scale scores so that the best is 1."""
    top = scores.max(initial=0.0)
    return scores / top if top > 0 else scores


def _stem_match(query: Query, traits: PathTraits) -> float:
    """Give the share of the question's words in the file's name, times that of its in them.

    Either alone would raise a file for one word among many; measured, the product is better for
    labelled questions, those about this project, and commit messages alike.
    """
    common = len(query.stems & traits.stems)
    return common / len(query.stems) * common / len(traits.stems) if common else 0.0
