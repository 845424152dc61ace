"""Merging, and mending what is broken, on a whole index."""

import threading
from pathlib import Path

import pytest

from codeintel.embedding.static import StaticEmbedder
from codeintel.errors import IndexLockedError, IndexMissingError
from codeintel.git.files import open_source
from codeintel.index import vector_files, vector_plan
from codeintel.index.snapshot import LiveIndex
from codeintel.index.vector_plan import VectorOptions
from codeintel.indexer.merge import merge_index
from codeintel.indexer.pipeline import IndexOptions, index_repository
from codeintel.indexer.progress import Progress
from codeintel.store.generations import GenerationStore
from codeintel.types import IndexReport
from repositories import GitRepository

OPTIONS = VectorOptions(merge_min=3, merge_ratio=0.0)


@pytest.fixture
def store(tmp_path: Path) -> GenerationStore:
    return GenerationStore(tmp_path / "index")


@pytest.fixture
def coded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make even small indexes compress their vectors."""
    monkeypatch.setattr(vector_plan, "_ALWAYS_FLAT", 1)
    monkeypatch.setattr(vector_plan, "_FLAT_VALUES", 1)
    monkeypatch.setattr(vector_plan, "_MIN_LISTS", 2)


def index(
    store: GenerationStore, path: Path, options: VectorOptions = OPTIONS, *, full: bool = False
) -> IndexReport:
    return index_repository(
        store, open_source(path), StaticEmbedder(), IndexOptions(1, options), full=full
    )


def vectors_folder(store: GenerationStore) -> Path:
    manifest = store.manifest()
    assert manifest
    return store.folder(manifest.generation) / "vectors"


def live_ids(store: GenerationStore) -> list[int]:
    live = LiveIndex(store)
    with live.snapshot() as snapshot:
        found: list[int] = snapshot.vectors.ids.tolist()
    live.close()
    return found


def changed(shop: GitRepository, name: str) -> None:
    functions = "\n\n".join(f"def {name}_{n}(value):\n    return value + {n}\n" for n in range(9))
    shop.write({f"{name}.py": functions})


def test_a_merge_is_due_past_its_limit_only(shop: GitRepository, store: GenerationStore) -> None:
    with pytest.raises(IndexMissingError):
        merge_index(store, "shop", OPTIONS)
    index(store, shop.path)
    assert not merge_index(store, "shop", OPTIONS, if_needed=True).changed
    for name in ("one", "two", "three", "four"):
        changed(shop, name)
    index(store, shop.path)
    before = live_ids(store)
    told: list[Progress] = []
    report = merge_index(store, "shop", OPTIONS, if_needed=True, progress=told.append)
    assert report.changed
    assert "secondary 0, tombstones 0" in report.vector_index
    assert (told[0].done, told[-1].done) == (0, told[-1].total)
    assert live_ids(store) == before
    assert not merge_index(store, "shop", OPTIONS).changed


def test_a_dry_run_says_what_it_would_build(shop: GitRepository, store: GenerationStore) -> None:
    index(store, shop.path)
    changed(shop, "one")
    index(store, shop.path)
    generation = store.manifest()
    report = merge_index(store, "shop", OPTIONS, dry_run=True)
    assert report.changed
    assert any("exact scan" in note for note in report.notes)
    assert store.manifest() == generation


def test_what_is_indexed_during_a_merge_is_in_the_merged_index(
    shop: GitRepository, store: GenerationStore
) -> None:
    index(store, shop.path)
    changed(shop, "one")
    index(store, shop.path)

    def during(progress: Progress) -> None:
        if not progress.done:
            changed(shop, "two")
            (shop.path / "one.py").unlink()
            index(store, shop.path)
            expected.append(live_ids(store))

    expected: list[list[int]] = []
    assert merge_index(store, "shop", OPTIONS, progress=during).changed
    assert live_ids(store) == expected[0]
    live = LiveIndex(store)
    with live.snapshot() as snapshot:
        assert "two.py" in snapshot.catalog.by_path
        assert "one.py" not in snapshot.catalog.by_path
        assert snapshot.vectors.state.timings.n_updates == 2
    live.close()


def test_a_merge_of_an_index_that_was_built_anew_meanwhile_is_dropped(
    shop: GitRepository, store: GenerationStore
) -> None:
    index(store, shop.path)
    changed(shop, "one")
    index(store, shop.path)

    def during(progress: Progress) -> None:
        if not progress.done:
            index(store, shop.path, full=True)

    report = merge_index(store, "shop", OPTIONS, progress=during)
    assert not report.changed
    assert report.generation == 3


def test_only_one_merges_at_a_time(shop: GitRepository, store: GenerationStore) -> None:
    index(store, shop.path)
    changed(shop, "one")
    index(store, shop.path)
    refused: list[bool] = []

    def during(progress: Progress) -> None:
        if not progress.done:
            with pytest.raises(IndexLockedError):
                merge_index(store, "shop", OPTIONS)
            refused.append(True)

    assert merge_index(store, "shop", OPTIONS, progress=during).changed
    assert refused


def test_a_merge_waits_for_an_indexing_run_that_is_under_way(
    shop: GitRepository, store: GenerationStore
) -> None:
    index(store, shop.path)
    changed(shop, "one")
    index(store, shop.path)
    writing, merged = threading.Event(), threading.Event()

    def write() -> None:
        with store.lock():
            writing.set()
            assert not merged.wait(0.3)

    writer = threading.Thread(target=write)
    writer.start()
    writing.wait()
    assert merge_index(store, "shop", OPTIONS).changed
    merged.set()
    writer.join()


def test_without_a_secondary_index_every_run_builds_the_primary_anew(
    shop: GitRepository, store: GenerationStore
) -> None:
    options = VectorOptions(secondary=False)
    index(store, shop.path, options)
    changed(shop, "one")
    (shop.path / "shop/cart.py").unlink()
    report = index(store, shop.path, options)
    assert "secondary 0, tombstones 0" in report.vector_index


@pytest.mark.usefixtures("coded")
@pytest.mark.parametrize("damage", ["missing", "truncated", "flipped"])
def test_broken_codes_are_built_anew_from_the_original_vectors(
    shop: GitRepository, store: GenerationStore, damage: str
) -> None:
    for number in range(30):
        changed(shop, f"file_{number}")
    index(store, shop.path)
    before = live_ids(store)
    path = vectors_folder(store) / vector_files.CODES_FILE
    data = bytearray(path.read_bytes())
    path.unlink()
    if damage == "truncated":
        path.write_bytes(data[:-1])
    elif damage == "flipped":
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    report = index(store, shop.path)
    assert "codes.faiss" in report.notes[0]
    assert "original vectors" in report.notes[0]
    assert (report.changed, report.texts_embedded, report.files_added) == (False, 0, 0)
    assert live_ids(store) == before
    assert index(store, shop.path).notes == ()


@pytest.mark.usefixtures("coded")
@pytest.mark.parametrize(
    "name",
    [
        vector_files.HEADER_FILE,
        vector_files.ORIGINALS_FILE,
        vector_files.IDS_FILE,
        vector_files.TOMBSTONES_FILE,
    ],
)
def test_other_broken_vector_files_are_written_anew_without_embedding(
    shop: GitRepository, store: GenerationStore, name: str
) -> None:
    for number in range(30):
        changed(shop, f"file_{number}")
    index(store, shop.path)
    changed(shop, "one")
    (shop.path / "shop/cart.py").unlink()
    index(store, shop.path)
    before = live_ids(store)
    path = vectors_folder(store) / name
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(data[:-1])
    report = index(store, shop.path)
    assert name in report.notes[0]
    assert report.texts_embedded == 0
    assert live_ids(store) == before


def test_a_broken_cache_of_vectors_is_named_and_begun_anew(
    shop: GitRepository, store: GenerationStore
) -> None:
    index(store, shop.path)
    (store.root / "vector-cache.sqlite").write_bytes(b"no database" * 1000)
    changed(shop, "one")
    report = index(store, shop.path)
    assert "vector-cache.sqlite" in report.notes[0]
    assert report.texts_embedded == 1
