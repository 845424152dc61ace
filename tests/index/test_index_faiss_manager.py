"""The vector index as its callers see it, against brute force in numpy."""

import gc
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from codeintel.errors import InvalidVectorsError
from codeintel.index.faiss_manager import FAISSManager
from codeintel.index.vector_plan import VectorOptions

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


@pytest.mark.parametrize("kind", [np.int32, np.uint32, np.uint64, np.int64])
def test_ids_of_any_integer_type_are_the_same_ids(kind: type[np.integer[Any]]) -> None:
    index = FAISSManager.create(DIM)
    index.build_index(vectors(4), np.array([5, 1, 9, 3], kind))
    index.update_index(vectors(1, seed=1), np.array([9], kind))
    assert index.remove(np.array([3], kind)) == 1
    assert index.ids.dtype == np.int64
    assert list(index.ids) == [1, 5, 9]


@pytest.mark.parametrize(
    "laid_out",
    [
        lambda rows: np.asfortranarray(rows),
        lambda rows: np.repeat(rows, 2, axis=0)[::2],
        lambda rows: rows.astype(np.float64),
        lambda rows: rows.tolist(),
    ],
)
def test_the_layout_of_an_array_does_not_matter(laid_out: Callable[[Any], Any]) -> None:
    rows = vectors(30)
    index = FAISSManager.create(DIM)
    index.build_index(laid_out(rows), np.arange(60)[::2])
    _, found = index.search(laid_out(rows), 1)
    assert list(found[:, 0]) == list(range(0, 60, 2))


def test_arrays_of_the_caller_are_never_written() -> None:
    rows, ids, query = vectors(30) * 7, np.arange(30)[::-1].copy(), vectors(1)[0] * 3
    copies = rows.copy(), ids.copy(), query.copy()
    for array in (rows, ids, query):
        array.setflags(write=False)
    index = FAISSManager.create(DIM)
    index.build_index(rows[:20], ids[:20])
    index.update_index(rows[10:], ids[10:])
    index.search(query, 5, among=ids[:10])
    index.similarities(query, ids)
    index.remove(ids[:3])
    for array, copy in zip((rows, ids, query), copies, strict=True):
        np.testing.assert_array_equal(array, copy)


@pytest.mark.parametrize("empty", [[], np.empty((0, DIM), np.float32), np.empty((0, 0))])
def test_nothing_may_be_added_searched_and_merged(empty: Any) -> None:
    index = FAISSManager.create(DIM)
    index.build_index(empty, [])
    index.add_vectors(empty, [])
    index.update_index(empty, [])
    assert index.remove([]) == 0
    index.merge_indexes()
    scores, ids = index.search(vectors(2), 3)
    assert (ids == -1).all()
    assert np.isneginf(scores).all()
    assert index.search(np.empty((0, DIM), np.float32), 3)[1].shape == (0, 3)


def test_k_may_exceed_the_number_of_vectors() -> None:
    index = FAISSManager.create(DIM)
    index.build_index(vectors(3), [4, 5, 6])
    _, found = index.search(vectors(1), 100)
    assert found.shape == (1, 100)
    assert sorted(found[0, :3]) == [4, 5, 6]
    assert (found[0, 3:] == -1).all()


def test_a_zero_query_finds_nothing() -> None:
    index = FAISSManager.create(DIM)
    index.build_index(vectors(3), [4, 5, 6])
    _, found = index.search(np.zeros(DIM, np.float32), 2)
    assert (found == -1).all()


@pytest.mark.parametrize(
    ("query", "k"), [(np.full(DIM, np.nan), 1), (np.ones(DIM + 1), 1), (np.ones(DIM), 0)]
)
def test_a_bad_question_is_an_error(query: NDArray[np.float64], k: int) -> None:
    index = FAISSManager.create(DIM)
    index.build_index(vectors(3), [4, 5, 6])
    with pytest.raises(InvalidVectorsError):
        index.search(query, k)


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_very_long_and_very_short_vectors_keep_their_direction(scale: float) -> None:
    index = FAISSManager.create(DIM)
    index.build_index(vectors(20) * np.float32(scale), np.arange(20))
    scores, found = index.search(vectors(20), 1)
    assert list(found[:, 0]) == list(range(20))
    np.testing.assert_allclose(scores, 1.0, atol=1e-3)


def test_an_id_can_be_added_only_once() -> None:
    index = FAISSManager.create(DIM)
    index.add_vectors(vectors(2), [1, 2])
    with pytest.raises(InvalidVectorsError, match="2"):
        index.add_vectors(vectors(2), [2, 3])
    index.remove([2])
    index.add_vectors(vectors(2), [2, 3])
    assert list(index.ids) == [1, 2, 3]


def test_without_a_secondary_every_change_is_in_the_primary() -> None:
    index = FAISSManager.create(DIM, VectorOptions(secondary=False))
    index.update_index(vectors(5), np.arange(5))
    index.update_index(vectors(5, seed=1), np.arange(3, 8))
    assert index.n_unmerged == 0
    assert index.plan.n == 8


def test_a_dry_run_says_what_a_merge_would_build() -> None:
    index = FAISSManager.create(DIM)
    index.update_index(vectors(5), np.arange(5))
    assert (index.plan.n, index.plan_after_merge().n) == (0, 5)
    assert "secondary 5" in index.describe()
    assert index.n_unmerged == 5


def test_a_temporary_folder_of_a_dead_process_is_removed(tmp_path: Path) -> None:
    process = subprocess.Popen(["true"])
    process.wait()
    left = tmp_path / f"codeintel-vectors-{process.pid}-x"
    left.mkdir()
    index = FAISSManager.create(DIM, scratch=tmp_path)
    assert not left.exists()
    assert len(list(tmp_path.iterdir())) == 1
    del index
    gc.collect()
    assert not list(tmp_path.iterdir())
