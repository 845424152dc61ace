"""Retrieval quality: each signal's worth, the old ways beside ours, and the time of a question.

Labelled questions come from the file CODEINTEL_EVAL_QUERIES about the folders below
CODEINTEL_EVAL_CORPORA; without them, the questions about this project's own source are asked.
Commit messages are those of the clones in the folder CODEINTEL_EVAL_HISTORIES, where it is named:
each is asked in the files before its commit, for the files of code that it changed. Clones of more
than 2,000 files are left out.
"""

import os
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from statistics import mean
from time import perf_counter

import numpy as np

from benchmarks.report import Measurement, Report, Target, summarize
from benchmarks.retrieval_questions import (
    Asked,
    K,
    ask_commits,
    ask_labelled,
    golden_questions,
    histories,
    labelled_questions,
)
from codeintel import CodeIntel
from codeintel.config import Settings
from codeintel.evaluation.metrics import Result, ndcg, recall, reciprocal_rank
from codeintel.evaluation.questions import RepositoryQuestions
from codeintel.search.rerank import MEANING_ALONE, WEIGHTS, WORDS_ALONE, Weights

# Cormack et al. 2009: the constant of reciprocal rank fusion that everyone uses.
_RRF_K = 60
_N_COMMITS = 15
_N_COMMITS_QUICK = 3
_LABELLED, _COMMITS = "labelled questions", "commit messages"
_DEFAULT, _WORDS, _MEANING = "default", "words alone (BM25)", "meaning alone"

_ABLATIONS = {
    _DEFAULT: WEIGHTS,
    "one hit a file": replace(WEIGHTS, further=0.0),
    "without meaning": replace(WEIGHTS, dense=0.0, dense_literal=0.0),
    "without words": replace(WEIGHTS, dense=1.0, dense_literal=1.0),
    "without defined names": replace(WEIGHTS, names=0.0),
    "without exact names": replace(WEIGHTS, exact=0.0, exact_literal=0.0),
    "without path words": replace(WEIGHTS, path=0.0),
    "without file names": replace(WEIGHTS, file_name=0.0),
    "without other chunks of the file": replace(WEIGHTS, decay=0.0),
    "without kinds of files": replace(WEIGHTS, aside=1.0, facade=1.0, prose=1.0),
    "without classes of questions": replace(
        WEIGHTS, dense_literal=WEIGHTS.dense, exact_literal=WEIGHTS.exact
    ),
    _WORDS: WORDS_ALONE,
    _MEANING: MEANING_ALONE,
}
_FUSION = "plain fusion of both (old way)"

Ranking = Callable[[Asked], list[Result]]
Scores = dict[str, float]


def run(*, quick: bool) -> Report:
    """Ask all questions (quick: of two repositories) and score every variant."""
    report = Report("retrieval")
    labelled = bool(os.environ.get("CODEINTEL_EVAL_QUERIES"))
    with tempfile.TemporaryDirectory() as scratch:
        repositories, corpora = (
            labelled_questions() if labelled else golden_questions(Path(scratch))
        )
        asked: list[Asked] = []
        times: list[float] = []
        for repository in repositories[:1] if quick else repositories:
            asked += ask_labelled(repository, corpora)
            times += _time(repository, corpora)
    report.facts["questions"] = len(asked)
    report.facts["repositories"] = len({question.repository for question in asked})
    scores = _measure(report, _LABELLED, asked)
    gain = scores[_DEFAULT]["NDCG@10"] - scores[_FUSION]["NDCG@10"]
    report.facts["NDCG@10 against plain fusion"] = f"{gain:+.3f}"
    report.targets += _quality_targets(scores[_DEFAULT], labelled=labelled)
    timed = summarize("a question, in process", _DEFAULT, times)
    report.measurements.append(timed)
    report.targets += [
        Target("a question in process, p50", timed.p50_ms, 1.0, "ms", "at most"),
        Target("a question in process, p95", timed.p95_ms, 3.0, "ms", "at most"),
    ]
    _changes(report, quick=quick)
    return report


def _changes(report: Report, *, quick: bool) -> None:
    """Ask commit messages, and compare with either retriever alone."""
    clones = histories()[:1] if quick else histories()
    if not clones:
        report.facts[_COMMITS] = "not asked; CODEINTEL_EVAL_HISTORIES is not set"
        return
    n_commits = _N_COMMITS_QUICK if quick else _N_COMMITS
    asked = [question for path in clones for question in ask_commits(path, n_commits)]
    scores = _measure(report, _COMMITS, asked)
    for path in clones:
        own = [question for question in asked if question.repository == path.name]
        for name in (_DEFAULT, _WORDS, _MEANING):
            report.measurements.append(
                _ranked(f"commits of {path.name}", name, own, _by(_ABLATIONS[name]))
            )
    default, words, meaning = (scores[name] for name in (_DEFAULT, _WORDS, _MEANING))
    more = default["MRR"] - max(words["MRR"], meaning["MRR"])
    report.targets += [
        Target(
            "commit messages, recall@10",
            default["recall@10"] / words["recall@10"] if words["recall@10"] else 0.0,
            1.1,
            "x BM25",
            "at least",
        ),
        Target("commit messages, MRR above BM25 and meaning", more, 0.0, "", "at least"),
    ]


def _measure(report: Report, case: str, asked: list[Asked]) -> dict[str, Scores]:
    """Rank the candidates of each question in every way; gives each variant's scores."""
    variants: dict[str, Ranking] = {name: _by(weights) for name, weights in _ABLATIONS.items()}
    variants[_FUSION] = _by_fusion
    scores = {}
    for name, ranking in variants.items():
        measured = _ranked(case, name, asked, ranking)
        report.measurements.append(measured)
        scores[name] = {key: float(value) for key, value in measured.extra.items()}
    return scores


def _by(weights: Weights) -> Ranking:
    """Rank by the product's ranking."""
    return lambda asked: asked.results(weights)


def _by_fusion(asked: Asked) -> list[Result]:
    """Add reciprocal ranks by words and by meaning, and give the best chunk of each file."""
    fused = replace(asked.pool, raw=np.zeros_like(asked.pool.raw))
    for retriever in ("body", "dense"):
        found = asked.pool.column(retriever)
        rank_of = (-found).argsort(kind="stable").argsort()
        fused.column("body")[:] += np.where(found > 0, 1 / (_RRF_K + 1 + rank_of), 0)
    return asked.results(WORDS_ALONE, fused)


def _ranked(case: str, name: str, asked: list[Asked], ranking: Ranking) -> Measurement:
    """Put a variant's quality beside the time that its ranking takes."""
    times, found = [], []
    for question in asked:
        start = perf_counter()
        found.append((question, ranking(question)))
        times.append(perf_counter() - start)
    scores: Scores = {}
    for key, measure in (("NDCG@10", ndcg), ("recall@10", recall), ("MRR", reciprocal_rank)):
        scores[key] = _mean_over_repositories(
            (question.repository, measure(results, question.targets, K))
            for question, results in found
        )
    for category in sorted({question.category for question in asked} - {""}):
        scores[f"NDCG {category}"] = mean(
            ndcg(results, question.targets, K)
            for question, results in found
            if question.category == category
        )
    return summarize(case, name, times, **{key: round(value, 4) for key, value in scores.items()})


def _mean_over_repositories(values: Iterable[tuple[str, float]]) -> float:
    """Give the mean of each repository's mean, so that each counts alike."""
    by_repository: dict[str, list[float]] = {}
    for repository, value in values:
        by_repository.setdefault(repository, []).append(value)
    return mean(map(mean, by_repository.values()))


def _time(repository: RepositoryQuestions, corpora: Path) -> list[float]:
    """Time each question as a program asks it, once all have been asked before."""
    times: list[float] = []
    with tempfile.TemporaryDirectory() as scratch:
        settings = Settings(index_dir=Path(scratch))
        with CodeIntel(corpora / repository.name, settings=settings) as code:
            code.index()
            for question in (*repository.queries, *repository.queries):
                start = perf_counter()
                code.semantic_search(question.query, limit=K)
                times.append(perf_counter() - start)
    return times[len(repository.queries) :]


def _quality_targets(scores: Scores, *, labelled: bool) -> list[Target]:
    """Judge by the numbers that were promised for labelled questions."""
    if not labelled:
        mrr = scores["MRR"]
        return [Target("MRR of questions about this project", mrr, 0.72, "", "at least")]
    targets = [Target("NDCG@10", scores["NDCG@10"], 0.88, "", "at least")]
    for category, least in (("architecture", 0.86), ("symbol", 0.96)):
        if f"NDCG {category}" in scores:
            value = scores[f"NDCG {category}"]
            targets.append(Target(f"NDCG@10, {category}", value, least, "", "at least"))
    return targets
