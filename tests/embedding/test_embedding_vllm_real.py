"""The client against a real vLLM server with the model `minilm`.

Its address is ``CODEINTEL_TEST_VLLM_URL``, by default http://127.0.0.1:8001.
"""

import asyncio
import os
import socket
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest

from codeintel.api import CodeIntel
from codeintel.config import Settings
from codeintel.embedding.vllm import VLLMClient, VLLMEmbedder, VLLMOptions
from codeintel.embedding.vllm_probe import probe
from codeintel.errors import EmbeddingRefusedError

URL = os.environ.get("CODEINTEL_TEST_VLLM_URL", "http://127.0.0.1:8001")


def runs() -> bool:
    try:
        with urllib.request.urlopen(f"{URL}/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


pytestmark = [
    pytest.mark.vllm,
    pytest.mark.skipif(not runs(), reason=f"no vLLM server answers at {URL}"),
]


def options(**changes: object) -> VLLMOptions:
    values: dict[str, object] = {"base_urls": (URL,), "model": "minilm", "query_deadline_s": 60.0}
    return VLLMOptions(**{**values, **changes})  # type: ignore[arg-type]


class Relay:
    """Passes bytes to the server and counts the connections that clients open."""

    def __init__(self, listening: socket.socket) -> None:
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        self.n_sockets = 0
        self._listening = listening
        self._target = (urlsplit(URL).hostname, urlsplit(URL).port or 80)

    def run(self) -> None:
        with ThreadPoolExecutor(256) as threads:
            while True:
                try:
                    client, _ = self._listening.accept()
                except OSError:
                    return
                self.n_sockets += 1
                server = socket.create_connection(self._target)
                threads.submit(self._pass, client, server)
                threads.submit(self._pass, server, client)

    @staticmethod
    def _pass(source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(1 << 16):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        finally:
            source.close()


@contextmanager
def counting_sockets() -> Iterator[Relay]:
    listening = socket.create_server(("127.0.0.1", 0), backlog=256)
    relay = Relay(listening)
    thread = threading.Thread(target=relay.run)
    thread.start()
    try:
        yield relay
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()


TEXTS = [f"def area_{i}(width, height):\n    return width * height + {i}\n" for i in range(40)]


def test_vectors_of_a_batch_are_those_of_one_by_one_calls() -> None:
    with VLLMClient(options()) as client:
        together = client.embed_batch(TEXTS)
        alone = np.concatenate([client.embed_batch([text]) for text in TEXTS[:10]])
    assert together.shape == (40, 384)
    assert together.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1.0, atol=1e-5)
    np.testing.assert_allclose(together[:10], alone, atol=1e-3)


def test_the_asynchronous_client_gives_the_same_vectors() -> None:
    async def embed() -> np.ndarray:
        async with VLLMClient(options()) as client:
            return await client.embed_batch_async(TEXTS)

    with VLLMClient(options()) as client:
        np.testing.assert_allclose(asyncio.run(embed()), client.embed_batch(TEXTS), atol=1e-3)


def test_texts_beyond_the_models_limit_are_cut_at_it_and_recorded() -> None:
    long = "alpha beta gamma " * 200
    head = "alpha beta gamma " * 84 + "alpha beta"  # 254 words and two special tokens
    with VLLMClient(options()) as client:
        embedded = client.embed_texts(["short", long, head])
        assert client.model.max_tokens == 256
    assert dict(embedded.truncated) == {1: 256}
    assert not embedded.refused
    assert embedded.vectors[1] @ embedded.vectors[2] == pytest.approx(1.0, abs=1e-3)


def test_sockets_are_reused() -> None:
    with counting_sockets() as relay:
        with VLLMClient(options(base_urls=(relay.url,), max_batch_texts=4)) as client:
            client.embed_batch(TEXTS)
            client.embed_batch(TEXTS[::-1])
        assert 1 <= relay.n_sockets <= 4


def test_a_hundred_queries_at_once_share_requests_and_sockets() -> None:
    queries = [f"how is area {i} computed" for i in range(100)]
    with counting_sockets() as relay:
        embedder = VLLMEmbedder(VLLMClient(options(base_urls=(relay.url,), max_connections=8)))
        with ThreadPoolExecutor(100) as threads:
            vectors = np.stack(list(threads.map(embedder.embed_query, queries)))
        embedder.close()
        assert relay.n_sockets <= 8
    with VLLMClient(options()) as client:
        np.testing.assert_allclose(vectors, client.embed_batch(queries), atol=1e-3)


def test_an_unknown_model_is_an_error_that_says_so() -> None:
    with (
        VLLMClient(options(model="nope")) as client,
        pytest.raises(EmbeddingRefusedError, match="nope"),
    ):
        client.embed_batch(["a"])


def test_the_probe_describes_the_server() -> None:
    (found,) = probe(options())
    assert found.error == ""
    assert (found.models, found.dim, found.max_tokens) == (("minilm",), 384, 256)
    assert (found.long_texts, found.counts_tokens, found.encoding) == ("refused", True, "base64")
    assert found.call_difference < 1e-3
    assert found.batch_difference < 1e-3


def test_a_repository_is_indexed_and_searched_through_the_server(tmp_path: Path) -> None:
    repository = tmp_path / "shop"
    repository.mkdir()
    (repository / "tax.py").write_text(
        "def value_added_tax(price):\n"
        '    """Compute the tax that is owed on a sale."""\n'
        "    return price * 0.19\n"
    )
    (repository / "parser.py").write_text(
        "def parse_header(line):\n"
        '    """Split an HTTP header into its name and its value."""\n'
        "    name, _, value = line.partition(':')\n"
        "    return name, value.strip()\n"
    )
    for arguments in (["init", "-q"], ["add", "."]):
        subprocess.run(["git", *arguments], cwd=repository, check=True)
    settings = Settings(
        index_dir=tmp_path / "index", workers=1, embedding_url=URL, embedding_model="minilm"
    )
    with CodeIntel(repository, settings=settings) as codeintel:
        (report,) = codeintel.index()
        assert report.texts_embedded >= 2
        for question, path in [("money owed to the state", "tax.py"), ("http", "parser.py")]:
            answer = codeintel.semantic_search(question)
            assert answer.hits[0].path == path
            assert all(part.complete for part in answer.about)
        (status,) = codeintel.index_status().repositories
        assert status.embedder == "vllm:minilm"
        assert status.vectors_pending == 0
