"""Chooses the weights of the ranking: ``python -m benchmarks.retrieval_tuning [--history PATH …]``.

Coordinate search over a grid, from the weights that are in use, by the mean of three numbers:
NDCG@10 on the labelled questions of CODEINTEL_EVAL_QUERIES, MRR on those about this project, and
MRR on the commit messages of repositories. None may fall below where it starts, so that no kind of
question is served at the cost of another. Prints each step, and the weights it ends with.
"""

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, fields, replace
from itertools import islice
from pathlib import Path
from statistics import mean

from benchmarks.suite_retrieval import golden_questions, labelled_questions, opened
from codeintel.config import Settings
from codeintel.context import ApplicationContext
from codeintel.evaluation.commits import read_commits
from codeintel.evaluation.metrics import Result, Target, ndcg, reciprocal_rank
from codeintel.evaluation.questions import RepositoryQuestions
from codeintel.git.files import open_revision
from codeintel.git.repository import Repository
from codeintel.index.snapshot import LiveIndex, Snapshot
from codeintel.indexer.pipeline import IndexOptions, index_repository
from codeintel.search.query import Query
from codeintel.search.rerank import WEIGHTS, Pool, Weights, rank
from codeintel.search.searcher import find_candidates
from codeintel.store.generations import GenerationStore

_K = 10
_GRID = {
    "dense": (0.4, 0.5, 0.6, 0.7, 0.8, 0.9),
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


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question with its candidates, ready to be ranked by any weights."""

    group: str
    repository: str
    query: Query
    pool: Pool
    targets: list[Target]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.retrieval_tuning")
    parser.add_argument("--history", type=Path, nargs="*", default=[], metavar="PATH")
    parser.add_argument("--commits", type=int, default=60, help="of each history (default: 60)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        settings = Settings(index_dir=Path(scratch) / "index")
        asked = [
            *_labelled("labelled", *labelled_questions(), settings),
            *_labelled("golden", *golden_questions(Path(scratch)), settings),
        ]
        for path in arguments.history:
            asked += _commits(path, arguments.commits, settings)
    print(f"{len(asked)} questions; {_text(WEIGHTS, asked)}")
    print(_search(asked))


def _search(asked: list[_Asked]) -> Weights:
    """Change one weight at a time for as long as it helps."""
    floor = _scores(WEIGHTS, asked)
    weights, best = WEIGHTS, _objective(WEIGHTS, asked, floor)
    for _ in range(_ROUNDS):
        before = best
        for name, values in _GRID.items():
            tried = {
                value: _objective(replace(weights, **{name: value}), asked, floor)
                for value in values
            }
            value, objective = max(tried.items(), key=lambda pair: pair[1])
            if objective > best + _LEAST_GAIN:
                weights, best = replace(weights, **{name: value}), objective
                print(f"{name} = {value}: {_text(weights, asked)}", flush=True)
        if best == before:
            break
    return weights


def _objective(weights: Weights, asked: list[_Asked], floor: dict[str, float]) -> float:
    """Give the mean over the groups; nothing where one is below its floor."""
    scores = _scores(weights, asked)
    if any(scores[group] < least - _NOISE for group, least in floor.items()):
        return 0.0
    return mean(scores.values())


def _text(weights: Weights, asked: list[_Asked]) -> str:
    """Show the score of each group."""
    return "  ".join(f"{name} {value:.4f}" for name, value in _scores(weights, asked).items())


def _scores(weights: Weights, asked: list[_Asked]) -> dict[str, float]:
    """Score each group: the mean over its repositories of each one's mean."""
    values: dict[str, dict[str, list[float]]] = {}
    for question in asked:
        hits = islice(rank(question.query, question.pool, weights), _K)
        results = [Result(hit.path, 0, 0) for hit in hits]
        measure = ndcg if question.group == "labelled" else reciprocal_rank
        by_repository = values.setdefault(question.group, {})
        by_repository.setdefault(question.repository, []).append(
            measure(results, question.targets, _K)
        )
    return {group: mean(map(mean, found.values())) for group, found in values.items()}


def _labelled(
    group: str,
    repositories: tuple[RepositoryQuestions, ...],
    corpora: Path,
    settings: Settings,
) -> Iterator[_Asked]:
    """Find the candidates of labelled questions; targets count by file."""
    for repository in repositories:
        with opened(corpora / repository.name, settings) as (context, snapshot):
            for question in repository.queries:
                targets = [Target(target.path) for target in question.targets]
                yield _asked(group, repository.name, context, snapshot, question.query, targets)


def _commits(path: Path, limit: int, settings: Settings) -> Iterator[_Asked]:
    """Find the candidates of commit messages, in the files before each commit."""
    with tempfile.TemporaryDirectory() as scratch, ApplicationContext([path], settings) as context:
        store = GenerationStore(Path(scratch))
        with closing(LiveIndex(store)) as live:
            for commit in read_commits(Repository.find(path), limit):
                with closing(open_revision(path, commit.parent)) as source:
                    index_repository(store, source, context.embedder, IndexOptions())
                targets = [Target(changed) for changed in commit.paths]
                with live.snapshot() as snapshot:
                    yield _asked("history", path.name, context, snapshot, commit.query, targets)


def _asked(
    group: str,
    repository: str,
    context: ApplicationContext,
    snapshot: Snapshot,
    text: str,
    targets: list[Target],
) -> _Asked:
    """Find the candidates of one question."""
    query = Query.of(text)
    pool = find_candidates(snapshot, query, context.embedder.embed_query(text))
    return _Asked(group, repository, query, pool, targets)


if __name__ == "__main__":
    assert set(_GRID) <= {field.name for field in fields(Weights)}
    main()
