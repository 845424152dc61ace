"""Spans of calls, as an OpenTelemetry collector gets them."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from codeintel.server.http import HttpOptions
from fake_codeintel import FakeCodeIntel
from live_server import serve

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@contextmanager
def collector():
    """Take what is exported, on a real socket."""
    bodies = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            import gzip

            body = self.rfile.read(int(self.headers["content-length"]))
            zipped = self.headers.get("content-encoding") == "gzip"
            bodies.append(gzip.decompress(body) if zipped else body)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1/traces", bodies
        finally:
            server.shutdown()
            thread.join()


def spans_of(bodies):
    for body in bodies:
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            for scope in resource.scope_spans:
                yield from scope.spans


def test_each_call_is_a_span_of_the_callers_trace_and_tells_no_question():
    with collector() as (url, bodies):
        with serve(FakeCodeIntel(), HttpOptions(port=0, otlp_url=url)) as server:
            headers = {"traceparent": PARENT}
            body = {"pattern": "my question"}
            httpx.post(f"{server}/v1/search_text", headers=headers, json=body)
            httpx.post(f"{server}/v1/open_file", json={"path": "no"})
        searched, opened = sorted(spans_of(bodies), key=lambda span: span.start_time_unix_nano)
    assert searched.name == "tools/call search_text"
    assert searched.trace_id.hex() == PARENT.split("-")[1]
    assert searched.parent_span_id.hex() == PARENT.split("-")[2]
    assert searched.start_time_unix_nano <= searched.end_time_unix_nano
    assert opened.parent_span_id == b""
    assert {a.key: a.value.string_value for a in opened.attributes}["codeintel.code"] == (
        "path_not_found"
    )
    assert opened.status.message == "path_not_found"
    assert b"my question" not in b"".join(bodies)


def test_a_trace_parent_that_makes_no_sense_is_left_out():
    with collector() as (url, bodies):
        with serve(FakeCodeIntel(), HttpOptions(port=0, otlp_url=url)) as server:
            answer = httpx.post(f"{server}/v1/index_status", headers={"traceparent": "nonsense"})
        (span,) = spans_of(bodies)
    assert answer.status_code == 200
    assert json.loads(answer.content)
    assert span.parent_span_id == b""
