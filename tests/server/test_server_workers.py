"""Worker processes, as real processes on a real port."""

import os
import signal
import sys
from collections import Counter
from pathlib import Path

import httpx
import pytest

import fake_workers
from codeintel.cores import CORES
from codeintel.errors import ConfigurationError
from codeintel.server.http import HttpOptions, listen
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


def test_a_worker_that_is_told_to_stop_is_replaced_and_no_client_sees_it():
    with running(2) as (_, url):
        first = pids(url, 2)
        os.kill(min(first), signal.SIGTERM)
        until(lambda: pids(url, 2) - first)


def test_a_fault_in_what_is_made_beforehand_keeps_no_worker_from_serving(monkeypatch):
    monkeypatch.setenv("FAKE_BREAKS", "yes")
    with running(1) as (process, url):
        assert pid(url) != process.pid
        assert httpx.post(f"{url}/v1/symbol_search", json={"query": "x"}).status_code == 500
        process.terminate()
        assert "warming up failed" in process.stderr.read()


@pytest.mark.skipif(sys.platform != "linux", reason="threads have cores on Linux")
def test_each_worker_answers_on_cores_of_its_own():
    with running(2) as (_, url):
        first, second = (os.sched_getaffinity(worker) for worker in pids(url, 2))
        assert len(first) == len(second)
        assert not first & second or len(CORES) < 2


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


def test_connections_are_shared_out_evenly_among_the_workers():
    with running(2) as (_, url):
        both = pids(url, 2)
        taken = Counter(pid(url) for _ in range(20))
        assert taken == dict.fromkeys(both, 10)


def test_an_address_in_use_is_told_also_where_workers_could_share_it():
    with running(2) as (_, url):
        port = int(url.rpartition(":")[2])
        with pytest.raises(ConfigurationError, match=str(port)):
            listen(HttpOptions(port=port))


def test_shared_metrics_that_a_killed_server_left_are_swept(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with running(1) as (process, _):
        (left,) = tmp_path.glob("codeintel-metrics-*")
        process.kill()
        process.wait()
    until(left.exists)
    with running(1):
        assert not left.exists()
        assert len(list(tmp_path.glob("codeintel-metrics-*"))) == 1
    assert list(tmp_path.glob("codeintel-metrics-*")) == []


def test_what_the_workers_count_of_git_is_added_up():
    with running(2) as (process, url):
        pids(url, 2)
        text = httpx.get(f"{url}/metrics").text
        assert "# TYPE codeintel_git_operation_duration_seconds histogram" in text
        assert "# TYPE codeintel_secondary_index_size gauge" in text
        process.terminate()
