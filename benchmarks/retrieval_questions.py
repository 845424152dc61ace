"""Questions with their candidates: asked once, to be ranked in as many ways as one likes."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import codeintel
from codeintel.api.scoping import selected
from codeintel.config import Settings
from codeintel.context import ApplicationContext
from codeintel.embedding.base import Embedder
from codeintel.evaluation.commits import read_commits
from codeintel.evaluation.metrics import Result, Target
from codeintel.evaluation.questions import RepositoryQuestions, read_questions
from codeintel.git.files import open_revision
from codeintel.git.repository import Repository
from codeintel.index.snapshot import LiveIndex, Snapshot
from codeintel.indexer.pipeline import IndexOptions, index_repository
from codeintel.search.query import Query
from codeintel.search.rerank import Pool, Weights, rank
from codeintel.search.searcher import find_candidates
from codeintel.store.generations import GenerationStore
from codeintel.types import Scope

K = 10
# Every commit is asked in a tree of its own, so more files take too long.
_MOST_FILES = 2_000
_GOLDEN = Path(__file__).parents[1] / "tests" / "golden" / "ranking" / "questions.json"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with its candidates; `spans` has the first and last line of each chunk."""

    repository: str
    category: str
    query: Query
    pool: Pool
    spans: dict[int, tuple[int, int]]
    targets: list[Target]

    def results(self, weights: Weights, pool: Pool | None = None) -> list[Result]:
        """Rank the candidates, or others in their place, and give the first `K`."""
        hits = islice(rank(self.query, pool or self.pool, weights), K)
        return [Result(hit.path, *self.spans[hit.chunk]) for hit in hits]


def labelled_questions() -> tuple[tuple[RepositoryQuestions, ...], Path]:
    """Read the questions that CODEINTEL_EVAL_QUERIES names, with the folder of repositories."""
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


def histories() -> list[Path]:
    """Give the clones in the folder CODEINTEL_EVAL_HISTORIES, without those of many files."""
    folder = os.environ.get("CODEINTEL_EVAL_HISTORIES")
    clones = sorted(path.parent for path in Path(folder).glob("*/.git")) if folder else []
    return [path for path in clones if _n_files(path) <= _MOST_FILES]


def _n_files(clone: Path) -> int:
    """Count the files of the newest commit."""
    return Repository.find(clone).git.run("ls-tree", "-r", "--name-only", "-z", "HEAD").count(b"\0")


@contextmanager
def opened(folder: Path, settings: Settings) -> Iterator[tuple[ApplicationContext, Snapshot]]:
    """Index a repository and hold its only generation."""
    with ApplicationContext([folder], settings) as context:
        context.select(None)[0].index(context.embedder)
        with selected(context, Scope()) as (selection,):
            yield context, selection.snapshot


def ask_labelled(repository: RepositoryQuestions, corpora: Path) -> Iterator[Asked]:
    """Find the candidates of the questions about one repository."""
    with (
        tempfile.TemporaryDirectory() as scratch,
        opened(corpora / repository.name, Settings(index_dir=Path(scratch))) as (context, snapshot),
    ):
        for question in repository.queries:
            query = Query.of(question.query)
            pool, spans = _candidates(snapshot, query, context.embedder)
            yield Asked(repository.name, question.category, query, pool, spans, question.targets)


def ask_commits(path: Path, limit: int) -> Iterator[Asked]:
    """Find the candidates of commit messages, in the files before each commit."""
    with (
        tempfile.TemporaryDirectory() as scratch,
        ApplicationContext([path], Settings(index_dir=Path(scratch) / "unused")) as context,
    ):
        store = GenerationStore(Path(scratch) / "index")
        with closing(LiveIndex(store)) as live:
            for commit in read_commits(Repository.find(path), limit):
                with closing(open_revision(path, commit.parent)) as source:
                    index_repository(store, source, context.embedder, IndexOptions())
                query = Query.of(commit.query)
                targets = [Target(changed) for changed in commit.paths]
                with live.snapshot() as snapshot:
                    pool, spans = _candidates(snapshot, query, context.embedder)
                yield Asked(path.name, "", query, pool, spans, targets)


def _candidates(
    snapshot: Snapshot, query: Query, embedder: Embedder
) -> tuple[Pool, dict[int, tuple[int, int]]]:
    """Ask every retriever."""
    pool = find_candidates(snapshot, query, embedder.embed_query(query.text))
    chunks = snapshot.catalog.chunks(pool.chunks.tolist())
    return pool, {chunk: (row.start_line, row.end_line) for chunk, row in chunks.items()}
