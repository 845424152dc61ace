import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from codeintel.errors import InvalidCursorError
from codeintel.git.diff import Hunk, count_lines, diff_texts, segments
from codeintel.git.ignore import IgnoreRules
from codeintel.git.process import Git
from codeintel.git.question import HistoryQuestion, parse_time
from codeintel.git.records import LineRun, first_line, iso_date, join_runs, unquote


@pytest.mark.parametrize(
    ("epoch_s", "zone", "expected"),
    [
        (0, "+0000", "1970-01-01T00:00:00+00:00"),
        (1_700_000_000, "+0530", "2023-11-15T03:43:20+05:30"),
        (1_700_000_000, "-0330", "2023-11-14T18:43:20-03:30"),
        (1_700_000_000, "+9999", "2023-11-14T22:13:20+00:00"),
        (1_700_000_000, "", "2023-11-14T22:13:20+00:00"),
        (10**18, "+0000", "1970-01-01T00:00:00+00:00"),
        (-(10**18), "+0100", "1970-01-01T00:00:00+00:00"),
    ],
)
def test_dates_are_iso_with_zone(epoch_s: int, zone: str, expected: str) -> None:
    assert iso_date(epoch_s, zone) == expected


def test_the_first_line_is_the_first_that_is_not_blank() -> None:
    assert first_line("\n  \n one \ntwo") == " one "
    assert first_line(" \n\t\n") == ""


@pytest.mark.parametrize(
    ("quoted", "name"),
    [
        (b"plain", b"plain"),
        (b'"new\\nline"', b"new\nline"),
        (b'"quo\\"te\\\\"', b'quo"te\\'),
        (b'"caf\\303\\251\\t"', b"caf\xc3\xa9\t"),
    ],
)
def test_quoted_names_are_read(quoted: bytes, name: bytes) -> None:
    assert unquote(quoted) == name


def test_runs_that_continue_each_other_are_joined() -> None:
    runs = [LineRun(3, 2, "a", "p", 13), LineRun(1, 2, "a", "p", 11), LineRun(5, 1, "a", "p", 1)]
    assert join_runs(runs) == (LineRun(1, 4, "a", "p", 11), LineRun(5, 1, "a", "p", 1))


TEXTS = st.lists(st.sampled_from([b"a\n", b"b\n", b"c\r\n", b"\n", b"+x\n", b"@@ -1 +1 @@\n"]))


@settings(max_examples=25, deadline=None)
@given(TEXTS, TEXTS, st.sampled_from([b"", b"end"]))
def test_segments_cover_the_new_text_and_point_to_equal_lines(
    old_lines: list[bytes], new_lines: list[bytes], end: bytes
) -> None:
    old, new = b"".join(old_lines) + end, b"".join(new_lines)
    n_new = count_lines(new)
    parts = list(segments(diff_texts(Git(Path.cwd()), old, new), n_new))
    before, after = old.split(b"\n"), new.split(b"\n")
    line = 1
    for part in parts:
        assert part.line == line
        for k in range(part.n_lines):
            if part.old_line is not None:
                assert after[part.line + k - 1] == before[part.old_line + k - 1]
        line += part.n_lines
    assert line == n_new + 1


def test_segments_of_a_deletion_shift_what_follows() -> None:
    hunks = [Hunk(2, 2, 1, 0), Hunk(6, 0, 5, 1)]
    assert [tuple(part) for part in segments(hunks, 6)] == [
        *((1, 1, 1), (2, 3, 4), (5, 1, None), (6, 1, 7))
    ]


def test_a_cursor_goes_back_to_where_it_was_made() -> None:
    question = HistoryQuestion("a", author="x")
    cursor = question.cursor("f" * 40, 12)
    assert question.position(cursor) == ("f" * 40, 12)
    for other in (HistoryQuestion("b", author="x"), HistoryQuestion("a", follow=True)):
        with pytest.raises(InvalidCursorError):
            other.position(cursor)


@given(st.text(max_size=60))
def test_any_text_as_a_cursor_is_an_error(text: str) -> None:
    with pytest.raises(InvalidCursorError):
        HistoryQuestion("a").position(text)


def test_a_date_is_its_first_or_last_second() -> None:
    assert parse_time("since", "2023-11-14") == 1_699_920_000
    assert parse_time("until", "2023-11-14", end=True) == 1_699_920_000 + 86_399
    assert parse_time("until", "2023-11-14T00:00:01+00:01", end=True) == 1_699_920_000 - 59


PATTERNS = st.lists(
    st.sampled_from(
        ["a", "/a", "a/", "!a", "*.x", "!b.x", "d/*", "!d/a", "d/**", "**/e", "/d", "# a", "", "a*"]
    ),
    max_size=5,
)
PATHS = ["a", "b.x", "d/a", "d/b.x", "d/e/a", "d/e/c.x", "e", "ab/a"]


@settings(max_examples=15, deadline=None)
@given(st.dictionaries(st.sampled_from(["", "d", "d/e"]), PATTERNS, max_size=3))
@example({"": ["d/**", "!a"]})
@example({"": ["d/*", "!d/e", "!d/**"]})
def test_ignore_rules_judge_as_git_does(files: dict[str, list[str]]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        subprocess.run(["git", "init", "-q", root], check=True)
        for path in PATHS:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text("x")
        rules = IgnoreRules()
        for folder, lines in files.items():
            rules.add(folder, lines)
            (root / folder / ".rules").write_text("".join(f"{line}\n" for line in lines))
        command = ["git", "ls-files", "--others", "--exclude-per-directory=.rules"]
        kept = subprocess.run(command, cwd=root, capture_output=True, check=True).stdout.decode()
        expected = {path for path in PATHS if path not in kept.splitlines()}
        assert {path for path in PATHS if rules.excludes(path)} == expected
