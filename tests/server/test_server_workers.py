"""Worker processes, as real processes on a real port."""

import os
import signal
from pathlib import Path

import httpx
import pytest

import fake_workers
from codeintel.errors import ConfigurationError
from codeintel.server.http import HttpOptions
from codeintel.server.workers import run_workers
from worker_processes import answers, pid, pids, running, until

pytestmark = pytest.mark.slow


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
