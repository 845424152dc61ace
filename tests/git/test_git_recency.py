from pathlib import Path

import pytest

from codeintel.errors import GitCommandError
from codeintel.git.files import blob_id
from codeintel.git.recency import blobs_of, last_changes
from codeintel.git.repository import Repository
from repositories import GitRepository


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    repository = GitRepository(tmp_path / "repository")
    repository.commit({"a.py": "1\n", "b.py": "1\n", "c.py": ""}, at="2024-01-01T00:00:00+00:00")
    repository.commit({"b.py": "2\n", "sub/ü b.py": "3\n"}, at="2026-01-01T00:00:00+00:00")
    repository.git("rm", "-q", "c.py")
    repository.commit()
    return repository.path


def test_each_path_has_the_time_of_the_newest_commit_that_changed_it(folder: Path) -> None:
    changes = last_changes(Repository.find(folder))
    assert changes == {
        "a.py": 1_704_067_200,
        "b.py": 1_767_225_600,
        "c.py": 1_704_067_200,
        "sub/ü b.py": 1_767_225_600,
    }


def test_paths_are_relative_to_the_folder(folder: Path) -> None:
    below = Repository.find(folder / "sub")
    assert last_changes(below) == {"ü b.py": 1_767_225_600}
    assert blobs_of(below, "HEAD") == {"ü b.py": blob_id(b"3\n")}


def test_an_earlier_revision_knows_nothing_of_later_changes(folder: Path) -> None:
    changes = last_changes(Repository.find(folder), "HEAD~2")
    assert set(changes.values()) == {1_704_067_200}


def test_a_revision_that_is_not_there_is_an_error(folder: Path) -> None:
    with pytest.raises(GitCommandError):
        last_changes(Repository.find(folder), "0" * 40)
