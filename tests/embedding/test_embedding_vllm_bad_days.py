"""The client against a server that misbehaves: nothing lost, nothing twice, bounded time."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import misbehaving_embedding_server as moods
import numpy as np
import pytest
from misbehaving_embedding_server import EmbeddingServer, Mood, serving, unit_vectors

from codeintel.embedding.base import Embedded, Vectors
from codeintel.embedding.vllm import VLLMClient, VLLMOptions
from codeintel.errors import (
    EmbeddingClosedError,
    EmbeddingMismatchError,
    EmbeddingRefusedError,
    EmbeddingUnavailableError,
)

TEXTS = [f"text {i}" for i in range(64)]
Embed = Callable[[VLLMOptions, list[str]], Embedded]


@pytest.fixture
def server() -> Iterator[EmbeddingServer]:
    with serving() as running:
        yield running


def embed_blocking(options: VLLMOptions, texts: list[str]) -> Embedded:
    with VLLMClient(options) as client:
        return client.embed_texts(texts)


def embed_in_a_loop(options: VLLMOptions, texts: list[str]) -> Embedded:
    async def embed() -> Embedded:
        async with VLLMClient(options) as client:
            return await client.embed_texts_async(texts)

    return asyncio.run(embed())


@pytest.fixture(params=[embed_blocking, embed_in_a_loop], ids=["blocking", "asynchronous"])
def embed(request: pytest.FixtureRequest) -> Embed:
    chosen: Embed = request.param
    return chosen


def assert_whole(embedded: Embedded, texts: list[str] = TEXTS) -> None:
    np.testing.assert_allclose(embedded.vectors, unit_vectors(texts), atol=1e-6)
    assert not embedded.refused
    assert not embedded.truncated


def one_vector(client: VLLMClient) -> Vectors:
    return client.embed_queries(["a"]).vectors


@pytest.mark.parametrize(
    "trouble",
    [
        moods.dropped_mid_body,
        moods.truncated_json,
        moods.one_vector_missing,
        moods.one_vector_twice,
        moods.not_json,
        moods.status(408),
        moods.status(429),
        moods.status(429, retry_after="0"),
        moods.status(500),
        moods.status(502),
        moods.status(503, retry_after="0"),
        moods.status(504),
        moods.slow(0.2),
        moods.shuffled,
    ],
)
def test_passing_trouble_is_not_noticed(
    server: EmbeddingServer, embed: Embed, trouble: Mood
) -> None:
    server.script.extend([trouble, moods.behave, trouble])
    assert_whole(embed(server.options(), TEXTS))


def test_a_storm_of_429_loses_nothing(server: EmbeddingServer, embed: Embed) -> None:
    server.script.extend([moods.status(429, retry_after="0")] * 40)
    assert_whole(embed(server.options(), TEXTS))


def test_retry_after_is_honoured(server: EmbeddingServer, embed: Embed) -> None:
    server.script.append(moods.status(429, retry_after="1"))
    start = time.monotonic()
    assert_whole(embed(server.options(), TEXTS))
    assert time.monotonic() - start >= 1.0


def test_a_retry_after_beyond_the_deadline_is_not_waited_for(server: EmbeddingServer) -> None:
    server.mood = moods.status(429, retry_after="3600")
    start = time.monotonic()
    with (
        VLLMClient(server.options()) as client,
        pytest.raises(EmbeddingUnavailableError, match="status 429"),
    ):
        one_vector(client)
    assert time.monotonic() - start < 3.0


@pytest.mark.parametrize("code", [400, 413, 422])
def test_a_refused_request_is_never_repeated(server: EmbeddingServer, code: int) -> None:
    with VLLMClient(server.options()) as client:
        one_vector(client)
        server.script.append(moods.status(code))
        before = len(server.requests)
        refused = client.embed_queries(["bad"]).refused
    assert str(code) in refused[0]
    assert [texts for texts in server.requests[before:] if texts == ["bad"]] == [["bad"]]


@pytest.mark.parametrize("code", [401, 403, 404])
def test_a_wrong_key_or_model_is_an_error_at_once(
    server: EmbeddingServer, embed: Embed, code: int
) -> None:
    server.mood = moods.status(code)
    with pytest.raises(EmbeddingRefusedError, match=str(code)):
        embed(server.options(max_in_flight=1), TEXTS)
    assert len(server.requests) <= 2


def test_a_server_that_refuses_everything_is_an_error_not_a_pile_of_refusals(
    server: EmbeddingServer, embed: Embed
) -> None:
    server.refuses = lambda text: 422
    with pytest.raises(EmbeddingRefusedError, match="every text"):
        embed(server.options(), TEXTS)


def test_a_server_that_fails_on_everything_is_unavailable(
    server: EmbeddingServer, embed: Embed
) -> None:
    server.mood = moods.status(500)
    with pytest.raises(EmbeddingUnavailableError, match="500"):
        embed(server.options(), TEXTS)


@pytest.mark.parametrize(
    "spoilt", [moods.not_finite, moods.null_numbers, moods.of_dim(5), moods.of_model("other")]
)
def test_a_wrong_dimension_or_model_or_number_is_an_error_and_gives_no_vectors(
    server: EmbeddingServer, embed: Embed, spoilt: Mood
) -> None:
    server.script.extend([moods.behave, spoilt])
    with pytest.raises(EmbeddingMismatchError):
        embed(server.options(), TEXTS)


def test_the_first_answer_is_held_against_what_is_expected(server: EmbeddingServer) -> None:
    with (
        VLLMClient(server.options(dim=384)) as client,
        pytest.raises(EmbeddingMismatchError, match="8 numbers instead of 384"),
    ):
        one_vector(client)
    with (
        VLLMClient(server.options(model="big")) as client,
        pytest.raises(EmbeddingMismatchError, match="'tiny' instead of 'big'"),
    ):
        one_vector(client)


@pytest.mark.parametrize("answered", ["tiny:latest", "org/tiny", "", "tiny-002"])
def test_a_server_may_add_to_the_name_of_the_model(server: EmbeddingServer, answered: str) -> None:
    server.mood = moods.of_model(answered)
    with VLLMClient(server.options()) as client:
        assert client.dim == 8


def test_base64_is_given_up_where_the_server_refuses_it(
    server: EmbeddingServer, embed: Embed
) -> None:
    server.refuses_base64 = True
    assert_whole(embed(server.options(), TEXTS))
    assert server.bodies[-1]["encoding_format"] == "float"


def test_two_batches_that_give_base64_up_at_the_same_time_are_both_embedded(
    server: EmbeddingServer, embed: Embed
) -> None:
    n_plain_words, given_up = 0, asyncio.Event()

    async def refuse_the_second_plain_word_late(request: moods.Request) -> None:
        nonlocal n_plain_words
        if request.body["encoding_format"] == "float":
            if request.texts != ["word"]:
                given_up.set()
            await moods.behave(request)
            return
        if request.texts == ["word"]:
            n_plain_words += 1
            first = n_plain_words == 1
            while n_plain_words < 2:
                await asyncio.sleep(0.001)
            if not first:
                await given_up.wait()
        await request.refuse(400, "encoding_format must be float")

    server.mood = refuse_the_second_plain_word_late
    assert_whole(embed(server.options(max_in_flight=2, max_batch_texts=32), TEXTS))
    assert n_plain_words == 2


def test_base64_is_given_up_for_a_long_text_too(server: EmbeddingServer, embed: Embed) -> None:
    server.refuses_base64, server.max_tokens = True, 2000
    texts = [" ".join(["word"] * 1500)]
    assert_whole(embed(server.options(), texts), texts)


def test_an_endless_answer_is_cut_off(server: EmbeddingServer, embed: Embed) -> None:
    server.mood = moods.endless
    with pytest.raises(EmbeddingMismatchError, match="larger than"):
        embed(server.options(max_in_flight=1), TEXTS[:32])
    assert server.bytes_sent < 64 << 20


@pytest.mark.parametrize("hanging", [moods.silent, moods.trickling])
def test_a_hanging_server_costs_bounded_time(
    server: EmbeddingServer, embed: Embed, hanging: Mood
) -> None:
    server.mood = hanging
    start = time.monotonic()
    with pytest.raises(EmbeddingUnavailableError):
        embed(server.options(document_deadline_s=0.3, read_timeout_s=0.2), TEXTS)
    assert time.monotonic() - start < 10.0


def test_a_server_that_is_not_there_is_unavailable(embed: Embed) -> None:
    options = VLLMOptions(
        base_urls=(f"http://127.0.0.1:{moods.free_port()}",), model="tiny", backoff_s=0.001
    )
    with pytest.raises(EmbeddingUnavailableError, match=r"ConnectError|attempts failed"):
        embed(options, TEXTS)


def test_a_server_that_starts_late_is_waited_for(embed: Embed) -> None:
    port = moods.free_port()
    options = VLLMOptions(
        base_urls=(f"http://127.0.0.1:{port}",),
        model="tiny",
        backoff_s=0.05,
        max_backoff_s=0.2,
        max_attempts=100,
        breaker_failures=1000,
    )
    started, tested = threading.Event(), threading.Event()

    def serve_late() -> None:
        time.sleep(0.3)
        with serving(port=port):
            started.set()
            tested.wait(60)

    with ThreadPoolExecutor(1) as threads:
        late = threads.submit(serve_late)
        try:
            assert_whole(embed(options, TEXTS))
        finally:
            tested.set()
        late.result()
    assert started.is_set()


def test_the_breaker_stops_hammering_and_closes_again_by_itself(server: EmbeddingServer) -> None:
    def breaker(client: VLLMClient) -> float:
        (state,) = (f for f in client.metrics.families() if f.name.endswith("breaker_state"))
        return state.samples[0].value

    server.mood = moods.status(503)
    with VLLMClient(server.options(breaker_rest_s=0.2)) as client:
        with pytest.raises(EmbeddingUnavailableError):
            one_vector(client)
        sent = len(server.requests)
        for _ in range(20):
            with pytest.raises(EmbeddingUnavailableError, match="tried again in"):
                one_vector(client)
        assert len(server.requests) == sent
        assert breaker(client) == 2
        server.mood = moods.behave
        time.sleep(0.25)
        assert one_vector(client).shape == (1, 8)
        assert breaker(client) == 0


def test_a_failing_server_is_put_aside_for_the_healthy_one(embed: Embed) -> None:
    with serving(mood=moods.status(503)) as failing, serving() as healthy:
        options = healthy.options(
            base_urls=(failing.url, healthy.url), max_batch_texts=4, breaker_rest_s=30.0
        )
        assert_whole(embed(options, TEXTS))
        assert failing.n_texts <= 4 * 9
        assert healthy.n_texts == 64


def test_several_servers_share_the_work(embed: Embed) -> None:
    slow = moods.slow(0.02)
    with serving(mood=slow) as first, serving(mood=slow) as second:
        options = first.options(base_urls=(first.url, second.url), max_batch_texts=4)
        assert_whole(embed(options, TEXTS))
        assert first.n_texts + second.n_texts == 64
        assert min(first.n_texts, second.n_texts) >= 16


def test_servers_of_two_dimensions_are_not_mixed(embed: Embed) -> None:
    with serving(dim=8) as first, serving(dim=9) as second:
        options = first.options(base_urls=(first.url, second.url), max_batch_texts=4)
        with pytest.raises(EmbeddingMismatchError, match="numbers instead of"):
            embed(options, TEXTS)


def test_after_an_outage_the_same_client_goes_on(server: EmbeddingServer) -> None:
    with VLLMClient(server.options(breaker_rest_s=0.02)) as client:
        assert_whole(client.embed_texts(TEXTS))
        server.mood = moods.status(503)
        with pytest.raises(EmbeddingUnavailableError):
            client.embed_texts(TEXTS)
        server.mood = moods.behave
        time.sleep(0.4)  # more than 16 rests, the longest
        assert_whole(client.embed_texts(TEXTS))


def test_a_random_mixture_of_trouble_loses_and_doubles_nothing(embed: Embed) -> None:
    kinds: list[Mood] = [
        moods.behave,
        moods.shuffled,
        moods.dropped_mid_body,
        moods.truncated_json,
        moods.status(500),
        moods.behave,
        moods.status(429),
        moods.status(503),
        moods.behave,
    ]
    texts = [f"text {i}" for i in range(300)]
    with serving() as server:
        server.script.extend(kinds[i * 7 % len(kinds)] for i in range(60))
        options: dict[str, Any] = {"max_attempts": 60, "breaker_failures": 60}
        assert_whole(embed(server.options(max_batch_texts=8, **options), texts), texts)


def test_closing_wakes_a_call_that_waits_to_try_again(server: EmbeddingServer) -> None:
    server.mood = moods.status(429, retry_after="30")
    client = VLLMClient(server.options(close_deadline_s=0.05))
    with ThreadPoolExecutor(1) as threads:
        call = threads.submit(client.embed_texts, TEXTS)
        while not server.requests:
            time.sleep(0.001)
        client.close()
        assert isinstance(call.exception(timeout=10), EmbeddingClosedError)
