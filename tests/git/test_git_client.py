import os
import threading
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest
from git_repos import TestRepository

from codeintel.errors import (
    DeadlineExceededError,
    GitNotInstalledError,
    InvalidCursorError,
    InvalidQueryError,
    InvalidRangeError,
    NoCommitsError,
    NotARepositoryError,
    PathNotFoundError,
    PathOutsideRepositoryError,
    RepositoryError,
    UnknownRevisionError,
)
from codeintel.git.async_client import AsyncGitClient
from codeintel.git.client import GitClient
from codeintel.git.records import group_blame


@pytest.fixture(params=["git", "index"])
def layer(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def client(repository: TestRepository, tmp_path: Path, layer: str) -> Iterator[GitClient]:
    """A client of either layer; call `build` on it after the commits."""
    cache = tmp_path / "cache" if layer == "index" else None
    with GitClient(repository.path, cache_dir=cache) as client:
        yield client


def test_blame_names_the_commit_of_each_line(repository: TestRepository, client: GitClient) -> None:
    first = repository.commit("start", a="one\ntwo\nthree\n")
    second = repository.commit("change two\n\nwith a body", a="one\n2\nthree\nfour\n")
    client.build()
    entries = client.blame_range("a", 1, 3)
    assert [(e.line, e.full_sha, e.original_line) for e in entries] == [
        *((1, first, 1), (2, second, 2), (3, first, 3))
    ]
    entry = entries[1]
    assert (entry.commit, entry.message) == (second[:8], "change two")
    assert (entry.author, entry.email) == ("Ann Author", "ann@example.org")
    assert entry.date == "2023-11-14T23:15:20+01:00"
    assert (entry.previous_sha, entry.previous_path) == (first, "a")
    assert [e.boundary for e in entries] == [True, False, True]


def test_a_group_holds_each_commit_once(repository: TestRepository, client: GitClient) -> None:
    first = repository.commit("start", a="1\n2\n3\n")
    second = repository.commit("two", a="1\nb\n3\n")
    spans, commits = group_blame(client.blame_range("a"))
    assert [(s.start_line, s.end_line, s.sha) for s in spans] == [
        *((1, 1, first), (2, 2, second), (3, 3, first))
    ]
    assert {sha: facts.summary for sha, facts in commits.items()} == {
        first: "start",
        second: "two",
    }


def test_blame_of_a_revision_ignores_later_commits(
    repository: TestRepository, client: GitClient
) -> None:
    first = repository.commit(a="1\n")
    repository.commit(a="2\n")
    client.build()
    assert [e.full_sha for e in client.blame_range("a", rev="HEAD~1")] == [first]


def test_lines_of_a_changed_file_are_not_committed_yet(
    repository: TestRepository, client: GitClient
) -> None:
    first = repository.commit(a="1\n2\n3\n4\n")
    second = repository.commit(a="1\n2\n3\nfour\n")
    client.build()
    repository.write("a", "new\n1\n3\nnew too\nfour")
    entries = client.blame_range("a")
    assert [e.full_sha[:1] == "0" for e in entries] == [True, False, False, True, True]
    assert [e.full_sha for e in entries[1:3]] == [first, first]
    assert [e.line for e in entries] == [1, 2, 3, 4, 5]
    assert [e.original_line for e in entries[1:3]] == [1, 3]
    assert (entries[0].author, entries[0].previous_sha) == ("Not Committed Yet", second)
    assert [e.full_sha for e in client.blame_range("a", 3, 3)] == [first]


def test_line_ends_of_the_working_tree_do_not_make_a_file_changed(
    repository: TestRepository, client: GitClient
) -> None:
    first = repository.commit(a="1\n2\n")
    repository.write("a", b"1\r\n2\r\nthree\r\n")
    entries = client.blame_range("a")
    assert [e.full_sha for e in entries] == [first, first, "0" * 40]


def test_a_range_is_clamped_at_its_end_only(repository: TestRepository, client: GitClient) -> None:
    repository.commit(a="1\n2\n3\n", empty="")
    client.build()
    assert [e.line for e in client.blame_range("a", 2, 99)] == [2, 3]
    assert client.blame_range("empty") == []
    for first, last in ((0, 1), (-1, None), (3, 2), (4, 9)):
        with pytest.raises(InvalidRangeError):
            client.blame_range("a", first, last)
    with pytest.raises(InvalidRangeError):
        client.blame_range("empty", 2)


def test_paths_that_have_no_blame_are_errors(repository: TestRepository, client: GitClient) -> None:
    repository.write("folder/f", "1\n")
    repository.commit(a="1\n", gone="1\n", __gitignore="ignored\n")
    repository.write("untracked", "1\n")
    repository.write("ignored", "1\n")
    (repository.path / "gone").unlink()
    for path in ("none", "untracked", "ignored", "folder", "gone", ""):
        with pytest.raises(FileNotFoundError):
            client.blame_range(path)
    assert len(client.blame_range("gone", rev="HEAD")) == 1
    for path in ("../x", "/etc/passwd", "folder/../../x", "a\0b"):
        with pytest.raises(PathOutsideRepositoryError):
            client.blame_range(path)
        with pytest.raises(PathOutsideRepositoryError):
            client.file_history(path)


def test_history_lists_the_commits_that_changed_a_path(
    repository: TestRepository, client: GitClient
) -> None:
    first = repository.commit("one", a="1\n", b="1\n")
    repository.commit("other", b="2\n")
    third = repository.commit("three", a="3\n")
    client.build()
    entries = client.file_history("a")
    assert [(e.full_sha, e.sha, e.message) for e in entries] == [
        *((third, third[:8], "three"), (first, first[:8], "one"))
    ]
    assert entries[0].date == "2023-11-14T23:16:20+01:00"


def test_history_of_folders_and_deleted_paths(
    repository: TestRepository, client: GitClient
) -> None:
    repository.write("d/x", "1\n")
    repository.write("d/y", "1\n")
    first = repository.commit("one")
    (repository.path / "d/x").unlink()
    second = repository.commit("two")
    client.build()
    for path in ("d/x", "d", ".", "d/"):
        assert [e.full_sha for e in client.file_history(path)] == [second, first]
    assert client.file_history("d/y", since="2030-01-01") == []
    for arguments in ({}, {"author": "nobody"}):
        with pytest.raises(PathNotFoundError):
            client.file_history("none", **arguments)


def test_a_path_that_was_file_and_folder_has_both_histories(
    repository: TestRepository, client: GitClient
) -> None:
    shas = [repository.commit("file", x="1\n")]
    (repository.path / "x").unlink()
    repository.write("x/y", "1\n")
    shas.append(repository.commit("folder"))
    repository.write("x/y", "2\n")
    shas.append(repository.commit("inside"))
    client.build()
    assert [e.full_sha for e in client.file_history("x")] == shas[::-1]


@pytest.mark.parametrize("author", [None, "ann"])
def test_pages_follow_each_other(
    repository: TestRepository, client: GitClient, author: str | None
) -> None:
    shas = [repository.commit(str(n), a=f"{n}\n") for n in range(7)][::-1]
    client.build()
    found: list[str] = []
    cursor: str | None = None
    for n in (3, 3, 1):
        page = client.history_page("a", 3, cursor=cursor, author=author)
        assert len(page.entries) == n
        found += [e.full_sha for e in page.entries]
        cursor = page.next_cursor
        if n == 3:
            repository.commit("meanwhile", a=f"later than {len(found)}\n")
    assert found == shas
    assert cursor is None


def test_a_cursor_belongs_to_its_question(repository: TestRepository, client: GitClient) -> None:
    for n in range(3):
        repository.commit(a=f"{n}\n", b=f"{n}\n")
    cursor = client.history_page("a", 1).next_cursor
    assert cursor is not None
    for path, bad in (("b", cursor), ("a", "nonsense"), ("a", cursor[:-3]), ("a", "é")):
        with pytest.raises(InvalidCursorError):
            client.history_page(path, 1, cursor=bad)
    with pytest.raises(InvalidCursorError):
        client.history_page("a", 1, cursor=cursor, author="x")


def test_filters_choose_by_time_and_author(repository: TestRepository, client: GitClient) -> None:
    one = repository.commit("one", a="1\n")
    repository.clock_s += 86_400
    env = {"GIT_AUTHOR_NAME": "Zoë Ärger", "GIT_AUTHOR_EMAIL": "zoe@example.org"}
    repository.write("a", "2\n")
    repository.git("commit", "-qam", "two", env=env)
    two = repository.head()
    client.build()

    def found(**filters: str) -> list[str]:
        return [e.full_sha for e in client.file_history("a", **filters)]

    assert found(author="zoë ä") == [two]
    assert found(author="ANN@") == [one]
    assert found(since="2023-11-15") == [two]
    assert found(until="2023-11-14") == [one]
    assert found(since="2023-11-14T22:14:20", until="2023-11-14T23:14:20+01:00") == [one]
    assert found(since="2023-11-14T22:14:21Z", until="2023-11-15T12:00") == []
    for bad in ("yesterday", "2023-99-01", ""):
        with pytest.raises(InvalidQueryError):
            found(since=bad)
    for limit in (0, -1, 10_001):
        with pytest.raises(InvalidRangeError):
            client.file_history("a", limit)


def test_follow_goes_on_across_renames(repository: TestRepository, client: GitClient) -> None:
    content = "".join(f"line {n}\n" for n in range(20))
    first = repository.commit(old=content)
    repository.git("mv", "old", "new")
    second = repository.commit()
    client.build()
    assert [e.full_sha for e in client.file_history("new", follow=True)] == [second, first]
    assert [e.full_sha for e in client.file_history("new")] == [second]
    [entry] = client.blame_range("new", 5, 5)
    assert (entry.full_sha, entry.original_path) == (first, "old")


def test_pages_follow_each_other_across_renames(
    repository: TestRepository, client: GitClient
) -> None:
    lines = [f"line {n}\n" for n in range(20)]
    shas = [repository.commit(old="".join(lines), other="0")]
    for n in range(3):
        repository.commit(other=str(n + 1))
        lines[n] = "changed\n"
        shas.append(repository.commit(old="".join(lines)))
    repository.git("mv", "old", "new")
    shas.append(repository.commit())
    found, cursor = [], None
    while True:
        page = client.history_page("new", 2, follow=True, cursor=cursor)
        found += [entry.full_sha for entry in page.entries]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert found == shas[::-1]


def test_a_cursor_whose_commit_is_gone_is_refused(
    repository: TestRepository, client: GitClient
) -> None:
    for n in range(3):
        repository.commit(a=str(n))
    cursor = client.history_page("a", 1).next_cursor
    repository.git("commit", "-q", "--amend", "-m", "anew")
    repository.git("reflog", "expire", "--expire=now", "--all")
    repository.git("gc", "-q", "--prune=now")
    with pytest.raises(InvalidCursorError, match="is gone"):
        client.history_page("a", 1, cursor=cursor)


@pytest.mark.parametrize("head", ["ref: refs/heads/main\n", f"{'1' * 40}\n"])
def test_a_head_whose_commit_is_gone_is_not_taken_for_none_yet(
    repository: TestRepository, client: GitClient, head: str
) -> None:
    repository.commit(a="1")
    git_dir = repository.path / ".git"
    (git_dir / "refs" / "heads" / "main").write_text("")
    (git_dir / "HEAD").write_text(head)
    with pytest.raises(RepositoryError, match="names no commit that is there") as caught:
        client.file_history("a")
    assert not isinstance(caught.value, NoCommitsError)


def test_the_mailmap_applies_to_blame_and_history(
    repository: TestRepository, client: GitClient
) -> None:
    repository.commit(a="1\n")
    repository.write(".mailmap", "Anna Proper <anna@proper.org> <ann@example.org>\n")
    client.build()
    assert client.blame_range("a")[0].author == "Anna Proper"
    assert client.file_history("a")[0].email == "anna@proper.org"
    repository.write(".mailmap", "Anne Other <ann@example.org>\n")
    assert client.blame_range("a")[0].author == "Anne Other"
    client.build()
    assert client.file_history("a")[0].author == "Anne Other"


def test_a_bare_repository_has_its_mailmap_in_head(
    repository: TestRepository, tmp_path: Path
) -> None:
    repository.commit(a="1\n", __mailmap="Anna Proper <ann@example.org>\n")
    repository.git("clone", "-q", "--bare", ".", str(tmp_path / "bare.git"))
    with GitClient(tmp_path / "bare.git", cache_dir=tmp_path / "cache") as client:
        assert client.blame_range("a")[0].author == "Anna Proper"
        client.build()
        assert client.blame_range("a")[0].author == "Anna Proper"


ODD = ["-dash", "new\nline", "tab\there", 'quo"te\\', "*glob[ab]?", ":(top)x", "ü", " ", "a b"]


def test_odd_paths_mean_themselves(repository: TestRepository, client: GitClient) -> None:
    shas = {}
    for name in ODD:
        repository.write(name, f"{name}\n" * 9)
        shas[name] = repository.commit(f"add {name!r}")
    client.build()
    for name, sha in shas.items():
        assert {e.full_sha for e in client.blame_range(name)} == {sha}
        assert {e.original_path for e in client.blame_range(name)} == {name}
        assert [e.full_sha for e in client.file_history(name)] == [sha]


def test_names_that_are_not_utf8_have_blame_and_history(
    repository: TestRepository, client: GitClient
) -> None:
    name = os.fsdecode(b"caf\xe9")
    repository.write(name, "1\n")
    sha = repository.commit()
    client.build()
    assert [e.full_sha for e in client.blame_range(name)] == [sha]
    assert [e.full_sha for e in client.file_history(name)] == [sha]


def test_odd_people_and_messages_are_told(repository: TestRepository, client: GitClient) -> None:
    repository.commit(a="1\n")
    repository.git("config", "i18n.commitEncoding", "latin1")
    repository.write("a", "2\n")
    repository.git(
        *("commit", "-qaF", "-"),
        stdin=b"caf\xe9\nsecond line",
        env={"GIT_AUTHOR_NAME": os.fsdecode(b"Zo\xeb")},
    )
    client.build()
    [entry] = client.blame_range("a")
    assert (entry.author, entry.message) == ("Zoë", "café")
    assert client.file_history("a")[0].message == "café"
    sha = repository.commit("", a="3\n")
    assert client.blame_range("a")[0].message == f"({sha})"
    client.build()
    assert client.blame_range("a")[0].message == f"({sha})"
    assert client.file_history("a")[0].message == f"({sha})"


@pytest.mark.parametrize(
    "rev", ["none", "--output=x", "-p", "HEAD:a", "", " ", "a\nb", "HEAD..", "\0"]
)
def test_an_impossible_revision_is_an_error(repository: TestRepository, rev: str) -> None:
    repository.commit(a="1\n")
    with GitClient(repository.path) as client:
        with pytest.raises(UnknownRevisionError):
            client.blame_range("a", rev=rev)
        with pytest.raises(UnknownRevisionError):
            client.file_history("a", rev=rev)
    assert sorted(os.listdir(repository.path)) == [".git", "a"]


@pytest.mark.parametrize("rev", ["HEAD", "main", "v1", "HEAD^{/one}", "@", "main@{0}"])
def test_every_name_of_a_commit_works(repository: TestRepository, rev: str) -> None:
    sha = repository.commit("one", a="1\n")
    repository.git("tag", "-a", "v1", "-m", "tag")
    with GitClient(repository.path) as client:
        assert client.resolve(rev) == sha


def test_a_folder_of_a_repository_has_its_own_paths(
    repository: TestRepository, tmp_path: Path, layer: str
) -> None:
    content = "".join(f"line {n}\n" for n in range(20))
    repository.write("sub/a", "1\n")
    repository.write("top", content)
    first = repository.commit()
    repository.git("mv", "top", "sub/moved")
    repository.commit()
    cache = tmp_path / "cache" if layer == "index" else None
    with GitClient(repository.path / "sub", cache_dir=cache) as client:
        client.build()
        assert [e.full_sha for e in client.blame_range("a")] == [first]
        assert [e.full_sha for e in client.file_history("a")] == [first]
        assert client.blame_range("moved", 1, 1)[0].original_path == "../top"
        with pytest.raises(PathOutsideRepositoryError):
            client.blame_range("../sub/a")


def test_a_repository_without_commits_says_so(repository: TestRepository) -> None:
    with GitClient(repository.path) as client:
        client.build()
        with pytest.raises(NoCommitsError):
            client.blame_range("a")
        with pytest.raises(NoCommitsError):
            client.file_history("a")


def test_sha256_repositories_work(tmp_path: Path) -> None:
    repository = TestRepository(tmp_path / "new", "--object-format=sha256")
    sha = repository.commit(a="1\n2\n")
    with GitClient(repository.path, cache_dir=tmp_path / "cache") as client:
        assert len(sha) == 64
        for _ in range(2):
            assert [e.full_sha for e in client.blame_range("a")] == [sha, sha]
            assert [e.full_sha for e in client.file_history("a")] == [sha]
            client.build()
        repository.write("a", "1\nnew\n")
        assert client.blame_range("a")[1].full_sha == "0" * 64


def test_linked_worktrees_and_submodules_are_repositories(
    repository: TestRepository, tmp_path: Path
) -> None:
    other = TestRepository(tmp_path / "other")
    inner = other.commit(x="1\n")
    repository.git("submodule", "add", "-q", str(other.path), "sub")
    outer = repository.commit(a="1\n")
    repository.git("worktree", "add", "-q", str(tmp_path / "linked"), "-b", "side")
    with GitClient(tmp_path / "linked") as client:
        assert client.blame_range("a")[0].full_sha == outer
    with GitClient(repository.path / "sub") as client:
        assert client.blame_range("x")[0].full_sha == inner
    with GitClient(repository.path) as client:
        for path in ("sub", "sub/x"):
            with pytest.raises(PathNotFoundError):
                client.blame_range(path)


def test_a_lock_held_by_another_does_not_matter(
    repository: TestRepository, client: GitClient
) -> None:
    sha = repository.commit(a="1\n")
    for name in ("index.lock", "HEAD.lock", "packed-refs.lock", "objects/info/commit-graph.lock"):
        (repository.path / ".git" / name).write_text("")
    client.build()
    assert [e.full_sha for e in client.blame_range("a")] == [sha]


def test_nothing_is_written_into_the_repository(
    repository: TestRepository, client: GitClient
) -> None:
    repository.commit(a="1\n")

    def state() -> set[tuple[str, int]]:
        found = repository.path.rglob("*")
        return {(str(p), p.stat().st_mtime_ns) for p in found}

    before = state()
    client.build()
    client.blame_range("a")
    client.file_history("a")
    assert state() == before


def test_what_is_no_repository_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NotARepositoryError):
        GitClient(tmp_path)
    with pytest.raises(PathNotFoundError):
        GitClient(tmp_path / "none")


def test_a_missing_git_is_reported_by_name(
    repository: TestRepository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitNotInstalledError, match="'git'"):
        GitClient(repository.path)


def test_gitpython_opens_the_repository(repository: TestRepository) -> None:
    sha = repository.commit(a="1\n")
    (repository.path / "deep").mkdir()
    with GitClient(repository.path / "deep") as client:
        assert client.repo.head.commit.hexsha == sha


def test_a_deadline_ends_a_call(repository: TestRepository) -> None:
    repository.commit(a="1\n")
    with (
        GitClient(repository.path, timeout_s=1e-9) as client,
        pytest.raises(DeadlineExceededError),
    ):
        client.file_history("a")


def test_async_callers_get_the_same_answers(repository: TestRepository) -> None:
    sha = repository.commit(a="1\n")

    async def ask() -> None:
        client = AsyncGitClient(GitClient(repository.path), limit=2)
        answers: list[str] = []

        async def one() -> None:
            answers.extend(e.full_sha for e in await client.blame_range("a"))
            page = await client.file_history("a")
            answers.extend(e.full_sha for e in page.entries)
            answers.append(await client.resolve())

        async with anyio.create_task_group() as group:
            for _ in range(20):
                group.start_soon(one)
        assert answers == [sha] * 60
        with pytest.raises(PathNotFoundError):
            await client.blame_range("none")
        await client.aclose()

    anyio.run(ask)


def test_a_cancelled_call_leaves_no_process(
    repository: TestRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit(a="1\n")
    folder = tmp_path / "bin"
    folder.mkdir()
    pid_file = tmp_path / "pid"
    (folder / "git").write_text(
        "#!/bin/sh\n"
        f'case "$*" in *" log "*) echo $$ > {pid_file}; exec sleep 60;; esac\n'
        f'PATH={os.environ["PATH"]} exec git "$@"\n'
    )
    (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    async def ask() -> None:
        client = AsyncGitClient(GitClient(repository.path))
        with anyio.move_on_after(10) as scope:
            async with anyio.create_task_group() as group:
                group.start_soon(client.file_history, "a")
                while not pid_file.exists() or not pid_file.read_text():
                    await anyio.sleep(0.01)
                group.cancel_scope.cancel()
        assert not scope.cancelled_caught
        pid = int(pid_file.read_text())
        while Path(f"/proc/{pid}").exists():
            await anyio.sleep(0.01)
        await client.aclose()

    anyio.run(ask)


def test_threads_share_a_client(repository: TestRepository, client: GitClient) -> None:
    shas = {name: repository.commit(**{name: "1\n"}) for name in "abcdef"}
    client.build()
    wrong: list[object] = []

    def work() -> None:
        for name, sha in list(shas.items()) * 5:
            try:
                if [e.full_sha for e in client.blame_range(name)] != [sha]:
                    wrong.append(name)
                if [e.full_sha for e in client.file_history(name)] != [sha]:
                    wrong.append(name)
            except Exception as error:
                wrong.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
