"""A server as its users start it, with the means to break what it stands on."""

import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from repositories import GitRepository

COMMAND = [sys.executable, "-m", "codeintel.cli.main"]
INDEXER_NICE = 10


def eventually(condition: Callable[[], object]) -> None:
    for _ in range(1200):
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
    def running(
        self, *, limit_file_bytes: int | None = None, environment: Mapping[str, str] | None = None
    ) -> Iterator["Served"]:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

        def limited() -> None:
            if limit_file_bytes:
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit_file_bytes, limit_file_bytes))

        self.process = subprocess.Popen(
            [*COMMAND, "serve", str(self.repository.path), "--http", f"127.0.0.1:{port}"],
            env={
                **os.environ,
                "CODEINTEL_INDEX_DIR": str(self.index),
                "CODEINTEL_WORKERS": "1",
                **(environment or {}),
            },
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

    def told(self, text: str) -> bool:
        return any(text in line for line in self.log)

    def indexers(self) -> list[int]:
        """Give the processes of low priority below the server."""
        return [pid for pid in self._children() if _is_patient(pid)]

    def workers(self) -> list[int]:
        """Give the processes below the server that answer."""
        return [
            pid
            for pid in self._children()
            if not _is_patient(pid) and b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
        ]

    def _children(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text().split()]


def _is_patient(pid: int) -> bool:
    return os.getpriority(os.PRIO_PROCESS, pid) == INDEXER_NICE + os.nice(0)
