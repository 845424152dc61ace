import os
from pathlib import Path

import pytest

from codeintel import CodeIntel
from codeintel.config import Settings
from codeintel.types import SearchHit
from repositories import GitRepository

COIN = '''def count_coins(purse):
    """Count the coins of a purse, one kind after the other."""
    return sum(coin.value for coin in purse)
'''
OTHERS: dict[str, str | bytes] = {
    f"{name}.py": f"def {name}(text):\n    return text.{name}()\n"
    for name in ("strip", "lower", "upper", "title", "split", "join")
}
QUESTION = "count the coins of a purse"


def ask(folder: Path, settings: Settings, *, prefer_recent: bool = True) -> list[SearchHit]:
    with CodeIntel(folder, settings=settings) as code:
        code.index()
        answer = code.semantic_search(QUESTION, prefer_recent=prefer_recent, explain=True)
        return list(answer.hits)


@pytest.fixture
def purses(tmp_path: Path) -> GitRepository:
    """Two files that answer alike; `y.py` was changed last, long after `x.py`."""
    repository = GitRepository(tmp_path / "purses")
    repository.commit({**OTHERS, "x.py": COIN, "y.py": ""}, at="2024-01-01T00:00:00+00:00")
    repository.commit({"y.py": COIN}, at="2026-01-01T00:00:00+00:00")
    return repository


def test_the_file_of_the_newest_commit_comes_first(
    purses: GitRepository, settings: Settings
) -> None:
    first, second = ask(purses.path, settings)[:2]
    assert (first.path, second.path) == ("y.py", "x.py")
    assert first.explanation
    share = first.explanation["recent"]
    assert share == pytest.approx(0.5 * (first.score - share), abs=1e-3)
    assert second.explanation
    assert second.explanation["recent"] == pytest.approx(0, abs=1e-6)


def test_recency_does_not_count_unless_asked_for(purses: GitRepository, settings: Settings) -> None:
    for hit in ask(purses.path, settings, prefer_recent=False):
        assert "recent" not in (hit.explanation or {})


def test_a_change_that_is_not_committed_is_the_newest(
    purses: GitRepository, settings: Settings
) -> None:
    purses.write({"x.py": COIN + "\n"})
    assert ask(purses.path, settings)[0].path == "x.py"


def test_files_outside_git_are_as_new_as_their_own_time(tmp_path: Path, settings: Settings) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    times_s = {"x.py": 1_600_000_000, "y.py": 1_700_000_000}
    for name, text in (OTHERS | dict.fromkeys(times_s, COIN)).items():
        time_s = times_s.get(name, 1_500_000_000)
        (folder / name).write_text(str(text))
        os.utime(folder / name, (time_s, time_s))
    assert ask(folder, settings)[0].path == "y.py"
    (folder / "x.py").write_text(COIN + "\n")
    assert ask(folder, settings)[0].path == "x.py"
