"""Orders candidates: from the scores of chunks to the score of files, by what code tells.

Figures behind the constants: NDCG@10 on the development repositories, tuned by coordinate ascent.
"""

from collections import defaultdict
from dataclasses import dataclass, field

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

    dense: float = 0.8
    dense_symbol: float = 0.2
    names: float = 0.05
    exact: float = 0.15
    exact_symbol: float = 1.0
    path: float = 0.2
    stem_coverage: float = 0.1
    stem_precision: float = 0.2
    decay: float = 0.4
    n_chunks: int = 4
    aside: float = 0.6
    facade: float = 0.9
    prose: float = 0.4


WEIGHTS = Weights()


@dataclass(slots=True)
class Candidate:
    """A chunk with the raw scores of each retriever; 0 where it was not found by one."""

    chunk: int
    document: int
    path: str
    body: float = 0.0
    names: float = 0.05
    path_words: float = 0.0
    dense: float = 0.8
    exact: float = 0.15


@dataclass(slots=True)
class Ranked:
    """A chunk with its final score and each signal's share of it."""

    candidate: Candidate
    score: float
    shares: dict[str, float] = field(default_factory=dict)


def rank(query: Query, candidates: list[Candidate], weights: Weights = WEIGHTS) -> list[Ranked]:
    """Order candidates, best first, ties by path and position.

    A chunk's score joins its own signals; its file adds what the path tells, and what the file's
    other good chunks tell. Further chunks of a file follow by their own score.
    """
    own = _chunk_shares(query, candidates, weights)
    files: dict[str, list[int]] = defaultdict(list)
    for position in np.argsort(-sum_shares(own), kind="stable"):
        files[candidates[position].path].append(int(position))
    top_path = max((c.path_words for c in candidates), default=0.0) or 1.0
    ranked = []
    for path, positions in files.items():
        traits = path_traits(path)
        words = max(candidates[p].path_words for p in positions) / top_path
        coverage, precision = _stem_match(query, traits)
        factor = _factor(traits, weights)
        for place, position in enumerate(positions):
            shares = {name: float(values[position]) for name, values in own.items()}
            followers = positions[place + 1 : place + weights.n_chunks]
            shares["same_file"] = sum(
                weights.decay ** (n + 1) * sum(float(values[p]) for values in own.values())
                for n, p in enumerate(followers)
            )
            shares["path"] = weights.path * words
            shares["file_name"] = (
                weights.stem_coverage * coverage + weights.stem_precision * precision
            )
            shares = {name: value * factor for name, value in shares.items() if value}
            ranked.append(Ranked(candidates[position], sum(shares.values()), shares))
    ranked.sort(key=lambda r: (-r.score, r.candidate.path, r.candidate.chunk))
    return ranked


def sum_shares(shares: dict[str, Scores]) -> Scores:
    """Add up the signals of each chunk."""
    return np.asarray(np.sum(list(shares.values()), axis=0), dtype=np.float64)


def _chunk_shares(query: Query, candidates: list[Candidate], weights: Weights) -> dict[str, Scores]:
    """Weigh each chunk's own signals; every retriever's best score counts as 1."""
    columns = np.array(
        [(c.body, c.names, c.dense, c.exact) for c in candidates], dtype=np.float64
    ).reshape(len(candidates), 4)
    body, names, dense, exact = columns.T
    dense_share = weights.dense_symbol if query.is_symbol else weights.dense
    exact_share = weights.exact_symbol if query.is_symbol else weights.exact
    return {
        "words": (1 - dense_share) * _scaled(body),
        "names": weights.names * _scaled(names),
        "meaning": dense_share * _scaled(dense),
        "exact_name": exact_share * exact,
    }


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
