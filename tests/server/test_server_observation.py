"""Probes, metrics, logs and the audit log."""

import json
import logging

import httpx
import msgspec
import pytest

from codeintel.errors import ConfigurationError, IndexCorruptError
from codeintel.server.audit import AuditLog
from codeintel.server.auth import TokenRecord, Tokens, hash_token
from codeintel.server.edge import EdgeOptions
from codeintel.server.http import HttpOptions
from codeintel.server.logs import configure_logs, request_id
from codeintel.types import IndexPhase
from fake_codeintel import FakeCodeIntel
from live_server import serve


class Phased(FakeCodeIntel):
    """A `CodeIntel` whose indexes are in a given phase."""

    def __init__(self, phase, generation=0):
        super().__init__()
        self.phase = phase
        self.generation = generation

    def index_status(self, **asked):
        answer = super().index_status(**asked)
        changed = tuple(
            msgspec.structs.replace(status, phase=self.phase, generation=self.generation)
            for status in answer.repositories
        )
        return msgspec.structs.replace(answer, repositories=changed)


@pytest.mark.parametrize(
    ("phase", "generation", "status"),
    [
        (IndexPhase.READY, 1, 200),
        (IndexPhase.STALE, 1, 200),
        (IndexPhase.BUILDING, 1, 200),
        (IndexPhase.BUILDING, 0, 503),
        (IndexPhase.MISSING, 0, 503),
        (IndexPhase.BROKEN, 1, 503),
    ],
)
def test_ready_means_that_an_index_answers(phase, generation, status):
    with serve(Phased(phase, generation)) as url:
        response = httpx.get(f"{url}/readyz")
    assert response.status_code == status
    if status == 503:
        assert "2 of 2 repositories have" in response.json()["reason"]
    assert "secret" not in response.text


def test_a_status_that_cannot_be_had_is_not_ready():
    class Broken(FakeCodeIntel):
        def index_status(self, **asked):
            raise IndexCorruptError("The index file 'x' is broken.")

    with serve(Broken()) as url:
        assert httpx.get(f"{url}/readyz").json()["reason"].endswith("index_corrupt.")
        assert httpx.get(f"{url}/metrics").status_code == 200
        assert httpx.get(f"{url}/healthz").status_code == 200


def test_metrics_count_calls_errors_and_load():
    with serve(FakeCodeIntel()) as url:
        httpx.post(f"{url}/v1/search_text", json={"pattern": "send"})
        httpx.post(f"{url}/v1/search_text", json={})
        httpx.post(f"{url}/v1/open_file", json={"path": "no"})
        text = httpx.get(f"{url}/metrics").text
    for line in (
        'codeintel_requests_total{code="ok",tool="search_text"} 1.0',
        'codeintel_requests_total{code="invalid_arguments",tool="search_text"} 1.0',
        'codeintel_requests_total{code="path_not_found",tool="open_file"} 1.0',
        'codeintel_request_duration_seconds_count{tool="search_text"} 2.0',
        'codeintel_door_waiting{lane="cpu"} 0.0',
        'codeintel_index_files{repo="app"} 3.0',
    ):
        assert line in text
    assert "codeintel_process_resident_memory_bytes" in text


def test_metrics_ask_for_a_token_where_everything_does():
    tokens = Tokens([TokenRecord(name="ada", sha256=hash_token("t" * 20))])
    with serve(FakeCodeIntel(), HttpOptions(port=0, edge=EdgeOptions(tokens=tokens))) as url:
        assert httpx.get(f"{url}/metrics").status_code == 401


def test_metrics_are_not_for_those_who_may_not_see_all_repositories():
    tokens = Tokens([TokenRecord(name="ada", sha256=hash_token("t" * 20), repos=("app",))])
    headers = {"authorization": f"Bearer {'t' * 20}"}
    with serve(FakeCodeIntel(), HttpOptions(port=0, edge=EdgeOptions(tokens=tokens))) as url:
        response = httpx.get(f"{url}/metrics", headers=headers)
    assert response.status_code == 403
    assert "secret" not in response.text


def test_too_many_calls_are_told_when_to_come_back():
    with serve(FakeCodeIntel(), HttpOptions(port=0, calls_per_s=0.1)) as url:
        assert httpx.post(f"{url}/v1/index_status").status_code == 200
        response = httpx.post(f"{url}/v1/index_status")
    assert response.status_code == 503
    assert 1 <= int(response.headers["retry-after"]) <= 10


def test_the_audit_log_tells_who_asked_what_and_not_the_question(tmp_path):
    path = tmp_path / "audit.jsonl"
    tokens = Tokens([TokenRecord(name="ada", sha256=hash_token("t" * 20))])
    options = HttpOptions(port=0, audit_log=path, edge=EdgeOptions(tokens=tokens))
    with serve(FakeCodeIntel(), options) as url:
        headers = {"authorization": f"Bearer {'t' * 20}"}
        httpx.post(f"{url}/v1/search_text", headers=headers, json={"pattern": "my question"})
        httpx.post(f"{url}/v1/open_file", headers=headers, json={"path": "no"})
    first, second = map(json.loads, path.read_text().splitlines())
    assert first["principal"] == "ada"
    assert (first["tool"], first["code"]) == ("search_text", "ok")
    assert (second["tool"], second["code"]) == ("open_file", "path_not_found")
    assert first["request_id"] != second["request_id"]
    assert "my question" not in path.read_text()
    assert "t" * 20 not in path.read_text()


def test_an_audit_log_that_cannot_be_written_stops_the_server(tmp_path):
    with pytest.raises(ConfigurationError, match="audit log"):
        AuditLog(tmp_path / "no" / "audit.jsonl")


@pytest.fixture
def logs():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.usefixtures("logs")
@pytest.mark.parametrize("form", ["json", "console"])
def test_log_lines_carry_the_request_and_the_exception(capsys, form):
    configure_logs(form)
    token = request_id.set("abc123")
    try:
        raise ValueError("broken")
    except ValueError:
        logging.getLogger("codeintel.test").exception("trouble")
    request_id.reset(token)
    written = capsys.readouterr().err
    assert "abc123" in written
    assert "ValueError: broken" in written
    if form == "json":
        assert json.loads(written)["message"] == "trouble"
