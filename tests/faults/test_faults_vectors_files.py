"""What happens to a vector index whose files are broken, or whose disk is full."""

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from codeintel.errors import CodeIntelError, IndexCorruptError, IndexVersionError, StorageError
from codeintel.index import vector_files as files
from codeintel.index import vector_plan
from codeintel.index.faiss_manager import FAISSManager

DIM, N = 32, 400
QUERIES = np.random.default_rng(9).standard_normal((20, DIM)).astype(np.float32)
ALL_FILES = [
    files.HEADER_FILE,
    files.IDS_FILE,
    files.ORIGINALS_FILE,
    files.CODES_FILE,
    files.SECONDARY_IDS_FILE,
    files.SECONDARY_ROWS_FILE,
    files.TOMBSTONES_FILE,
]


@pytest.fixture(autouse=True)
def _compress_small_indexes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vector_plan, "_ALWAYS_FLAT", 100)
    monkeypatch.setattr(vector_plan, "_FLAT_VALUES", 1_000)
    monkeypatch.setattr(vector_plan, "_MIN_LISTS", 4)


def rows(n: int = N, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).standard_normal((n, DIM)).astype(np.float32)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A folder with all files: codes, a secondary index and tombstones."""
    index = FAISSManager.create(DIM)
    index.build_index(rows(), np.arange(N))
    index.update_index(rows(50, seed=1), np.arange(N - 20, N + 30))
    index.remove([1, 2, 3])
    folder = tmp_path / "saved"
    folder.mkdir()
    index.save(folder)
    assert sorted(path.name for path in folder.iterdir()) == sorted(ALL_FILES)
    return folder


@contextmanager
def largest_file(size_bytes: int) -> Iterator[None]:
    """Let writes past this size fail as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize("name", ALL_FILES)
def test_a_missing_file_is_named(saved: Path, name: str) -> None:
    (saved / name).unlink()
    with pytest.raises(IndexCorruptError, match=name):
        FAISSManager.open(saved)


@pytest.mark.parametrize("name", ALL_FILES)
@pytest.mark.parametrize("kept", [0.0, 0.5, 0.99])
def test_a_truncated_file_is_named(saved: Path, name: str, kept: float) -> None:
    data = (saved / name).read_bytes()
    (saved / name).write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(IndexCorruptError, match=name):
        FAISSManager.open(saved)


@pytest.mark.parametrize("name", [name for name in ALL_FILES if name != files.ORIGINALS_FILE])
def test_a_flipped_bit_is_named_when_the_folder_is_opened(saved: Path, name: str) -> None:
    whole = (saved / name).read_bytes()
    for position in np.random.default_rng(3).integers(len(whole), size=8):
        data = bytearray(whole)
        data[position] ^= 1 << int(position % 8)
        (saved / name).write_bytes(data)
        with pytest.raises((IndexCorruptError, IndexVersionError), match=name):
            FAISSManager.open(saved)


def test_a_flipped_bit_of_an_original_is_found_by_a_full_check(saved: Path) -> None:
    assert files.broken_files(saved) == []
    path = saved / files.ORIGINALS_FILE
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    FAISSManager.open(saved)
    assert files.broken_files(saved) == [files.ORIGINALS_FILE]


@pytest.mark.parametrize("damage", ["missing", "truncated", "changed"])
def test_codes_are_rebuilt_from_the_originals(saved: Path, tmp_path: Path, damage: str) -> None:
    whole = FAISSManager.open(saved)
    ids, scores = whole.ids, [whole.similarities(query, whole.ids) for query in QUERIES]
    path = saved / files.CODES_FILE
    data = path.read_bytes()
    path.unlink()
    if damage != "missing":
        path.write_bytes(data[:100] if damage == "truncated" else data[::-1])
    rebuilt = FAISSManager.rebuild(saved)
    (tmp_path / "new").mkdir()
    rebuilt.save(tmp_path / "new")
    opened = FAISSManager.open(tmp_path / "new")
    np.testing.assert_array_equal(opened.ids, ids)
    assert opened.plan.kind == "ivf_pq"
    for query, expected in zip(QUERIES, scores, strict=True):
        np.testing.assert_allclose(opened.similarities(query, ids), expected, atol=1e-6)


@pytest.mark.parametrize("name", [files.IDS_FILE, files.ORIGINALS_FILE, files.TOMBSTONES_FILE])
def test_what_cannot_be_rebuilt_is_named(saved: Path, name: str) -> None:
    data = bytearray((saved / name).read_bytes())
    data[-1] ^= 1
    (saved / name).write_bytes(data)
    with pytest.raises(IndexCorruptError, match=name):
        FAISSManager.rebuild(saved)


def test_an_older_format_is_named(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "FORMAT_VERSION", files.FORMAT_VERSION + 1)
    with pytest.raises(IndexCorruptError, match="format"):
        FAISSManager.open(saved)


def test_a_newer_format_is_not_read(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "FORMAT_VERSION", files.FORMAT_VERSION - 1)
    with pytest.raises(IndexVersionError):
        FAISSManager.open(saved)


@pytest.mark.parametrize("limit_bytes", [0, 1_000, 5_000, 20_000])
def test_a_full_disk_leaves_the_served_index_as_it_was(
    saved: Path, tmp_path: Path, limit_bytes: int
) -> None:
    served, merging = FAISSManager.open(saved), FAISSManager.open(saved, scratch=tmp_path)
    before = served.search(QUERIES, 10)
    (tmp_path / "draft").mkdir()
    with largest_file(limit_bytes), pytest.raises(StorageError) as caught:
        merging.merge_indexes()
    assert isinstance(caught.value, CodeIntelError)
    assert caught.value.cure
    assert not list(tmp_path.glob("codeintel-vectors-*"))
    for index in (served, merging, FAISSManager.open(saved)):
        for found, expected in zip(index.search(QUERIES, 10), before, strict=True):
            np.testing.assert_array_equal(found, expected)


def test_saving_to_a_full_disk_is_an_error(saved: Path, tmp_path: Path) -> None:
    index = FAISSManager.open(saved)
    (tmp_path / "draft").mkdir()
    with largest_file(100), pytest.raises(StorageError):
        index.save(tmp_path / "draft")
    assert files.broken_files(saved) == []
