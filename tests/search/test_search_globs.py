import fnmatch
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codeintel.errors import InvalidGlobError
from codeintel.search.globs import PathTable, compile_globs


@pytest.mark.parametrize(
    ("glob", "path", "expected"),
    [
        ("*.py", "a.py", True),
        ("*.py", "src/deep/a.py", True),
        ("*.py", "a.pyc", False),
        ("/*.py", "a.py", True),
        ("/*.py", "src/a.py", False),
        ("src/*.py", "src/a.py", True),
        ("src/*.py", "src/b/a.py", False),
        ("src/*.py", "lib/src/a.py", False),
        ("src/**/*.py", "src/a.py", True),
        ("src/**/*.py", "src/b/c/a.py", True),
        ("src/**", "src/b/c", True),
        ("src/**", "src", False),
        ("**/test/*", "a/b/test/x", True),
        ("**/test/*", "test/x", True),
        ("src", "src/b/a.py", True),
        ("src", "lib/src/a.py", True),
        ("/src", "lib/src/a.py", False),
        ("src/lib", "src/lib/a.py", True),
        ("src/lib", "src/library/a.py", False),
        ("./src/lib", "src/lib/a.py", True),
        ("docs/", "docs/a.md", True),
        ("docs/", "docs", False),
        ("?.c", "a.c", True),
        ("?.c", "ab.c", False),
        ("a?c", "a/c", False),
        ("[a-c].c", "b.c", True),
        ("[!a-c].c", "b.c", False),
        ("[^a-c].c", "d.c", True),
        ("[]].c", "].c", True),
        ("a[+--]c", "a,c", True),
        ("*.{py,pyi}", "x/a.pyi", True),
        ("*.{py,pyi}", "x/a.pyx", False),
        ("{src,lib/{a,b}}/*.c", "lib/b/x.c", True),
        ("{src,lib/{a,b}}/*.c", "lib/c/x.c", False),
        (r"\*.c", "*.c", True),
        (r"\*.c", "a.c", False),
        ("a.b(c)+", "a.b(c)+", True),
        ("a.b", "axb", False),
        ("grüße/*", "grüße/ö.txt", True),
        ("a,b", "a,b", True),
        ("line\nend", "line\nend", True),
    ],
)
def test_a_glob_matches_as_in_gitignore(glob: str, path: str, expected: bool) -> None:
    matcher = compile_globs((glob,))
    assert matcher.matches(path) is expected
    assert matcher.select(PathTable(["zz/other", path, "zzz"]))[1] == expected


def test_without_globs_everything_is_selected() -> None:
    matcher = compile_globs()
    assert not matcher
    assert matcher.matches("any/path")
    assert matcher.select(PathTable(["a", "b"])).all()
    assert len(matcher.select(PathTable([]))) == 0


def test_an_excluded_path_is_out_whatever_includes_it() -> None:
    matcher = compile_globs(("src", "docs"), ("*_test.go", "vendor"))
    paths = ["src/a.go", "src/a_test.go", "src/vendor/b.go", "docs/x.md", "main.go"]
    assert matcher.select(PathTable(paths)).tolist() == [True, False, False, True, False]


def test_an_exclamation_mark_negates_on_either_side() -> None:
    assert not compile_globs(("!*.md",)).matches("a.md")
    assert compile_globs(("!*.md",)).matches("a.py")
    assert compile_globs((), ("!*.md",)).matches("a.md")
    assert not compile_globs((), ("!*.md",)).matches("a.py")


@pytest.mark.parametrize(
    "glob", ["", "/", "!", "[a", "{a,b", "[z-a]", "a\\", "../x", "a/../b", "[/]", "x" * 1001]
)
def test_a_bad_glob_is_named(glob: str) -> None:
    with pytest.raises(InvalidGlobError) as error:
        compile_globs((glob,))
    assert glob.removeprefix("!")[:60] in str(error.value)
    assert error.value.cure


def test_too_many_globs_are_refused() -> None:
    with pytest.raises(InvalidGlobError, match="201 globs"):
        compile_globs(tuple(f"a{n}" for n in range(201)))


def test_no_glob_takes_more_than_linear_time() -> None:
    matcher = compile_globs(("*a" * 200 + "b",))
    start = time.monotonic()
    assert not matcher.matches("a" * 4_000)
    assert time.monotonic() - start < 30  # a backtracking engine would not end


@settings(deadline=None)
@given(
    st.lists(st.text("ab*?", min_size=1, max_size=6), min_size=1, max_size=3),
    st.lists(st.text("ab.", min_size=1, max_size=5), min_size=1, max_size=8),
)
def test_globs_without_folders_agree_with_fnmatch(globs: list[str], names: list[str]) -> None:
    selected = compile_globs(tuple(globs)).select(PathTable(names))
    expected = [any(fnmatch.fnmatchcase(name, glob) for glob in globs) for name in names]
    assert selected.tolist() == expected


@settings(deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)))
def test_one_pass_over_a_table_selects_what_single_matches_do(paths: list[str]) -> None:
    matcher = compile_globs(("*a*", "b/**", "?"), ("*c",))
    assert matcher.select(PathTable(paths)).tolist() == [matcher.matches(p) for p in paths]
