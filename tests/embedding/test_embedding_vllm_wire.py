"""Bodies of the protocol: what is read, and what is refused."""

import json
from base64 import b64encode
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from codeintel.embedding.base import Vectors
from codeintel.embedding.vllm_wire import (
    MalformedAnswerError,
    decode_answer,
    decode_error,
    decode_models,
    decode_token_count,
    normalized,
    well_formed,
)
from codeintel.errors import EmbeddingMismatchError

numbers = st.floats(-(2.0**100), 2.0**100, width=32)
matrices = npst.arrays(
    np.float32, st.tuples(st.integers(1, 6), st.integers(1, 9)), elements=numbers
)


def body(rows: Vectors, *, base64: bool) -> bytes:
    def written(row: Vectors) -> Any:
        return b64encode(row.tobytes()).decode() if base64 else row.tolist()

    data = [{"index": i, "embedding": written(row)} for i, row in enumerate(rows)]
    return json.dumps({"data": data[::-1], "model": "m"}).encode()


@given(matrices, st.booleans())
def test_any_finite_vectors_come_back_in_order_with_length_one(rows: Vectors, base64: bool) -> None:
    answer = decode_answer(body(rows, base64=base64), len(rows))
    assert answer.vectors.dtype == np.float32
    assert answer.vectors.flags["C_CONTIGUOUS"]
    lengths = np.linalg.norm(rows.astype(np.float64), axis=1)
    expected = rows / np.where(lengths == 0.0, 1.0, lengths)[:, None]
    np.testing.assert_allclose(answer.vectors, expected, atol=1e-6)


@given(st.binary())
def test_no_bytes_make_it_fail_in_another_way(junk: bytes) -> None:
    with pytest.raises((MalformedAnswerError, EmbeddingMismatchError)):
        decode_answer(junk, 1)
    assert len(decode_error(junk)) <= 300
    decode_models(junk)
    decode_token_count(junk)


@pytest.mark.parametrize(
    "text",
    [
        '{"data": [{"index": 0, "embedding": [1.0]}]}',
        '{"data": [{"index": 0, "embedding": [1.0]}, {"index": 0, "embedding": [1.0]}]}',
        '{"data": [{"index": 1, "embedding": [1.0]}, {"index": 2, "embedding": [1.0]}]}',
        '{"data": [{"index": 0, "embedding": "###="}, {"index": 1, "embedding": "AACAPw=="}]}',
        '{"data": [{"index": 0, "embedding": "AAA="}, {"index": 1, "embedding": "AACAPw=="}]}',
        '{"data": "none"}',
    ],
)
def test_an_incomplete_answer_is_malformed(text: str) -> None:
    with pytest.raises(MalformedAnswerError):
        decode_answer(text.encode(), 2)


@pytest.mark.parametrize(
    "rows",
    [
        "[[1.0], [1.0, 2.0]]",
        "[[], []]",
        "[[1.0], [NaN]]",
        "[[1.0], [null]]",
        "[[1.0], [1e39]]",
        "[[1.0], [-Infinity]]",
    ],
)
def test_vectors_that_cannot_be_used_are_a_mismatch(rows: str) -> None:
    first, second = rows[1:-1].split(", ", 1)
    text = (
        f'{{"data": [{{"index": 0, "embedding": {first}}}, {{"index": 1, "embedding": {second}}}]}}'
    )
    with pytest.raises(EmbeddingMismatchError):
        decode_answer(text.encode(), 2)


def test_normalizing_survives_numbers_whose_squares_overflow() -> None:
    rows = np.array([[3e38, 3e38], [1e-30, 0.0], [0.0, 0.0]], np.float32)
    expected = [[0.5**0.5, 0.5**0.5], [1.0, 0.0], [0.0, 0.0]]
    np.testing.assert_allclose(normalized(rows), expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"error": {"message": "too\\n long"}}', "too long"),
        ('{"error": "no model"}', "no model"),
        ('{"detail": "Not Found"}', "Not Found"),
        ("<h1>Bad Gateway</h1>", "<h1>Bad Gateway</h1>"),
        ("", ""),
    ],
)
def test_the_servers_words_are_found_in_any_error(text: str, words: str) -> None:
    assert decode_error(text.encode()) == words


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_can_be_sent(text: str) -> None:
    assert well_formed(text).encode("utf-8").decode() == well_formed(text)
