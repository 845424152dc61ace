import random
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from text_corpora import Entry, all_pages, make_part, matches

from codeintel.errors import IndexCorruptError, InvalidPatternError
from codeintel.index.trigram import TrigramIndex
from codeintel.search.text import TextOptions, TextPage, search_text
from codeintel.search.text_corpus import RepositoryText, TextCorpus
from codeintel.search.text_pattern import TextQuery, compile_pattern
from codeintel.types import TextLine

TEXTS = {
    "a.py": "import os\n\n\ndef load(path):\n    return open(path)\n",
    "b/c.py": "from a import load\n\nload('x')\nload('y')\n",
    "b/d.md": "# load\n\nHow to load: call `load`.\n",
    "z.txt": "nothing here\n",
}


@pytest.fixture
def part(tmp_path: Path) -> RepositoryText:
    return make_part(tmp_path / "index", TEXTS)


def find(part: RepositoryText, pattern: str, *, regex: bool = True, **query: object) -> TextPage:
    return search_text([part], TextQuery(pattern, regex=regex, **query))


def places(page: TextPage) -> list[tuple[str, int]]:
    return [(f.path, line.line) for f in page.files for line in f.lines if line.columns]


def test_lines_come_by_file_in_path_order_with_totals(part: RepositoryText) -> None:
    page = find(part, "load", regex=False)
    assert places(page) == [
        ("a.py", 4), ("b/c.py", 1), ("b/c.py", 3), ("b/c.py", 4), ("b/d.md", 1), ("b/d.md", 3),
    ]  # fmt: skip
    assert [file.n_matches for file in page.files] == [1, 3, 2]
    assert (page.n_matches, page.n_files, page.exhaustive) == (6, 3, True)
    assert page.next_position is None
    assert page.files[2].lines[1] == TextLine(3, "How to load: call `load`.", (8, 20))


def test_nothing_found_is_an_exhaustive_answer(part: RepositoryText) -> None:
    page = find(part, "absent_name")
    assert (page.files, page.n_matches, page.exhaustive) == ((), 0, True)


@pytest.mark.parametrize("limit", [1, 2, 3, 5])
def test_pages_put_together_are_the_whole_answer(part: RepositoryText, limit: int) -> None:
    options = TextOptions(limit=limit)
    pages = all_pages(part, TextQuery("load"), options)
    assert matches(pages) == matches(all_pages(part, TextQuery("load")))
    assert [sum(1 for _ in places(page)) for page in pages[:-1]] == [limit] * (len(pages) - 1)
    assert {(page.n_matches, page.n_files, page.exhaustive) for page in pages} == {(6, 3, True)}


@pytest.mark.parametrize(("mode", "counts"), [("files", [0, 0, 0]), ("count", [1, 3, 2])])
@pytest.mark.parametrize("multiline", [False, True])
def test_files_can_be_asked_for_alone(
    part: RepositoryText, mode: str, counts: list[int], multiline: bool
) -> None:
    options = TextOptions(mode=mode, limit=2)
    pages = all_pages(part, TextQuery("load", multiline=multiline), options)
    found = [(file.path, file.n_matches, file.lines) for page in pages for file in page.files]
    paths = ["a.py", "b/c.py", "b/d.md"]
    assert found == [(path, n, ()) for path, n in zip(paths, counts, strict=True)]
    assert [len(page.files) for page in pages] == [2, 1]
    assert (pages[0].n_matches, pages[0].n_files) == (sum(counts), 3)


def test_context_lines_stand_around_matches_once(part: RepositoryText) -> None:
    page = search_text([part], TextQuery("load("), TextOptions(context_lines=2))
    shown = {f.path: [(line.line, bool(line.columns)) for line in f.lines] for f in page.files}
    assert shown == {
        "a.py": [(2, False), (3, False), (4, True), (5, False)],
        "b/c.py": [(1, False), (2, False), (3, True), (4, True)],
    }


def test_a_scope_leaves_out_documents(part: RepositoryText) -> None:
    selected = np.array([path.endswith(".md") for path in part.corpus.paths])
    page = find(replace(part, selected=selected), "load")
    assert {path for path, _ in places(page)} == {"b/d.md"}


def test_changed_files_are_searched_as_they_are_now(part: RepositoryText) -> None:
    changed = {"a.py": "load = 1\n", "b/d.md": None, "b/new.py": "x\nreload()", "zz": "", "A": "q"}
    part = replace(part, changed=changed)
    assert places(find(part, "load")) == [
        ("a.py", 1), ("b/c.py", 1), ("b/c.py", 3), ("b/c.py", 4), ("b/new.py", 2),
    ]  # fmt: skip
    assert places(find(part, "q")) == [("A", 1)]
    pages = all_pages(part, TextQuery("load"), TextOptions(limit=1))
    assert [places(page)[0] for page in pages] == places(find(part, "load"))


def test_repositories_are_searched_in_turn_and_paged_as_one(tmp_path: Path) -> None:
    parts = [make_part(tmp_path / name, TEXTS, repo=name) for name in ("one", "two")]
    whole = search_text(parts, TextQuery("load"))
    assert [file.repo for file in whole.files] == ["one"] * 3 + ["two"] * 3
    assert (whole.n_matches, whole.n_files) == (12, 6)
    page, found = None, []
    while page is None or page.next_position:
        after = page.next_position if page else None
        page = search_text(parts, TextQuery("load"), TextOptions(limit=5), after)
        found += [(f.repo, f.path, line.line) for f in page.files for line in f.lines]
    assert found == [(f.repo, f.path, line.line) for f in whole.files for line in f.lines]


def test_a_crlf_file_gives_the_lines_of_its_lf_copy(tmp_path: Path) -> None:
    text = "foo\nbar \n\nfoo bar\nend"
    lf = make_part(tmp_path / "lf", {"f": text})
    crlf = make_part(tmp_path / "crlf", {"f": text.replace("\n", "\r\n")})
    for pattern in [
        "foo$",
        "^$",
        "bar.",
        "[^x]$",
        r"\s$",
        "r.*",
        ".",
        "foo\nbar",
        r"foo\sbar",
        "$",
    ]:
        for query in (
            TextQuery(pattern, regex=True),
            TextQuery(pattern),
            TextQuery("foo", word=True),
        ):
            assert matches(all_pages(crlf, query)) == matches(all_pages(lf, query)), query
    assert all("\r" not in line.text for f in find(crlf, ".").files for line in f.lines)


def test_a_carriage_return_that_is_named_is_found(tmp_path: Path) -> None:
    part = make_part(tmp_path, {"f": "a\r\nb\nc\r\n"})
    assert [line for _, line in places(find(part, r"\r$"))] == [1, 3]


def test_a_literal_with_line_feeds_is_found_over_lines(part: RepositoryText) -> None:
    page = find(part, "load('x')\nload('y')", regex=False)
    assert places(page) == [("b/c.py", 3), ("b/c.py", 4)]
    assert page.files[0].lines[1].columns == (1,)


@given(
    st.text("ksaiKIé", min_size=1, max_size=3),
    st.lists(st.text("ksaiKSAI.\u212aſİıéÉ", max_size=12), min_size=1, max_size=4),
)
@settings(deadline=None)
def test_a_literal_is_found_as_an_expression_finds_it(pattern: str, lines: list[str]) -> None:
    expression = f"{pattern}|{pattern}"
    with TemporaryDirectory() as folder:
        texts = {str(number): line * 2 for number, line in enumerate(lines)}
        part = make_part(Path(folder), {**texts, "all": "\n".join(lines)})
        found = find(part, pattern, regex=False)
        assert found == find(part, expression)
        few = TextOptions(limit=1)
        counted = search_text([part], TextQuery(pattern), few)
        assert counted == search_text([part], TextQuery(expression, regex=True), few)
        assert counted.n_matches == found.n_matches


def test_word_boundaries_are_those_of_unicode(tmp_path: Path) -> None:
    part = make_part(tmp_path, {"f": "bar\nébar\nbaré\nbar é\n日bar日\n"})
    assert [n for _, n in places(find(part, r"\bbar\b"))] == [1, 4]
    assert [n for _, n in places(find(part, r"\Bbar"))] == [2, 5]
    assert [n for _, n in places(find(part, "bar", word=True))] == [1, 4]


def test_long_lines_are_cut_around_the_match(tmp_path: Path) -> None:
    part = make_part(tmp_path, {"f": "x" * 5_000 + "needle" + "y" * 5_000 + "\n"})
    (line,) = find(part, "needle").files[0].lines
    assert line.columns == (5_001,)
    assert line.truncated
    assert "needle" in line.text
    assert len(line.text) < 400
    assert (line.text[0], line.text[-1]) == ("…", "…")


def test_a_deadline_says_where_it_stopped_and_the_next_page_goes_on(tmp_path: Path) -> None:
    texts = {f"f{n:03}": "abc\n" * 3 + "x" * 400_000 + "\n" for n in range(30)}
    part = make_part(tmp_path, texts)
    query = TextQuery(r"[a-c]+$", regex=True)
    pages = [search_text([part], query, TextOptions(limit=1_000, deadline_s=0.0))]
    assert not pages[0].exhaustive
    pages = [search_text([part], query, TextOptions(limit=1_000, deadline_s=0.02))]
    for _ in range(1_000):
        if pages[-1].next_position is None:
            break
        assert pages[-1].stopped_at.startswith("r:")
        options = TextOptions(limit=1_000, deadline_s=0.05)
        pages.append(search_text([part], query, options, pages[-1].next_position))
    assert len(matches(pages)) == 90


def test_totals_are_lower_bounds_where_counting_was_not_worth_it(tmp_path: Path) -> None:
    texts = {f"f{n:04}": "abc\n" * 2_000 for n in range(300)}
    part = make_part(tmp_path, texts)
    page = search_text([part], TextQuery("b"), TextOptions(limit=1, totals_s=0.0))
    assert not page.exhaustive
    assert 1 <= page.n_matches < 600_000
    assert page.next_position is not None
    counted = search_text([part], TextQuery("b"), TextOptions(mode="count", limit=1))
    assert (counted.n_matches, counted.n_files, counted.exhaustive) == (600_000, 300, True)


def test_totals_of_dense_and_sparse_matches_are_exact(tmp_path: Path) -> None:
    rnd = random.Random(3)
    texts = {
        f"f{n:03}": "\n".join(rnd.choice(["", "a", "ab", "b" * 50, "é a"]) for _ in range(1_500))
        for n in range(6)
    }
    texts["blank"] = "\n" * 500
    texts["ascii"] = "\n".join(rnd.choice(["", "aB", "ab", "kb"]) for _ in range(1_500))
    texts["kelvin"] = "\N{KELVIN SIGN}b\n" * 100
    part = make_part(tmp_path, texts)
    patterns = ["a", ".", "^$", "b+$", r"\ba", "x*", "zz", "(?i)É", "ab", "aB", "kb", "é", "b" * 16]
    for pattern in patterns:
        query = TextQuery(pattern, regex=True)
        page = search_text([part], query, TextOptions(mode="count", limit=1))
        found = matches(all_pages(part, query))
        assert page.n_matches == len(found), pattern
        assert page.n_files == len({path for path, _ in found}), pattern


def test_no_pattern_hangs(tmp_path: Path) -> None:
    part = make_part(tmp_path, {"f": "a" * 5_000 + "\n", "g": "é" + "a" * 5_000 + "\n"})
    start = time.monotonic()
    for pattern in [
        "(a*)*b",
        "(a|a)*b",
        "(a+)+$x",
        r"(\w+\s?)*!",
        r"\b(a*)*\bz",
        r"((a?){50}){20}z",
    ]:
        search_text([part], TextQuery(pattern, regex=True), TextOptions(deadline_s=5))
    assert time.monotonic() - start < 60  # a backtracking engine would not end


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("", "empty"),
        ("x" * 10_001, "10,001 characters"),
        ("foo(", "not closed (character 4)"),
        ("a)b", "no '(' before it (character 2)"),
        ("[a", "not closed (character 1)"),
        ("*a", "nothing to repeat (character 1)"),
        ("ab[z-a]", "reversed"),
        (r"(a)\1", "back-references"),
        ("a(?=b)", "look-around is not supported (character 2)"),
        ("a(?!b)", "look-around"),
        ("(?<=b)a", "look-around"),
        (r"\p{Nope}", "'Nope' is no Unicode property"),
        (r"\q", r"'\q' is no escape"),
        ("a\\", "single backslash (character 2)"),
        ("(?k)a", "'k' is no flag (character 3)"),
        ("a{1001}", "more than 1000"),
        ("a{3,2}", "reversed"),
        (r"\x{110000}", "no hexadecimal"),
        ("(" * 61 + ")" * 61, "more than 60 groups"),
        ("[" * 61, "more than 60 sets"),
        ("((((a{500}){500}){500}){500})", "cannot be used"),
    ],
)
def test_a_bad_pattern_is_an_error_that_says_where(
    part: RepositoryText, pattern: str, words: str
) -> None:
    with pytest.raises(InvalidPatternError) as error:
        find(part, pattern)
    assert words in str(error.value)
    assert error.value.cure


def test_only_documents_that_can_match_are_read(part: RepositoryText) -> None:
    for pattern, n in [
        ("nothing here", 1),
        ("open|How to", 2),
        (r"from\s\w+ import", 1),
        ("l.d", 4),
    ]:
        query = compile_pattern(TextQuery(pattern, regex=True)).query
        assert len(set(part.corpus.pieces(query, per_line=True).positions)) == n, pattern


def test_a_document_that_the_index_does_not_have_is_an_error(tmp_path: Path) -> None:
    make_part(tmp_path, TEXTS)
    with pytest.raises(IndexCorruptError, match=r"'lost\.py'") as error:
        TextCorpus([Entry(77, "lost.py")], TrigramIndex.open(tmp_path))
    assert "index --full" in error.value.cure
