"""What a server does beside answering."""

import time
from pathlib import Path
from threading import Event, Thread

from codeintel.api import CodeIntel
from codeintel.cli.following import follow
from codeintel.config import Settings
from repositories import GitRepository


def test_an_index_that_is_followed_is_merged_beside(shop: GitRepository, tmp_path: Path) -> None:
    settings = Settings(index_dir=tmp_path / "index", workers=1, merge_min=2, merge_ratio=0.0)
    with CodeIntel(shop.path, settings=settings) as intel:
        (first,) = intel.index()
        for name in ("one", "two", "three"):
            shop.write({f"{name}.py": f"def {name}(value):\n    return value\n"})
        stop = Event()
        following = Thread(target=follow, args=(intel, stop))
        following.start()
        try:
            deadline_s = time.monotonic() + 60
            while time.monotonic() < deadline_s:
                (status,) = intel.index_status().repositories
                if status.generation == 3:
                    break
                time.sleep(0.05)
        finally:
            stop.set()
            following.join()
        assert status.n_files == first.n_files + 3
        assert "secondary 0, tombstones 0" in status.vector_index
        assert intel.semantic_search("three").hits[0].path == "three.py"
