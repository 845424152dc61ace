import subprocess
import threading
import time
from pathlib import Path

import pytest
from git_histories import git_blame
from git_repos import TestRepository

from codeintel.errors import GitCommandError, RepositoryError
from codeintel.git.background import BuildState
from codeintel.git.client import GitClient
from codeintel.git.history_store import HistoryStore
from codeintel.git.layers import MAX_WHOLE, WORTH_BUILDING
from codeintel.git.worker import Worker


def indexed(cache: Path, sha: str) -> bool:
    """Tell whether the index of a cache folder knows a commit."""
    try:
        [file] = cache.glob("history-*.sqlite")
        store = HistoryStore(file)
    except (FileNotFoundError, ValueError):
        return False
    try:
        return store.commit_number(sha) is not None
    finally:
        store.close()


def test_new_commits_are_answered_at_once_and_indexed_in_the_background(
    repository: TestRepository, tmp_path: Path
) -> None:
    first = repository.commit(a="1\n2\n")
    cache = tmp_path / "cache"
    with GitClient(repository.path, cache_dir=cache) as client:
        client.build()
        assert indexed(cache, first)
        second = repository.commit(a="1\ntwo\n")
        assert [e.full_sha for e in client.blame_range("a")] == [first, second]
        while not indexed(cache, second):
            time.sleep(0.05)
        assert [e.full_sha for e in client.blame_range("a")] == [first, second]


def test_an_index_is_built_by_itself_where_questions_keep_coming(
    repository: TestRepository, tmp_path: Path
) -> None:
    sha = repository.commit(a="1\n")
    cache = tmp_path / "cache"
    with GitClient(repository.path, cache_dir=cache) as client:
        assert len(client.file_history("a")) == 1
        assert not list(cache.glob("history-*"))
        while not indexed(cache, sha):
            assert [e.full_sha for e in client.file_history("a")] == [sha]
            time.sleep(0.02)
        assert [e.full_sha for e in client.file_history("a")] == [sha]


def test_a_rewritten_branch_is_answered_rightly(repository: TestRepository, tmp_path: Path) -> None:
    repository.commit(a="1\n", b="1\n")
    base = repository.head()
    repository.commit(a="2\n")
    with GitClient(repository.path, cache_dir=tmp_path / "cache") as client:
        client.build()
        repository.git("reset", "-q", "--hard", base)
        other = repository.commit(a="3\n")
        repository.git("reflog", "expire", "--expire=now", "--all")
        repository.git("gc", "-q", "--prune=now")
        client.build()
        assert [e.full_sha for e in client.file_history("a")] == [other, base]
        assert [e.full_sha for e in client.blame_range("a")] == [other]


def test_a_real_shallow_clone_marks_its_boundary_and_can_be_deepened(
    repository: TestRepository, tmp_path: Path
) -> None:
    shas = [repository.commit(a=f"{n}\n" + "x\n" * n) for n in range(4)]
    clone = tmp_path / "clone"
    url = f"file://{repository.path}"
    subprocess.run(["git", "clone", "-q", "--depth=2", url, clone], check=True)
    with GitClient(clone, cache_dir=tmp_path / "cache") as client:
        client.build()
        entries = client.blame_range("a")
        assert {e.full_sha for e in entries} == set(shas[-2:])
        assert {e.full_sha for e in entries if e.boundary} == {shas[2]}
        subprocess.run(["git", "-C", clone, "fetch", "-q", "--unshallow"], check=True)
        for _ in range(2):
            assert {e.full_sha for e in client.blame_range("a")} == set(shas[1:])
            assert len(client.file_history("a")) == 4
            client.build()


def test_a_missing_object_only_spoils_its_own_file(
    repository: TestRepository, tmp_path: Path
) -> None:
    repository.commit(a="lost\n", b="1\n")
    lost = repository.git("rev-parse", "HEAD:a").decode().strip()
    last = repository.commit(a="2\n", b="2\n")
    (repository.path / ".git/objects" / lost[:2] / lost[2:]).unlink()
    worker = Worker(repository.path, tmp_path / "cache")
    worker.extend(lambda *_: None)
    assert worker.blame(lambda *_: None) == 1
    worker.close()
    with GitClient(repository.path, cache_dir=tmp_path / "cache") as client:
        assert client.blame_range("b")[0].full_sha == last
        with pytest.raises(GitCommandError):
            client.blame_range("a")


def test_a_build_tells_its_progress(repository: TestRepository, tmp_path: Path) -> None:
    repository.commit(**{f"file{n}": "1\n" for n in range(3)})
    seen: list[BuildState] = []
    with GitClient(repository.path, cache_dir=tmp_path / "cache") as client:
        client.build(progress=seen.append)
    assert BuildState("extend", 1, 1) in seen
    assert BuildState("blame", 3, 3) in seen


def test_closing_ends_a_build(repository: TestRepository, tmp_path: Path) -> None:
    repository.commit(a="1\n")
    client = GitClient(repository.path, cache_dir=tmp_path / "cache")
    client.build()  # the worker is up
    client.close()
    with pytest.raises(RepositoryError):
        client.build()
    client.close()


def test_two_builders_do_not_disturb_each_other(repository: TestRepository, tmp_path: Path) -> None:
    shas = [repository.commit(a=f"{n}\n") for n in range(5)]
    cache = tmp_path / "cache"
    failures: list[BaseException] = []

    def build() -> None:
        worker = Worker(repository.path, cache)
        try:
            worker.graph(lambda *_: None)
            worker.extend(lambda *_: None)
            worker.blame(lambda *_: None)
        except BaseException as error:
            failures.append(error)
        finally:
            worker.close()

    threads = [threading.Thread(target=build) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with GitClient(repository.path, cache_dir=cache) as client:
        assert [e.full_sha for e in client.file_history("a")] == shas[::-1]


def test_an_index_of_another_repository_is_not_mistaken_for_this_one(
    repository: TestRepository, tmp_path: Path
) -> None:
    repository.commit(a="1\n")
    other = TestRepository(tmp_path / "other")
    sha = other.commit(a="other\n")
    cache = tmp_path / "cache"
    for path in (repository.path, other.path):
        with GitClient(path, cache_dir=cache) as client:
            client.build()
    with GitClient(other.path, cache_dir=cache) as client:
        assert [e.full_sha for e in client.blame_range("a")] == [sha]


def test_a_file_of_many_versions_is_blamed_as_git_does(
    repository: TestRepository, tmp_path: Path
) -> None:
    lines = [f"{n}\n" for n in range(40)]
    for n in range(MAX_WHOLE + 100):
        lines[n * 7 % 40 : n * 7 % 40 + 1] = [f"{n}a\n", f"{n}b\n"] if n % 9 == 0 else [f"{n}\n"]
        repository.commit(a="".join(lines))
    expected = git_blame(repository.path, "HEAD", "a")
    with GitClient(repository.path, cache_dir=tmp_path / "cache", background=False) as client:
        client.build(blame=False)
        for first in range(1, len(lines) + 1, 10):
            last = min(first + 9, len(lines))
            found = client.blame_range("a", first, last)
            assert [e.full_sha for e in found] == [e[0] for e in expected[first - 1 : last]]


def test_closing_while_a_build_begins_ends_its_process(
    repository: TestRepository, tmp_path: Path
) -> None:
    repository.commit(a="1\n")
    for pause_s in (0, 0.001, 0.003, 0.01):
        client = GitClient(repository.path, cache_dir=tmp_path / f"cache{pause_s}")
        for _ in range(WORTH_BUILDING):
            client.file_history("a")
        time.sleep(pause_s)
        client.close()
        process = client._background._process if client._background else None
        assert process is None or process.poll() is not None


def test_a_plain_rename_is_known_and_a_changed_one_is_asked(
    repository: TestRepository, tmp_path: Path
) -> None:
    text = "".join(f"{n}\n" for n in range(20))
    repository.commit(a=text, b="b\n" * 9, c=f"{text}c\n", d="d\n" * 9)
    for old, new in (("a", "a2"), ("b", "b2"), ("c", "c2")):
        repository.git("mv", old, new)
    repository.commit(c2=f"{text}changed\n")
    repository.git("rm", "-q", "d")
    repository.commit(d2="other\n", d3="d\n" * 9, d4="d\n" * 9)
    with GitClient(repository.path, cache_dir=tmp_path / "cache", background=False) as client:
        client.build(blame=False)
        for path in ("a2", "b2", "c2", "d2", "d3", "d4"):
            found = [
                (e.full_sha, e.original_line, e.original_path) for e in client.blame_range(path)
            ]
            assert found == [line[:3] for line in git_blame(repository.path, "HEAD", path)]


def test_the_whole_of_a_file_that_is_asked_for_again_is_blamed_in_the_background(
    repository: TestRepository, tmp_path: Path
) -> None:
    for n in range(MAX_WHOLE + 2):
        repository.commit(a=f"{n}\n" * 3)
    cache = tmp_path / "cache"
    with GitClient(repository.path, cache_dir=cache) as client:
        client.build(blame=False)
        [file] = cache.glob("history-*.sqlite")
        store = HistoryStore(file)
        number = store.path_number("a")
        assert number is not None
        deadline = time.monotonic() + 60
        while not store.cached_tips(number) and time.monotonic() < deadline:
            client.blame_range("a", 1, 1)
        assert store.cached_tips(number)
        store.close()
