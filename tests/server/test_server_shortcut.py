"""The shortcut answers as the SDK does, or leaves the request to it."""

import json

import httpx
import pytest

from fake_codeintel import FakeCodeIntel
from live_server import serve

MODERN = "2026-07-28"
META = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
}
# The SDK reads header names without regard to order or number of harmless ones; the shortcut
# declines requests that carry a parameter header, even one that means nothing.
THE_LONG_WAY = {"mcp-param-nothing": "0"}


@pytest.fixture(scope="module")
def web():
    with serve(FakeCodeIntel()) as url, httpx.Client(base_url=url) as client:
        yield client


def headers_of(version, name, **more):
    headers = {
        "content-type": "application/json",
        "accept": "application/json, text/event-stream",
        "mcp-protocol-version": version,
    }
    if version == MODERN:
        headers |= {"mcp-method": "tools/call", "mcp-name": name}
    return headers | {key.replace("_", "-"): value for key, value in more.items()}


def call_of(version, name, arguments, **more):
    params = {"name": name, "arguments": arguments, **more}
    if version == MODERN:
        params.setdefault("_meta", META)
    return {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params}


@pytest.mark.parametrize("version", ["2025-06-18", "2025-11-25", MODERN])
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("search_text", {"pattern": "send"}),
        ("open_file", {"path": "src/größe.py"}),
        ("open_file", {"path": "src/grösse.py"}),
        ("index_status", {}),
        ("index_status", None),
        ("search_text", {}),
        ("no_such_tool", {}),
    ],
)
def test_both_ways_give_the_same_answer(web, version, name, arguments):
    call = call_of(version, name, arguments)
    short = web.post("/mcp", headers=headers_of(version, name), json=call)
    long = web.post("/mcp", headers=headers_of(version, name) | THE_LONG_WAY, json=call)
    assert short.status_code == long.status_code == 200
    assert short.json() == long.json()


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("mcp-name", "open_file"),
        ("mcp-method", "tools/list"),
        ("accept", "text/html"),
        ("content-type", "text/plain"),
        ("mcp-protocol-version", "2099-01-01"),
        ("mcp-protocol-version", "2025-11-25, 2025-11-25"),
    ],
)
def test_headers_that_do_not_fit_are_refused(web, header, value):
    headers = headers_of(MODERN, "search_text") | {header: value}
    response = web.post(
        "/mcp", headers=headers, json=call_of(MODERN, "search_text", {"pattern": "send"})
    )
    assert 400 <= response.status_code < 500


@pytest.mark.parametrize(
    "change",
    [
        {"jsonrpc": "1.0"},
        {"id": None},
        {"id": [1]},
        {"params": []},
        {"params": {"name": 5}},
        {"params": {"name": "search_text", "arguments": [1], "_meta": META}},
        {"params": {"name": "search_text", "arguments": {}, "_meta": {}}},
        {"params": {"name": "search_text", "arguments": {}, "_meta": "x"}},
        {"params": {"name": "search_text", "arguments": {}}},
    ],
)
def test_a_malformed_call_is_refused(web, change):
    call = call_of(MODERN, "search_text", {"pattern": "send"}) | change
    response = web.post("/mcp", headers=headers_of(MODERN, "search_text"), json=call)
    assert response.status_code == 400
    assert "error" in response.json()


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"[" * 100_000, b"\xff\xfe", b"null", b'"x"'])
@pytest.mark.parametrize("version", ["2025-11-25", MODERN])
def test_a_body_that_is_no_message_is_refused(web, version, body):
    response = web.post("/mcp", headers=headers_of(version, "search_text"), content=body)
    assert response.status_code == 400
    assert json.loads(response.content)["error"]["code"] < 0
