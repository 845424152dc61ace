"""The client against a server that behaves: shape, order, sockets, secrets and closing."""

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from misbehaving_embedding_server import (
    EmbeddingServer,
    hanging_up,
    serving,
    shuffled,
    slow,
    unit_vectors,
)

from codeintel.embedding.vllm import VLLMClient, VLLMEmbedder, VLLMOptions
from codeintel.errors import ConfigurationError, EmbeddingClosedError

TEXTS = [f"text {i}" for i in range(100)]


@pytest.fixture
def server() -> Iterator[EmbeddingServer]:
    with serving() as running:
        yield running


@pytest.mark.parametrize("base64", [True, False])
def test_vectors_are_contiguous_unit_float32_in_the_order_of_the_texts(
    server: EmbeddingServer, base64: bool
) -> None:
    server.base64 = base64
    with VLLMClient(server.options()) as client:
        vectors = client.embed_batch(TEXTS)
    assert vectors.dtype == np.float32
    assert vectors.flags["C_CONTIGUOUS"]
    np.testing.assert_allclose(vectors, unit_vectors(TEXTS), atol=1e-6)


def test_the_order_of_the_answer_does_not_matter(server: EmbeddingServer) -> None:
    server.mood = shuffled
    with VLLMClient(server.options()) as client:
        np.testing.assert_allclose(client.embed_batch(TEXTS), unit_vectors(TEXTS), atol=1e-6)


def test_no_texts_give_an_empty_array_of_the_right_width(server: EmbeddingServer) -> None:
    with VLLMClient(server.options()) as client:
        assert client.embed_batch([]).shape == (0, 8)
    with VLLMClient(server.options(dim=5)) as client:
        assert client.embed_batch([]).shape == (0, 5)


def test_the_asynchronous_client_gives_the_same_vectors(server: EmbeddingServer) -> None:
    async def embed() -> None:
        async with VLLMClient(server.options()) as client:
            empty, vectors = await asyncio.gather(
                client.embed_batch_async([]), client.embed_batch_async(TEXTS)
            )
            assert empty.shape == (0, 8)
            np.testing.assert_allclose(vectors, unit_vectors(TEXTS), atol=1e-6)

    asyncio.run(embed())


def test_one_client_serves_one_event_loop_after_the_other(server: EmbeddingServer) -> None:
    server.mood = hanging_up  # an event loop that has ended can close no sockets
    client = VLLMClient(server.options())
    for _ in range(2):
        assert asyncio.run(client.embed_batch_async(TEXTS)).shape == (100, 8)
    client.close()


def test_many_batches_use_few_sockets(server: EmbeddingServer) -> None:
    with VLLMClient(server.options(max_batch_texts=2, max_in_flight=3)) as client:
        client.embed_batch(TEXTS)
        client.embed_batch(TEXTS)
        assert len(server.requests) >= 100
        assert len(server.sockets) <= 3
        (connections,) = (
            f for f in client.metrics.families() if f.name.endswith("http_connections_open")
        )
        assert 1 <= connections.samples[0].value <= 3


def test_documents_under_way_are_bounded_for_all_threads_together(server: EmbeddingServer) -> None:
    server.mood = slow(0.005)
    with (
        VLLMClient(server.options(max_batch_texts=4, max_in_flight=3)) as client,
        ThreadPoolExecutor(8) as threads,
    ):
        for vectors in threads.map(client.embed_batch, [TEXTS] * 8):
            np.testing.assert_allclose(vectors, unit_vectors(TEXTS), atol=1e-6)
    assert 2 <= server.most_under_way <= 3


def test_the_sockets_of_many_callers_stay_within_the_limit(server: EmbeddingServer) -> None:
    with (
        VLLMClient(server.options(max_connections=5)) as client,
        ThreadPoolExecutor(50) as threads,
    ):
        list(threads.map(lambda text: client.embed_queries([text]), TEXTS))
    assert len(server.sockets) <= 5


def test_key_and_headers_are_sent_and_never_shown(
    server: EmbeddingServer, caplog: pytest.LogCaptureFixture
) -> None:
    options = server.options(api_key="s3cret", headers={"x-team": "t0psecret"})
    with caplog.at_level("DEBUG"), VLLMClient(options) as client:
        client.embed_batch(["a"])
    assert server.headers[-1]["authorization"] == "Bearer s3cret"
    assert server.headers[-1]["x-team"] == "t0psecret"
    shown = repr(options) + caplog.text
    assert "s3cret" not in shown
    assert "t0psecret" not in shown


def test_a_base_url_may_end_in_v1(server: EmbeddingServer) -> None:
    with VLLMClient(server.options(base_urls=(f"{server.url}/v1/",))) as client:
        assert client.dim == 8


def test_a_shorter_vector_is_asked_for_where_the_options_say_so(server: EmbeddingServer) -> None:
    with VLLMClient(server.options(dim=8, shorten=True)) as client:
        client.embed_batch(["a"])
    assert server.bodies[-1]["dimensions"] == 8


def test_templates_and_lone_surrogates_reach_the_server(server: EmbeddingServer) -> None:
    options = server.options(document_template="doc: {text}", query_template="find {text} {x}")
    embedder = VLLMEmbedder(VLLMClient(options))
    embedder.embed_documents(["{text} \ud800"])
    embedder.embed_query("q")
    embedder.close()
    assert server.requests == [["doc: {text} ?"], ["find q {x}"]]


def test_a_query_without_words_is_zero(server: EmbeddingServer) -> None:
    embedder = VLLMEmbedder(VLLMClient(server.options()))
    np.testing.assert_array_equal(embedder.embed_query(" \n"), np.zeros(8))
    embedder.close()


def test_the_fingerprint_follows_what_shapes_vectors_and_needs_no_server() -> None:
    def fingerprint(**changes: object) -> str:
        values: dict[str, object] = {"base_urls": ("http://127.0.0.1:9",), "model": "m", **changes}
        embedder = VLLMEmbedder(VLLMClient(VLLMOptions(**values)))  # type: ignore[arg-type]
        embedder.close()
        return embedder.fingerprint

    assert fingerprint() == fingerprint(api_key="k", max_in_flight=9, dim=8)
    shaped = [
        fingerprint(),
        fingerprint(model="n"),
        fingerprint(document_template="d: {text}"),
        fingerprint(query_template="q: {text}"),
        fingerprint(max_tokens=99),
        fingerprint(dim=8, shorten=True),
    ]
    assert len(set(shaped)) == len(shaped)


@pytest.mark.parametrize(
    "wrong",
    [
        {"base_urls": ()},
        {"base_urls": ("ftp://host",)},
        {"base_urls": ("localhost:8000",)},
        {"model": ""},
        {"document_template": "no place"},
        {"query_template": ""},
        {"max_in_flight": 0},
        {"read_timeout_s": -1.0},
        {"dim": 0},
        {"shorten": True},
    ],
)
def test_impossible_options_are_an_error(wrong: dict[str, object]) -> None:
    values: dict[str, object] = {"base_urls": ("http://host",), "model": "m", **wrong}
    with pytest.raises(ConfigurationError):
        VLLMOptions(**values)  # type: ignore[arg-type]


def test_a_url_with_a_password_is_an_error_that_does_not_repeat_it() -> None:
    with pytest.raises(ConfigurationError) as caught:
        VLLMOptions(base_urls=("http://user:hunter2@host",), model="m")
    assert "hunter2" not in str(caught.value)


# ---------------------------------------------------------------- closing


def test_use_after_close_is_an_error_and_closing_twice_is_fine(server: EmbeddingServer) -> None:
    client = VLLMClient(server.options())
    client.embed_batch(["a"])
    client.close()
    client.close()
    with pytest.raises(EmbeddingClosedError):
        client.embed_batch(["a"])
    with pytest.raises(EmbeddingClosedError):
        asyncio.run(client.embed_batch_async(["a"]))


def test_closing_lets_calls_under_way_end(server: EmbeddingServer) -> None:
    server.mood = slow(0.2)
    client = VLLMClient(server.options())
    with ThreadPoolExecutor(1) as threads:
        call = threads.submit(client.embed_batch, TEXTS)
        while not server.requests:
            time.sleep(0.001)
        client.close()
        np.testing.assert_allclose(call.result(), unit_vectors(TEXTS), atol=1e-6)


def test_closing_does_not_wait_longer_than_its_deadline(server: EmbeddingServer) -> None:
    server.mood = slow(0.5)
    client = VLLMClient(server.options(close_deadline_s=0.01, max_batch_texts=10, max_in_flight=1))
    with ThreadPoolExecutor(1) as threads:
        call = threads.submit(client.embed_batch, TEXTS)
        while not server.requests:
            time.sleep(0.001)
        client.close()
        assert isinstance(call.exception(), EmbeddingClosedError)
    assert len(server.requests) <= 2


def test_close_works_inside_a_running_event_loop(server: EmbeddingServer) -> None:
    server.mood = slow(0.05)

    async def embed_and_close() -> None:
        client = VLLMClient(server.options())
        call = asyncio.create_task(client.embed_batch_async(TEXTS))
        while not server.requests:
            await asyncio.sleep(0.001)
        client.close()
        with pytest.raises(EmbeddingClosedError):
            await client.embed_batch_async(["late"])
        assert (await call).shape == (100, 8)
        await client.aclose()

    asyncio.run(embed_and_close())


def test_close_inside_a_loop_that_ends_at_once_leaves_no_socket(server: EmbeddingServer) -> None:
    async def embed_and_close() -> VLLMClient:
        client = VLLMClient(server.options())
        await client.embed_batch_async(["a"])
        client.embed_batch(["a"])
        client.close()
        return client

    client = asyncio.run(embed_and_close())
    assert client.metrics.families()[0].samples[0].value == 0


def test_close_reaches_the_sockets_of_a_loop_in_another_thread(server: EmbeddingServer) -> None:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    client = VLLMClient(server.options())
    asyncio.run_coroutine_threadsafe(client.embed_batch_async(TEXTS), loop).result()
    client.close()
    assert client.metrics.families()[0].samples[0].value == 0
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def test_a_cancelled_call_leaves_the_client_usable(server: EmbeddingServer) -> None:
    server.script.append(slow(5))

    async def cancel_and_go_on() -> None:
        async with VLLMClient(server.options()) as client:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await client.embed_batch_async(["a"])
            assert (await client.embed_batch_async(["b"])).shape == (1, 8)

    asyncio.run(cancel_and_go_on())
