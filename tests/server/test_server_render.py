import msgspec
import pytest

from codeintel.errors import BusyError, PathNotFoundError
from codeintel.server.render import describe_error, render, render_error
from codeintel.types import (
    FileAnswer,
    PathEntry,
    PathsAnswer,
    Provenance,
    Scope,
    SearchAnswer,
    SearchHit,
    TextAnswer,
)
from fake_codeintel import FakeCodeIntel

APP = Scope(repo="app")
HERE = (Provenance(repo="app"),)


@pytest.fixture
def codeintel():
    return FakeCodeIntel()


def test_hits_are_places_with_code(codeintel):
    text = render(codeintel.semantic_search("retry upload", scope=APP), max_tokens=4000)
    assert text.startswith("1. src/upload.py:1-7")
    assert "def retry_upload(file):" in text


def test_the_repository_is_named_only_where_there_are_several(codeintel):
    assert "app:src/upload.py:3:" in render(codeintel.search_text("send"), max_tokens=4000)
    assert "app:" not in render(codeintel.search_text("send", scope=APP), max_tokens=4000)


def test_lines_of_a_file_are_numbered(codeintel):
    text = render(codeintel.open_file("src/upload.py", start_line=6), max_tokens=4000)
    assert text.splitlines()[1:] == ["6 def send(file):", "7     return file.read()"]


def test_blame_and_history_name_commit_date_author_and_summary(codeintel):
    expected = "aaaaaaaaaaaa  2026-01-02  Ada  Begin"
    assert f"1-7  {expected}" in render(codeintel.blame_range("src/upload.py"), max_tokens=4000)
    assert expected in render(codeintel.file_history("src/upload.py"), max_tokens=4000)


def test_a_related_file_says_in_how_many_commits_it_changes_along(codeintel):
    text = render(codeintel.related_files("src/upload.py"), max_tokens=4000)
    assert text.splitlines() == [
        "src/upload.py: 4 commits looked at",
        "docs/upload.md  in 3 of them, 75% of its own",
    ]


@pytest.mark.parametrize("max_tokens", [200, 1000, 4000])
def test_a_long_list_is_cut_to_its_budget_and_says_so(max_tokens):
    entries = tuple(PathEntry(repo="app", path=f"folder/file{n}.py") for n in range(5000))
    answer = PathsAnswer(entries=entries, total=5000, about=HERE, next_cursor="abc")
    text = render(answer, max_tokens=max_tokens)
    assert len(text) < max_tokens * 4 + 200
    assert "more lines did not fit" in text
    assert text.endswith('More: the same call with cursor="abc".')


def test_what_was_not_searched_is_said():
    about = (Provenance(repo="app", complete=False, notes=("100 files are not indexed yet.",)),)
    answer = SearchAnswer(query="x", hits=(), about=about)
    text = render(answer, max_tokens=4000)
    assert text.startswith("No hits.")
    assert text.endswith("Note (app): 100 files are not indexed yet.")
    unexplained = msgspec.structs.replace(about[0], notes=())
    answer = SearchAnswer(query="x", hits=(), about=(unexplained,))
    assert render(answer, max_tokens=4000).endswith("Note (app): the answer is incomplete.")


def test_no_match_is_claimed_only_where_all_was_searched():
    answer = TextAnswer(pattern="x", files=(), n_matches=0, n_files=0, exhaustive=True, about=HERE)
    assert "No match" in render(answer, max_tokens=4000)
    answer = msgspec.structs.replace(answer, exhaustive=False)
    assert "No match" not in render(answer, max_tokens=4000)


def test_a_cut_file_says_where_to_go_on():
    answer = FileAnswer(
        repo="app",
        path="a.py",
        text="x\ny\n",
        start_line=1,
        end_line=2,
        n_lines=9,
        language="python",
        encoding="utf-8",
        truncated=True,
        about=HERE[0],
    )
    assert render(answer, max_tokens=4000).endswith("go on with start_line=3")


def test_a_cut_hit_says_where_the_rest_is():
    hit = SearchHit(
        repo="app",
        path="a.py",
        start_line=1,
        end_line=90,
        language="python",
        score=1,
        text="x",
        truncated=True,
    )
    text = render(SearchAnswer(query="x", hits=(hit,), about=HERE), max_tokens=4000)
    assert "open_file a.py lines 1 to 90" in text


def test_errors_say_what_where_and_what_to_do():
    error = PathNotFoundError("No file 'a'.", cure="List paths.", suggestions=["b", "c"])
    assert render_error(error) == "Error [path_not_found]: No file 'a'. Nearest: b, c. List paths."
    assert describe_error(error)["suggestions"] == ["b", "c"]
    assert describe_error(BusyError("Busy.", retry_after_s=2))["retry_after_s"] == 2


def test_every_answer_of_a_tool_can_be_written(codeintel):
    for answer in (
        codeintel.set_scope(APP),
        codeintel.symbol_search("send"),
        codeintel.references_at(symbol="send"),
        codeintel.index_status(),
        codeintel.list_paths(),
    ):
        assert render(answer, max_tokens=4000)
