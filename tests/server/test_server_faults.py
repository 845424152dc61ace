"""Faults while requests are under way: each gets a right answer or a clear error."""

import os
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from fake_codeintel import FakeCodeIntel
from live_server import serve
from worker_processes import pids, running

pytestmark = pytest.mark.slow


def test_a_worker_that_dies_takes_down_no_more_than_its_own_requests():
    with running(2) as (_, url):
        victim = min(pids(url, 2))
        stop = threading.Event()
        wrong, right, broken = [], [], []

        def ask():
            with httpx.Client(base_url=url, timeout=60) as client:
                while not stop.is_set():
                    try:
                        answer = client.post("/v1/search_text", json={"pattern": "send"})
                    except httpx.TransportError as error:
                        broken.append(error)
                        continue
                    good = answer.status_code == 200 and answer.json()["n_matches"] == 2
                    (right if good else wrong).append(answer)

        with ThreadPoolExecutor(10) as pool:
            tasks = [pool.submit(ask) for _ in range(10)]
            try:
                while len(right) < 50:
                    time.sleep(0.01)
                os.kill(victim, signal.SIGKILL)
                # The replacement answers too.
                pids(url, 2)
                so_far = len(right)
                while len(right) < so_far + 50:
                    time.sleep(0.01)
            finally:
                stop.set()
            for task in tasks:
                task.result()
        assert wrong == []
        assert len(broken) <= 10


def test_clients_that_hang_up_leave_nothing_behind():
    codeintel = FakeCodeIntel()
    request = (
        b"POST /v1/search_text HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        b'content-length: %d\r\n\r\n{"pattern": "%d"}'
    )
    with serve(codeintel) as url:
        codeintel.gate.clear()
        port = int(url.rpartition(":")[2])
        for number in range(50):
            with socket.create_connection(("127.0.0.1", port)) as connection:
                body_bytes = len(b'{"pattern": "%d"}' % number)
                connection.sendall(request % (body_bytes, number))
        codeintel.gate.set()
        deadline = time.monotonic() + 30
        while True:
            text = httpx.get(f"{url}/metrics").text
            if 'codeintel_door_running{lane="cpu"} 0.0' in text:
                break
            assert time.monotonic() < deadline
        assert httpx.post(f"{url}/v1/index_status").status_code == 200


def test_half_a_request_does_not_hold_up_others():
    with serve(FakeCodeIntel()) as url:
        port = int(url.rpartition(":")[2])
        halves = [socket.create_connection(("127.0.0.1", port)) for _ in range(50)]
        for half in halves:
            half.sendall(b"POST /mcp HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{")
        assert httpx.post(f"{url}/v1/index_status").status_code == 200
        for half in halves:
            half.close()
