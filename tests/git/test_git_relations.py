from pathlib import Path

import pytest
from git_repos import TestRepository

from codeintel.api import CodeIntel
from codeintel.config import Settings
from codeintel.errors import InvalidRangeError, PathNotFoundError, UnknownSymbolError
from codeintel.git.client import GitClient
from codeintel.git.relations import MAX_PATHS, authors, related_files


def test_related_files_change_in_the_same_commits(repository: TestRepository) -> None:
    repository.commit(a="1\n", b="1\n", c="1\n")
    repository.commit(a="2\n", b="2\n")
    repository.commit(a="3\n")
    repository.commit(b="3\n", c="3\n")
    repository.commit(a="4\n", **{f"many{n}": "x\n" for n in range(MAX_PATHS)})
    with GitClient(repository.path) as client:
        found, n_commits = related_files(client, "a")
        assert n_commits == 3
        assert [(r.path, r.support, round(r.confidence, 2)) for r in found] == [
            *(("b", 2, 0.67), ("c", 1, 0.33))
        ]
        assert [r.path for r in related_files(client, "a", limit=1)[0]] == ["b"]
        with pytest.raises(PathNotFoundError):
            related_files(client, "none")


def test_related_files_of_a_folder_are_relative_to_it(repository: TestRepository) -> None:
    for name in ("sub/a", "sub/b", "top"):
        repository.write(name, "1\n")
    repository.commit()
    with GitClient(repository.path / "sub") as client:
        assert [r.path for r in related_files(client, "a")[0]] == ["b"]


def test_authors_are_counted_the_most_active_first(repository: TestRepository) -> None:
    repository.commit(a="1\n")
    repository.commit("last", a="2\n")
    repository.write("a", "3\n")
    repository.git("commit", "-qam", "by Zoe", env={"GIT_AUTHOR_NAME": "Zoe"})
    with GitClient(repository.path) as client:
        found = authors(client.file_history("a"))
    assert [(share.author, share.n_commits) for share in found] == [
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


def test_the_history_of_lines_means_those_of_the_working_tree(repository: TestRepository) -> None:
    first = repository.commit(a="1\n2\n3\n4\n5\n6\n7\n8\n")
    second = repository.commit(a="1\n2\n3\n4\n5\nsix\n7\n8\n")
    repository.write("a", "new\nnew\n1\n2\n3\n4\n5\nsix\n7\n8\n")
    with GitClient(repository.path) as client:
        assert [e.full_sha for e in client.range_history("a", 8, 8)] == [second, first]
        assert client.range_history("a", 1, 2) == []
        assert [e.full_sha for e in client.range_history("a", 2, 3)] == [first]
        assert [e.full_sha for e in client.range_history("a", 6, 6, rev="HEAD")] == [second, first]


def test_the_program_answers_what_follows_from_history(
    repository: TestRepository, tmp_path: Path
) -> None:
    before = "def one():\n    return 1\n\n\nclass A:\n    def two(self):\n        return 2\n"
    first = repository.commit(a__py=before, b__py="x = 1\n")
    second = repository.commit(a__py=before.replace("return 2", "return two"), b__py="x = 2\n")
    third = repository.commit(a__py=before.replace("return 2", "return two").replace("1", "one"))
    with CodeIntel(repository.path, settings=Settings(index_dir=tmp_path / "index")) as intel:
        intel.index()
        for symbol, shas in {
            "one": [third, first],
            "A.two": [second, first],
            "A": [second, first],
        }.items():
            found = intel.range_history("a.py", symbol=symbol)
            assert [commit.sha for commit in found.commits] == shas, symbol
        assert [c.sha for c in intel.range_history("a.py", 1, 2, limit=1).commits] == [third]
        with pytest.raises(UnknownSymbolError) as caught:
            intel.range_history("a.py", symbol="ones")
        assert caught.value.suggestions == ("one",)
        related = intel.related_files("a.py")
        assert [(f.path, f.support, related.n_commits) for f in related.files] == [("b.py", 2, 3)]
        owned = intel.file_authors("b.py")
        assert owned.last_change.sha == second
        assert [(a.author, a.n_commits) for a in owned.authors] == [("Ann Author", 2)]
        with pytest.raises(PathNotFoundError) as missing:
            intel.file_authors("c.py")
        assert missing.value.suggestions
