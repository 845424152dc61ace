import errno
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from codeintel.errors import (
    IndexCorruptError,
    IndexLockedError,
    IndexVersionError,
    StorageError,
)
from codeintel.store.generations import EmbedderRecord, GenerationStore, Manifest

EMBEDDER = EmbedderRecord("test", 4, "f")


def manifest(commit: str | None = None) -> Manifest:
    return Manifest(generation=0, source="shop", commit=commit, pipeline="1", embedder=EMBEDDER)


def publish(store: GenerationStore, files: dict[str, str], *, link: str = "") -> Manifest:
    with store.lock():
        draft = store.draft()
        if link:
            draft.link_part(link)
        for name, text in files.items():
            path = draft.path / name
            path.parent.mkdir(exist_ok=True)
            path.unlink(missing_ok=True)
            path.write_text(text)
        return store.publish(draft, manifest())


@pytest.fixture
def store(tmp_path: Path) -> GenerationStore:
    return GenerationStore(tmp_path / "index")


def test_an_index_folder_begins_without_a_manifest(store: GenerationStore) -> None:
    assert store.manifest() is None


def test_a_published_generation_is_current_and_complete(store: GenerationStore) -> None:
    published = publish(store, {"words/a": "alpha", "words/b": "beta"})
    assert store.manifest() == published
    assert [record.path for record in published.files] == ["words/a", "words/b"]
    assert published.generation == 1
    store.verify(published, deep=True)


def test_a_linked_file_keeps_its_record_and_is_not_written_again(store: GenerationStore) -> None:
    first = publish(store, {"words/a": "alpha"})
    second = publish(store, {"words/b": "beta"}, link="words")
    assert first.files[0] in second.files
    assert os.path.samefile(store.folder(1) / "words/a", store.folder(2) / "words/a")


def test_replacing_a_linked_file_leaves_the_older_generation_as_it_was(
    store: GenerationStore,
) -> None:
    publish(store, {"words/a": "alpha"})
    publish(store, {"words/a": "changed"}, link="words")
    assert (store.folder(1) / "words/a").read_text() == "alpha"
    store.verify(store.manifest() or manifest(), deep=True)


def test_collecting_keeps_the_newest_two(store: GenerationStore) -> None:
    for text in "abcd":
        publish(store, {"words/a": text})
    store.collect()
    assert [store.folder(n).exists() for n in (1, 2, 3, 4)] == [False, False, True, True]


def test_a_draft_that_was_never_published_is_removed_by_the_next_writer(
    store: GenerationStore,
) -> None:
    publish(store, {"words/a": "alpha"})
    with store.lock():
        abandoned = store.draft()
        (abandoned.path / "junk").write_text("junk")
        again = store.draft()
        assert again.generation == abandoned.generation
        assert not (again.path / "junk").exists()


@pytest.mark.parametrize("step", ["fsync", "rename", "replace"])
def test_a_crash_at_any_step_of_publishing_leaves_the_old_generation(
    store: GenerationStore, step: str
) -> None:
    """A child process dies, by SIGKILL, at the first call of the step."""
    publish(store, {"words/a": "alpha"})
    script = f"""
import os, signal
from pathlib import Path
from codeintel.store.generations import *
store = GenerationStore(Path({str(store.root)!r}))
with store.lock():
    draft = store.draft()
    (draft.part("words") / "a").write_text("beta")
    os.{step} = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
    store.publish(draft, Manifest(generation=0, source="s", commit=None, pipeline="1",
                                  embedder=EmbedderRecord("t", 4, "f")))
"""
    child = subprocess.run([sys.executable, "-c", script], check=False, timeout=60)
    assert child.returncode == -9
    current = store.manifest()
    assert current is not None
    assert current.generation == 1
    store.verify(current, deep=True)
    assert publish(store, {"words/a": "gamma"}).generation == 2
    assert (store.folder(2) / "words/a").read_text() == "gamma"


def test_a_second_writer_is_told_that_the_index_is_locked(store: GenerationStore) -> None:
    script = f"""
from pathlib import Path
from codeintel.errors import IndexLockedError
from codeintel.store.generations import GenerationStore
try:
    with GenerationStore(Path({str(store.root)!r})).lock():
        pass
except IndexLockedError as error:
    print(error)
"""
    with store.lock():
        child = subprocess.run(
            [sys.executable, "-c", script], check=True, capture_output=True, text=True, timeout=60
        )
    assert "Another process is writing this index." in child.stdout
    with store.lock():
        pass


def test_a_lock_is_refused_within_one_process_too(store: GenerationStore) -> None:
    with store.lock(), pytest.raises(IndexLockedError), store.lock():
        pass


def test_an_index_of_a_newer_version_is_refused_by_name(store: GenerationStore) -> None:
    store.root.mkdir()
    store.manifest_path.write_text('{"format_version": 99, "from": "the future"}')
    with pytest.raises(IndexVersionError, match="format 99"):
        store.manifest()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"generation": "one"}'])
def test_a_broken_manifest_is_named(store: GenerationStore, content: str) -> None:
    store.root.mkdir()
    store.manifest_path.write_text(content)
    with pytest.raises(IndexCorruptError, match=r"manifest\.json"):
        store.manifest()


def test_a_truncated_file_is_named(store: GenerationStore) -> None:
    published = publish(store, {"words/a": "alpha"})
    (store.folder(1) / "words/a").write_text("al")
    with pytest.raises(IndexCorruptError, match="'words/a' has 2 bytes instead of 5"):
        store.verify(published)


def test_a_missing_file_is_named(store: GenerationStore) -> None:
    published = publish(store, {"words/a": "alpha"})
    (store.folder(1) / "words/a").unlink()
    with pytest.raises(IndexCorruptError, match="'words/a' is missing"):
        store.verify(published)


def test_a_flipped_bit_is_found_by_a_deep_look(store: GenerationStore) -> None:
    published = publish(store, {"words/a": "alpha"})
    (store.folder(1) / "words/a").write_text("alpHa")
    store.verify(published)
    with pytest.raises(IndexCorruptError, match="'words/a' has changed"):
        store.verify(published, deep=True)


@pytest.mark.parametrize("step", ["fsync", "rename", "replace", "link"])
def test_a_full_disk_leaves_the_old_generation(
    store: GenerationStore, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(store, {"words/a": "alpha"})

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, step, full)
        with pytest.raises(StorageError, match="The disk is full"):
            publish(store, {"words/b": "beta"}, link="words")
    current = store.manifest()
    assert current is not None
    assert current.generation == 1
    store.verify(current, deep=True)


def test_a_file_in_the_place_of_the_index_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "index").write_text("no folder")
    with (
        pytest.raises(StorageError, match="no folder"),
        GenerationStore(tmp_path / "index" / "shop").lock(),
    ):
        pass


def test_the_size_is_told_while_folders_come_and_go(store: GenerationStore) -> None:
    publish(store, {"words/a": "alpha"})
    done = threading.Event()

    def come_and_go() -> None:
        folder = store.root / "generations" / ".draft-9"
        while not done.is_set():
            for n in range(20):
                (folder / f"part{n}" / "below").mkdir(parents=True)
            shutil.rmtree(folder)

    writer = threading.Thread(target=come_and_go)
    writer.start()
    try:
        sizes = [store.size_bytes() for _ in range(300)]
    finally:
        done.set()
        writer.join()
    assert set(sizes) == {store.size_bytes()}
