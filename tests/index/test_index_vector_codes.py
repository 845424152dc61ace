"""Compressed indexes: recall, filters, deletions, size, and the same result for the same input."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import faiss
import numpy as np
import pytest
from numpy.typing import NDArray

from codeintel.index import vector_files as files
from codeintel.index import vector_plan
from codeintel.index.faiss_manager import FAISSManager
from codeintel.index.vector_plan import VectorOptions, choose_plan, estimate_bytes

N, DIM = 16_000, 256


def clustered(n: int, dim: int, seed: int) -> NDArray[np.float32]:
    """Points around centres that share a direction, as code embeddings do."""
    chance = np.random.default_rng(seed)
    centres = np.random.default_rng(1).standard_normal((200, dim), dtype=np.float32) + 0.5
    rows = centres[chance.integers(len(centres), size=n)]
    return rows + chance.standard_normal((n, dim), dtype=np.float32)


@pytest.fixture(scope="module", autouse=True)
def _compress_small_indexes() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vector_plan, "_FLAT_VALUES", 1_000_000)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("coded")
    index = FAISSManager.create(DIM)
    index.build_index(clustered(N, DIM, 2), np.arange(N) * 3)
    index.save(path)
    return path


@pytest.fixture
def index(folder: Path) -> FAISSManager:
    return FAISSManager.open(folder)


@pytest.fixture(scope="module")
def queries() -> NDArray[np.float32]:
    return clustered(60, DIM, 3) + clustered(60, DIM, 4)


def recall(
    index: FAISSManager, queries: NDArray[np.float32], k: int, among: NDArray[np.int64]
) -> float:
    """Share of the exact best, of ids that are all alive, that a search finds."""
    hits = 0
    for query in queries:
        best = among[np.argsort(-index.similarities(query, among))[:k]]
        _, found = index.search(query, k, among=None if len(among) == len(index) else among)
        hits += np.intersect1d(best, found).size
    return hits / (k * len(queries))


@pytest.mark.slow
@pytest.mark.parametrize("k", [1, 10, 100])
def test_compressed_search_finds_98_percent(
    index: FAISSManager, queries: NDArray[np.float32], k: int
) -> None:
    assert index.plan.kind == "ivf_pq"
    assert recall(index, queries, k, index.ids) >= 0.98


@pytest.mark.slow
@pytest.mark.parametrize("every", [2, 20, 500])
def test_filtered_search_finds_98_percent(
    index: FAISSManager, queries: NDArray[np.float32], every: int
) -> None:
    assert recall(index, queries[:20], 10, index.ids[::every]) >= 0.98


@pytest.mark.slow
def test_scores_are_those_of_the_originals(
    index: FAISSManager, queries: NDArray[np.float32]
) -> None:
    for query in queries[:10]:
        scores, ids = index.search(query, 10)
        np.testing.assert_allclose(scores[0], index.similarities(query, ids[0]), atol=1e-5)
        assert (np.diff(scores[0]) <= 0).all()


@pytest.mark.slow
def test_deleted_and_replaced_vectors_are_passed_over(
    index: FAISSManager, queries: NDArray[np.float32]
) -> None:
    _, first = index.search(queries, 10)
    gone = np.unique(first)
    index.remove(gone[::2])
    index.update_index(-clustered(len(gone[1::2]), DIM, 8), gone[1::2])
    scores, second = index.search(queries, 10)
    assert not np.isin(second, gone[::2]).any()
    assert (second >= 0).all()
    for query, row, ids in zip(queries, scores, second, strict=True):
        np.testing.assert_allclose(row, index.similarities(query, ids), atol=1e-5)


@pytest.mark.slow
def test_all_live_vectors_are_found_where_few_are_left(index: FAISSManager) -> None:
    index.remove(index.ids[7:])
    _, found = index.search(clustered(3, DIM, 5), 20)
    for row in found:
        assert sorted(row) == [-1] * 13 + [0, 3, 6, 9, 12, 15, 18]


@pytest.mark.slow
def test_the_same_input_gives_the_same_index(folder: Path, tmp_path: Path) -> None:
    again = FAISSManager.create(DIM)
    again.build_index(clustered(N, DIM, 2), np.arange(N) * 3)
    again.save(tmp_path)
    assert again.plan == FAISSManager.open(folder).plan
    assert files.read_header(folder).files == files.read_header(tmp_path).files


@pytest.mark.slow
def test_a_merge_keeps_searching_and_changing_possible(
    index: FAISSManager, queries: NDArray[np.float32]
) -> None:
    index.update_index(clustered(500, DIM, 6), np.arange(500) * 3 + 1)
    index.remove(np.arange(100) * 3)
    merge = threading.Thread(target=index.merge_indexes)
    merge.start()
    index.update_index(clustered(50, DIM, 7), np.arange(50) * 3 + 2)
    index.remove(np.arange(100, 150) * 3)
    expected = index.ids
    while merge.is_alive():
        _, found = index.search(queries[:1], 10)
        assert (found >= 0).all()
        assert len(index) == len(expected)
    merge.join()
    np.testing.assert_array_equal(index.ids, expected)
    assert index.n_unmerged <= 50 + 150
    assert index.plan.n == N + 500 - 100
    assert recall(index, queries[:20], 10, index.ids) >= 0.98


EVERY_PLAN = pytest.mark.parametrize(
    ("n", "dim", "options"),
    [
        (3_000, 64, VectorOptions()),
        (6_000, 2_048, VectorOptions(recall_target=0.5)),
        (16_000, 256, VectorOptions(recall_target=0.5)),
        (16_000, 256, VectorOptions(recall_target=0.5, memory_budget_bytes=1)),
    ],
)


@pytest.mark.slow
@EVERY_PLAN
def test_estimates_are_within_20_percent(
    tmp_path: Path, n: int, dim: int, options: VectorOptions
) -> None:
    index = FAISSManager.create(dim, options)
    index.build_index(clustered(n, dim, 2), np.arange(n))
    index.save(tmp_path)
    estimate = index.estimate_memory_usage(n, dim)
    size = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    assert estimate == estimate_bytes(choose_plan(n, dim, options))
    assert estimate.originals_bytes == pytest.approx(size[files.ORIGINALS_FILE], rel=0.2)
    assert estimate.ids_bytes == pytest.approx(size[files.IDS_FILE], rel=0.2)
    assert estimate.codes_bytes == pytest.approx(size.get(files.CODES_FILE, 0), rel=0.2)
    assert estimate.disk_bytes == pytest.approx(sum(size.values()), rel=0.2)


def resident_bytes(folder: Path) -> dict[str, int]:
    """Bytes of each file of a folder that this process has in memory, as the kernel counts them."""
    resident: dict[str, int] = {}
    name = ""
    for line in Path("/proc/self/smaps").read_text().splitlines():
        words = line.split()
        if not words[0].endswith(":"):
            name = Path(words[-1]).name if words[-1].startswith(str(folder)) else ""
        elif name and words[0] == "Rss:":
            resident[name] = resident.get(name, 0) + int(words[1]) * 1024
    return resident


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="asks the Linux kernel")
@EVERY_PLAN
def test_what_searching_keeps_in_memory_is_what_was_estimated(
    tmp_path: Path, n: int, dim: int, options: VectorOptions
) -> None:
    built = FAISSManager.create(dim, options)
    built.build_index(clustered(n, dim, 2), np.arange(n))
    built.save(tmp_path)
    index = FAISSManager.open(tmp_path, options)
    for query in clustered(300, dim, 4):
        index.search(query, 10)
    resident = resident_bytes(tmp_path)
    expected = index.estimate_memory_usage(n, dim)
    if index.plan.kind != "flat":
        del resident[files.ORIGINALS_FILE]  # a page here and there, of the best hits
    mapped = expected.resident_bytes - expected.codes_bytes
    assert sum(resident.values()) == pytest.approx(mapped, rel=0.2, abs=4096)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="asks the Linux kernel")
def test_codes_take_the_memory_that_was_estimated(tmp_path: Path) -> None:
    n, options = 60_000, VectorOptions(recall_target=0.5)
    built = FAISSManager.create(DIM, options)
    built.build_index(clustered(n, DIM, 2), np.arange(n))
    built.save(tmp_path)
    script = f"""if True:
        import re
        from pathlib import Path
        from codeintel.index.faiss_manager import FAISSManager

        def own_kb():
            return int(re.search(r"RssAnon:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

        def opened(path):
            index = FAISSManager.open(Path(path))
            index.search([1.0] * {DIM}, 10)
            return index

        first = opened({str(tmp_path)!r})  # what the first one brings besides is left out
        before = own_kb()
        second = opened({str(tmp_path)!r})
        print(own_kb() - before)
    """
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    expected = built.estimate_memory_usage(n, DIM).codes_bytes
    assert int(done.stdout) * 1024 == pytest.approx(expected, rel=0.2)


@pytest.mark.slow
def test_originals_are_mapped_not_read(index: FAISSManager, folder: Path) -> None:
    assert str(folder / files.ORIGINALS_FILE) in Path("/proc/self/maps").read_text()


@pytest.mark.slow
def test_a_reader_keeps_a_generation_that_is_removed(
    folder: Path, tmp_path: Path, queries: NDArray[np.float32]
) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    FAISSManager.open(folder).save(copy)
    reader = FAISSManager.open(copy)
    before = reader.search(queries, 10)
    for path in copy.iterdir():
        path.unlink()
    for found, expected in zip(reader.search(queries, 10), before, strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.slow
def test_threads_that_search_together_get_what_one_gets(
    index: FAISSManager, queries: NDArray[np.float32]
) -> None:
    expected = [index.search(query, 10)[1][0] for query in queries]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda query: index.search(query, 10)[1][0], queries))
    np.testing.assert_array_equal(found, expected)


@pytest.mark.slow
def test_equal_vectors_are_no_trouble() -> None:
    index = FAISSManager.create(DIM)
    index.build_index(np.ones((6_000, DIM), np.float32), np.arange(6_000))
    scores, ids = index.search(np.ones(DIM, np.float32), 20)
    np.testing.assert_allclose(scores, 1.0, atol=1e-3)
    assert len(set(ids[0])) == 20


@pytest.mark.slow
def test_training_goes_on_without_a_gpu_that_fails(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(_: object) -> object:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(faiss, "get_num_gpus", lambda: 1)
    monkeypatch.setattr(faiss, "index_cpu_to_all_gpus", refuse, raising=False)
    index = FAISSManager.create(DIM, VectorOptions(recall_target=0.5))
    index.build_index(clustered(6_000, DIM, 2), np.arange(6_000))
    assert "GPU" in caplog.text
    assert index.search(clustered(1, DIM, 3), 5)[1].min() >= 0
