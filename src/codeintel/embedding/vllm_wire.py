"""The bodies of the OpenAI-compatible embedding protocol: texts out, unit vectors in."""

import binascii
from base64 import b64decode
from collections.abc import Sequence
from typing import Literal

import msgspec
import numpy as np

from codeintel.embedding.base import Vectors
from codeintel.errors import EmbeddingMismatchError

Encoding = Literal["base64", "float"]

#: An answer may take this much for itself and for each text: 8,192 numbers of 22 characters.
_ANSWER_BYTES = 1 << 20
_ANSWER_BYTES_PER_TEXT = 180_224


class EmbeddingRequest(msgspec.Struct, omit_defaults=True):
    """Body of ``POST /v1/embeddings``; the last two fields are vLLM's own."""

    model: str
    input: Sequence[str]
    encoding_format: Encoding | None = None
    dimensions: int | None = None
    truncate_prompt_tokens: int | None = None
    truncation_side: Literal["right"] | None = None


class TokenizeRequest(msgspec.Struct):
    """Body of vLLM's ``POST /tokenize``."""

    model: str
    prompt: str


class _Item(msgspec.Struct):
    embedding: str | list[float | None]
    index: int


class _Usage(msgspec.Struct):
    prompt_tokens: int = 0


class _EmbeddingAnswer(msgspec.Struct):
    data: list[_Item]
    model: str = ""
    usage: _Usage | None = None


class ModelCard(msgspec.Struct, frozen=True):
    """One model of ``GET /v1/models``; only vLLM says the longest input."""

    id: str
    max_model_len: int | None = None


class _ModelList(msgspec.Struct):
    data: list[ModelCard]


class _TokenCount(msgspec.Struct):
    count: int


class Answer(msgspec.Struct, frozen=True):
    """Unit vectors of one request, in the order of its texts.

    Attributes
    ----------
    vectors
        float32, shape ``(n, dim)``.
    model
        Model name as the server gave it; may be empty.
    n_tokens
        Tokens the server counted; 0 where it did not say.
    """

    vectors: Vectors
    model: str
    n_tokens: int


class MalformedAnswerError(Exception):
    """The body is no complete answer; another attempt may give one."""


_encoder = msgspec.json.Encoder()
_answers = msgspec.json.Decoder(_EmbeddingAnswer)
_models = msgspec.json.Decoder(_ModelList)
_counts = msgspec.json.Decoder(_TokenCount)


def well_formed(text: str) -> str:
    """Replace lone surrogates, which no JSON can carry, by question marks."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def encode(body: EmbeddingRequest | TokenizeRequest) -> bytes:
    """Write a request body."""
    return _encoder.encode(body)


def max_answer_bytes(n_texts: int) -> int:
    """Give the size above which no honest answer for `n_texts` texts lies."""
    return _ANSWER_BYTES + n_texts * _ANSWER_BYTES_PER_TEXT


def decode_answer(body: bytes, n_texts: int) -> Answer:
    """Read an answer and bring its vectors to length 1: the one place where that happens.

    Raises
    ------
    MalformedAnswerError
        Broken JSON, missing fields, a wrong number of vectors or positions.
    EmbeddingMismatchError
        Vectors of several lengths, or numbers that are not finite.
    """
    try:
        answer = _answers.decode(body)
    except msgspec.DecodeError as error:
        if b"NaN" in body or b"Infinity" in body:
            raise _not_finite() from error
        raise MalformedAnswerError(f"The answer cannot be read: {error}") from error
    if sorted(item.index for item in answer.data) != list(range(n_texts)):
        raise MalformedAnswerError(
            f"The answer has {len(answer.data)} vectors for {n_texts} texts, or wrong positions."
        )
    rows: list[Vectors] = [np.empty(0, np.float32)] * n_texts
    for item in answer.data:
        rows[item.index] = _row(item.embedding)
    if len({row.size for row in rows}) != 1 or not rows[0].size:
        raise EmbeddingMismatchError(
            "The embedding server's answer holds vectors of several lengths, or empty ones."
        )
    vectors = np.stack(rows)
    if not np.isfinite(vectors).all():
        raise _not_finite()
    n_tokens = answer.usage.prompt_tokens if answer.usage else 0
    return Answer(normalized(vectors), answer.model, n_tokens)


def normalized(vectors: Vectors) -> Vectors:
    """Bring each row to length 1; a zero row stays zero."""
    # float64: the squares of float32 numbers above 1e19 would overflow.
    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64))
    lengths[lengths == 0.0] = 1.0
    return np.ascontiguousarray(vectors / lengths[:, None], dtype=np.float32)


def decode_models(body: bytes) -> tuple[ModelCard, ...]:
    """Read the list of models; empty where the server has another kind of list."""
    try:
        return tuple(_models.decode(body).data)
    except msgspec.DecodeError:
        return ()


def decode_token_count(body: bytes) -> int | None:
    """Read vLLM's answer to ``POST /tokenize``; None where it is another server's."""
    try:
        return _counts.decode(body).count
    except msgspec.DecodeError:
        return None


def decode_error(body: bytes) -> str:
    """Find the server's own words in an error body, on one line of at most 300 characters."""
    text = body[:65_536].decode("utf-8", "replace")
    try:
        found = msgspec.json.decode(body)
    except msgspec.DecodeError:
        found = text
    for key in ("error", "message", "detail"):
        if isinstance(found, dict) and key in found:
            found = found[key]
    words = found if isinstance(found, str) else text
    return " ".join(words.split())[:300]


def _row(embedding: str | list[float | None]) -> Vectors:
    """Read one vector; a null counts as not a number."""
    if not isinstance(embedding, str):
        with np.errstate(over="ignore"):  # becomes infinite, which is noticed
            return np.asarray(embedding, dtype=np.float32)
    try:
        return np.frombuffer(b64decode(embedding, validate=True), dtype="<f4")
    except (binascii.Error, ValueError) as error:
        raise MalformedAnswerError(f"A vector is not valid base64: {error}") from error


def _not_finite() -> EmbeddingMismatchError:
    return EmbeddingMismatchError(
        "The embedding server's answer holds numbers that are not finite.",
        cure="Check the model and its number format on the server (float16 may overflow).",
    )
