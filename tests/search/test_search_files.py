import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codeintel.errors import InvalidRangeError, PathNotFoundError, PathOutsideRepositoryError
from codeintel.search.files import (
    CHARS_PER_TOKEN,
    MAX_LINE_CHARS,
    check_path,
    count_lines,
    excerpt,
    excerpts,
    nearest_paths,
    path_not_found,
    read_bytes,
    resolve_path,
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "a.py").write_text("x = 1\n")
    (tmp_path / "secret.txt").write_text("secret")
    return folder


@pytest.mark.parametrize("path", ["src/a.py", "./src/a.py", "src//a.py", "src/./a.py"])
def test_a_path_has_one_plain_form(root: Path, path: str) -> None:
    assert check_path(path) == "src/a.py"
    assert read_bytes(root, path) == b"x = 1\n"


@pytest.mark.parametrize(
    "path", ["../secret.txt", "src/../../secret.txt", "src/../a", "/etc/passwd", "~/x", ".."]
)
def test_a_path_that_leads_out_is_refused(root: Path, path: str) -> None:
    with pytest.raises(PathOutsideRepositoryError) as error:
        resolve_path(root, path)
    assert path in str(error.value)
    assert str(root) not in str(error.value)


def test_a_symbolic_link_out_of_the_repository_is_refused(root: Path) -> None:
    os.symlink(root.parent / "secret.txt", root / "link.txt")
    os.symlink(root.parent, root / "up")
    for path in ("link.txt", "up/secret.txt"):
        with pytest.raises(PathOutsideRepositoryError, match="symbolic link") as error:
            read_bytes(root, path)
        assert str(root.parent) not in str(error.value)


def test_a_symbolic_link_within_the_repository_is_followed(root: Path) -> None:
    os.symlink(root / "src", root / "lib")
    assert read_bytes(root, "lib/a.py") == b"x = 1\n"


def test_a_repository_below_a_symbolic_link_is_read(root: Path) -> None:
    os.symlink(root, root.parent / "alias")
    assert read_bytes(root.parent / "alias", "src/a.py") == b"x = 1\n"


@pytest.mark.parametrize("path", ["none.py", "src", "a\0b", "x" * 5_000, "", "n" * 300])
def test_what_is_no_file_is_not_found(root: Path, path: str) -> None:
    with pytest.raises(PathNotFoundError) as error:
        read_bytes(root, path)
    assert len(str(error.value)) < 500


def test_a_pipe_is_no_file(root: Path) -> None:
    os.mkfifo(root / "pipe")
    with pytest.raises(PathNotFoundError, match="no regular file"):
        read_bytes(root, "pipe")


def test_the_nearest_paths_stand_in_the_error() -> None:
    known = ["src/app/main.py", "src/app/models.py", "docs/main.md", "lib/main.py", "x/y.c"]
    assert nearest_paths("src/main.py", known)[:2] == ["src/app/main.py", "lib/main.py"]
    assert nearest_paths("src/app/mdels.py", known)[0] == "src/app/models.py"
    assert nearest_paths("SRC/APP/MAIN.PY", known)[0] == "src/app/main.py"
    assert nearest_paths("zzz", known) == []
    assert "src/app/models.py" in str(path_not_found("src/app/model.py", known))


def test_a_range_of_lines_is_cut_out() -> None:
    text = "one\ntwo\r\nthree\nfour"
    assert excerpt(text, 2, 3).text == "two\r\nthree\n"
    assert excerpt(text).text == text
    assert excerpt(text, 4).text == "four"
    cut = excerpt(text, 3, 99)
    assert (cut.start_line, cut.end_line, cut.truncated) == (3, 4, False)


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [(0, 2, "from 1"), (-3, None, "from 1"), (3, 2, "3-2 is reversed"), (5, None, "past the end")],
)
def test_an_impossible_range_names_the_number_of_lines(
    start: int, end: int | None, words: str
) -> None:
    with pytest.raises(InvalidRangeError, match=words) as error:
        excerpt("a\nb\nc\nd\n", start, end, path="f.py")
    assert "'f.py' has 4 lines" in str(error.value)


def test_an_empty_file_has_an_empty_excerpt() -> None:
    cut = excerpt("")
    assert (cut.text, cut.start_line, cut.end_line, cut.truncated) == ("", 1, 0, False)
    with pytest.raises(InvalidRangeError):
        excerpt("", 2)


def test_whole_lines_are_given_up_to_the_budget() -> None:
    text = "".join(f"line {n:04}\n" for n in range(1000))
    cut = excerpt(text, 11, None, max_tokens=100)
    assert cut.truncated
    assert cut.text.startswith("line 0010\n")
    assert cut.text.endswith("\n")
    assert len(cut.text) <= 100 * CHARS_PER_TOKEN
    assert cut.end_line == 11 + cut.text.count("\n") - 1


def test_a_first_line_larger_than_the_budget_is_cut() -> None:
    cut = excerpt("x" * 1000 + "\nshort\n", max_tokens=10)
    assert cut.truncated
    assert cut.text == "x" * 40 + "… [+960 characters]\n"
    assert cut.end_line == 1


def test_a_long_line_is_cut_with_a_mark() -> None:
    cut = excerpt("a\n" + "x" * (MAX_LINE_CHARS + 5) + "\nb\n")
    assert cut.truncated
    assert cut.text == "a\n" + "x" * MAX_LINE_CHARS + "… [+5 characters]\nb\n"


def test_several_ranges_share_one_budget() -> None:
    text = "".join(f"{n:09}\n" for n in range(1, 101))
    first, second, third = excerpts(text, [(1, 2), (50, 51), (90, 100)], max_tokens=15)
    assert first.text == "000000001\n000000002\n"
    assert second.text == "000000050\n000000051\n"
    assert (third.start_line, third.end_line, third.truncated) == (90, 91, True)


@settings(deadline=None)
@given(st.text("a\n\r\u2028\x0c", max_size=40), st.data())
def test_excerpts_of_all_lines_put_together_are_the_text(text: str, data: st.DataObject) -> None:
    n_lines = count_lines(text)
    assert n_lines == len(text.split("\n")) - (text == "" or text.endswith("\n"))
    if n_lines:
        middle = data.draw(st.integers(1, n_lines))
        tail = excerpt(text, middle + 1).text if middle < n_lines else ""
        assert excerpt(text, 1, middle).text + tail == text
