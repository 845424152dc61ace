import os
import threading
from pathlib import Path
from time import monotonic

import pytest
from git_repos import TestRepository

from codeintel.errors import (
    BusyError,
    DeadlineExceededError,
    GitCommandError,
    GitNotInstalledError,
    NotARepositoryError,
)
from codeintel.git import process
from codeintel.git.objects import ObjectReader
from codeintel.git.process import MAX_PROCESSES, Git, job


@pytest.fixture
def slow_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Git:
    """A git whose every command takes a minute."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "git").write_text("#!/bin/sh\necho begun\nexec sleep 60\n")
    (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return Git(tmp_path)


def test_a_command_that_fails_tells_status_and_message(repository: TestRepository) -> None:
    with pytest.raises(GitCommandError, match="ambiguous argument") as caught:
        Git(repository.path).run("log", "nope")
    assert caught.value.status == 128
    assert str(repository.path) not in str(caught.value)
    assert Git(repository.path).run("log", "nope", accept=(0, 128)) == b""


def test_a_folder_without_repository_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotARepositoryError):
        Git(tmp_path).run("status")


def test_a_missing_git_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitNotInstalledError):
        Git(tmp_path).run("version")


def test_a_deadline_kills_the_process(slow_git: Git) -> None:
    start = monotonic()
    with pytest.raises(DeadlineExceededError, match=r"0\.2 s"):
        slow_git.run("log", timeout_s=0.2)
    assert monotonic() - start < 30


def test_a_deadline_ends_a_stream(slow_git: Git) -> None:
    with pytest.raises(DeadlineExceededError), job(0.3), slow_git.stream("log") as output:
        output.read()


def test_the_outer_deadline_rules(slow_git: Git) -> None:
    with job(0.2), pytest.raises(DeadlineExceededError, match=r"0\.2 s"):
        slow_git.run("log", timeout_s=100)


def test_cancelling_kills_what_runs_and_refuses_what_comes(slow_git: Git) -> None:
    with job(100) as current:
        timer = threading.Timer(0.2, current.cancel)
        timer.start()
        with pytest.raises(DeadlineExceededError, match="cancelled"):
            slow_git.run("log")
        with pytest.raises(DeadlineExceededError, match="cancelled"):
            slow_git.run("log")
        timer.join()


def test_leaving_a_stream_early_ends_the_process(slow_git: Git) -> None:
    with slow_git.stream("log") as output:
        assert output.readline() == b"begun\n"


def test_a_stream_that_fails_says_so_at_its_end(repository: TestRepository) -> None:
    with (
        pytest.raises(GitCommandError),
        Git(repository.path).stream("log", "nope") as output,
    ):
        assert output.read() == b""


def test_a_conversation_ends_with_its_block(repository: TestRepository) -> None:
    with Git(repository.path).converse("diff-tree", "--stdin") as running:
        assert running is not None
        process = running.process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"nothing\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"nothing\n"
        assert process.poll() is None
    assert process.poll() is not None


def test_only_so_many_processes_run_at_once(slow_git: Git) -> None:
    release = threading.Event()
    entered = threading.Barrier(MAX_PROCESSES + 1)

    def hold() -> None:
        with slow_git.stream("log") as output:
            output.readline()
            entered.wait()
            release.wait()

    threads = [threading.Thread(target=hold) for _ in range(MAX_PROCESSES)]
    for thread in threads:
        thread.start()
    entered.wait()
    try:
        with pytest.raises(BusyError, match=str(MAX_PROCESSES)):
            slow_git.run("log", timeout_s=0.1)
        with slow_git.converse("log", wait=False) as running:
            assert running is None
    finally:
        release.set()
        for thread in threads:
            thread.join()
    assert process._slots.acquire(blocking=False)
    process._slots.release()


def test_objects_are_read_by_name(repository: TestRepository) -> None:
    sha = repository.commit(a="one\n", **{"with space": "two\n"})
    reader = ObjectReader(Git(repository.path))
    info = reader.info(f"{sha}:a")
    assert info is not None
    assert (info.kind, info.size_bytes) == ("blob", 4)
    assert reader.read(f"{sha}:a") == b"one\n"
    assert reader.read(f"{sha}:with space") == b"two\n"
    for name in ("nope", f"{sha}:none", "a\nb", "a b c 5", sha):
        assert reader.read(name) is None
    assert reader.info("nope") is None
    reader.close()
    assert reader.read(f"{sha}:a") == b"one\n"
    reader.close()


def test_a_reader_whose_process_died_recovers(repository: TestRepository) -> None:
    sha = repository.commit(a="one\n")
    reader = ObjectReader(Git(repository.path))
    assert reader.read(f"{sha}:a") == b"one\n"
    running = reader._contents._process
    assert running is not None
    running.kill()
    running.wait()
    with pytest.raises(GitCommandError):
        reader.read(f"{sha}:a")
    assert reader.read(f"{sha}:a") == b"one\n"
    reader.close()
