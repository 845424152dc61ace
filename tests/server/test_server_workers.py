"""Worker processes, as real processes on a real port."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import httpx
import pytest

import fake_workers
from codeintel.errors import ConfigurationError
from codeintel.server.http import HttpOptions
from codeintel.server.workers import run_workers

pytestmark = pytest.mark.slow


def until(condition, timeout_s=60):
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def answers(url):
    try:
        return httpx.get(f"{url}/readyz").status_code == 200
    except httpx.TransportError:
        return False


def pid(url):
    """Ask on a connection of its own which process answers."""
    return int(httpx.post(f"{url}/v1/semantic_search", json={"query": "pid"}).json()["query"])


@contextmanager
def running(n_workers, *more):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, fake_workers.__file__, str(port), str(n_workers), *more]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    url = f"http://127.0.0.1:{port}"
    try:
        until(partial(answers, url))
        yield process, url
    finally:
        process.terminate()
        process.wait(30)
        process.stderr.close()


def pids(url, n):
    """Ask until `n` different processes have answered."""
    seen = set()

    def all_seen():
        seen.add(pid(url))
        return len(seen) >= n

    until(all_seen)
    return seen


def test_a_killed_worker_is_replaced_and_the_port_stays_open():
    with running(2) as (process, url):
        first = pids(url, 2)
        victim = min(first)
        os.kill(victim, signal.SIGKILL)
        until(lambda: pids(url, 2) - first)
        assert pid(url) != victim
        process.terminate()
        assert "worker" in process.stderr.read()


def test_metrics_add_up_over_all_workers():
    with running(2) as (_, url):
        pids(url, 2)
        asked = sum(1 for _ in range(20) if pid(url))
        text = httpx.get(f"{url}/metrics").text
        line = next(
            x
            for x in text.splitlines()
            if x.startswith('codeintel_requests_total{code="ok",tool="semantic_search"}')
        )
        assert float(line.rpartition(" ")[2]) >= asked + 2


def test_a_stop_turns_readiness_red_before_the_port_closes():
    with running(1) as (process, url), httpx.Client() as client:
        assert client.get(f"{url}/readyz").status_code == 200
        process.terminate()
        until(lambda: client.get(f"{url}/readyz").status_code == 503)
        assert process.wait(30) == 0
        assert not answers(url)


def test_no_worker_outlives_the_parent():
    with running(2) as (process, url):
        workers = pids(url, 2)
        process.kill()
        until(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers))


def test_the_indexer_runs_beside_the_workers_at_low_priority(tmp_path):
    told = tmp_path / "priority"
    with running(1, str(told)) as (_, url):
        until(lambda: told.exists() and told.read_text())
        assert int(told.read_text()) >= 10
        assert answers(url)


def test_no_workers_at_all_is_an_error():
    with pytest.raises(ConfigurationError, match="workers is 0"):
        run_workers(fake_workers.Opened, HttpOptions(), 0)
