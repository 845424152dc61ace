"""kill -9 at any moment leaves a whole generation, old or new.

`VECTOR_KILLS` sets how many times a writer is killed; 200 and more before a release.
"""

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import vectors_child

from codeintel.index import vector_files as files
from codeintel.index.faiss_manager import FAISSManager
from codeintel.store.generations import GenerationStore

KILLS = int(os.environ.get("VECTOR_KILLS", "24"))


def journal_of(root: Path) -> dict[int, list[dict[int, int]]]:
    """Everything that any writer meant a generation to hold."""
    meant: dict[int, list[dict[int, int]]] = {}
    for line in (root / "journal").read_text().splitlines():
        try:
            generation, versions = json.loads(line)
        except json.JSONDecodeError:
            continue  # killed while it wrote; such a generation was not published
        meant.setdefault(generation, []).append({int(k): v for k, v in versions.items()})
    return meant


def check_survivor(root: Path) -> int:
    """Open what is served and compare every vector; returns its generation."""
    store = GenerationStore(root)
    manifest = store.manifest()
    if manifest is None:
        return 0
    store.verify(manifest, deep=True)
    folder = store.folder(manifest.generation) / "vectors"
    assert files.broken_files(folder) == []
    index = FAISSManager.open(folder)
    versions = {int(key): int(value) for key, value in manifest.notes.items()}
    assert versions in journal_of(root)[manifest.generation]
    assert list(index.ids) == sorted(versions)
    for number, version in versions.items():
        query = vectors_child.vector(number, version)
        np.testing.assert_allclose(index.similarities(query, [number]), 1.0, atol=2e-3)
    probe = vectors_child.vector(7, 7)
    _, found = index.search(probe, len(versions))
    assert sorted(found[0]) == sorted(versions)
    return manifest.generation


@pytest.mark.slow
def test_every_kill_leaves_a_whole_generation(tmp_path: Path) -> None:
    chance = random.Random(11)
    child = Path(vectors_child.__file__)
    last, kinds = 0, set()
    for turn in range(KILLS):
        process = subprocess.Popen([sys.executable, child, str(tmp_path), str(turn)])
        try:
            began = GenerationStore(tmp_path)
            wait_for_work(began, last, process)
            time.sleep(chance.random() * 0.15)
        finally:
            process.kill()
            process.wait()
        generation = check_survivor(tmp_path)
        assert generation >= last
        last = generation
        manifest = began.manifest()
        if manifest:
            kinds |= {Path(record.path).name for record in manifest.files}
    assert last > KILLS // 2
    assert files.CODES_FILE in kinds


def wait_for_work(store: GenerationStore, last: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until the writer has published, or for a while; it must not end by itself."""
    for _ in range(600):
        assert process.poll() is None, "the writer failed"
        manifest = store.manifest()
        if manifest and manifest.generation > last:
            return
        time.sleep(0.05)
    raise AssertionError("the writer published nothing within 30 s")
