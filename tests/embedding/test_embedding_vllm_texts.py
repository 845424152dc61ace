"""Texts that a server refuses or that are too long: found, recorded, and the rest stored."""

import asyncio
from collections.abc import Iterator
from itertools import chain

import numpy as np
import pytest
from misbehaving_embedding_server import EmbeddingServer, serving, unit_vectors

from codeintel.embedding.vllm import VLLMClient, VLLMEmbedder
from codeintel.errors import EmbeddingRefusedError, EmbeddingUnavailableError

TEXTS = [f"text {i}" for i in range(64)]
BAD = {3, 17, 18, 63}


def words(n: int) -> str:
    return " ".join(f"word{i}" for i in range(n))


@pytest.fixture
def server() -> Iterator[EmbeddingServer]:
    with serving() as running:
        yield running


def refuse_bad(status: int, server: EmbeddingServer) -> list[str]:
    bad = {TEXTS[i] for i in BAD}
    server.refuses = lambda text: status if text in bad else 0
    return TEXTS


@pytest.mark.parametrize("status", [400, 413, 422, 500])
def test_bad_texts_are_found_and_the_rest_is_embedded(server: EmbeddingServer, status: int) -> None:
    texts = refuse_bad(status, server)
    with VLLMClient(server.options()) as client:
        embedded = client.embed_texts(texts)
    assert set(embedded.refused) == BAD
    assert all(str(status) in reason for reason in embedded.refused.values())
    assert not embedded.vectors[sorted(BAD)].any()
    good = [i for i in range(64) if i not in BAD]
    np.testing.assert_allclose(embedded.vectors[good], unit_vectors(texts)[good], atol=1e-6)


def test_the_asynchronous_client_finds_bad_texts_too(server: EmbeddingServer) -> None:
    texts = refuse_bad(422, server)

    async def embed() -> set[int]:
        async with VLLMClient(server.options()) as client:
            return set((await client.embed_texts_async(texts)).refused)

    assert asyncio.run(embed()) == BAD


def test_a_batch_with_a_bad_text_gives_no_vectors_where_all_are_needed(
    server: EmbeddingServer,
) -> None:
    texts = refuse_bad(422, server)
    with (
        VLLMClient(server.options()) as client,
        pytest.raises(EmbeddingRefusedError, match="4 of 64 texts, the first at position 3"),
    ):
        client.embed_batch(texts)


def test_a_refused_query_is_an_error_for_that_query_alone(server: EmbeddingServer) -> None:
    server.refuses = lambda text: 400 if text == "bad" else 0
    embedder = VLLMEmbedder(VLLMClient(server.options()))
    with pytest.raises(EmbeddingRefusedError):
        embedder.embed_query("bad")
    np.testing.assert_allclose(embedder.embed_query("good"), unit_vectors(["good"])[0], atol=1e-6)
    embedder.close()


def test_a_server_that_dies_while_bad_texts_are_sought_is_unavailable(
    server: EmbeddingServer,
) -> None:
    server.refuses = lambda text: 500
    with VLLMClient(server.options()) as client, pytest.raises(EmbeddingUnavailableError):
        client.embed_texts(["a"])


LONG = [words(5), words(400), words(12), words(90), words(101), words(100), "x" * 3000]
KEPT = [words(5), words(100), words(12), words(90), words(100), words(100), "x" * 3000]


def assert_cut_at_100(server: EmbeddingServer) -> None:
    with VLLMClient(server.options()) as client:
        embedded = client.embed_texts(LONG)
    np.testing.assert_allclose(embedded.vectors, unit_vectors(KEPT), atol=1e-6)
    assert not embedded.refused
    assert {1, 4} <= set(embedded.truncated)
    assert set(embedded.truncated.values()) == {100}


def test_vllm_counts_tokens_and_cuts_at_our_word() -> None:
    with serving(max_tokens=100, has_tokenizer=True) as server:
        assert_cut_at_100(server)
        sent_whole = [b["input"] for b in server.bodies if "truncate_prompt_tokens" not in b]
        assert not any(LONG[1] in texts for texts in sent_whole)


def test_a_server_that_cuts_without_a_word_is_found_out() -> None:
    with serving(max_tokens=100, cuts=True) as server:
        assert_cut_at_100(server)


def test_the_limit_of_a_server_that_cuts_and_does_not_say_where_is_found_out() -> None:
    with serving(max_tokens=100, says_max_tokens=False, cuts=True) as server:
        assert_cut_at_100(server)


@pytest.mark.parametrize("says", [True, False])
def test_where_tokens_cannot_be_counted_a_refused_text_is_halved(says: bool) -> None:
    with serving(max_tokens=100, says_max_tokens=says) as server:
        with VLLMClient(server.options()) as client:
            embedded = client.embed_texts(LONG)
        assert not embedded.refused
        assert set(embedded.truncated) == {1, 4}
        assert all(40 <= n <= 100 for n in embedded.truncated.values())
        whole = [0, 2, 3, 5, 6]
        np.testing.assert_allclose(embedded.vectors[whole], unit_vectors(LONG)[whole], atol=1e-6)
        assert np.linalg.norm(embedded.vectors, axis=1) == pytest.approx(1.0)


def test_a_limit_in_the_options_outranks_the_servers(server: EmbeddingServer) -> None:
    server.max_tokens, server.has_tokenizer = 1000, True
    with VLLMClient(server.options(max_tokens=50)) as client:
        embedded = client.embed_texts([words(80), words(50)])
    assert dict(embedded.truncated) == {0: 50}


def test_a_long_text_that_is_bad_for_another_reason_is_refused() -> None:
    bad = words(80)
    with serving(
        max_tokens=100, has_tokenizer=True, refuses=lambda text: 422 if text == bad else 0
    ) as server:
        with VLLMClient(server.options()) as client:
            embedded = client.embed_texts([words(3), bad, words(300)])
        assert set(embedded.refused) == {1}
        assert dict(embedded.truncated) == {2: 100}


def test_short_texts_ask_the_server_nothing_but_vectors(server: EmbeddingServer) -> None:
    server.max_tokens, server.has_tokenizer = 100, True
    with VLLMClient(server.options()) as client:
        client.embed_texts(TEXTS)
        assert client.model.max_tokens is None
        assert len(server.requests) == 2


def test_no_request_exceeds_the_bound_of_texts(server: EmbeddingServer) -> None:
    with VLLMClient(server.options(max_batch_texts=7)) as client:
        client.embed_texts(TEXTS)
    assert max(map(len, server.requests)) == 7
    assert sorted(chain.from_iterable(server.requests)) == sorted(TEXTS)


def test_a_request_is_bounded_by_tokens_too(server: EmbeddingServer) -> None:
    texts = [words(60) for _ in range(16)]
    with VLLMClient(server.options(max_batch_tokens=500)) as client:
        client.embed_texts(texts)
    assert len(server.requests) > 4
