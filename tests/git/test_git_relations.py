import pytest
from git_repos import TestRepository

from codeintel.errors import InvalidRangeError, PathNotFoundError
from codeintel.git.client import GitClient
from codeintel.git.relations import MAX_PATHS, ownership, related_paths


def test_related_paths_change_in_the_same_commits(repository: TestRepository) -> None:
    repository.commit(a="1\n", b="1\n", c="1\n")
    repository.commit(a="2\n", b="2\n")
    repository.commit(a="3\n")
    repository.commit(b="3\n", c="3\n")
    repository.commit(a="4\n", **{f"many{n}": "x\n" for n in range(MAX_PATHS)})
    with GitClient(repository.path) as client:
        found = related_paths(client, "a")
        assert [(r.path, r.support, round(r.confidence, 2)) for r in found] == [
            *(("b", 2, 0.67), ("c", 1, 0.33))
        ]
        assert [r.path for r in related_paths(client, "a", limit=1)] == ["b"]
        with pytest.raises(PathNotFoundError):
            related_paths(client, "none")


def test_related_paths_of_a_folder_are_relative_to_it(repository: TestRepository) -> None:
    for name in ("sub/a", "sub/b", "top"):
        repository.write(name, "1\n")
    repository.commit()
    with GitClient(repository.path / "sub") as client:
        assert [r.path for r in related_paths(client, "a")] == ["b"]


def test_ownership_names_the_last_change_and_the_main_authors(repository: TestRepository) -> None:
    repository.commit(a="1\n")
    repository.commit("last", a="2\n")
    repository.write("a", "3\n")
    repository.git("commit", "-qam", "by Zoe", env={"GIT_AUTHOR_NAME": "Zoe"})
    with GitClient(repository.path) as client:
        found = ownership(client, "a")
    assert found.last_change.message == "by Zoe"
    assert [(share.author, share.n_commits) for share in found.authors] == [
        *(("Ann Author", 2), ("Zoe", 1))
    ]


def test_the_history_of_lines_follows_only_them(repository: TestRepository) -> None:
    first = repository.commit(a="1\n2\n3\n4\n5\n6\n7\n8\n")
    second = repository.commit(a="0\n1\n2\n3\n4\n5\nsix\n7\n8\n")
    repository.commit(a="0\none\n2\n3\n4\n5\nsix\n7\n8\n")
    with GitClient(repository.path) as client:
        found = client.range_history("a", 7, 7)
        assert [entry.full_sha for entry in found] == [second, first]
        assert len(client.range_history("a", 7, 99, limit=1)) == 1
        for lines in ((0, 1), (3, 2), (10, 11)):
            with pytest.raises(InvalidRangeError):
                client.range_history("a", *lines)
