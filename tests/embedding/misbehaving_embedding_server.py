"""An embedding server on a real socket that does what a test tells it to, good or bad."""

import asyncio
import hashlib
import json
import signal
import socket
import sys
import threading
from base64 import b64encode
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import uvicorn

from codeintel.embedding.base import Vectors
from codeintel.embedding.vllm import VLLMOptions

Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]


def vector(text: str, dim: int = 8) -> Vectors:
    """Give the vector that the server has for a text, of any length."""
    digest = hashlib.sha256(text.encode()).digest() * (dim // 16 + 1)
    return np.frombuffer(digest, dtype="<i2")[:dim].astype(np.float32) + 0.5


def unit_vectors(texts: Sequence[str], dim: int = 8) -> Vectors:
    """Give what the client has to answer for texts that nothing happens to."""
    rows = np.array([vector(text, dim) for text in texts], dtype=np.float64).reshape(-1, dim)
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def n_tokens(text: str) -> int:
    """Count words, which this server takes for tokens."""
    return len(text.split())


@dataclass
class Request:
    """One request for vectors."""

    server: "EmbeddingServer"
    texts: list[str]
    body: dict[str, Any]
    send: Send
    receive: Receive

    async def reply(self, status: int, body: bytes, **headers: str) -> None:
        names = {"content_type": "application/json", **headers}
        await self.send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [
                    (name.replace("_", "-").encode(), value.encode())
                    for name, value in names.items()
                ]
                + [(b"content-length", str(len(body)).encode())],
            }
        )
        await self.send({"type": "http.response.body", "body": body})

    async def refuse(self, status: int, message: str, **headers: str) -> None:
        await self.reply(status, json.dumps({"error": {"message": message}}).encode(), **headers)

    def answer(self, **changes: Any) -> dict[str, Any]:
        """Make the right answer, as a dictionary to spoil."""
        rows = [vector(self.server.weights + text, self.server.dim) for text in self.texts]
        if self.body.get("encoding_format") == "base64" and self.server.base64:
            values: list[Any] = [b64encode(row.astype("<f4").tobytes()).decode() for row in rows]
        else:
            values = [row.tolist() for row in rows]
        return {
            "data": [{"index": i, "embedding": value} for i, value in enumerate(values)],
            "model": self.server.model,
            "usage": {"prompt_tokens": sum(map(n_tokens, self.texts))},
            **changes,
        }


Mood = Callable[[Request], Awaitable[None]]


async def behave(request: Request) -> None:
    """Do what a good server does."""
    server = request.server
    for text in request.texts:
        if server.refuses(text):
            await request.refuse(server.refuses(text), f"the text {text[:20]!r} is bad")
            return
    limit = server.max_tokens
    cut_to = request.body.get("truncate_prompt_tokens") or (limit if server.cuts else None)
    if cut_to:
        request.texts = [" ".join(text.split()[:cut_to]) for text in request.texts]
    if limit and any(n_tokens(text) > limit for text in request.texts):
        await request.refuse(400, f"maximum context length is {limit} tokens")
        return
    await request.reply(200, json.dumps(request.answer()).encode())


async def shuffled(request: Request) -> None:
    answer = request.answer()
    answer["data"] = answer["data"][::-1]
    await request.reply(200, json.dumps(answer).encode())


async def hanging_up(request: Request) -> None:
    await request.reply(200, json.dumps(request.answer()).encode(), connection="close")


async def dropped_mid_body(request: Request) -> None:
    await request.send(
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [(b"content-length", b"5000")],
        }
    )
    await request.send({"type": "http.response.body", "body": b'{"data": [', "more_body": True})
    raise ConnectionError("the server is gone")


async def truncated_json(request: Request) -> None:
    await request.reply(200, json.dumps(request.answer()).encode()[:-20])


async def one_vector_missing(request: Request) -> None:
    answer = request.answer()
    answer["data"] = answer["data"][1:]
    await request.reply(200, json.dumps(answer).encode())


async def one_vector_twice(request: Request) -> None:
    answer = request.answer()
    answer["data"] = [answer["data"][0], *answer["data"][:-1]]
    await request.reply(200, json.dumps(answer).encode())


async def not_json(request: Request) -> None:
    await request.reply(200, b"<html>welcome</html>", content_type="text/html")


async def not_finite(request: Request) -> None:
    answer = request.answer()
    answer["data"][-1]["embedding"] = [float("nan")] * request.server.dim
    await request.reply(200, json.dumps(answer).encode())


async def null_numbers(request: Request) -> None:
    answer = request.answer()
    answer["data"][-1]["embedding"] = [None] * request.server.dim
    await request.reply(200, json.dumps(answer).encode())


async def endless(request: Request) -> None:
    await request.send({"type": "http.response.start", "status": 200, "headers": []})
    gone = asyncio.ensure_future(request.receive())
    while not gone.done():
        request.server.bytes_sent += 1 << 20
        await request.send(
            {"type": "http.response.body", "body": b" " * (1 << 20), "more_body": True}
        )
        await asyncio.sleep(0)


async def silent(request: Request) -> None:
    while not request.server.stopping.is_set():
        await asyncio.sleep(0.01)


async def trickling(request: Request) -> None:
    await request.send({"type": "http.response.start", "status": 200, "headers": []})
    while not request.server.stopping.is_set():
        await request.send({"type": "http.response.body", "body": b" ", "more_body": True})
        await asyncio.sleep(0.01)


def slow(seconds: float) -> Mood:
    async def mood(request: Request) -> None:
        await asyncio.sleep(seconds)
        await behave(request)

    return mood


def status(code: int, **headers: str) -> Mood:
    async def mood(request: Request) -> None:
        await request.refuse(code, "not now", **headers)

    return mood


def of_dim(dim: int) -> Mood:
    async def mood(request: Request) -> None:
        data = [{"index": i, "embedding": [1.0] * dim} for i in range(len(request.texts))]
        await request.reply(200, json.dumps(request.answer(data=data)).encode())

    return mood


def of_model(name: str) -> Mood:
    async def mood(request: Request) -> None:
        await request.reply(200, json.dumps(request.answer(model=name)).encode())

    return mood


@dataclass
class EmbeddingServer:
    """What the server is like, and what it has seen.

    Attributes
    ----------
    weights
        Servers with other ones give other vectors.
    script
        One mood for each coming request for vectors; then `mood` for all others.
    refuses
        Status for a text that the server refuses, 0 for others.
    has_tokenizer, says_max_tokens, cuts
        Like vLLM, or like servers that cut long texts without a word.
    """

    dim: int = 8
    model: str = "tiny"
    weights: str = ""
    max_tokens: int | None = None
    says_max_tokens: bool = True
    has_tokenizer: bool = False
    cuts: bool = False
    base64: bool = True
    refuses_base64: bool = False
    refuses: Callable[[str], int] = lambda text: 0
    mood: Mood = behave
    script: deque[Mood] = field(default_factory=deque)
    url: str = ""
    requests: list[list[str]] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    sockets: set[int] = field(default_factory=set)
    headers: list[dict[str, str]] = field(default_factory=list)
    under_way: int = 0
    most_under_way: int = 0
    bytes_sent: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)

    def options(self, **changes: Any) -> VLLMOptions:
        """Give options for this server that waste no time of a test."""
        fast = {"backoff_s": 0.001, "max_backoff_s": 0.01, "breaker_rest_s": 0.05}
        return VLLMOptions(**{"base_urls": (self.url,), "model": "tiny", **fast, **changes})

    @property
    def n_texts(self) -> int:
        """Number of texts it was sent."""
        return sum(map(len, self.requests))

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        self.sockets.add(scope["client"][1])
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        content = json.loads(body) if body else {}
        request = Request(self, list(content.get("input", ())), content, send, receive)
        if scope["path"] == "/v1/embeddings":
            self.headers.append({k.decode(): v.decode() for k, v in scope["headers"]})
            await self._embed(request)
        elif scope["path"] == "/v1/models":
            limit = self.max_tokens if self.says_max_tokens else None
            models = {"data": [{"id": self.model, "max_model_len": limit}]}
            await request.reply(200, json.dumps(models).encode())
        elif scope["path"] == "/tokenize" and self.has_tokenizer:
            count = n_tokens(content["prompt"])
            await request.reply(200, json.dumps({"count": count, "tokens": [7] * count}).encode())
        else:
            await request.refuse(404, "no such path")

    async def _embed(self, request: Request) -> None:
        self.requests.append(request.texts)
        self.bodies.append(request.body)
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            if self.refuses_base64 and request.body.get("encoding_format") == "base64":
                await request.refuse(400, "encoding_format must be float")
            else:
                await (self.script.popleft() if self.script else self.mood)(request)
        finally:
            self.under_way -= 1


@contextmanager
def serving(*, port: int = 0, **traits: Any) -> Iterator[EmbeddingServer]:
    """Run a server in a thread of its own."""
    app = EmbeddingServer(**traits)
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", port))
    listening.listen(256)
    app.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    config = uvicorn.Config(
        app,  # type: ignore[arg-type]
        lifespan="off",
        ws="none",
        http="h11",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield app
    finally:
        app.stopping.set()
        server.should_exit = True
        thread.join()
        listening.close()


def free_port() -> int:
    """Give a port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    # In a process of its own, at a port that is given, so that it can be killed and come back.
    with serving(port=int(sys.argv[1])):
        signal.pause()
