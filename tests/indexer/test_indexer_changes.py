import threading
import time
from pathlib import Path

import pytest

from codeintel.effort import Effort, Wish, wished
from codeintel.embedding.static import StaticEmbedder
from codeintel.git.files import open_source
from codeintel.index.snapshot import LiveIndex
from codeintel.indexer import changes
from codeintel.indexer.changes import Changes
from codeintel.indexer.pipeline import IndexOptions, index_repository
from codeintel.store.generations import GenerationStore
from repositories import GitRepository


def indexed(shop: GitRepository, tmp_path: Path) -> LiveIndex:
    store = GenerationStore(tmp_path / "index")
    index_repository(store, open_source(shop.path), StaticEmbedder(), IndexOptions(n_workers=1))
    return LiveIndex(store)


def test_changed_new_and_removed_files_are_seen(shop: GitRepository, tmp_path: Path) -> None:
    live = indexed(shop, tmp_path)
    shop.write({"shop/cart.py": "x = 1\n", "new.py": "y = 2\n", "logo.png": b"\0"})
    (shop.path / "shop/retry.py").unlink()
    (shop.path / "web/app.ts").write_bytes(b"\0")
    with live.snapshot() as snapshot:
        assert Changes(shop.path).since(snapshot.catalog) == {
            "shop/cart.py": "x = 1\n",
            "new.py": "y = 2\n",
            "shop/retry.py": None,
            "web/app.ts": None,
        }
    live.close()


def test_an_index_that_is_current_has_no_changes(shop: GitRepository, tmp_path: Path) -> None:
    live = indexed(shop, tmp_path)
    with live.snapshot() as snapshot:
        assert Changes(shop.path).since(snapshot.catalog) == {}
    live.close()


def test_a_change_is_seen_a_moment_later(shop: GitRepository, tmp_path: Path) -> None:
    live = indexed(shop, tmp_path)
    seen = Changes(shop.path)
    with live.snapshot() as snapshot:
        assert seen.since(snapshot.catalog) == {}
        shop.write({"new.py": "y = 2\n"})
        time.sleep(changes._LOOK_S)
        assert seen.since(snapshot.catalog) == {"new.py": "y = 2\n"}
        shop.write({"new.py": "y = 333\n"})
        time.sleep(changes._LOOK_S)
        assert seen.since(snapshot.catalog) == {"new.py": "y = 333\n"}
    live.close()


def test_where_answers_have_to_be_cheap_a_change_is_seen_later(
    shop: GitRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = 0.0
    monkeypatch.setattr("time.monotonic", lambda: now_s)
    live = indexed(shop, tmp_path)
    seen, wish = Changes(shop.path), Wish(Effort.FEWER)
    with live.snapshot() as snapshot, wished(wish):
        assert seen.since(snapshot.catalog) == {}
        shop.write({"new.py": "y = 2\n"})
        now_s = 0.9 * changes._LOOK_S
        assert seen.since(snapshot.catalog) == {}
        assert wish.spent is Effort.FULL
        now_s = changes._LOOK_S + 0.9 * changes._LATER_S
        assert seen.since(snapshot.catalog) == {}
        assert wish.spent is Effort.FEWER
        now_s = changes._LOOK_S + 1.1 * changes._LATER_S
        assert seen.since(snapshot.catalog) == {"new.py": "y = 2\n"}
    live.close()


def test_many_threads_see_the_same(shop: GitRepository, tmp_path: Path) -> None:
    live = indexed(shop, tmp_path)
    shop.write({"new.py": "y = 2\n"})
    seen, found = Changes(shop.path), []
    with live.snapshot() as snapshot:
        threads = [
            threading.Thread(target=lambda: found.append(seen.since(snapshot.catalog)))
            for _ in range(16)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    live.close()
    assert found == [{"new.py": "y = 2\n"}] * 16
