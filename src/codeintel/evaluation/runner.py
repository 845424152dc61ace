"""Asks labelled questions through the API and scores the answers."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import mean
from time import perf_counter

from msgspec import Struct

from codeintel.api import CodeIntel
from codeintel.config import Settings
from codeintel.errors import InputError
from codeintel.evaluation.metrics import Result, Target, ndcg, recall, reciprocal_rank
from codeintel.evaluation.questions import QuestionFile

N_RESULTS = 10


class Score(Struct, frozen=True, kw_only=True):
    """Means over questions (or over repositories): each between 0 and 1."""

    n: int
    ndcg_10: float
    recall_10: float
    mrr_10: float


class Asked(Struct, frozen=True, kw_only=True):
    """A question with its answer."""

    repo: str
    language: str
    category: str
    query: str
    targets: tuple[Target, ...]
    results: tuple[Result, ...]
    seconds: float

    def score(self) -> tuple[float, float, float]:
        """NDCG@10, recall@10 and reciprocal rank."""
        return (
            ndcg(self.results, self.targets, N_RESULTS),
            recall(self.results, self.targets, N_RESULTS),
            reciprocal_rank(self.results, self.targets, N_RESULTS),
        )


class Evaluation(Struct, frozen=True, kw_only=True):
    """Scores of a run.

    Attributes
    ----------
    overall
        Mean over repositories of each one's mean, so that each counts alike.
    p50_ms, p95_ms
        Time of a question, in process.
    run
        Results by repository and query, as an outside scorer reads them.
    """

    overall: Score
    by_repository: dict[str, Score]
    by_category: dict[str, Score]
    by_language: dict[str, Score]
    p50_ms: float
    p95_ms: float
    run: dict[str, dict[str, tuple[Result, ...]]]


def evaluate(
    questions: QuestionFile,
    corpora: Path,
    settings: Settings | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Evaluation:
    """Index each repository, ask its questions, score the answers.

    Parameters
    ----------
    corpora
        Holds one folder a repository, by its name in the questions.
    tell
        Told the name of each repository before it is asked.

    Raises
    ------
    InputError
        A repository's folder is not there.
    """
    asked: list[Asked] = []
    for repository in questions.repositories:
        folder = corpora / repository.name
        if not folder.is_dir():
            raise InputError(
                f"There is no folder '{folder}' for the questions about '{repository.name}'.",
                cure="Give the folder that holds all repositories.",
            )
        tell(repository.name)
        with CodeIntel(folder, settings=settings) as code:
            code.index()
            for question in repository.queries:
                results, seconds = ask(code, question.query)
                asked.append(
                    Asked(
                        repo=repository.name,
                        language=repository.language,
                        category=question.category,
                        query=question.query,
                        targets=tuple(question.targets),
                        results=results,
                        seconds=seconds,
                    )
                )
    return summarize(asked)


def ask(code: CodeIntel, query: str) -> tuple[tuple[Result, ...], float]:
    """Ask one question; gives its results and the seconds it took."""
    start = perf_counter()
    answer = code.semantic_search(query, limit=N_RESULTS)
    seconds = perf_counter() - start
    return tuple(Result(hit.path, hit.start_line, hit.end_line) for hit in answer.hits), seconds


def summarize(asked: list[Asked]) -> Evaluation:
    """Score answered questions.

    Raises
    ------
    InputError
        There are none.
    """
    if not asked:
        raise InputError("There are no questions.")
    by_repository = _grouped(asked, lambda question: question.repo)
    times = sorted(question.seconds * 1e3 for question in asked)
    run: dict[str, dict[str, tuple[Result, ...]]] = defaultdict(dict)
    for question in asked:
        run[question.repo][question.query] = question.results
    return Evaluation(
        overall=Score(
            n=len(asked),
            ndcg_10=mean(score.ndcg_10 for score in by_repository.values()),
            recall_10=mean(score.recall_10 for score in by_repository.values()),
            mrr_10=mean(score.mrr_10 for score in by_repository.values()),
        ),
        by_repository=by_repository,
        by_category=_grouped(asked, lambda question: question.category),
        by_language=_grouped(asked, lambda question: question.language),
        p50_ms=times[len(times) // 2],
        p95_ms=times[min(len(times) - 1, int(len(times) * 0.95))],
        run=dict(run),
    )


def _grouped(asked: Iterable[Asked], key: Callable[[Asked], str]) -> dict[str, Score]:
    """Score the questions of each group; those without one are left out."""
    groups: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    for question in asked:
        if key(question):
            groups[key(question)].append(question.score())
    return {
        name: Score(
            n=len(scores),
            ndcg_10=mean(score[0] for score in scores),
            recall_10=mean(score[1] for score in scores),
            mrr_10=mean(score[2] for score in scores),
        )
        for name, scores in sorted(groups.items())
    }
