"""A stand-in for an embedding server, in a process of its own, and the client of the old way."""

import asyncio
import json
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpx
import numpy as np
from numpy.typing import NDArray

DIM = 384
#: What a small model on an accelerator takes: for a call, and for each text of it.
_CALL_S = 0.004
_TEXT_S = 0.0001


class StandIn:
    """Answers with fixed vectors; counts sockets and its own time for each request."""

    def __init__(self, *, thinks: bool) -> None:
        self._thinks = thinks
        self._sockets: set[tuple[str, int]] = set()
        self._times_s: list[float] = []
        self._model = asyncio.Lock()
        self._vectors = np.random.default_rng(4).normal(size=(1024, DIM)).astype("<f4")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        start = time.perf_counter()
        if scope["path"] == "/v1/embeddings":
            self._sockets.add(tuple(scope["client"]))
            answer = await self._embed(json.loads(body))
        elif scope["path"] == "/stats":
            answer = {"sockets": len(self._sockets), "times_s": self._times_s}
            self._sockets, self._times_s = set(), []
        else:
            answer = {"data": [{"id": "stand-in", "max_model_len": 8192}]}
        content = json.dumps(answer).encode()
        if scope["path"] == "/v1/embeddings":
            self._times_s.append(time.perf_counter() - start)
        headers = [(b"content-length", str(len(content)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    async def _embed(self, request: dict[str, Any]) -> dict[str, Any]:
        rows = self._vectors[: len(request["input"])]
        if self._thinks:
            async with self._model:
                await asyncio.sleep(_CALL_S + _TEXT_S * len(rows))
        base64 = request.get("encoding_format") == "base64"
        values = [b64encode(row).decode() if base64 else row.tolist() for row in rows]
        data = [{"index": i, "embedding": value} for i, value in enumerate(values)]
        return {"data": data, "model": request["model"], "usage": {"prompt_tokens": 0}}


@contextmanager
def stand_in(*, thinks: bool) -> Iterator[str]:
    """Run the stand-in in another process and give its URL."""
    process = subprocess.Popen(
        [sys.executable, "-m", __name__, "thinks" if thinks else "at-once"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait()


def stats(url: str) -> dict[str, Any]:
    """Take the sockets and times since the last call."""
    found: dict[str, Any] = httpx.get(f"{url}/stats").json()
    return found


def embed_the_old_way(url: str, model: str, texts: Sequence[str]) -> NDArray[np.float32]:
    """Embed a batch with a new client, as JSON numbers."""
    with httpx.Client(timeout=60) as client:
        answer = client.post(f"{url}/v1/embeddings", json={"model": model, "input": list(texts)})
    answer.raise_for_status()
    rows = sorted(answer.json()["data"], key=lambda item: item["index"])
    return np.array([row["embedding"] for row in rows], dtype=np.float32)


def _main() -> None:
    import socket

    import uvicorn

    listening = socket.create_server(("127.0.0.1", 0), backlog=512)
    print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
    config = uvicorn.Config(
        StandIn(thinks=sys.argv[1] == "thinks"),
        lifespan="off",
        log_config=None,
        access_log=False,
    )
    uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    _main()
