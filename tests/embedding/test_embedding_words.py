"""How text is cut into the words of a vocabulary."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeintel.embedding.words import Vocabulary, words_of

WORDS = ["parse", "http", "header", "2", "time", "out", "timeout", "e", "x"]
COSTS = [5.0, 6.0, 6.0, 4.0, 4.0, 4.0, 3.0, 12.0, 12.0]


def pieces(text: str) -> list[str]:
    tokens, counts = Vocabulary(WORDS, COSTS).count(text)
    return [WORDS[t] for t, n in zip(tokens, counts, strict=True) for _ in range(int(n))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("parseHTTPHeader2", ["parse", "http", "header", "2"]),
        ("parse_http-header", ["parse", "http", "header"]),
        ("PARSE Parse", ["parse", "parse"]),
        ("timeout", ["timeout"]),
        ("parsetimeout", ["parse", "timeout"]),
        ("timeoutx", ["timeout", "x"]),
        ("zzz", []),
        ("20251122", []),
        ("parse" * 9, []),
        ("héader", ["header"]),
    ],
)
def test_text_is_cut_at_case_and_class_and_into_known_pieces(
    text: str, expected: list[str]
) -> None:
    assert pieces(text) == expected


def test_the_cut_takes_the_likeliest_pieces() -> None:
    assert pieces("headertimeout") == ["header", "timeout"]


@given(st.text())
def test_any_text_can_be_counted(text: str) -> None:
    tokens, counts = Vocabulary(WORDS, COSTS).count(text)
    assert len(set(tokens.tolist())) == len(tokens)
    assert (counts >= 1).all()


@given(st.lists(st.text(st.sampled_from("paretimouxhd2_ ")), max_size=5))
def test_many_texts_are_counted_as_each_alone(texts: list[str]) -> None:
    vocabulary = Vocabulary(WORDS, COSTS)
    together = [tuple(of) for of in zip(*vocabulary.count_each(texts), strict=True)]
    alone = [
        (n, *of)
        for n, text in enumerate(texts)
        for of in sorted(zip(*vocabulary.count(text), strict=True))
    ]
    assert together == alone


def test_words_of_a_text_are_lower_case_and_without_data() -> None:
    text = "parseHTTPHeader(v2) 20251122 Café_au_lait"
    assert words_of(text) == ["parse", "http", "header", "v", "2", "cafe", "au", "lait"]
