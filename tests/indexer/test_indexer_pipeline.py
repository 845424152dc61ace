import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from codeintel.embedding.base import Embedded, Vectors
from codeintel.errors import (
    EmbeddingUnavailableError,
    IndexLockedError,
)
from codeintel.git.files import open_source
from codeintel.index.snapshot import LiveIndex, Snapshot
from codeintel.indexer.pipeline import IndexOptions, index_repository
from codeintel.indexer.progress import Progress
from codeintel.indexer.vectors import CANARY
from codeintel.store.generations import GenerationStore
from codeintel.types import IndexReport, SkipReason
from repositories import SHOP, GitRepository


class CountingEmbedder:
    """Gives each text a direction of its own, and remembers what it was asked."""

    name = "counting"

    def __init__(self, dim: int = 8, fingerprint: str = "counting-1") -> None:
        self.dim = dim
        self.fingerprint = fingerprint
        self.texts: list[str] = []
        self.down = False

    def embed_documents(self, texts: Sequence[str]) -> Embedded:
        if self.down:
            raise EmbeddingUnavailableError("The embedding server does not answer.")
        self.texts += [text for text in texts if text != CANARY]
        return Embedded(np.array([self.embed_query(t) for t in texts], dtype=np.float32))

    def embed_query(self, text: str) -> Vectors:
        seed = int.from_bytes(text.encode()[-8:].rjust(8, b"\0"), "big")
        vector = np.random.default_rng(seed).normal(size=self.dim).astype(np.float32)
        return vector / np.linalg.norm(vector)

    def close(self) -> None:
        pass


@pytest.fixture
def store(tmp_path: Path) -> GenerationStore:
    return GenerationStore(tmp_path / "index")


@pytest.fixture
def embedder() -> CountingEmbedder:
    return CountingEmbedder()


def index(
    store: GenerationStore, path: Path, embedder: CountingEmbedder, *, full: bool = False
) -> IndexReport:
    return index_repository(
        store, open_source(path), embedder, IndexOptions(n_workers=1), full=full
    )


def content(store: GenerationStore) -> dict[str, object]:
    """Everything that questions are answered from, without numbers that depend on the run."""
    live = LiveIndex(store)
    with live.snapshot() as snapshot:
        found = {
            document.path: (
                document.blob,
                document.language,
                [
                    (c.start_line, c.end_line, c.symbol, _has_vector(snapshot, c.id))
                    for c in snapshot.catalog.chunks_of(document.id)
                ],
                snapshot.catalog.definitions_of(document.id),
            )
            for document in snapshot.catalog.documents
        }
        words = {
            word: sorted(snapshot.lexical.search("body", [word], 100).ids.tolist())
            for word in ("price", "cart", "retry", "tea", "user")
        }
        result = {
            "files": found,
            "skipped": snapshot.catalog.skipped,
            "words": words,
            "vectors": snapshot.vectors.ids.tolist(),
        }
    live.close()
    return result


def _has_vector(snapshot: Snapshot, chunk: int) -> bool:
    return bool(snapshot.vectors.contains([chunk])[0])


def test_a_repository_is_indexed_with_chunks_symbols_and_vectors(
    shop: GitRepository, store: GenerationStore, embedder: CountingEmbedder
) -> None:
    report = index(store, shop.path, embedder)
    assert report.changed
    assert report.n_files == len(SHOP)
    assert report.n_chunks == len(embedder.texts)
    assert set(content(store)["files"]) == set(SHOP)  # type: ignore[call-overload]
    manifest = store.manifest()
    assert manifest is not None
    assert manifest.commit == shop.git("rev-parse", "HEAD")
    assert manifest.embedder.dim == 8


def test_an_index_that_is_current_is_left_alone(
    shop: GitRepository, store: GenerationStore, embedder: CountingEmbedder
) -> None:
    first = index(store, shop.path, embedder)
    second = index(store, shop.path, embedder)
    assert not second.changed
    assert second.generation == first.generation


def test_only_changed_text_is_embedded_again(
    shop: GitRepository, store: GenerationStore, embedder: CountingEmbedder
) -> None:
    index(store, shop.path, embedder)
    embedder.texts.clear()
    shop.write({"shop/prices.py": SHOP["shop/prices.py"].replace("0.19", "0.20")})
    report = index(store, shop.path, embedder)
    assert report.generation == 2
    assert embedder.texts
    assert all("prices.py" in text for text in embedder.texts)


def test_touching_a_file_changes_nothing_but_its_stamp(
    shop: GitRepository, store: GenerationStore, embedder: CountingEmbedder
) -> None:
    index(store, shop.path, embedder)
    embedder.texts.clear()
    os.utime(shop.path / "shop/cart.py", ns=(1, 1))
    index(store, shop.path, embedder)
    assert not embedder.texts
    assert not index(store, shop.path, embedder).changed


def test_a_branch_switch_and_back_embeds_nothing_twice(
    shop: GitRepository, store: GenerationStore, embedder: CountingEmbedder
) -> None:
    index(store, shop.path, embedder)
    before = content(store)
    shop.git("checkout", "-q", "-b", "other")
    shop.commit({"shop/cart.py": "class Basket:\n    pass\n"})
    index(store, shop.path, embedder)
    assert content(store) != before
    embedder.texts.clear()
    shop.git("checkout", "-q", "main")
    index(store, shop.path, embedder)
    assert embedder.texts == []
    assert content(store) == before


def test_removed_and_renamed_files_disappear_at_once(
    shop: GitRepository, store: GenerationStore, embedder: CountingEmbedder
) -> None:
    index(store, shop.path, embedder)
    shop.git("mv", "shop/retry.py", "shop/again.py")
    (shop.path / "web/app.ts").unlink()
    report = index(store, shop.path, embedder)
    files = content(store)["files"]
    assert isinstance(files, dict)
    assert "shop/again.py" in files
    assert not {"shop/retry.py", "web/app.ts"} & set(files)
    assert report.files_removed == 2


def test_an_incremental_index_equals_one_written_anew(
    shop: GitRepository, store: GenerationStore, embedder: CountingEmbedder, tmp_path: Path
) -> None:
    """A walk of random edits; after each, the index equals a rebuilt one."""
    random = np.random.default_rng(7)
    index(store, shop.path, embedder)
    texts = list(SHOP.values())
    for step in range(8):
        name = f"shop/{random.integers(5)}.py"
        action = random.integers(3)
        if action == 0 and (shop.path / name).exists():
            (shop.path / name).unlink()
        else:
            shop.write({name: texts[random.integers(len(texts))] + f"\n# {step}\n"})
        index(store, shop.path, embedder)
        fresh = GenerationStore(tmp_path / f"fresh-{step}")
        index(fresh, shop.path, embedder)
        assert content(store) == content(fresh)


def test_a_full_run_writes_everything_anew_and_changes_no_answer(
    shop: GitRepository, store: GenerationStore, embedder: CountingEmbedder
) -> None:
    index(store, shop.path, embedder)
    before = content(store)
    embedder.texts.clear()
    assert index(store, shop.path, embedder, full=True).changed
    assert content(store) == before
    assert not embedder.texts


def test_each_file_that_is_not_indexed_has_a_reason(
    shop: GitRepository, store: GenerationStore, embedder: CountingEmbedder
) -> None:
    shop.write(
        {
            "logo.png": b"\x89PNG\0\0",
            "empty.py": "",
            ".env": "KEY=secret",
            "secret/notes.py": "x = 1\n",
            ".codeintelignore": "secret/\n",
        }
    )
    report = index(store, shop.path, embedder)
    live = LiveIndex(store)
    with live.snapshot() as snapshot:
        reasons = {file.path: file.reason for file in snapshot.catalog.skipped}
    live.close()
    assert reasons == {
        "logo.png": SkipReason.BINARY,
        "empty.py": SkipReason.EMPTY,
        ".env": SkipReason.SECRET,
        "secret/notes.py": SkipReason.EXCLUDED,
    }
    assert report.skipped == {"binary": 1, "empty": 1, "secret": 1, "excluded": 1}


def test_a_file_moves_between_indexed_and_skipped(
    shop: GitRepository, store: GenerationStore, embedder: CountingEmbedder
) -> None:
    index(store, shop.path, embedder)
    shop.write({"shop/cart.py": ""})
    assert index(store, shop.path, embedder).skipped == {"empty": 1}
    shop.write({"shop/cart.py": SHOP["shop/cart.py"]})
    assert index(store, shop.path, embedder).skipped == {}
    (shop.path / "shop/cart.py").write_bytes(b"\0")
    index(store, shop.path, embedder)
    (shop.path / "shop/cart.py").unlink()
    assert index(store, shop.path, embedder).skipped == {}


def test_while_the_embedding_server_is_down_words_are_indexed_and_vectors_wait(
    shop: GitRepository, store: GenerationStore, embedder: CountingEmbedder
) -> None:
    embedder.down = True
    report = index(store, shop.path, embedder)
    manifest = store.manifest()
    assert manifest is not None
    assert manifest.counts["pending"] == report.n_chunks > 0
    embedder.down = False
    assert index(store, shop.path, embedder).changed
    manifest = store.manifest()
    assert manifest is not None
    assert manifest.counts["pending"] == 0
    assert len(content(store)["vectors"]) == report.n_chunks  # type: ignore[arg-type]


def test_another_model_makes_a_new_generation_beside_the_old_one(
    shop: GitRepository, store: GenerationStore, embedder: CountingEmbedder
) -> None:
    index(store, shop.path, embedder)
    live = LiveIndex(store)
    with live.snapshot() as old:
        report = index(store, shop.path, CountingEmbedder(16, "counting-2"))
        assert old.manifest.embedder.dim == 8
        assert len(old.vectors) == report.n_chunks
    with live.snapshot() as new:
        assert new.manifest.embedder.dim == 16
        assert len(new.vectors) == report.n_chunks
    live.close()


def test_a_reader_keeps_its_generation_while_others_are_published(
    shop: GitRepository, store: GenerationStore, embedder: CountingEmbedder
) -> None:
    index(store, shop.path, embedder)
    live = LiveIndex(store)
    with live.snapshot() as old:
        paths = [document.path for document in old.catalog.documents]
        for step in range(4):
            shop.write({f"new/{step}.py": f"step = {step}\n"})
            (shop.path / "shop/cart.py").write_text(f"# {step}\n")
            index(store, shop.path, embedder)
        cart = old.catalog.by_path["shop/cart.py"]
        names = [d.name for d in old.catalog.definitions_of(cart.id)]
        assert names == ["Cart", "__init__", "items", "add_item", "checkout"]
        assert [d.path for d in old.catalog.documents] == paths
        found = old.lexical.search("body", ["checkout"], 10).ids.tolist()
        assert cart.id in {chunk >> 16 for chunk in found}
    with live.snapshot() as new:
        assert "new/3.py" in new.catalog.by_path
    live.close()


def test_a_broken_index_is_named_and_mended_without_embedding(
    shop: GitRepository, store: GenerationStore, embedder: CountingEmbedder
) -> None:
    index(store, shop.path, embedder)
    before = content(store)
    vectors = next((store.folder(1) / "vectors").iterdir())
    vectors.unlink()
    report = index(store, shop.path, embedder)
    assert vectors.name in report.notes[0]
    assert report.texts_embedded == 0
    assert content(store) == before


def test_a_broken_catalog_is_named_and_mended_without_embedding(
    shop: GitRepository, store: GenerationStore, embedder: CountingEmbedder
) -> None:
    index(store, shop.path, embedder)
    before = content(store)
    for file in store.root.glob("catalog.sqlite-*"):
        file.unlink()
    (store.root / "catalog.sqlite").write_bytes(b"no database" * 1000)
    report = index(store, shop.path, embedder)
    assert "catalog.sqlite" in report.notes[0]
    assert report.texts_embedded == 0
    assert content(store) == before


def test_a_second_indexer_is_refused(
    shop: GitRepository, store: GenerationStore, embedder: CountingEmbedder
) -> None:
    with store.lock(), pytest.raises(IndexLockedError):
        index(store, shop.path, embedder)


def test_progress_is_told_by_stage(
    shop: GitRepository, store: GenerationStore, embedder: CountingEmbedder
) -> None:
    told: list[Progress] = []
    index_repository(
        store, open_source(shop.path), embedder, IndexOptions(n_workers=1), progress=told.append
    )
    assert list(dict.fromkeys(state.stage for state in told)) == ["list", "index", "publish"]
    assert told[-1].done == told[-1].total == len(SHOP)


@pytest.mark.parametrize("kind", ["folder", "bare", "no_commits", "nothing"])
def test_every_kind_of_repository_is_indexed(
    kind: str, tmp_path: Path, store: GenerationStore, embedder: CountingEmbedder
) -> None:
    repository = GitRepository(tmp_path / "shop")
    path = repository.path
    expected = 0 if kind == "nothing" else len(SHOP)
    if kind != "nothing":
        repository.write(dict(SHOP))
    if kind == "folder":
        shutil.rmtree(path / ".git")
    if kind == "bare":
        repository.commit()
        path = tmp_path / "bare.git"
        repository.git("clone", "-q", "--bare", ".", str(path))
    report = index(store, path, embedder)
    assert report.n_files == expected
    assert not index(store, path, embedder).changed


_KILLED_RUN = """
import sys
from pathlib import Path
from codeintel.embedding.static import StaticEmbedder
from codeintel.git.files import open_source
from codeintel.indexer.pipeline import IndexOptions, index_repository
from codeintel.store.generations import GenerationStore
index_repository(GenerationStore(Path(sys.argv[1])), open_source(Path(sys.argv[2])),
                 StaticEmbedder(), IndexOptions(n_workers=1))
"""


def test_a_run_that_is_killed_leaves_the_old_index_and_the_next_one_goes_on(
    shop: GitRepository, store: GenerationStore
) -> None:
    def run(kill_after_s: float | None) -> int:
        child = subprocess.Popen(
            [sys.executable, "-c", _KILLED_RUN, str(store.root), str(shop.path)]
        )
        if kill_after_s is not None:
            time.sleep(kill_after_s)
            child.send_signal(signal.SIGKILL)
        return child.wait(timeout=120)

    assert run(None) == 0
    random = np.random.default_rng(3)
    for step in range(6):
        before = content(store)
        expected = store.manifest()
        shop.write({f"new/{step}-{n}.py": f"def f{n}():\n    return {step}\n" for n in range(40)})
        run(float(random.uniform(0.2, 1.0)))
        current = store.manifest()
        assert current is not None
        assert expected is not None
        store.verify(current, deep=True)
        if current.generation == expected.generation:
            assert content(store) == before
    assert run(None) == 0
    files = content(store)["files"]
    assert isinstance(files, dict)
    assert len(files) == len(SHOP) + 6 * 40
