"""Any sequence of changes leaves what a fresh build over the survivors would give."""

import shutil
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from numpy.typing import NDArray

from codeintel.index.faiss_manager import FAISSManager

DIM = 8
some_ids = st.lists(st.integers(0, 40), min_size=1, max_size=12, unique=True)
seeds = st.integers(0, 2**32 - 1)


def drawn(n: int, seed: int) -> NDArray[np.float32]:
    rows = np.random.default_rng(seed).standard_normal((n, DIM)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


class Changes(RuleBasedStateMachine):
    """Changes an index and a dictionary alike."""

    @initialize(ids=st.lists(st.integers(0, 40), max_size=30, unique=True), seed=seeds)
    def build(self, ids: list[int], seed: int) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.saved = 0
        rows = drawn(len(ids), seed)
        self.expected = dict(zip(ids, rows, strict=True))
        self.index = FAISSManager.create(DIM)
        self.index.build_index(rows, ids)

    @rule(ids=some_ids, seed=seeds)
    def update(self, ids: list[int], seed: int) -> None:
        rows = drawn(len(ids), seed)
        self.index.update_index(rows, ids)
        self.expected |= dict(zip(ids, rows, strict=True))

    @rule(ids=some_ids)
    def remove(self, ids: list[int]) -> None:
        there = [i for i in ids if self.expected.pop(i, None) is not None]
        assert self.index.remove(ids) == len(there)

    @rule()
    def merge(self) -> None:
        self.index.merge_indexes()
        assert not self.index.needs_merge()

    @rule()
    def restart(self) -> None:
        self.saved += 1
        folder = self.folder / str(self.saved)
        folder.mkdir()
        self.index.save(folder)
        self.index = FAISSManager.open(folder)

    @rule(seed=seeds, k=st.integers(1, 60))
    def search(self, seed: int, k: int) -> None:
        self.compare(list(self.expected), *self.index.search(drawn(2, seed), k), seed)

    @rule(seed=seeds, k=st.integers(1, 60), among=st.lists(st.integers(0, 50), max_size=20))
    def search_among(self, seed: int, k: int, among: list[int]) -> None:
        allowed = [i for i in self.expected if i in among]
        found = self.index.search(drawn(2, seed), k, among=np.array(among, np.int64))
        self.compare(allowed, *found, seed)

    def compare(
        self, allowed: list[int], scores: NDArray[np.float32], ids: NDArray[np.int64], seed: int
    ) -> None:
        n = min(ids.shape[1], len(allowed))
        for query, row_scores, row_ids in zip(drawn(2, seed), scores, ids, strict=True):
            exact = {i: float(query @ self.expected[i]) for i in allowed}
            best = sorted(exact.values(), reverse=True)[:n]
            np.testing.assert_allclose(row_scores[:n], best, atol=2e-3)
            assert len(set(row_ids[:n])) == n
            for score, i in zip(row_scores[:n], row_ids[:n], strict=True):
                assert abs(exact[int(i)] - score) < 2e-3
            assert (row_ids[n:] == -1).all()
            assert np.isneginf(row_scores[n:]).all()

    @invariant()
    def has_the_survivors(self) -> None:
        if hasattr(self, "index"):
            assert list(self.index.ids) == sorted(self.expected)
            assert len(self.index) == len(self.expected)

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            shutil.rmtree(self.folder)


Changes.TestCase.settings = settings(max_examples=25, stateful_step_count=12, deadline=None)
TestChanges = Changes.TestCase
