"""Starts real worker processes on a real port, for tests."""

import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from functools import partial

import httpx

import fake_workers


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
    # Where no worker is left it waits for the next one.
    answer = httpx.post(f"{url}/v1/semantic_search", json={"query": "pid"}, timeout=60)
    return int(answer.json()["query"])


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
