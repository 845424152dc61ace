"""Trying out a server, and what is counted meanwhile."""

import pytest
from misbehaving_embedding_server import EmbeddingServer, Request, behave, free_port, serving

from codeintel.embedding.vllm import VLLMClient, VLLMEmbedder
from codeintel.embedding.vllm_probe import probe


@pytest.mark.parametrize(
    ("traits", "long_texts", "counts_tokens"),
    [
        ({"has_tokenizer": True}, "refused", True),
        ({"cuts": True}, "cut", False),
        ({}, "refused", False),
    ],
)
def test_a_probe_tells_what_the_server_is_like(
    traits: dict[str, bool], long_texts: str, counts_tokens: bool
) -> None:
    with serving(max_tokens=200, **traits) as server:
        (found,) = probe(server.options())
    assert found.error == ""
    assert found.models == ("tiny",)
    assert (found.dim, found.max_tokens) == (8, 200)
    assert (found.long_texts, found.counts_tokens) == (long_texts, counts_tokens)
    assert found.deterministic
    assert found.latency_1_ms > 0.0
    assert found.seconds_for(64) == pytest.approx(2 * found.latency_32_ms / 1e3)


def test_a_server_whose_calls_do_not_agree_is_told() -> None:
    async def wavering(request: Request) -> None:
        request.texts = [f"{text} {len(request.server.requests)}" for text in request.texts]
        await behave(request)

    with serving(max_tokens=200, mood=wavering) as server:
        (found,) = probe(server.options())
    assert not found.deterministic


def test_each_server_is_tried_and_a_dead_one_says_why() -> None:
    dead = f"http://127.0.0.1:{free_port()}"
    with serving(max_tokens=200) as server:
        good, bad = probe(server.options(base_urls=(server.url, dead)))
    assert good.dim == 8
    assert dead in bad.error


def test_metrics_count_what_happened() -> None:
    server: EmbeddingServer
    with serving(refuses=lambda text: 422 if text == "bad" else 0) as server:
        embedder = VLLMEmbedder(VLLMClient(server.options()))
        embedder.embed_documents(["a", "bad", "b"])
        embedder.embed_query("q")
        embedder.embed_query("q")
        families = {
            f.name.removeprefix("codeintel_vllm_"): f for f in embedder.client.metrics.families()
        }
        embedder.close()

    def value(name: str, suffix: str = "", **labels: str) -> float:
        (sample,) = (
            s
            for s in families[name].samples
            if s.suffix == suffix and labels.items() <= dict(s.labels).items()
        )
        return sample.value

    assert value("http_connections_open") == 1
    assert value("breaker_state", endpoint=server.url) == 0
    assert value("texts_total", outcome="embedded") == 3
    assert value("texts_total", outcome="refused") == 1
    assert value("queries_total", outcome="sent") == 1
    assert value("queries_total", outcome="cached") == 1
    assert value("requests_total", outcome="200") >= 3
    assert value("batch_texts", "_bucket", le="4") == 2
    assert value("batch_texts", "_bucket", le="+Inf") == value("batch_texts", "_count") == 2
    assert value("request_seconds", "_sum") > 0.0
    for family in families.values():
        assert family.description
