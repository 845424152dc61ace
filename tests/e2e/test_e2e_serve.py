"""`codeintel serve` as agents start it, asked by the official client."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from mcp import Client, StdioServerParameters

from codeintel.server.tools import TOOLS
from repositories import GitRepository

COMMAND = [sys.executable, "-m", "codeintel.cli.main"]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "CODEINTEL_WORKERS": "1"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def eventually(condition: Callable[[], object]) -> None:
    """Wait until something holds; how long that takes is not judged here."""
    for _ in range(600):
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError("it never came to hold")


@contextmanager
def http_server(
    words: list[str], cwd: Path, environment: dict[str, str]
) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run `codeintel serve --http`, and give its address and its process."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        [*COMMAND, "serve", "--http", f"127.0.0.1:{port}", *words],
        cwd=cwd,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )

    def ready() -> bool:
        assert process.poll() is None, process.communicate()[1]
        try:
            return httpx.get(f"{url}/readyz").status_code == 200
        except httpx.TransportError:
            return False

    try:
        eventually(ready)
        yield url, process
    finally:
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
    assert f"Serving at {url}/mcp" in errors
    assert "Traceback" not in errors


def search(url: str, query: str, token: str = "") -> httpx.Response:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return httpx.post(f"{url}/v1/semantic_search", json={"query": query}, headers=headers)


def test_an_agent_on_stdio_is_answered_while_and_after_the_index_is_built(
    shop: GitRepository, environment: dict[str, str]
) -> None:
    server = StdioServerParameters(
        command=COMMAND[0],
        args=[*COMMAND[1:], "serve"],
        env=environment,
        cwd=shop.path,
    )

    async def talk() -> None:
        async with Client(server) as client:
            assert len((await client.list_tools()).tools) == len(TOOLS)
            for _ in range(600):
                status = await client.call_tool("index_status", {})
                assert not status.is_error
                if status.structured_content["repositories"][0]["phase"] == "ready":
                    break
                await asyncio.sleep(0.1)
            arguments = {"query": "send a request again after a failure"}
            answer = await client.call_tool("semantic_search", arguments)
            assert answer.structured_content["hits"][0]["path"] == "shop/retry.py"

            shop.write({"zebra.py": "def count_zebras():\n    return 3\n"})
            for _ in range(600):
                answer = await client.call_tool("semantic_search", {"query": "count zebras"})
                if answer.structured_content["hits"][0]["path"] == "zebra.py":
                    return
                await asyncio.sleep(0.1)
            raise AssertionError("the new file was never found")

    asyncio.run(talk())


def test_several_processes_answer_over_http_and_follow_changes(
    shop: GitRepository, environment: dict[str, str]
) -> None:
    with http_server(["--workers", "2"], shop.path, environment) as (url, _):
        eventually(lambda: search(url, "total price with tax").status_code == 200)
        assert search(url, "total price with tax").json()["hits"][0]["path"] == "shop/prices.py"
        shop.write({"zebra.py": "def count_zebras():\n    return 3\n"})
        eventually(lambda: search(url, "zebras").json()["hits"][0]["path"] == "zebra.py")


def test_a_token_opens_the_repositories_it_names(
    shop: GitRepository, environment: dict[str, str], tmp_path: Path
) -> None:
    other = GitRepository(tmp_path / "bakery")
    other.commit({"bread.py": "def bake_bread():\n    return 1\n"})
    made = subprocess.run(
        [*COMMAND, "token", "baker", "--repo", "bakery"], capture_output=True, text=True, check=True
    )
    (tmp_path / "tokens").write_text(made.stdout)
    token = made.stderr.split()[-1]
    words = ["--token-file", str(tmp_path / "tokens"), str(shop.path), str(other.path)]
    with http_server(words, tmp_path, environment) as (url, _):
        assert search(url, "bread").status_code == 401
        assert search(url, "bread", "ci_wrong").status_code == 401
        eventually(lambda: search(url, "bread", token).status_code == 200)
        hits = search(url, "bread cart price", token).json()["hits"]
        assert {hit["repo"] for hit in hits} == {"bakery"}


def test_an_open_address_without_tokens_is_refused(
    shop: GitRepository, environment: dict[str, str]
) -> None:
    answer = subprocess.run(
        [*COMMAND, "serve", "--http", f"0.0.0.0:{free_port()}"],
        cwd=shop.path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 2
    assert "cure: " in answer.stderr


def test_a_port_that_is_taken_is_named(shop: GitRepository, environment: dict[str, str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        answer = subprocess.run(
            [*COMMAND, "serve", "--http", f"127.0.0.1:{port}"],
            cwd=shop.path,
            env=environment,
            capture_output=True,
            text=True,
        )
    assert answer.returncode == 2
    assert f"127.0.0.1:{port} is taken" in answer.stderr
    assert "Serving at" not in answer.stderr
    assert "Traceback" not in answer.stderr
