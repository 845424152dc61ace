"""Measures of a ranking: NDCG, recall, reciprocal rank, and whether two runs really differ."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import Struct


class Target(Struct, frozen=True):
    """A file, or some lines of it, that a question should find."""

    path: str
    start_line: int | None = None
    end_line: int | None = None


class Result(Struct, frozen=True, array_like=True):
    """What was found at one rank."""

    path: str
    start_line: int
    end_line: int


def covers(result: Result, target: Target) -> bool:
    """Whether a result shows a target.

    The paths are the same, or one is the end of the other; where the target has lines, they
    overlap the result's.
    """
    a, b = result.path, target.path
    if not (a == b or a.endswith("/" + b) or b.endswith("/" + a)):
        return False
    if target.start_line is None or target.end_line is None:
        return True
    return result.start_line <= target.end_line and target.start_line <= result.end_line


def first_ranks(results: Sequence[Result], targets: Sequence[Target], k: int) -> list[int]:
    """Give the distinct ranks, from 1, at which targets are first covered, ascending."""
    ranks = set()
    for target in targets:
        for rank, result in enumerate(results[:k], 1):
            if covers(result, target):
                ranks.add(rank)
                break
    return sorted(ranks)


def ndcg(results: Sequence[Result], targets: Sequence[Target], k: int = 10) -> float:
    """Normalized discounted cumulative gain, with gain 1 for each rank of `first_ranks`.

    As the published results of the code-search benchmark that semble uses compute it.
    """
    ideal = sum(1 / math.log2(rank + 1) for rank in range(1, min(k, len(targets)) + 1))
    gain = sum(1 / math.log2(rank + 1) for rank in first_ranks(results, targets, k))
    return gain / ideal if ideal else 0.0


def recall(results: Sequence[Result], targets: Sequence[Target], k: int = 10) -> float:
    """Share of the targets that the first `k` results cover."""
    if not targets:
        return 0.0
    return sum(any(covers(r, t) for r in results[:k]) for t in targets) / len(targets)


def reciprocal_rank(results: Sequence[Result], targets: Sequence[Target], k: int = 10) -> float:
    """One over the rank of the first result that covers a target, 0 where none does."""
    ranks = first_ranks(results, targets, k)
    return 1 / ranks[0] if ranks else 0.0


def paired_bootstrap(
    mine: Mapping[str, float], theirs: Mapping[str, float], n_samples: int = 10_000
) -> tuple[float, float, float]:
    """Compare two runs by the repositories that both have.

    Returns
    -------
    tuple
        Mean difference (mine - theirs), and the ends of its 95 % interval over resampled
        repositories (seeded, so always the same).
    """
    names = sorted(mine.keys() & theirs.keys())
    if not names:
        return 0.0, 0.0, 0.0
    differences = np.array([mine[name] - theirs[name] for name in names])
    picks = np.random.default_rng(0).integers(len(names), size=(n_samples, len(names)))
    low, high = np.percentile(differences[picks].mean(axis=1), (2.5, 97.5))
    return float(differences.mean()), float(low), float(high)
