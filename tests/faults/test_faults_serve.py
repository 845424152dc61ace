"""`codeintel serve --http` while things break: each answer is right, or an error that says why."""

import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from repositories import GitRepository

pytestmark = pytest.mark.slow
COMMAND = [sys.executable, "-m", "codeintel.cli.main"]
INDEXER_NICE = 10


def eventually(condition: Callable[[], object]) -> None:
    for _ in range(400):
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError("it never came to hold")


class Served:
    """A server, its log so far, and its repository."""

    def __init__(self, repository: GitRepository, index: Path) -> None:
        self.repository = repository
        self.index = index
        self.log: list[str] = []
        self.url = ""
        self.process: subprocess.Popen[str]

    @contextmanager
    def running(self, limit_file_bytes: int | None = None) -> Iterator["Served"]:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"

        def limited() -> None:
            if limit_file_bytes:
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit_file_bytes, limit_file_bytes))

        self.process = subprocess.Popen(
            [*COMMAND, "serve", str(self.repository.path), "--http", f"127.0.0.1:{port}"],
            env={**os.environ, "CODEINTEL_INDEX_DIR": str(self.index), "CODEINTEL_WORKERS": "1"},
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=limited,
        )
        stream = self.process.stderr
        reader = threading.Thread(target=lambda: self.log.extend(stream))
        reader.start()
        try:
            eventually(self.ready)
            yield self
        finally:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)
            reader.join()
            stream.close()

    def ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz").status_code == 200
        except httpx.TransportError:
            return False

    def ask(self, tool: str, **arguments: object) -> httpx.Response:
        return httpx.post(f"{self.url}/v1/{tool}", json=arguments, timeout=60)

    def defines(self, name: str) -> bool:
        answer = self.ask("symbol_search", query=name)
        assert answer.status_code == 200, answer.text
        return any(symbol["name"] == name for symbol in answer.json()["symbols"])

    def indexers(self) -> list[int]:
        """Give the processes of low priority below the server."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [
            pid
            for pid in map(int, children.read_text().split())
            if os.getpriority(os.PRIO_PROCESS, pid) == INDEXER_NICE + os.nice(0)
        ]


@pytest.fixture
def served(shop: GitRepository, tmp_path: Path) -> Served:
    return Served(shop, tmp_path / "index")


def test_an_indexer_that_is_killed_comes_back_and_goes_on(served):
    with served.running():
        eventually(served.indexers)
        (first,) = served.indexers()
        os.kill(first, signal.SIGKILL)
        assert served.ask("search_text", pattern="def total_price").json()["n_matches"] == 1
        served.repository.write({"new.py": "def made_after_the_fall():\n    pass\n"})
        eventually(lambda: served.defines("made_after_the_fall"))
        assert served.indexers() != [first]
    assert any("indexer ended with -9" in line for line in served.log)


def test_a_full_disk_stops_indexing_and_not_answering(served):
    with served.running():
        assert served.defines("total_price")
    with served.running(limit_file_bytes=150_000):
        functions = [f"def big_{n}():\n    return {n} * {n}\n\n\n" for n in range(20_000)]
        parts = {f"big{n}.py": "".join(functions[n::20]) for n in range(20)}
        served.repository.write(parts)
        eventually(lambda: any("not brought up to date" in line for line in served.log))
        assert served.defines("total_price")
        assert not served.defines("big_7")
        assert served.ready()


@pytest.mark.parametrize("part", ["vectors", "lexical", "trigrams"])
def test_a_file_that_broke_while_nothing_ran_is_told_or_mended(served, part):
    with served.running():
        assert served.defines("total_price")
    broken = max(served.index.rglob(f"{part}/*"), key=lambda path: path.stat().st_size)
    data = bytearray(broken.read_bytes())
    data[len(data) // 2 :] = b""
    broken.unlink()
    broken.write_bytes(data)
    command = [*COMMAND, "index", "--full", str(served.repository.path)]
    environment = {**os.environ, "CODEINTEL_INDEX_DIR": str(served.index)}
    told = subprocess.run(
        [*COMMAND, "search", "total price", str(served.repository.path)],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert "total_price" in told.stdout or "index" in told.stderr
    assert "Traceback" not in told.stderr
    subprocess.run(command, env=environment, check=True, capture_output=True)
    with served.running():
        assert served.defines("total_price")
        hits = served.ask("semantic_search", query="total price of all items").json()["hits"]
        assert any(hit["path"] == "shop/prices.py" for hit in hits)


def test_a_burst_of_ten_times_the_queue_is_answered_or_told_when_to_come_back():
    import asyncio

    from codeintel.server.door import DoorOptions
    from codeintel.server.http import HttpOptions
    from fake_codeintel import FakeCodeIntel
    from live_server import serve

    codeintel = FakeCodeIntel()
    codeintel.work_s = 0.002
    door = DoorOptions(cpu_threads=2, max_waiting=50, max_per_principal=50)

    async def burst(url: str) -> list[httpx.Response]:
        limits = httpx.Limits(max_connections=500)
        async with httpx.AsyncClient(base_url=url, limits=limits, timeout=60) as client:
            asked = [
                client.post("/v1/search_text", json={"pattern": "send", "limit": n % 99 + 1})
                for n in range(500)
            ]
            return await asyncio.gather(*asked)

    with serve(codeintel, HttpOptions(port=0, door=door)) as url:
        answers = asyncio.run(burst(url))
    assert {answer.status_code for answer in answers} == {200, 503}
    for answer in answers:
        if answer.status_code == 200:
            assert answer.json()["n_matches"] == 2
        else:
            assert answer.json()["error"]["code"] == "busy"
            assert int(answer.headers["retry-after"]) >= 1
