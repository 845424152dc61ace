import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeintel.errors import InvalidQueryError
from codeintel.search.places import Place
from codeintel.search.query import Query, QueryClass, stem
from codeintel.search.rerank import RETRIEVERS, WEIGHTS, Pool, Ranked, rank
from codeintel.search.signals import PathTable, path_traits
from codeintel.search.symbols import NameTable, match_names


@pytest.mark.parametrize(
    ("text", "kind", "identifiers"),
    [
        ("Session.send", QueryClass.QUALIFIED_NAME, ["send"]),
        ("std::vector", QueryClass.QUALIFIED_NAME, ["vector"]),
        ("retry", QueryClass.IDENTIFIER, ["retry"]),
        ("empty?", QueryClass.IDENTIFIER, ["empty"]),
        ("where is parse_url called", QueryClass.NATURAL_LANGUAGE, ["parse_url"]),
        ("how does HTTPError reach the caller", QueryClass.NATURAL_LANGUAGE, ["HTTPError"]),
        ("how are requests retried", QueryClass.NATURAL_LANGUAGE, []),
        ("read/write locks, e.g. for files?", QueryClass.NATURAL_LANGUAGE, []),
        ("ünïcode frage", QueryClass.NATURAL_LANGUAGE, []),
        ("src/app/server.py", QueryClass.PATH, []),
        ("server.py:42", QueryClass.PATH, []),
        ("Response.json", QueryClass.PATH, ["json"]),
        (r"def \w+_handler\(", QueryClass.REGEX, ["_handler"]),
        ("^import .*", QueryClass.REGEX, []),
        ("list[str] or dict", QueryClass.NATURAL_LANGUAGE, []),
    ],
)
def test_a_query_is_known_by_its_class(text: str, kind: QueryClass, identifiers: list[str]) -> None:
    query = Query.of(text)
    assert query.kind is kind
    assert query.identifiers == identifiers


PYTHON_TRACE = """Traceback (most recent call last):
  File "/srv/app/shop/cart.py", line 17, in checkout
    return total_price(self.items)
  File "/srv/app/shop/prices.py", line 8, in total_price
    return sum(price for _, price in items) * (1 + VAT)
TypeError: unsupported operand type(s) for +: 'int' and 'str'
"""


@pytest.mark.parametrize(
    ("text", "places"),
    [
        (
            PYTHON_TRACE,
            [
                Place("/srv/app/shop/prices.py", 8, "total_price"),
                Place("/srv/app/shop/cart.py", 17, "checkout"),
            ],
        ),
        (
            "TypeError: x is undefined\n    at render (/app/web/app.ts:4:10)\n"
            "    at Object.main (./web/main.ts:9:3)",
            [Place("/app/web/app.ts", 4, "render"), Place("web/main.ts", 9, "main")],
        ),
        (
            "java.lang.IllegalStateException: closed\n\tat org.shop.Cart.pay(Cart.java:42)\n"
            "\tat org.shop.Main.main(Main.java:7)",
            [Place("Cart.java", 42, "pay"), Place("Main.java", 7, "main")],
        ),
        (
            "lib/cart.rb:3:in `pay': failed (Error)\n\tfrom lib/main.rb:9:in `run'",
            [Place("lib/cart.rb", 3, "pay"), Place("lib/main.rb", 9, "run")],
        ),
        (
            "goroutine 1 [running]:\nmain.pay(...)\n\t/src/shop/cart.go:42 +0x1d\n"
            "main.main()\n\t/src/shop/main.go:7 +0x20",
            [Place("/src/shop/cart.go", 42), Place("/src/shop/main.go", 7)],
        ),
    ],
    ids=["python", "javascript", "java", "ruby", "go"],
)
def test_a_stack_trace_names_its_places_innermost_first(text: str, places: list[Place]) -> None:
    query = Query.of(text)
    assert query.kind is QueryClass.STACK_TRACE
    assert list(query.places) == places


def test_a_place_fits_a_file_when_one_path_ends_with_the_other() -> None:
    place = Place("/srv/app/shop/cart.py")
    assert place.fits("shop/cart.py")
    assert not place.fits("old_shop/cart.py")
    assert not place.fits("cart.pyx")


def test_a_regular_expression_is_searched_by_its_literal_parts() -> None:
    assert Query.of(r"parse_\w+[a-z]*\(url").tokens == ["parse", "url"]


@given(st.text(max_size=300))
def test_any_text_has_a_class(text: str) -> None:
    if text.strip():
        query = Query.of(text)
        assert query.kind in QueryClass
        assert len(query.places) <= 50


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
        ("core/src/jvmTest/kotlin/Scope.kt", True, False, False),
        ("Core.Tests/Retry.cs", True, False, False),
        ("src/PathSpec.hs", True, False, False),
        ("src/JobSpec.java", False, False, False),
        ("_vendor/six.py", True, False, False),
        ("single_include/all.hpp", True, False, False),
        ("extras/amalgamated.hpp", True, False, False),
        ("t/basic.t", True, False, False),
        ("src/RetryIT.java", True, False, False),
        ("core/RetrySuite.scala", True, False, False),
        ("base/retry_unittest.cc", True, False, False),
        ("src/Retry/RetryTestCase.php", True, False, False),
        ("src/TestCase.php", False, False, False),
        ("benches/retry.rs", True, False, False),
        ("ios/Pods/Retry/Retry.swift", True, False, False),
        ("3rdparty/zlib/inflate.c", True, False, False),
        ("pkg/retry/doc.go", False, True, False),
        ("src/retry/root.zig", False, True, False),
        ("LICENSE", True, False, True),
        ("NOTICE", False, False, True),
        ("libexec/run-tests", False, False, False),
    ],
)
def test_a_path_tells_what_kind_of_file_it_is(
    path: str, aside: bool, facade: bool, prose: bool
) -> None:
    traits = path_traits(path)
    assert (traits.aside, traits.facade, traits.prose) == (aside, facade, prose)


def pool(*rows: tuple[str, dict[str, float]]) -> Pool:
    """Put candidates together, each of a path with the scores of retrievers."""
    paths = sorted({path for path, _ in rows})
    raw = np.array([[scores.get(name, 0.0) for name in RETRIEVERS] for _, scores in rows])
    return Pool(
        np.arange(len(rows), dtype=np.int64),
        np.array([paths.index(path) for path, _ in rows], dtype=np.intp),
        paths,
        PathTable(paths).of(np.arange(len(paths))),
        raw.reshape(len(rows), len(RETRIEVERS)),
    )


def ranked(text: str, *rows: tuple[str, dict[str, float]]) -> list[Ranked]:
    return list(rank(Query.of(text), pool(*rows)))


def test_the_definition_of_the_name_asked_for_comes_first() -> None:
    first, _ = ranked(
        "parse_url",
        ("a.py", {"body": 10.0, "dense": 0.9}),
        ("b.py", {"body": 5.0, "names": 4.0, "exact": 1.0}),
    )
    assert first.path == "b.py"


def test_tests_come_after_the_code_they_test() -> None:
    first, _ = ranked(
        "how are carts paid",
        ("tests/test_cart.py", {"body": 10.0, "dense": 0.5}),
        ("shop/checkout.py", {"body": 9.0, "dense": 0.5}),
    )
    assert first.path == "shop/checkout.py"


def test_a_test_that_is_named_comes_first() -> None:
    first, _ = ranked(
        "what does test_cart.py check",
        ("tests/test_cart.py", {"body": 5.0, "dense": 0.5, "place": 1.0}),
        ("shop/cart.py", {"body": 9.0, "dense": 0.5}),
    )
    assert first.path == "tests/test_cart.py"


def test_a_file_named_by_the_question_rises() -> None:
    first, _ = ranked(
        "how does retry wait",
        ("shop/alpha.py", {"body": 10.0}),
        ("shop/retry.py", {"body": 9.5}),
    )
    assert first.path == "shop/retry.py"


def test_a_further_chunk_of_a_file_must_be_much_better_than_other_files() -> None:
    paths = [
        hit.path
        for hit in ranked(
            "some words",
            ("a.py", {"body": 10.0}),
            ("a.py", {"body": 9.0}),
            ("b.py", {"body": 5.0}),
            ("c.py", {"body": 1.0}),
        )
    ]
    assert paths == ["a.py", "b.py", "a.py", "c.py"]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a.py", "b.py", "tests/c.py", "d.md"]),
            st.fixed_dictionaries(
                {name: st.floats(0, 50, width=32) for name in ("body", "names", "dense", "place")}
            ),
        ),
        max_size=20,
    )
)
def test_every_candidate_is_ranked_once_by_the_sum_of_its_shares(
    rows: list[tuple[str, dict[str, float]]],
) -> None:
    hits = ranked("carts and prices", *rows)
    assert sorted(hit.chunk for hit in hits) == list(range(len(rows)))
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    for hit in hits:
        assert hit.score == pytest.approx(sum(hit.shares.values()))


@given(st.permutations(range(6)))
def test_support_of_a_file_does_not_depend_on_the_order_of_its_chunks(order: list[int]) -> None:
    rows = [("a.py" if n % 2 else "b.py", {"body": float(n + 1)}) for n in range(6)]
    expected = sorted(round(hit.score, 9) for hit in ranked("some words", *rows))
    found = ranked("some words", *[rows[n] for n in order])
    assert sorted(round(hit.score, 9) for hit in found) == expected


def test_support_is_what_the_next_chunks_of_the_file_add() -> None:
    first, *_ = ranked("some words", *[("a.py", {"body": score}) for score in (4.0, 2.0, 1.0)])
    words = (1 - WEIGHTS.dense) * np.array([1.0, 0.5, 0.25])
    support = WEIGHTS.decay * words[1] + WEIGHTS.decay**2 * words[2]
    assert first.shares["same_file"] == pytest.approx(support)


def test_equal_scores_are_ordered_by_path() -> None:
    hits = ranked("some words", *[(path, {"body": 1.0}) for path in "cab"])
    assert [hit.path for hit in hits] == list("abc")


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
    scores = match_names(query, NameTable(NAMES)).scores
    assert max(scores, key=lambda name: scores[name]) == first


def test_a_name_that_is_like_none_finds_none() -> None:
    assert match_names("zzzzzz", NameTable(NAMES)).scores == {}
