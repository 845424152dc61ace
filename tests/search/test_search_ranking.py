import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeintel.errors import InvalidQueryError
from codeintel.search.query import Query, stem
from codeintel.search.rerank import Candidate, rank
from codeintel.search.signals import path_traits
from codeintel.search.symbols import NameTable, match_names


@pytest.mark.parametrize(
    ("text", "is_symbol", "identifiers"),
    [
        ("Session.send", True, ["send"]),
        ("std::vector", True, ["vector"]),
        ("retry", True, ["retry"]),
        ("empty?", True, ["empty"]),
        ("where is parse_url called", False, ["parse_url"]),
        ("how does HTTPError reach the caller", False, ["HTTPError"]),
        ("how are requests retried", False, []),
        ("ünïcode frage", False, []),
    ],
)
def test_a_query_tells_names_from_words(text: str, is_symbol: bool, identifiers: list[str]) -> None:
    query = Query.of(text)
    assert query.is_symbol is is_symbol
    assert query.identifiers == identifiers


def test_words_leave_out_what_every_question_has() -> None:
    assert Query.of("How does the retry of requests work?").words == ["retry", "request"]


@pytest.mark.parametrize("text", ["", "  \n ", "x" * 10_001])
def test_an_empty_or_enormous_query_is_refused(text: str) -> None:
    with pytest.raises(InvalidQueryError):
        Query.of(text)


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=1))
def test_a_stem_is_a_beginning_of_its_word(word: str) -> None:
    assert word.startswith(stem(word))
    assert stem(word)


@pytest.mark.parametrize(
    ("path", "aside", "facade", "prose"),
    [
        ("src/app/server.py", False, False, False),
        ("tests/test_server.py", True, False, False),
        ("src/app/server_test.go", True, False, False),
        ("web/Button.spec.tsx", True, False, False),
        ("src/app/__init__.py", False, True, False),
        ("README.md", False, False, True),
        ("docs/guide.md", True, False, True),
        ("contest/latest.py", False, False, False),
    ],
)
def test_a_path_tells_what_kind_of_file_it_is(
    path: str, aside: bool, facade: bool, prose: bool
) -> None:
    traits = path_traits(path)
    assert (traits.aside, traits.facade, traits.prose) == (aside, facade, prose)


def candidate(chunk: int, path: str, **scores: float) -> Candidate:
    return Candidate(chunk, chunk >> 16, path, **scores)


def test_the_definition_of_the_name_asked_for_comes_first() -> None:
    ranked = rank(
        Query.of("parse_url"),
        [
            candidate(1, "a.py", body=10.0, dense=0.9),
            candidate(1 << 16, "b.py", body=5.0, names=4.0, exact=1.0),
        ],
    )
    assert ranked[0].candidate.path == "b.py"


def test_tests_come_after_the_code_they_test() -> None:
    ranked = rank(
        Query.of("how are carts paid"),
        [
            candidate(1, "tests/test_cart.py", body=10.0, dense=0.5),
            candidate(1 << 16, "shop/checkout.py", body=9.0, dense=0.5),
        ],
    )
    assert ranked[0].candidate.path == "shop/checkout.py"


def test_a_file_named_by_the_question_rises() -> None:
    candidates = [
        candidate(1, "shop/alpha.py", body=10.0),
        candidate(1 << 16, "shop/retry.py", body=9.5),
    ]
    assert rank(Query.of("how does retry wait"), candidates)[0].candidate.path == "shop/retry.py"


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a.py", "b.py", "tests/c.py", "d.md"]),
            *[st.floats(0, 50, width=32)] * 3,
        ),
        max_size=20,
    )
)
def test_every_candidate_is_ranked_once_by_the_sum_of_its_shares(
    rows: list[tuple[str, float, float, float]],
) -> None:
    candidates = [
        candidate(n, path, body=body, names=names, dense=dense)
        for n, (path, body, names, dense) in enumerate(rows)
    ]
    ranked = rank(Query.of("carts and prices"), candidates)
    assert sorted(r.candidate.chunk for r in ranked) == list(range(len(rows)))
    assert [r.score for r in ranked] == sorted((r.score for r in ranked), reverse=True)
    for r in ranked:
        assert r.score == pytest.approx(sum(r.shares.values()))


def test_equal_scores_are_ordered_by_path() -> None:
    candidates = [candidate(n << 16, path, body=1.0) for n, path in enumerate("cab")]
    assert [r.candidate.path for r in rank(Query.of("some words"), candidates)] == list("abc")


NAMES = ["getUserName", "get_user", "GetUser", "username", "widget", "parse_url", "x"]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("getUserName", "getUserName"),
        ("getusername", "getUserName"),
        ("get_u", "get_user"),
        ("gUN", "getUserName"),
        ("GU", "GetUser"),
        ("parse_ulr", "parse_url"),
        ("idget", "widget"),
    ],
)
def test_names_are_found_as_people_type_them(query: str, first: str) -> None:
    scores = match_names(query, NameTable(NAMES))
    assert max(scores, key=lambda name: scores[name]) == first


def test_a_name_that_is_like_none_finds_none() -> None:
    assert match_names("zzzzzz", NameTable(NAMES)) == {}
