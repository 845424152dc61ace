"""Chooses the weights of the ranking: ``python -m benchmarks.retrieval_tuning --pools FILE``.

Three kinds of questions are asked: labelled ones (CODEINTEL_EVAL_QUERIES), those about this
project, and the commit messages of the clones in CODEINTEL_EVAL_HISTORIES. Their candidates are
kept in FILE, and read from there the next time.

Coordinate search over a grid, from the weights that are in use, by the mean of the kinds: NDCG@10
of labelled questions, MRR of the others. None may fall below where it starts, so that no kind is
served at the cost of another. Whether what it finds holds elsewhere is told by five-fold cross
validation: weights found without a fifth of the repositories are scored on these.
"""

import argparse
import pickle
import tempfile
from collections.abc import Collection
from dataclasses import fields, replace
from pathlib import Path
from statistics import mean
from typing import Any

from benchmarks.retrieval_questions import (
    Asked,
    K,
    ask_commits,
    ask_labelled,
    golden_questions,
    histories,
    labelled_questions,
)
from codeintel.evaluation.metrics import ndcg, reciprocal_rank
from codeintel.search.rerank import WEIGHTS, Weights

_GRID: dict[str, tuple[Any, ...]] = {
    "dense": (0.4, 0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.9),
    "dense_literal": (0.1, 0.2, 0.3, 0.4, 0.5),
    "names": (0.0, 0.05, 0.1, 0.15, 0.2),
    "exact": (0.05, 0.1, 0.15, 0.2, 0.3),
    "exact_literal": (0.6, 0.8, 1.0, 1.2),
    "path": (0.0, 0.05, 0.1, 0.15, 0.2, 0.25),
    "file_name": (0.0, 0.1, 0.2, 0.3, 0.4),
    "decay": (0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5),
    "n_chunks": (4, 6, 8),
    "aside": (0.4, 0.5, 0.6, 0.7, 0.8),
    "facade": (0.8, 0.9, 1.0),
    "prose": (0.4, 0.5, 0.6, 0.7, 0.8),
}
_LEAST_GAIN = 0.0005
# Less than one question more or less at one rank.
_NOISE = 0.001
_ROUNDS = 4
_FOLDS = 5

# Questions by kind and by repository.
Questions = dict[str, dict[str, list[Asked]]]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.retrieval_tuning")
    parser.add_argument("--pools", type=Path, required=True, help="file of candidates to keep")
    parser.add_argument("--commits", type=int, default=40, help="of each history (default: 40)")
    arguments = parser.parse_args()
    if not arguments.pools.exists():
        arguments.pools.write_bytes(pickle.dumps(_collect(arguments.commits)))
    questions: Questions = pickle.loads(arguments.pools.read_bytes())
    n_questions = sum(len(asked) for kind in questions.values() for asked in kind.values())
    print(f"{n_questions} questions; {_text(WEIGHTS, questions)}")
    _validate(questions)
    print(_search(questions, verbose=True))


def _collect(n_commits: int) -> Questions:
    """Ask everything there is."""
    repositories, corpora = labelled_questions()
    questions: Questions = {
        "labelled": {r.name: list(ask_labelled(r, corpora)) for r in repositories},
        "commits": {path.name: list(ask_commits(path, n_commits)) for path in histories()},
    }
    with tempfile.TemporaryDirectory() as scratch:
        golden, copied = golden_questions(Path(scratch))
        questions["golden"] = {r.name: list(ask_labelled(r, copied)) for r in golden}
    return questions


def _validate(questions: Questions) -> None:
    """Score weights on repositories that they were not chosen by."""
    found: dict[str, list[tuple[float, float]]] = {}
    for fold in range(_FOLDS):
        held = {name for kind in questions.values() for name in sorted(kind)[fold::_FOLDS] if kind}
        weights = _search(_part(questions, held, inside=False))
        part = _part(questions, held, inside=True)
        before, after = _scores(WEIGHTS, part), _scores(weights, part)
        for kind, score in after.items():
            n = len(part[kind])
            found.setdefault(kind, []).extend([(before[kind], score)] * n)
    for kind, pairs in found.items():
        before_mean, after_mean = (mean(values) for values in zip(*pairs, strict=True))
        print(f"held out, {kind}: {before_mean:.4f} in use, {after_mean:.4f} as found")


def _part(questions: Questions, names: Collection[str], *, inside: bool) -> Questions:
    """Give the questions about some repositories, or about the others."""
    parts = {
        kind: {name: asked for name, asked in by_name.items() if (name in names) == inside}
        for kind, by_name in questions.items()
    }
    return {kind: part for kind, part in parts.items() if part}


def _search(questions: Questions, *, verbose: bool = False) -> Weights:
    """Change one weight at a time for as long as it helps."""
    floor = _scores(WEIGHTS, questions)
    weights, best = WEIGHTS, mean(floor.values())
    for _ in range(_ROUNDS):
        before = best
        for name, values in _GRID.items():
            tried = {
                value: _objective(replace(weights, **{name: value}), questions, floor)
                for value in values
            }
            value, objective = max(tried.items(), key=lambda pair: pair[1])
            if objective > best + _LEAST_GAIN:
                weights, best = replace(weights, **{name: value}), objective
                if verbose:
                    print(f"{name} = {value}: {_text(weights, questions)}", flush=True)
        if best == before:
            break
    return weights


def _objective(weights: Weights, questions: Questions, floor: dict[str, float]) -> float:
    """Give the mean over the kinds; nothing where one is below its floor."""
    scores = _scores(weights, questions)
    if any(scores[kind] < least - _NOISE for kind, least in floor.items()):
        return 0.0
    return mean(scores.values())


def _text(weights: Weights, questions: Questions) -> str:
    """Show the score of each kind."""
    return "  ".join(f"{name} {value:.4f}" for name, value in _scores(weights, questions).items())


def _scores(weights: Weights, questions: Questions) -> dict[str, float]:
    """Score each kind: the mean over its repositories of each one's mean."""
    return {
        kind: mean(mean(_score(kind, asked, weights) for asked in all_) for all_ in part.values())
        for kind, part in questions.items()
    }


def _score(kind: str, asked: Asked, weights: Weights) -> float:
    """Score one question."""
    measure = ndcg if kind == "labelled" else reciprocal_rank
    return measure(asked.results(weights), asked.targets, K)


if __name__ == "__main__":
    assert set(_GRID) <= {field.name for field in fields(Weights)}
    main()
