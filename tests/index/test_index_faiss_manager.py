"""The vector index as its callers see it, against brute force in numpy."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from codeintel.errors import InvalidVectorsError
from codeintel.index.faiss_manager import FAISSManager

DIM = 24


def vectors(n: int, seed: int = 0, dim: int = DIM) -> NDArray[np.float32]:
    return np.random.default_rng(seed).standard_normal((n, dim)).astype(np.float32)


def halves(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the index keeps of vectors."""
    units = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return units.astype(np.float16).astype(np.float32)


def brute_force(
    rows: NDArray[np.float32], ids: NDArray[np.int64], queries: NDArray[np.float32], k: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    units = queries / np.linalg.norm(queries, axis=1, keepdims=True)
    scores = units @ halves(rows).T
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(scores, order, axis=1), ids[order]


def test_search_finds_what_brute_force_finds() -> None:
    rows, ids = vectors(500), np.arange(500, dtype=np.int64) * 7 + 3
    index = FAISSManager.create(DIM)
    index.build_index(rows[::-1], ids[::-1])
    queries = vectors(20, seed=1)
    scores, found = index.search(queries, 10)
    expected_scores, expected = brute_force(rows, ids, queries, 10)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_allclose(scores, expected_scores, atol=1e-4)


def test_an_update_is_found_at_once_and_replaces_what_was_there() -> None:
    rows, ids = vectors(100), np.arange(100, dtype=np.int64)
    index = FAISSManager.create(DIM)
    index.build_index(rows, ids)
    index.update_index(rows[:1], [200])
    index.update_index(-rows[:1], [0])
    _, found = index.search(rows[:1], 101)
    assert len(index) == 101
    assert found[0, 0] == 200
    assert found[0, -1] == 0
    assert sorted(found[0]) == [*range(100), 200]


def test_removed_ids_are_never_found() -> None:
    rows, ids = vectors(50), np.arange(50, dtype=np.int64)
    index = FAISSManager.create(DIM)
    index.build_index(rows[:25], ids[:25])
    index.update_index(rows[25:], ids[25:])
    assert index.remove([3, 30, 999]) == 2
    assert index.remove([3]) == 0
    _, found = index.search(rows[:2], 50)
    assert set(found.ravel()) == {*range(50), -1} - {3, 30}


def test_among_restricts_the_search_itself() -> None:
    rows, ids = vectors(300), np.arange(300, dtype=np.int64)
    index = FAISSManager.create(DIM)
    index.build_index(rows[:200], ids[:200])
    index.update_index(rows[200:], ids[200:])
    index.remove([10])
    _, found = index.search(rows[:1], 5, among=[250, 10, 150, 777, 150])
    assert set(found[0]) == {250, 150, -1}


def test_a_merge_keeps_ids_scores_and_deletions() -> None:
    rows, ids = vectors(300), np.arange(300, dtype=np.int64) + 2**40
    index = FAISSManager.create(DIM)
    index.build_index(rows[:200], ids[:200])
    index.update_index(rows[150:], ids[150:])
    index.remove(ids[::3])
    before = index.search(vectors(9, seed=2), 20)
    index.merge_indexes()
    after = index.search(vectors(9, seed=2), 20)
    np.testing.assert_array_equal(before[1], after[1])
    np.testing.assert_allclose(before[0], after[0], atol=1e-4)


def test_what_is_saved_is_what_opens(tmp_path: Path) -> None:
    rows, ids = vectors(300), np.arange(300, dtype=np.int64)
    index = FAISSManager.create(DIM)
    index.build_index(rows[:200], ids[:200])
    index.update_index(rows[150:], ids[150:])
    index.remove([5, 250])
    index.save(tmp_path)
    opened = FAISSManager.open(tmp_path)
    queries = vectors(9, seed=2)
    for mine, theirs in zip(index.search(queries, 20), opened.search(queries, 20), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    np.testing.assert_array_equal(opened.ids, index.ids)


def test_saving_a_change_links_the_primary(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    index = FAISSManager.create(DIM)
    index.build_index(vectors(100), np.arange(100))
    index.save(tmp_path / "a")
    reopened = FAISSManager.open(tmp_path / "a")
    reopened.update_index(vectors(3, seed=4), [1, 2, 300])
    reopened.save(tmp_path / "b")
    assert (tmp_path / "a/originals.faiss").samefile(tmp_path / "b/originals.faiss")
    assert len(FAISSManager.open(tmp_path / "a")) == 100
    assert len(FAISSManager.open(tmp_path / "b")) == 101


def test_similarities_come_from_the_original_vectors() -> None:
    rows, ids = vectors(40), np.arange(40, dtype=np.int64)
    index = FAISSManager.create(DIM)
    index.build_index(rows[:20], ids[:20])
    index.update_index(rows[20:], ids[20:])
    index.remove([7])
    query = vectors(1, seed=3)[0]
    scores = index.similarities(query, [30, 7, 2, 99])
    expected = halves(rows) @ (query / np.linalg.norm(query))
    assert np.isnan(scores[[1, 3]]).all()
    np.testing.assert_allclose(scores[[0, 2]], expected[[30, 2]], atol=1e-4)


@pytest.mark.parametrize(
    ("given", "ids", "message"),
    [
        (np.ones((2, DIM + 1)), [1, 2], "shape"),
        (np.ones((2, DIM)), [1], "2 vectors and 1 ids"),
        (np.ones((2, DIM)), [1, 1], "twice"),
        (np.ones((2, DIM)), [1.0, 2.0], "type"),
        (np.ones((2, DIM)), [-1, 2], "-1"),
        (np.ones((1, DIM)), np.array([2**63], np.uint64), str(2**63)),
        (np.full((1, DIM), np.nan), [11], "not finite"),
        (np.full((1, DIM), -np.inf), [11], "not finite"),
        (np.zeros((1, DIM)), [11], "zero"),
        (np.ones((1, DIM), np.int32), [1], "type"),
    ],
)
@pytest.mark.parametrize("call", ["build_index", "add_vectors", "update_index"])
def test_bad_vectors_or_ids_are_named_and_change_nothing(
    call: str, given: object, ids: object, message: str
) -> None:
    index = FAISSManager.create(DIM)
    index.build_index(vectors(5), np.arange(5))
    with pytest.raises(InvalidVectorsError, match=message):
        getattr(index, call)(given, ids)
    assert list(index.ids) == [0, 1, 2, 3, 4]
