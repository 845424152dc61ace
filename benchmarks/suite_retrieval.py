"""Retrieval quality: each signal's worth, the old ways beside ours, and the time of a question.

Labelled questions come from the file CODEINTEL_EVAL_QUERIES about the folders below
CODEINTEL_EVAL_CORPORA; without them, the questions about this project's own source are asked.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import mean
from time import perf_counter

import numpy as np

import codeintel
from benchmarks.report import Measurement, Report, Target, summarize
from codeintel.api.scoping import selected
from codeintel.config import Settings
from codeintel.context import ApplicationContext
from codeintel.evaluation import metrics
from codeintel.evaluation.metrics import Result, ndcg, reciprocal_rank
from codeintel.evaluation.questions import RepositoryQuestions, read_questions
from codeintel.evaluation.ranked import first_results
from codeintel.index.snapshot import Snapshot
from codeintel.search.query import Query
from codeintel.search.rerank import MEANING_ALONE, WEIGHTS, WORDS_ALONE, Pool, Weights
from codeintel.search.searcher import find_candidates
from codeintel.types import Scope

_K = 10
# Cormack et al. 2009: the constant of reciprocal rank fusion that everyone uses.
_RRF_K = 60
_GOLDEN = Path(__file__).parents[1] / "tests" / "golden" / "ranking" / "questions.json"

_ABLATIONS = {
    "default": WEIGHTS,
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
    "words alone (BM25)": WORDS_ALONE,
    "meaning alone": MEANING_ALONE,
}
_FUSION = "plain fusion of both (old way)"


@dataclass(slots=True)
class _Scores:
    """NDCG@10 and reciprocal ranks of one variant, by repository and by category."""

    by_repository: dict[str, list[float]] = field(default_factory=dict)
    by_category: dict[str, list[float]] = field(default_factory=dict)
    reciprocal_ranks: list[float] = field(default_factory=list)

    def add(
        self,
        repository: str,
        category: str,
        results: tuple[Result, ...],
        wanted: list[metrics.Target],
    ) -> None:
        value = ndcg(results, wanted, _K)
        self.by_repository.setdefault(repository, []).append(value)
        self.by_category.setdefault(category or "all", []).append(value)
        self.reciprocal_ranks.append(reciprocal_rank(results, wanted, _K))

    @property
    def ndcg(self) -> float:
        """Mean over repositories, so that each counts alike."""
        return mean(map(mean, self.by_repository.values()))


def run(*, quick: bool) -> Report:
    """Ask all questions (quick: those about the first repository) and score every variant."""
    report = Report("retrieval")
    scores: dict[str, _Scores] = {name: _Scores() for name in (*_ABLATIONS, _FUSION)}
    times: dict[str, list[float]] = {name: [] for name in scores}
    asked: list[float] = []
    with tempfile.TemporaryDirectory() as scratch:
        labelled = bool(os.environ.get("CODEINTEL_EVAL_QUERIES"))
        repositories, corpora = (
            labelled_questions() if labelled else golden_questions(Path(scratch))
        )
        for repository in repositories[:1] if quick else repositories:
            settings = Settings(index_dir=Path(scratch) / "index")
            with opened(corpora / repository.name, settings) as (context, snapshot):
                _score(repository, context, snapshot, scores, times)
                asked += _time(repository, context, snapshot)
    for name, variant in scores.items():
        report.measurements.append(_measured(name, variant, times[name]))
    report.measurements.append(summarize("a question, in process", "default", asked))
    report.facts["questions"] = len(scores["default"].reciprocal_ranks)
    report.facts["repositories"] = len(scores["default"].by_repository)
    default, fusion = scores["default"], scores[_FUSION]
    report.facts["NDCG@10 against plain fusion"] = f"{default.ndcg - fusion.ndcg:+.3f}"
    report.targets += _targets(default, report.measurements[-1])
    return report


def labelled_questions() -> tuple[tuple[RepositoryQuestions, ...], Path]:
    """Read the questions that the environment names, with the folder of their repositories."""
    corpora = Path(os.environ.get("CODEINTEL_EVAL_CORPORA", "."))
    return read_questions(Path(os.environ["CODEINTEL_EVAL_QUERIES"])).repositories, corpora


def golden_questions(scratch: Path) -> tuple[tuple[RepositoryQuestions, ...], Path]:
    """Read the questions about this project, with a folder that has a copy of its source."""
    shutil.copytree(
        Path(codeintel.__file__).parent,
        scratch / "corpora" / "codeintel",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    return read_questions(_GOLDEN).repositories, scratch / "corpora"


@contextmanager
def opened(folder: Path, settings: Settings) -> Iterator[tuple[ApplicationContext, Snapshot]]:
    """Index a repository and hold its only generation."""
    with ApplicationContext([folder], settings) as context:
        context.select(None)[0].index(context.embedder)
        with selected(context, Scope()) as (selection,):
            yield context, selection.snapshot


def _score(
    repository: RepositoryQuestions,
    context: ApplicationContext,
    snapshot: Snapshot,
    scores: dict[str, _Scores],
    times: dict[str, list[float]],
) -> None:
    """Rank the candidates of each question in every way."""
    for question in repository.queries:
        query = Query.of(question.query)
        pool = find_candidates(snapshot, query, context.embedder.embed_query(query.text))
        for name, rank_pool in _variants():
            start = perf_counter()
            results = rank_pool(snapshot, query, pool)
            times[name].append(perf_counter() - start)
            scores[name].add(repository.name, question.category, results, question.targets)


def _variants() -> Iterator[tuple[str, Callable[[Snapshot, Query, Pool], tuple[Result, ...]]]]:
    """Give every way to rank."""
    for name, weights in _ABLATIONS.items():
        yield name, _by_weights(weights)
    yield _FUSION, _by_fusion


def _by_weights(
    weights: Weights,
) -> Callable[[Snapshot, Query, Pool], tuple[Result, ...]]:
    """Rank by the product's ranking."""

    def ranked(snapshot: Snapshot, query: Query, pool: Pool) -> tuple[Result, ...]:
        return first_results(snapshot, query, pool, weights, _K)

    return ranked


def _by_fusion(snapshot: Snapshot, query: Query, pool: Pool) -> tuple[Result, ...]:
    """Add reciprocal ranks by words and by meaning, and give the best chunk of each file."""
    fused = replace(pool, raw=np.zeros_like(pool.raw))
    for retriever in ("body", "dense"):
        found = pool.column(retriever)
        rank_of = (-found).argsort(kind="stable").argsort()
        fused.column("body")[:] += np.where(found > 0, 1 / (_RRF_K + 1 + rank_of), 0)
    return first_results(snapshot, query, fused, WORDS_ALONE, _K)


def _time(
    repository: RepositoryQuestions, context: ApplicationContext, snapshot: Snapshot
) -> list[float]:
    """Time each question from its text to ranked spans, after one that opens everything."""
    times = []
    for question in (repository.queries[0], *repository.queries):
        start = perf_counter()
        query = Query.of(question.query)
        pool = find_candidates(snapshot, query, context.embedder.embed_query(query.text))
        first_results(snapshot, query, pool, WEIGHTS, _K)
        times.append(perf_counter() - start)
    return times[1:]


def _measured(name: str, scores: _Scores, times: list[float]) -> Measurement:
    """Put a variant's quality beside the time that its ranking takes."""
    categories = {
        f"NDCG {category}": round(mean(values), 4)
        for category, values in sorted(scores.by_category.items())
        if len(scores.by_category) > 1
    }
    extra: dict[str, float | int | str] = {
        "NDCG@10": round(scores.ndcg, 4),
        "MRR": round(mean(scores.reciprocal_ranks), 4),
        **categories,
    }
    return summarize("ranking", name, times, **extra)


def _targets(scores: _Scores, asked: Measurement) -> list[Target]:
    """Judge by the numbers that were promised; those of quality are for labelled questions."""
    targets = [
        Target("a question in process, p50", asked.p50_ms, 1.0, "ms", "at most"),
        Target("a question in process, p95", asked.p95_ms, 3.0, "ms", "at most"),
    ]
    if not os.environ.get("CODEINTEL_EVAL_QUERIES"):
        mrr = mean(scores.reciprocal_ranks)
        return [Target("MRR of questions about this project", mrr, 0.72, "", "at least"), *targets]
    quality = [Target("NDCG@10", scores.ndcg, 0.88, "", "at least")]
    for category, least in (("architecture", 0.86), ("symbol", 0.96)):
        if category in scores.by_category:
            value = mean(scores.by_category[category])
            quality.append(Target(f"NDCG@10, {category}", value, least, "", "at least"))
    return quality + targets
