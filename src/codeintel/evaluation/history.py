"""Measures retrieval on a repository's own history: from a message to the files it changed."""

import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from statistics import mean

from msgspec import Struct

from codeintel.config import Settings
from codeintel.context import ApplicationContext
from codeintel.embedding.base import Embedder
from codeintel.errors import InputError
from codeintel.evaluation.commits import CommitQuestion, read_commits
from codeintel.evaluation.metrics import Target, paired_bootstrap, recall, reciprocal_rank
from codeintel.evaluation.ranked import first_results
from codeintel.git.files import open_revision
from codeintel.git.repository import Repository
from codeintel.index.snapshot import LiveIndex, Snapshot
from codeintel.indexer.pipeline import IndexOptions, index_repository
from codeintel.search.query import Query
from codeintel.search.rerank import MEANING_ALONE, WEIGHTS, WORDS_ALONE
from codeintel.search.searcher import find_candidates
from codeintel.store.generations import GenerationStore

_K = 10
VARIANTS = {"codeintel": WEIGHTS, "words alone (BM25)": WORDS_ALONE, "meaning alone": MEANING_ALONE}
_OURS = "codeintel"


class HistoryScore(Struct, frozen=True, kw_only=True):
    """Means over commits, with what codeintel has more in MRR and the ends of its 95 % interval."""

    recall_10: float
    mrr_10: float
    behind: tuple[float, float, float]


class HistoryEvaluation(Struct, frozen=True, kw_only=True):
    """Scores by way of ranking."""

    name: str
    n_commits: int
    variants: dict[str, HistoryScore]


def evaluate_history(
    path: Path,
    limit: int,
    settings: Settings | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> HistoryEvaluation:
    """Search for each commit's message in the files before it.

    The files of each revision are indexed in a temporary folder; from one to the next only what
    differs is done.

    Parameters
    ----------
    limit
        Commits at most, at least 1.

    Raises
    ------
    InputError
        No commit makes a good question.
    """
    repository = Repository.find(path)
    questions = read_commits(repository, limit)
    if not questions:
        raise InputError(
            f"No commit of '{path}' makes a good question.",
            cure="It takes messages that tell what was changed and do not name the file.",
        )
    measured: dict[str, dict[str, tuple[float, float]]] = {name: {} for name in VARIANTS}
    with ApplicationContext([path], settings) as context, tempfile.TemporaryDirectory() as scratch:
        store = GenerationStore(Path(scratch))
        options = IndexOptions(context.settings.workers)
        with closing(LiveIndex(store)) as live:
            for question in questions:
                tell(f"{question.sha[:12]} {question.query.splitlines()[0]}")
                with closing(open_revision(path, question.parent)) as source:
                    index_repository(store, source, context.embedder, options)
                with live.snapshot() as snapshot:
                    for name, scores in _ask(question, snapshot, context.embedder).items():
                        measured[name][question.sha] = scores
    return HistoryEvaluation(
        name=repository.name,
        n_commits=len(questions),
        variants={name: _summary(measured, name) for name in VARIANTS},
    )


def _ask(
    question: CommitQuestion, snapshot: Snapshot, embedder: Embedder
) -> dict[str, tuple[float, float]]:
    """Give recall and reciprocal rank of each variant."""
    query = Query.of(question.query)
    targets = [Target(path) for path in question.paths]
    pool = find_candidates(snapshot, query, embedder.embed_query(query.text))
    scores = {}
    for name, weights in VARIANTS.items():
        results = first_results(snapshot, query, pool, weights, _K)
        scores[name] = recall(results, targets, _K), reciprocal_rank(results, targets, _K)
    return scores


def _summary(measured: dict[str, dict[str, tuple[float, float]]], name: str) -> HistoryScore:
    """Sum up one variant."""
    ours, theirs = (
        {sha: mrr for sha, (_, mrr) in measured[which].items()} for which in (_OURS, name)
    )
    return HistoryScore(
        recall_10=mean(found for found, _ in measured[name].values()),
        mrr_10=mean(theirs.values()),
        behind=paired_bootstrap(ours, theirs),
    )
