"""`codeintel serve --http` while things break: each answer is right, or an error that says why.

Clients ask all the while, each as soon as it was answered: see `crowd`.
"""

import os
import signal
import socket
import subprocess
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from crowd import N_CLIENTS, crowd
from served import COMMAND, Served, eventually

from repositories import GitRepository

pytestmark = pytest.mark.slow
# 10 MB, far more than the kernel keeps for a connection.
LARGE = "word = 'a line of a large file that nobody reads to its end'\n" * 160_000


@pytest.fixture
def served(shop: GitRepository, tmp_path: Path) -> Served:
    return Served(shop, tmp_path / "index")


def test_a_worker_that_is_killed_takes_down_no_more_than_its_own_requests(served):
    with served.running(), crowd(served.url) as asked:
        (first,) = served.workers()
        os.kill(first, signal.SIGKILL)
        eventually(lambda: served.workers() not in ([], [first]))
        asked.more()
        # A client may be cut off, and tries once more on a connection that the dead one had.
        assert len(asked.broken) <= 2 * N_CLIENTS
    assert served.told("worker 1 ended with -9")


def test_an_indexer_that_is_killed_comes_back_and_goes_on(served):
    with served.running(), crowd(served.url) as asked:
        eventually(served.indexers)
        (first,) = served.indexers()
        os.kill(first, signal.SIGKILL)
        served.repository.write({"new.py": "def made_after_the_fall():\n    pass\n"})
        eventually(lambda: served.defines("made_after_the_fall"))
        assert served.indexers() != [first]
        asked.more()
        assert asked.broken == []
    assert served.told("indexer ended with -9")


def test_a_full_disk_stops_indexing_and_not_answering(served):
    with served.running():
        assert served.defines("total_price")
    with served.running(limit_file_bytes=150_000), crowd(served.url) as asked:
        functions = [f"def big_{n}():\n    return {n} * {n}\n\n\n" for n in range(20_000)]
        parts = {f"big{n}.py": "".join(functions[n::20]) for n in range(20)}
        served.repository.write(parts)
        eventually(lambda: served.told("not brought up to date"))
        asked.more()
        assert not served.defines("big_7")
        assert served.ready()
        assert asked.broken == []


def damage(served: Served, part: str) -> None:
    """Let half of the largest file of a part of the index be gone."""
    broken = max(served.index.rglob(f"{part}/*"), key=lambda path: path.stat().st_size)
    data = broken.read_bytes()
    broken.unlink()
    broken.write_bytes(data[: len(data) // 2])


@pytest.mark.parametrize("part", ["vectors", "lexical", "trigrams"])
def test_a_file_that_breaks_while_clients_ask_is_told_and_mended(served, part):
    with served.running():
        assert served.defines("total_price")
        with crowd(served.url, allowed={"index_corrupt"}) as asked:
            damage(served, part)
            asked.more()  # whoever has mapped the file goes on
            os.kill(served.workers()[0], signal.SIGKILL)
            eventually(lambda: asked.codes or served.told("index"))
            served.repository.write({"new.py": "def written_after_the_damage():\n    pass\n"})
            eventually(lambda: found(served, "written_after_the_damage"))
            asked.more()
            assert len(asked.broken) <= 2 * N_CLIENTS


def found(served: Served, name: str) -> bool:
    answer = served.ask("symbol_search", query=name)
    assert answer.status_code == 200 or answer.json()["error"]["code"] == "index_corrupt"
    return answer.status_code == 200 and bool(answer.json()["symbols"])


@pytest.mark.parametrize("part", ["vectors", "lexical", "trigrams"])
def test_a_file_that_broke_while_nothing_ran_is_told_or_mended(served, part):
    with served.running():
        assert served.defines("total_price")
    damage(served, part)
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


def test_clients_that_hang_up_within_an_answer_leave_nothing_behind(served):
    served.repository.write({"large.py": LARGE})
    request = (
        b"POST /v1/search_text HTTP/1.1\r\nhost: localhost\r\ncontent-length: 49\r\n\r\n"
        b'{"pattern": "word = ", "limit": 1000, "regex":0 }'
    )
    with served.running(), crowd(served.url) as asked:
        (worker,) = served.workers()
        before = connections(worker)
        for _ in range(100):
            with socket.create_connection(("127.0.0.1", served.port)) as connection:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                connection.sendall(request)
                assert connection.recv(100).startswith(b"HTTP/1.1 200")
        eventually(lambda: connections(worker) <= before)
        asked.more()
        assert asked.broken == []


def connections(pid: int) -> int:
    n = 0
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed in the meantime
            n += os.readlink(link).startswith("socket:")
    return n


def test_a_burst_of_ten_times_the_clients_is_answered_or_told_when_to_come_back(served):
    with served.running(), crowd(served.url) as asked:
        overload = {"busy", "deadline_exceeded"}
        with crowd(served.url, allowed=overload, n_clients=10 * N_CLIENTS) as burst:
            burst.more(500)
        assert burst.broken == []
        asked.more()
        assert asked.broken == []


def test_ten_times_as_many_as_may_wait_are_answered_or_told_when_to_come_back():
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
