"""Kills a writer of vectors before each of its steps on the disk, and checks what is left.

Each writer is a fork of this process, which never searches itself: FAISS's threads do not survive
a fork. Prints how many steps there were.
"""

import os
import shutil
import signal
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from vectors_child import DIM, RECORD, compress_small_indexes, vector

from codeintel.index import vector_files as files
from codeintel.index.faiss_manager import FAISSManager
from codeintel.index.vector_plan import VectorOptions
from codeintel.store.generations import GenerationStore, Manifest

OPTIONS = VectorOptions(build_threads=1)
OLD = dict.fromkeys(range(120), 0)
NEW = dict.fromkeys(range(30), 1) | dict.fromkeys(range(30, 110), 0)
STEPS = {"open", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir"}


def publish(store: GenerationStore, index: FAISSManager) -> None:
    draft = store.draft()
    index.save(draft.part("vectors"))
    manifest = Manifest(generation=0, source="", commit=None, pipeline="", embedder=RECORD)
    store.publish(draft, manifest)
    store.collect()


def opened(store: GenerationStore) -> FAISSManager:
    manifest = store.manifest()
    assert manifest
    store.verify(manifest, deep=True)
    folder = store.folder(manifest.generation) / "vectors"
    assert files.broken_files(folder) == []
    return FAISSManager.open(folder, OPTIONS, scratch=store.root)


def begin(store: GenerationStore) -> None:
    with store.lock():
        index = FAISSManager.create(DIM, OPTIONS, scratch=store.root)
        index.build_index(np.stack([vector(*item) for item in OLD.items()]), list(OLD))
        publish(store, index)


def change(store: GenerationStore, *, merge: bool) -> None:
    with store.lock():
        index = opened(store)
        index.update_index(np.stack([vector(n, 1) for n in range(30)]), np.arange(30))
        index.remove(np.arange(110, 120))
        if merge:
            index.merge_indexes()
        publish(store, index)


def check(store: GenerationStore) -> None:
    """What is served is the old index or the new one, and can be changed to the new one."""
    assert holds(opened(store), OLD) or holds(opened(store), NEW)
    change(store, merge=True)
    assert holds(opened(store), NEW)
    assert not list(store.root.glob("generations/.draft-*"))


def holds(index: FAISSManager, versions: dict[int, int]) -> bool:
    if index.ids.tolist() != sorted(versions):
        return False
    scores = [index.similarities(vector(n, version), [n]) for n, version in versions.items()]
    return bool(np.allclose(scores, 1.0, atol=2e-3))


def die_before(step: int, root: Path) -> None:
    """Kill this process before a step in the index folder."""
    done = 0

    def writes(path: object, mode: object, flags: int) -> bool:
        return str(path).startswith(str(root)) and flags & (os.O_WRONLY | os.O_RDWR) != 0

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal done
        if event not in STEPS or (event == "open" and not writes(*arguments)):
            return
        done += 1
        if done == step:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def forked(work: Callable[[], None]) -> int:
    """Work in a fork of this process; gives its exit code, below 0 where it was killed."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        work()
    except BaseException:
        sys.excepthook(*sys.exc_info())
        os._exit(1)
    os._exit(0)


def main(root: Path, *, merge: bool) -> None:
    compress_small_indexes()
    assert forked(lambda: begin(GenerationStore(root / "begun"))) == 0
    for step in count(1):
        folder = root / str(step)
        shutil.copytree(root / "begun", folder)
        store = GenerationStore(folder)

        def work(step: int = step, store: GenerationStore = store) -> None:
            die_before(step, store.root)
            change(store, merge=merge)

        code = forked(work)
        assert code in (0, -signal.SIGKILL), code
        assert forked(lambda store=store: check(store)) == 0, step  # type: ignore[misc]
        shutil.rmtree(folder)
        if code == 0:
            print(step - 1)
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]), merge=sys.argv[2] == "merge")
