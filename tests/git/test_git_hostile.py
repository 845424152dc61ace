"""Repositories that try to run programs, to look elsewhere, or to be someone else's."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from git_repos import TestRepository

from codeintel.errors import (
    CodeIntelError,
    GitCommandError,
    RepositoryError,
    UnsafeRepositoryError,
)
from codeintel.git.client import GitClient
from codeintel.git.files import open_source
from codeintel.git.relations import related_files
from codeintel.git.worker import Worker


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    """The file that a program of the repository would make."""
    return tmp_path / "canary"


@pytest.fixture
def hostile(repository: TestRepository, tmp_path: Path, canary: Path) -> TestRepository:
    """A repository whose configuration names a program wherever git knows a place for one."""
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\necho $0 $@ >> {canary}\ncat\n")
    program.chmod(0o755)
    repository.write(".gitattributes", "* diff=evil filter=evil\n")
    repository.commit("one", a="1\n2\n")
    repository.commit("two", a="1\ntwo\n")
    signed = repository.git("cat-file", "commit", "HEAD").replace(
        b"\n\n",
        b"\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----\n\n",
        1,
    )
    sha = repository.git("hash-object", "-t", "commit", "-w", "--stdin", stdin=signed).decode()
    repository.git("update-ref", "HEAD", sha.strip())
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in ("post-index-change", "fsmonitor-watchman", "pre-auto-gc", "reference-transaction"):
        (hooks / name).symlink_to(program)
    for key, value in {
        "core.fsmonitor": str(program),
        "core.hooksPath": str(hooks),
        "core.pager": str(program),
        "core.editor": str(program),
        "core.sshCommand": str(program),
        "core.alternateRefsCommand": str(program),
        "core.gitProxy": str(program),
        "pager.log": str(program),
        "pager.blame": str(program),
        "diff.external": str(program),
        "diff.evil.textconv": str(program),
        "diff.evil.command": str(program),
        "diff.evil.cachetextconv": "true",
        "filter.evil.clean": str(program),
        "filter.evil.smudge": str(program),
        "filter.evil.process": str(program),
        "filter.evil.required": "true",
        "log.showSignature": "true",
        "log.follow": "true",
        "log.mailmap": "false",
        "gpg.program": str(program),
        "gpg.ssh.program": str(program),
        "credential.helper": f"!{program}",
        "blame.ignoreRevsFile": "/nonexistent",
        "blame.markIgnoredLines": "true",
        "color.ui": "always",
        "diff.algorithm": "patience",
        "diff.noprefix": "true",
        "alias.log": f"!{program}",
        "alias.blame": f"!{program}",
        "format.pretty": "%H evil",
        "i18n.logOutputEncoding": "UTF-16",
        "include.path": "/nonexistent",
    }.items():
        repository.git("config", key, value)
    return repository


def test_no_program_of_a_hostile_repository_runs(
    hostile: TestRepository, tmp_path: Path, canary: Path
) -> None:
    os.utime(hostile.path / "a")  # the index has to look at the content
    for rev in (None, "HEAD"):
        source = open_source(hostile.path, rev=rev)
        assert [file.path for file in source.list_files().files] == [".gitattributes", "a"]
        for file in source.list_files().files:
            source.read(file)
        source.close()
    with GitClient(hostile.path, cache_dir=tmp_path / "cache") as client:
        client.build(blame=False)
        assert len(client.range_history("a", 2, 2)) == 2
        assert related_files(client, "a")[0][0].path == ".gitattributes"
        assert client.index_state().n_behind == 0
        for _ in range(2):
            assert [e.message for e in client.blame_range("a")] == ["one", "two"]
            assert [e.message for e in client.blame_range("a", rev="HEAD")] == ["one", "two"]
            assert [e.message for e in client.file_history("a")] == ["two", "one"]
            assert [e.message for e in client.file_history("a", follow=True)] == ["two", "one"]
            assert len(client.file_history("a", author="Ann")) == 2
            client.build()
        hostile.write("a", "1\nthree\n")
        assert len(client.blame_range("a")) == 2
    assert not canary.exists()
    subprocess.run(["git", "log", "-1"], cwd=hostile.path, capture_output=True)
    assert canary.exists()  # the trap would have shut


def test_a_partial_clone_does_not_fetch(
    hostile: TestRepository, tmp_path: Path, canary: Path
) -> None:
    blob = hostile.git("rev-parse", "HEAD~1:a").decode().strip()
    (hostile.path / ".git/objects" / blob[:2] / blob[2:]).unlink()
    for key, value in {
        "extensions.partialClone": "origin",
        "remote.origin.promisor": "true",
        "remote.origin.url": str(tmp_path / "nowhere"),
        "remote.origin.uploadpack": str(tmp_path / "program"),
        "remote.origin.vcs": "evil",
        "core.repositoryFormatVersion": "1",
    }.items():
        hostile.git("config", key, value)
    for url in ("ext::" + str(tmp_path / "program"), "ssh://x/y", str(hostile.path)):
        hostile.git("config", "remote.origin.url", url)
        source = open_source(hostile.path, rev="HEAD~1")
        assert [file.path for file in source.list_files().skipped] == ["a"]
        source.close()
        with GitClient(hostile.path) as client:
            with pytest.raises(GitCommandError):
                client.blame_range("a", rev="HEAD")
            assert len(client.file_history("a")) == 2
    assert not canary.exists()


def test_a_work_tree_set_elsewhere_shows_nothing_of_the_host(
    repository: TestRepository, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("secret\n")
    repository.write("secret", "mine\n")
    repository.commit()
    (repository.path / "secret").unlink()
    repository.git("config", "core.worktree", str(tmp_path))
    try:
        source = open_source(repository.path)
        contents = [source.read(file) for file in source.list_files().files]
        source.close()
        assert b"secret\n" not in contents
    except CodeIntelError:
        pass
    try:
        with GitClient(repository.path) as client:
            assert all(e.full_sha != "0" * 40 for e in client.blame_range("secret"))
    except CodeIntelError:
        pass


def test_a_git_file_that_leads_to_another_repository_is_judged_by_git(
    repository: TestRepository, tmp_path: Path
) -> None:
    other = TestRepository(tmp_path / "other")
    sha = other.commit(x="1\n")
    folder = tmp_path / "pointer"
    folder.mkdir()
    (folder / ".git").write_text(f"gitdir: {other.path / '.git'}\n")
    source = open_source(folder)
    assert source.commit == sha
    assert source.list_files().files == ()


def test_inherited_variables_do_not_choose_the_repository(
    repository: TestRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = TestRepository(tmp_path / "other")
    other.commit(x="1\n")
    sha = repository.commit(a="1\n")
    monkeypatch.setenv("GIT_DIR", str(other.path / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.path))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other.path / ".git/index"))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.bare")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "true")
    source = open_source(repository.path)
    assert source.commit == sha
    assert [file.path for file in source.list_files().files] == ["a"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a folder away")
def test_a_repository_of_another_user_is_refused_until_git_is_told(
    repository: TestRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit(a="1\n")
    for path in (repository.path, repository.path / ".git"):
        os.chown(path, 12345, 12345)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    below = repository.path / "below"
    below.mkdir()
    trust = re.escape(f"git config --global --add safe.directory {repository.path}`")
    for folder in (repository.path, below):
        with pytest.raises(UnsafeRepositoryError, match=trust):
            GitClient(folder)
    with pytest.raises(UnsafeRepositoryError):
        open_source(repository.path)
    (home / ".gitconfig").write_text(f"[safe]\n directory = {repository.path}\n")
    with GitClient(repository.path) as client:
        assert len(client.blame_range("a")) == 1
    assert len(open_source(repository.path).list_files().files) == 1


def test_the_worker_does_not_import_from_the_current_folder(
    repository: TestRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, canary: Path
) -> None:
    repository.write("json.py", f"open({str(canary)!r}, 'w')\n")
    repository.commit(a="1\n")
    monkeypatch.chdir(repository.path)
    with GitClient(repository.path, cache_dir=tmp_path / "cache") as client:
        client.build()
    assert not canary.exists()


def test_a_broken_index_is_left_to_git(repository: TestRepository, tmp_path: Path) -> None:
    sha = repository.commit(a="1\n")
    cache = tmp_path / "cache"
    worker = Worker(repository.path, cache)
    worker.extend(lambda *_: None)
    worker.close()
    [file] = cache.glob("history-*.sqlite")
    file.write_bytes(b"SQLite format 3\0" + b"x" * 5000)
    with GitClient(repository.path, cache_dir=cache) as client:
        assert [e.full_sha for e in client.blame_range("a")] == [sha]
        assert [e.full_sha for e in client.file_history("a")] == [sha]
    worker = Worker(repository.path, cache)
    assert worker.extend(lambda *_: None) == 1
    worker.close()


@pytest.mark.parametrize("state", ["a file", "missing and forbidden"])
def test_a_cache_folder_that_cannot_be_written_is_done_without(
    repository: TestRepository, tmp_path: Path, state: str
) -> None:
    sha = repository.commit(a="1\n")
    cache = tmp_path / "cache"
    if state == "a file":
        cache.write_text("")
    else:
        cache = Path("/proc/nothing")
    with GitClient(repository.path, cache_dir=cache) as client:
        assert [e.full_sha for e in client.blame_range("a")] == [sha]
        with pytest.raises(RepositoryError):
            client.build()
