from pathlib import Path

import pytest
from git_repos import TestRepository

from codeintel.api import CodeIntel
from codeintel.cli.main import main
from codeintel.config import Settings
from codeintel.git.background import BuildState
from codeintel.git.client import GitClient


def test_an_index_tells_how_far_it_is_behind(repository: TestRepository, tmp_path: Path) -> None:
    with GitClient(repository.path, cache_dir=tmp_path / "cache", background=False) as client:
        assert client.index_state().n_behind == 0  # no commits yet
        repository.commit(a="1\n")
        repository.commit(a="2\n")
        assert (client.index_state().n_commits, client.index_state().n_behind) == (0, 2)
        client.build(blame=False)
        state = client.index_state()
        assert (state.n_commits, state.n_behind) == (2, 0)
        assert state.size_bytes > 0
        repository.commit(a="3\n")
        assert client.index_state().n_behind == 1


def test_an_index_that_is_current_is_not_built_again(
    repository: TestRepository, tmp_path: Path
) -> None:
    repository.commit(a="1\n")
    seen: list[BuildState] = []
    with GitClient(repository.path, cache_dir=tmp_path / "cache", background=False) as client:
        client.build(blame=False, progress=seen.append)
        assert seen
        seen.clear()
        client.build(blame=False, progress=seen.append)
        assert not seen
        repository.write(".mailmap", "Zoe <zoe@example.org> <ann@example.org>\n")
        client.build(blame=False)
        assert client.file_history("a")[0].author == "Zoe"


def test_a_broken_index_is_behind_and_built_again(
    repository: TestRepository, tmp_path: Path
) -> None:
    repository.commit(a="1\n")
    cache = tmp_path / "cache"
    with GitClient(repository.path, cache_dir=cache, background=False) as client:
        client.build(blame=False)
    [file] = cache.glob("history-*.sqlite")
    file.write_bytes(b"x" * 5000)
    with GitClient(repository.path, cache_dir=cache, background=False) as client:
        assert client.index_state().n_behind == 1
        client.build(blame=False)
        assert client.index_state().n_behind == 0


def test_the_program_indexes_history_and_tells_of_it(
    repository: TestRepository, tmp_path: Path
) -> None:
    repository.commit(a="1\n")
    folder = tmp_path / "folder"
    folder.mkdir()
    settings = Settings(index_dir=tmp_path / "index")
    with CodeIntel(repository.path, folder, settings=settings) as intel:
        intel.index()
        states = intel.index_history()
        assert list(states) == ["project"]  # a plain folder has no history
        assert (states["project"].n_commits, states["project"].n_behind) == (1, 0)
        project, plain = intel.index_status().repositories
        assert project.history == states["project"]
        assert plain.history is None


@pytest.mark.parametrize(
    ("setting", "flags", "indexed"),
    [
        ("", [], True),
        ("false", [], False),
        ("false", ["--history"], True),
        ("", ["--no-history"], False),
    ],
)
def test_indexing_history_can_be_left_out(
    repository: TestRepository,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    setting: str,
    flags: list[str],
    indexed: bool,
) -> None:
    repository.commit(a="1\n")
    monkeypatch.setenv("CODEINTEL_INDEX_DIR", str(tmp_path / "index"))
    monkeypatch.setenv("CODEINTEL_HISTORY", setting)
    assert main(["index", str(repository.path), *flags]) == 0
    assert ("git history of project: 1 commits" in capsys.readouterr().out) == indexed
