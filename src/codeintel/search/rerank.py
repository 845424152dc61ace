"""Orders candidates: from the scores of chunks to the score of files, by what code tells.

The weights were chosen by NDCG@10 on the development repositories and on the questions about this
project (tests/golden) together: either alone would favour names of files, or words, too much.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codeintel.search.query import Query
from codeintel.search.signals import PathTraits, path_traits

Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each signal counts.

    Attributes
    ----------
    dense, dense_symbol
        Share of the meaning against the words, for questions and for names.
    names
        Words of the names that a chunk defines.
    exact, exact_symbol
        The question names, or is the name of, exactly what a chunk defines.
    path
        Words of the file's path.
    stem_coverage, stem_precision
        Share of the question's words that the file's name has, and of its words in the question.
    decay
        What each further good chunk of a file adds, as a power.
    n_chunks
        Chunks of a file that count at most.
    aside, facade, prose
        Factors for tests, examples and documents, for files that hand on others' definitions, and
        for texts about code.
    """

    dense: float = 0.7
    dense_symbol: float = 0.2
    names: float = 0.05
    exact: float = 0.1
    exact_symbol: float = 1.0
    path: float = 0.2
    stem_coverage: float = 0.1
    stem_precision: float = 0.2
    decay: float = 0.35
    n_chunks: int = 6
    aside: float = 0.6
    facade: float = 0.9
    prose: float = 0.5


WEIGHTS = Weights()


@dataclass(slots=True)
class Candidate:
    """A chunk with the raw scores of each retriever; 0 where it was not found by one."""

    chunk: int
    document: int
    path: str
    body: float = 0.0
    names: float = 0.0
    path_words: float = 0.0
    dense: float = 0.0
    exact: float = 0.0


@dataclass(frozen=True, slots=True)
class Ranked:
    """A chunk with its final score."""

    candidate: Candidate
    score: float
    _signals: Scores

    @property
    def shares(self) -> dict[str, float]:
        """Each signal's share of the score."""
        values = zip(SIGNALS, self._signals.tolist(), strict=True)
        return {name: value for name, value in values if value}


SIGNALS = ("words", "names", "meaning", "exact_name", "same_file", "path", "file_name")


def rank(query: Query, candidates: list[Candidate], weights: Weights = WEIGHTS) -> list[Ranked]:
    """Order candidates, best first, ties by path and position.

    A chunk's score joins its own signals; its file adds what the path tells, and what the file's
    other good chunks tell. Further chunks of a file follow by their own score.
    """
    files: dict[str, int] = {}
    file_of = np.array([files.setdefault(c.path, len(files)) for c in candidates], dtype=np.intp)
    own = _own_signals(query, candidates, weights)
    total = own.sum(axis=1)
    by_file = _file_signals(query, list(files), weights)
    path_words = np.zeros(len(files))
    np.maximum.at(path_words, file_of, np.array([c.path_words for c in candidates]))
    signals = np.column_stack(
        (
            own,
            _support(total, file_of, weights),
            weights.path * _scaled(path_words)[file_of],
            by_file[file_of, 0],
        )
    )
    signals *= by_file[file_of, 1:]
    scores = signals.sum(axis=1).tolist()
    order = sorted(
        range(len(candidates)),
        key=lambda n: (-scores[n], candidates[n].path, candidates[n].chunk),
    )
    return [Ranked(candidates[n], scores[n], signals[n]) for n in order]


def _own_signals(query: Query, candidates: list[Candidate], weights: Weights) -> Scores:
    """Weigh each chunk's own signals; every retriever's best score counts as 1.

    Returns
    -------
    signals
        Shape ``(n, 4)``, in the order of `SIGNALS`.
    """
    dense_share = weights.dense_symbol if query.is_symbol else weights.dense
    exact_share = weights.exact_symbol if query.is_symbol else weights.exact
    raw = np.array([(c.body, c.names, c.dense, c.exact) for c in candidates], dtype=np.float64)
    body, names, dense, exact = raw.reshape(len(candidates), 4).T
    return np.column_stack(
        (
            (1 - dense_share) * _scaled(body),
            weights.names * _scaled(names),
            dense_share * _scaled(dense),
            exact_share * exact,
        )
    )


def _support(total: Scores, file_of: NDArray[np.intp], weights: Weights) -> Scores:
    """Give what the next best chunks of each chunk's file add to it."""
    support = np.zeros(len(total))
    members: dict[int, list[int]] = {}
    for position in np.argsort(-total, kind="stable").tolist():
        above = members.setdefault(int(file_of[position]), [])
        for distance, better in enumerate(reversed(above[-weights.n_chunks + 1 :]), 1):
            support[better] += weights.decay**distance * total[position]
        above.append(position)
    return support


def _file_signals(query: Query, paths: list[str], weights: Weights) -> Scores:
    """Give for each file the share of its name, and the factor of its kind: shape ``(n, 2)``."""
    rows = []
    for path in paths:
        traits = path_traits(path)
        coverage, precision = _stem_match(query, traits)
        name = weights.stem_coverage * coverage + weights.stem_precision * precision
        rows.append((name, _factor(traits, weights)))
    return np.array(rows, dtype=np.float64).reshape(len(paths), 2)


def _factor(traits: PathTraits, weights: Weights) -> float:
    """Give what the kind of a file takes off its score."""
    factor = weights.aside if traits.aside else 1.0
    factor *= weights.facade if traits.facade else 1.0
    return factor * (weights.prose if traits.prose and not traits.aside else 1.0)


def _scaled(scores: Scores) -> Scores:
    """Scale scores so that the best is 1."""
    top = scores.max(initial=0.0)
    return scores / top if top > 0 else scores


def _stem_match(query: Query, traits: PathTraits) -> tuple[float, float]:
    """Give the shares of the question's words and of the file name's words that are the same."""
    common = len(query.stems & traits.stems)
    if not common:
        return 0.0, 0.0
    return common / len(query.stems), common / len(traits.stems)
