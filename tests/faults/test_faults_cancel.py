"""Work ends when whoever asked for it has hung up, or has waited for as long as the tool may take.

The index is made such that a question would never end by itself.
"""

import json
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from codeintel import CodeIntel
from codeintel.config import Settings
from live_server import serve
from repositories import SHOP, GitRepository
from worker_processes import until

pytestmark = pytest.mark.slow
ENDLESS = """
DROP TABLE occurrences;
CREATE VIEW occurrences AS
    WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers)
    SELECT n AS name_id, n AS document_id, x'' AS positions FROM numbers;
"""
QUESTION = {"symbol": "total_price"}
CALL = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {"name": "references_at", "arguments": QUESTION},
}
ACCEPT = "accept: application/json, text/event-stream\r\nmcp-protocol-version: 2025-06-18\r\n"
REQUESTS = {
    "rest": ("/v1/references_at", "", QUESTION),
    "mcp": ("/mcp", ACCEPT, CALL),
    "mcp by the SDK": ("/mcp", ACCEPT + "mcp-param-x: y\r\n", CALL),
}


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    repository = GitRepository(tmp_path / "shop")
    repository.commit(dict(SHOP), "Open the shop")
    settings = Settings(index_dir=tmp_path / "index", workers=1)
    with CodeIntel(repository.path, settings=settings) as codeintel:
        codeintel.index()
        (catalog,) = (tmp_path / "index").rglob("catalog.sqlite")
        with closing(sqlite3.connect(catalog)) as connection:
            connection.executescript(ENDLESS)
        with serve(codeintel) as url:
            yield url


def at_work(url: str) -> float:
    """Give the number of threads that answer questions."""
    lines = httpx.get(f"{url}/metrics").text.splitlines()
    name = 'codeintel_door_running{lane="cpu"}'
    return float(next(line for line in lines if line.startswith(name)).rpartition(" ")[2])


@pytest.mark.parametrize("face", REQUESTS)
def test_the_work_of_clients_that_hang_up_stops(url: str, face: str) -> None:
    path, headers, body = REQUESTS[face]
    content = json.dumps(body)
    head = f"POST {path} HTTP/1.1\r\nhost: localhost\r\n{headers}content-type: application/json"
    request = f"{head}\r\ncontent-length: {len(content)}\r\n\r\n{content}".encode()
    port = int(url.rpartition(":")[2])
    clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(4)]
    for client in clients:
        client.sendall(request)
    until(lambda: at_work(url))
    for client in clients:
        client.close()
    until(lambda: not at_work(url))
    assert httpx.post(f"{url}/v1/list_paths").json()["total"] == len(SHOP)


def test_work_that_takes_longer_than_its_tool_may_stops_with_an_error(url: str) -> None:
    answer = httpx.post(f"{url}/v1/references_at", json=QUESTION, timeout=60)
    assert answer.status_code == 504
    assert answer.json()["error"]["code"] == "deadline_exceeded"
    until(lambda: not at_work(url))
