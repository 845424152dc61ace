"""Which repositories may have changed, on a real file system."""

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from codeintel.indexer.watch import changed, is_remote
from repositories import GitRepository

pytestmark = pytest.mark.slow

NONE = Path("/nonexistent")
# Longer than a batch; what has not been told by then is not told.
QUIET_S = 1.0


@contextmanager
def watching(folders: dict[str, Path], ours: Path = NONE, **more: Path) -> Iterator[queue.Queue]:
    """Collect what is told, after the first round."""
    told: queue.Queue = queue.Queue()
    stop = threading.Event()

    def collect():
        for names in changed(folders, ours, stop, **more):
            told.put(names)

    thread = threading.Thread(target=collect)
    thread.start()
    assert told.get(timeout=30) == frozenset(folders)
    try:
        yield told
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive()


@pytest.fixture
def app(tmp_path: Path) -> GitRepository:
    repository = GitRepository(tmp_path / "app")
    repository.commit({"a.py": "a = 1\n"}, "Begin")
    return repository


def written_until_told(told: queue.Queue, write) -> frozenset[str]:
    """Write again until it is told: events begin some time after the watch does."""
    for number in range(300):
        write(number)
        try:
            return told.get(timeout=0.1)
        except queue.Empty:
            continue
    raise AssertionError("no change was told")


def settled(told: queue.Queue) -> set[str]:
    """Give what is still told before it is quiet."""
    names: set[str] = set()
    while True:
        try:
            names |= told.get(timeout=QUIET_S)
        except queue.Empty:
            return names


def test_a_written_file_is_told_of_its_repository_alone(app, tmp_path):
    other = GitRepository(tmp_path / "other")
    with watching({"app": app.path, "other": other.path}) as told:
        names = written_until_told(told, lambda n: (app.path / "a.py").write_text(f"a = {n}\n"))
        assert names | settled(told) == {"app"}


def test_a_burst_of_changes_is_few_batches(app):
    with watching({"app": app.path}) as told:
        written_until_told(told, lambda n: (app.path / "a.py").write_text(f"a = {n}\n"))
        settled(told)
        for number in range(1_000):
            (app.path / f"f{number}.py").write_text("x = 1\n")
        n_batches = 0
        while True:
            try:
                assert told.get(timeout=QUIET_S) == {"app"}
            except queue.Empty:
                break
            n_batches += 1
        assert 1 <= n_batches <= 20


def test_what_we_write_ourselves_and_gits_own_files_are_no_change(app):
    ours = app.path / ".index"
    ours.mkdir()
    with watching({"app": app.path}, ours) as told:
        written_until_told(told, lambda n: (app.path / "a.py").write_text(f"a = {n}\n"))
        settled(told)
        (ours / "part").write_text("x")
        app.git("status")
        (app.path / ".git" / "objects" / "junk").write_text("x")
        assert settled(told) == set()


def test_a_commit_and_another_branch_are_told(app):
    with watching({"app": app.path}) as told:
        written_until_told(told, lambda n: (app.path / "a.py").write_text(f"a = {n}\n"))
        settled(told)
        app.git("checkout", "-q", "-b", "next")
        assert settled(told) == {"app"}
        app.git("commit", "-q", "--allow-empty", "-m", "Next")
        assert settled(told) == {"app"}


def test_what_git_is_told_to_ignore_is_told(app):
    with watching({"app": app.path}) as told:
        written_until_told(told, lambda n: app.write({"a.py": f"a = {n}\n"}))
        settled(told)
        app.write({".git/info/exclude": "a.py\n"})
        assert told.get(timeout=30) == {"app"}


def test_a_push_to_a_bare_repository_is_told(app, tmp_path):
    bare = tmp_path / "bare.git"
    app.git("clone", "-q", "--bare", str(app.path), str(bare))
    with watching({"bare": bare}) as told:

        def push(number: int) -> None:
            app.commit({"a.py": f"a = {number + 5}\n"}, "More")
            app.git("push", "-q", str(bare), "HEAD")

        assert written_until_told(told, push) == {"bare"}


def test_a_linked_worktree_is_told_of_its_own_head(app, tmp_path):
    linked = tmp_path / "linked"
    app.git("worktree", "add", "-q", str(linked), "-b", "side")
    with watching({"linked": linked}) as told:
        written_until_told(told, lambda n: (linked / "a.py").write_text(f"a = {n}\n"))
        settled(told)
        app.git("-C", str(linked), "commit", "-q", "--allow-empty", "-m", "Side")
        assert settled(told) == {"linked"}


def test_where_there_are_no_events_all_are_looked_at_again_and_again(app, tmp_path):
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/sda / ext4 rw 0 0\nserver:/x {tmp_path} nfs4 rw 0 0\n")
    assert is_remote(app.path, mounts)
    with watching({"app": app.path}, mounts=mounts) as told:
        assert told.get(timeout=30) == {"app"}
        assert told.get(timeout=30) == {"app"}


def test_the_nearest_mount_decides(tmp_path):
    mounts = tmp_path / "mounts"
    mounts.write_text(f"server:/ / nfs rw 0 0\n/dev/sda {tmp_path} ext4 rw 0 0\n")
    assert not is_remote(tmp_path, mounts)
    assert not is_remote(tmp_path, tmp_path / "none")


def test_a_folder_that_cannot_be_watched_is_looked_at(tmp_path):
    with watching({"gone": tmp_path / "gone"}) as told:
        assert told.get(timeout=30) == {"gone"}


def test_a_stop_before_the_start_means_once():
    stop = threading.Event()
    stop.set()
    assert list(changed({"app": NONE}, NONE, stop)) == [{"app"}]
