"""Words of code."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeintel.lang.tokens import MAX_TOKEN_CHARS, singular, tokenize


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("getUserName", ["get", "user", "name", "getusername"]),
        ("get_user_name", ["get", "user", "name", "getusername"]),
        ("HTTPServer2", ["http", "server", "2", "httpserver2"]),
        ("MAX_RETRIES", ["max", "retry", "maxretry"]),
        ("__init__", ["init"]),
        ("parse", ["parse"]),
        ("utf8", ["utf", "8", "utf8"]),
        ("größeÄndern", ["größe", "ändern", "größeändern"]),
        ("a.b(c)", ["a", "b", "c"]),
        ("日本語", ["日本語"]),
        ("x-y", ["x", "y"]),
        ("", []),
        ("+-*/", []),
        ("boxes classes queries uses css", ["box", "class", "query", "use", "css"]),
    ],
)
def test_words_are_cut_at_case_underscore_and_digits(text: str, tokens: list[str]) -> None:
    assert tokenize(text) == tokens


def test_encoded_data_makes_no_tokens() -> None:
    assert tokenize("a" * (MAX_TOKEN_CHARS + 1)) == []


@given(st.text())
def test_tokens_are_short_words_in_lower_case(text: str) -> None:
    for token in tokenize(text):
        assert token == token.lower()
        assert len(token) > 0


@given(st.lists(st.from_regex(r"[a-z]{1,10}", fullmatch=True), min_size=2, max_size=5))
def test_snake_and_camel_case_have_the_same_parts(words: list[str]) -> None:
    snake = tokenize("_".join(words))
    camel = tokenize(words[0] + "".join(word.capitalize() for word in words[1:]))
    singulars = [singular(word) for word in words]
    assert snake[:-1] == singulars
    if all(len(word) > 1 for word in words):
        assert camel == snake
