"""Every kind of repository is answered alike, by git and by the index."""

from collections.abc import Callable
from pathlib import Path

import pytest
from git_histories import git_blame, git_log
from git_repos import TestRepository

from codeintel.git.client import GitClient
from codeintel.git.timings import TIMINGS


def linked(repository: TestRepository, place: Path) -> Path:
    repository.git("worktree", "add", "-q", str(place), "-b", "side")
    return place


def bare(repository: TestRepository, place: Path) -> Path:
    repository.git("clone", "-q", "--bare", ".", str(place))
    return place


def submodule(repository: TestRepository, place: Path) -> Path:
    object_format = repository.git("rev-parse", "--show-object-format").decode().strip()
    outer = TestRepository(place, f"--object-format={object_format}")
    outer.git("submodule", "add", "-q", str(repository.path), "sub")
    outer.commit(other="1\n")
    return place / "sub"


def detached(repository: TestRepository, place: Path) -> Path:
    repository.git("checkout", "-q", "--detach", "HEAD")
    return repository.path


def partial(repository: TestRepository, place: Path) -> Path:
    repository.git("config", "uploadpack.allowFilter", "true")
    repository.git("clone", "-q", "--filter=blob:limit=1k", f"file://{repository.path}", str(place))
    return place


def borrowing(repository: TestRepository, place: Path) -> Path:
    repository.git("clone", "-q", "--shared", ".", str(place))
    return place


def packed(repository: TestRepository, place: Path) -> Path:
    repository.git("gc", "-q", "--aggressive", "--prune=now")
    repository.git("commit-graph", "write", "--reachable", "--changed-paths")
    return repository.path


def n_by_index() -> float:
    """Count the answers of the index until now."""
    (family,) = TIMINGS.families()
    return sum(
        sample.value
        for sample in family.samples
        if sample.suffix == "_count"
        and sample.labels["layer"] == "index"
        and sample.labels["operation"] != "build"
    )


@pytest.mark.parametrize("kind", [linked, bare, submodule, detached, partial, borrowing, packed])
@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
def test_every_kind_of_repository_is_indexed(
    kind: Callable[[TestRepository, Path], Path], object_format: str, tmp_path: Path
) -> None:
    repository = TestRepository(tmp_path / "origin", f"--object-format={object_format}")
    repository.commit(a="1\n2\n3\n")
    repository.git("branch", "feature")
    repository.commit(a="1\ntwo\n3\n", b="x\n")
    repository.git("mv", "b", "c")
    repository.commit(a="1\ntwo\n3\n4\n")
    repository.git("checkout", "-q", "feature")
    repository.commit(a="0\n1\n2\n3\n")
    repository.git("checkout", "-q", "main")
    repository.git("merge", "-q", "--no-edit", "feature")
    path = kind(repository, tmp_path / "place")
    with GitClient(path, cache_dir=tmp_path / "cache", background=False) as client:
        client.build(blame=False)
        before = n_by_index()
        for name in ("a", "c"):
            assert [e.full_sha for e in client.file_history(name)] == git_log(path, "HEAD", name)
            found = [
                (e.full_sha, e.original_line, e.original_path) for e in client.blame_range(name)
            ]
            assert found == [line[:3] for line in git_blame(path, "HEAD", name)]
        assert n_by_index() == before + 4


@pytest.mark.parametrize("layer", ["git", "index"])
def test_a_binary_file_is_blamed_as_git_does(
    repository: TestRepository, tmp_path: Path, layer: str
) -> None:
    repository.write("a", b"\0one\n\xff\xfe\n" * 3)
    repository.commit()
    repository.write("a", b"\0one\n\xff\xfe\n" * 2 + b"\0two\r\n\xff")
    repository.commit()
    with GitClient(repository.path, cache_dir=tmp_path / "cache", background=False) as client:
        if layer == "index":
            client.build(blame=False)
        shas = [e.full_sha for e in client.blame_range("a")]
    command = ["blame", "-s", "-l", "--root", "HEAD", "--", "a"]
    assert shas == [line.split()[0].decode() for line in repository.git(*command).splitlines()]
