from collections.abc import Iterator

import numpy as np
import pytest

from codeintel.config import Settings
from codeintel.context import ApplicationContext
from codeintel.index.snapshot import Snapshot
from codeintel.search import searcher
from codeintel.search.among import Among
from codeintel.search.query import Query
from codeintel.search.rerank import Pool
from codeintel.store.identity import documents_of
from repositories import GitRepository

QUESTION = Query("how does the cart count parcels")
N_FILES = 60


@pytest.fixture
def context(repository: GitRepository, settings: Settings) -> Iterator[ApplicationContext]:
    words = ("cart", "count", "parcel", "price", "letter")
    repository.commit(
        {
            f"{('net', 'shop')[n % 2]}/m{n:02}.py": "".join(
                f"def {word}_{n}(x):\n    return x + {n}  # {words[(n + i) % 5]}\n\n\n"
                for i, word in enumerate(words[: 1 + n % 5])
            )
            for n in range(N_FILES)
        }
    )
    with ApplicationContext([repository.path], settings) as context:
        context.select(None)[0].index(context.embedder)
        yield context


@pytest.fixture
def snapshot(context: ApplicationContext) -> Iterator[Snapshot]:
    with context.select(None)[0].live.snapshot() as snapshot:
        yield snapshot


def candidates(
    context: ApplicationContext, snapshot: Snapshot, among: np.ndarray | None = None
) -> Pool:
    vector = context.embedder.embed_query(QUESTION.text)
    return searcher.find_candidates(snapshot, QUESTION, vector, among)


@pytest.mark.parametrize("n_documents", [1, 5, 14, 15, 30, 59, 60])
def test_a_scope_has_the_best_of_its_own_documents(
    context: ApplicationContext,
    snapshot: Snapshot,
    monkeypatch: pytest.MonkeyPatch,
    n_documents: int,
) -> None:
    everything = candidates(context, snapshot)
    ids = np.sort([d.id for d in snapshot.catalog.documents])
    for seed in range(5):
        chosen = np.random.default_rng(seed).choice(ids, n_documents, replace=False)
        among = np.sort(chosen)
        inside = np.isin(documents_of(everything.chunks), among)
        with monkeypatch.context() as patch:
            patch.setattr(searcher, "_N_WORDS", 8)
            patch.setattr(searcher, "_N_MEANING", 1)
            patch.setattr(searcher, "_N_NAMES", 1)
            patch.setattr(searcher, "_N_PATHS", 1)
            found = candidates(context, snapshot, among)
        assert set(documents_of(found.chunks)) <= set(among)
        # The eight best by words, found anywhere, are among those that the scope gives.
        words = everything.column("body")[inside]
        eighth = np.sort(words)[-8:].min(initial=np.inf)
        wanted = set(everything.chunks[inside][words > max(eighth, 0.0)])
        assert wanted <= set(found.chunks)
        at = np.searchsorted(everything.chunks, found.chunks)
        known = found.column("body") > 0
        assert np.array_equal(found.column("body")[known], everything.column("body")[at][known])


def test_the_chunks_of_a_scope_are_those_of_its_documents(snapshot: Snapshot) -> None:
    ids = np.sort([d.id for d in snapshot.catalog.documents])
    for some in (ids[:0], ids[:1], ids[3:9], ids[::7], ids):
        among = Among(snapshot, some)
        expected = snapshot.vector_ids[np.isin(documents_of(snapshot.vector_ids), some)]
        assert np.array_equal(among.chunks, expected)
        assert np.array_equal(
            among.keeps(snapshot.vector_ids), np.isin(documents_of(snapshot.vector_ids), some)
        )


def test_a_scope_without_documents_finds_nothing(
    context: ApplicationContext, snapshot: Snapshot
) -> None:
    assert len(candidates(context, snapshot, np.empty(0, np.int64)).chunks) == 0
