import os
import subprocess
from pathlib import Path

import pytest
from git_repos import TestRepository

from codeintel.errors import (
    NoCommitsError,
    PathNotFoundError,
    RepositoryError,
    UnknownRevisionError,
)
from codeintel.git.files import Listing, SourceFile, blob_id, open_source
from codeintel.types import SkipReason


def paths(listing: Listing) -> list[str]:
    return [file.path for file in listing.files]


def reasons(listing: Listing) -> dict[str, SkipReason]:
    return {file.path: file.reason for file in listing.skipped}


def test_tracked_and_untracked_files_are_listed_but_not_ignored_ones(
    repository: TestRepository,
) -> None:
    repository.commit(a__py="1\n", __gitignore="*.log\n!keep.log\n")
    repository.write("sub/.gitignore", "!other.log\nnew.py\n")
    for name in ("sub/new.py", "sub/other.log", "b.log", "keep.log", "c.py"):
        repository.write(name, "x\n")
    listing = open_source(repository.path).list_files()
    assert paths(listing) == [
        *(".gitignore", "a.py", "c.py", "keep.log", "sub/.gitignore", "sub/other.log")
    ]


def test_a_deleted_tracked_file_is_left_out(repository: TestRepository) -> None:
    repository.commit(a="1\n", b="2\n")
    (repository.path / "a").unlink()
    assert paths(open_source(repository.path).list_files()) == ["b"]


def test_submodules_and_nested_repositories_are_named_and_skipped(
    repository: TestRepository, tmp_path: Path
) -> None:
    other = TestRepository(tmp_path / "other")
    other.commit(x="1\n")
    repository.git("submodule", "add", "-q", str(other.path), "sub")
    TestRepository(repository.path / "nested").commit(y="1\n")
    listing = open_source(repository.path).list_files()
    assert paths(listing) == [".gitmodules"]
    assert reasons(listing) == {"nested": SkipReason.SUBMODULE, "sub": SkipReason.SUBMODULE}


def test_symbolic_links_are_not_followed(repository: TestRepository, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s")
    repository.commit(a="1\n")
    (repository.path / "in").symlink_to("a")
    (repository.path / "out").symlink_to(tmp_path / "secret")
    (repository.path / "loop").symlink_to("loop")
    listing = open_source(repository.path).list_files()
    assert paths(listing) == ["a"]
    details = {file.path: file.detail for file in listing.skipped}
    assert details["in"] == "leads inside the repository"
    assert details["out"] == "leads out of the repository"
    assert "loop" in details


def test_a_folder_replaced_by_a_link_leads_nowhere(
    repository: TestRepository, tmp_path: Path
) -> None:
    repository.write("d/f", "1\n")
    repository.commit()
    source = open_source(repository.path)
    [file] = source.list_files().files
    (tmp_path / "evil").mkdir()
    (tmp_path / "evil" / "f").write_text("secret")
    (repository.path / "d" / "f").unlink()
    (repository.path / "d").rmdir()
    (repository.path / "d").symlink_to(tmp_path / "evil")
    assert paths(source.list_files()) == []
    with pytest.raises(PathNotFoundError):
        source.read(file)


def test_a_pipe_in_place_of_a_file_is_unreadable(repository: TestRepository) -> None:
    repository.commit(a="1\n")
    source = open_source(repository.path)
    [file] = source.list_files().files
    (repository.path / "a").unlink()
    os.mkfifo(repository.path / "a")
    assert reasons(source.list_files()) == {"a": SkipReason.UNREADABLE}
    with pytest.raises(PathNotFoundError):
        source.read(file)


ODD_NAMES = ["-dash", "new\nline", "tab\tstop", 'quo"te', "*glob?[a]", ":(top)x", "ünïcode", " "]


def test_odd_names_are_listed_and_read(repository: TestRepository) -> None:
    for name in ODD_NAMES:
        repository.write(name, f"content of {name}")
    repository.commit()
    repository.write("H 100644 untracked", "looks like a tracked file's entry")
    for rev, names in ((None, [*ODD_NAMES, "H 100644 untracked"]), ("HEAD", ODD_NAMES)):
        source = open_source(repository.path, rev=rev)
        listing = source.list_files()
        assert paths(listing) == sorted(names)
        for file in listing.files:
            if file.path in ODD_NAMES:
                assert source.read(file) == f"content of {file.path}".encode()
        source.close()


def test_names_that_are_not_utf8_are_skipped_by_a_printable_name(
    repository: TestRepository,
) -> None:
    with open(os.fsencode(repository.path) + b"/caf\xe9", "w") as file:
        file.write("x")
    repository.commit()
    for rev in (None, "HEAD"):
        source = open_source(repository.path, rev=rev)
        [skipped] = source.list_files().skipped
        assert skipped.path == "caf\\xe9"
        assert skipped.reason is SkipReason.UNREADABLE
        source.close()


def test_own_ignore_files_exclude_with_a_reason(repository: TestRepository) -> None:
    repository.write(".codeintelignore", "*.gen\n/build/\n!keep.gen\n")
    repository.write("sub/.codeintelignore", "!b.gen\nlocal\n")
    names = ("a.gen", "keep.gen", "build/x", "sub/b.gen", "sub/c.gen", "sub/local", "local")
    for name in names:
        repository.write(name, "x\n")
    repository.commit()
    for rev in (None, "HEAD"):
        source = open_source(repository.path, rev=rev)
        listing = source.list_files()
        source.close()
        assert set(paths(listing)) == {
            *(".codeintelignore", "keep.gen", "local", "sub/.codeintelignore", "sub/b.gen")
        }
        assert set(reasons(listing)) == {"a.gen", "build/x", "sub/c.gen", "sub/local"}
        assert set(reasons(listing).values()) == {SkipReason.EXCLUDED}


def test_a_folder_inside_a_repository_lists_what_lies_below_it(
    repository: TestRepository,
) -> None:
    repository.write(".gitignore", "*.log\n")
    repository.write("sub/deep/a.py", "1\n")
    repository.write("sub/x.log", "1\n")
    head = repository.commit()
    for rev in (None, "HEAD"):
        source = open_source(repository.path / "sub", rev=rev)
        assert paths(source.list_files()) == ["deep/a.py"]
        assert (source.name, source.commit) == ("sub", head)
        source.close()


def test_an_ignored_folder_inside_a_repository_is_a_plain_folder(
    repository: TestRepository,
) -> None:
    repository.write(".gitignore", "/vendor/\n")
    repository.write("vendor/x/a.py", "1\n")
    repository.commit()
    source = open_source(repository.path / "vendor" / "x")
    assert paths(source.list_files()) == ["a.py"]
    assert source.commit is None


def test_a_revision_is_read_from_objects(repository: TestRepository) -> None:
    repository.commit(a="one\n")
    repository.git("tag", "v1")
    repository.commit(a="two\n", b="x\n")
    source = open_source(repository.path, rev="v1")
    listing = source.list_files()
    assert listing.files == (SourceFile("a", 4, blob_id(b"one\n"), blob_id(b"one\n")),)
    assert source.read(listing.files[0]) == b"one\n"
    source.close()


def test_a_bare_repository_lists_head(repository: TestRepository, tmp_path: Path) -> None:
    head = repository.commit(a="one\n")
    repository.git("clone", "-q", "--bare", ".", str(tmp_path / "copy.git"))
    source = open_source(tmp_path / "copy.git")
    assert (source.root, source.name, source.commit) == (None, "copy", head)
    assert [source.read(file) for file in source.list_files().files] == [b"one\n"]
    source.close()


@pytest.mark.parametrize("bare", [False, True])
def test_a_repository_without_commits_works(tmp_path: Path, bare: bool) -> None:
    path = tmp_path / "new"
    repository = TestRepository(path, *(["--bare"] if bare else []))
    source = open_source(repository.path)
    assert source.commit is None
    assert source.list_files() == Listing((), ())
    with pytest.raises(NoCommitsError):
        open_source(path, rev="HEAD")


def test_detached_head_and_linked_worktrees_work(
    repository: TestRepository, tmp_path: Path
) -> None:
    head = repository.commit(a="1\n")
    repository.git("checkout", "-q", "--detach")
    repository.git("worktree", "add", "-q", str(tmp_path / "linked"), "-b", "side")
    for path in (repository.path, tmp_path / "linked"):
        source = open_source(path)
        assert source.commit == head
        assert paths(source.list_files()) == ["a"]


@pytest.mark.parametrize("rev", ["nope", "--output=x", "", "HEAD\nHEAD", "HEAD:a", "a..b", "\0"])
def test_an_impossible_revision_is_an_error(repository: TestRepository, rev: str) -> None:
    repository.commit(a="1\n")
    with pytest.raises(UnknownRevisionError):
        open_source(repository.path, rev=rev)
    assert not (repository.path / "x").exists()


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PathNotFoundError):
        open_source(tmp_path / "none")


PLAIN = {
    ".gitignore": "*.log\n/build\n",
    "a.py": "1",
    "x.log": "1",
    "build/out": "1",
    "sub/.gitignore": "!y.log\nz/\n",
    "sub/y.log": "1",
    "sub/z/deep.py": "1",
    "sub/build": "1",
}


@pytest.mark.parametrize("with_git", [True, False])
def test_a_plain_folder_has_ignore_rules_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, with_git: bool
) -> None:
    for name, content in PLAIN.items():
        path = tmp_path / "plain" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    subprocess.run(["git", "init", "-q", tmp_path / "plain" / "clone"], check=True)
    (tmp_path / "plain" / "clone" / "f").write_text("x")
    if not with_git:
        monkeypatch.setenv("PATH", str(tmp_path))
    source = open_source(tmp_path / "plain")
    listing = source.list_files()
    assert paths(listing) == [".gitignore", "a.py", "sub/.gitignore", "sub/build", "sub/y.log"]
    assert reasons(listing).get("clone") in (SkipReason.SUBMODULE, None)
    assert source.commit is None


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_an_error(repository: TestRepository) -> None:
    repository.commit(a="1\n")
    source = open_source(repository.path)
    [file] = source.list_files().files
    (repository.path / "a").chmod(0)
    with pytest.raises(RepositoryError):
        source.read(file)


def test_a_stamp_changes_with_the_file(repository: TestRepository) -> None:
    repository.commit(a="1\n")
    source = open_source(repository.path)
    before = source.list_files()
    assert source.list_files() == before
    repository.write("a", "2\n")
    assert source.list_files().files[0].stamp != before.files[0].stamp


def test_blob_id_is_that_of_git(repository: TestRepository) -> None:
    for data in (b"", b"x\n", bytes(range(256)) * 99):
        assert blob_id(data) == repository.git("hash-object", "--stdin", stdin=data).decode()[:40]
