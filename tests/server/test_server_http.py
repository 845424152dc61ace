import json
import socket

import httpx
import pytest

from codeintel.errors import ConfigurationError
from codeintel.server.auth import TokenRecord, Tokens, hash_token
from codeintel.server.edge import EdgeOptions
from codeintel.server.http import HttpOptions, check_exposure, listen
from codeintel.server.tools import TOOLS
from fake_codeintel import FakeCodeIntel
from live_server import serve

TOKEN = "a-long-enough-token"
GUEST = "another-long-token"
TOKENS = Tokens(
    [
        TokenRecord(name="ada", sha256=hash_token(TOKEN)),
        TokenRecord(name="guest", sha256=hash_token(GUEST), repos=("app",)),
    ]
)


@pytest.fixture(scope="module")
def web():
    with serve(FakeCodeIntel()) as url, httpx.Client(base_url=url) as client:
        yield client


@pytest.fixture(scope="module")
def locked():
    options = HttpOptions(port=0, edge=EdgeOptions(tokens=TOKENS, max_request_bytes=10_000))
    with serve(FakeCodeIntel(), options) as url, httpx.Client(base_url=url) as client:
        yield client


def test_every_tool_answers_over_rest(web):
    answer = web.post("/v1/search_text", json={"pattern": "send"}).raise_for_status().json()
    assert answer["n_matches"] == 2
    assert web.post("/v1/index_status").json()["repositories"][0]["repo"] == "app"


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/v1/serch_text", b"{}", 400, "unknown_tool"),
        ("/v1/search_text", b"{}", 400, "invalid_arguments"),
        ("/v1/search_text", b"[1]", 400, "invalid_arguments"),
        ("/v1/search_text", b"{", 400, "invalid_arguments"),
        ("/v1/search_text", b"[" * 100_000, 400, "invalid_arguments"),
        ("/v1/search_text", b'{"pattern": "\xff"}', 400, "invalid_arguments"),
        ("/v1/search_text", b'{"pattern": "(", "regex": true}', 400, "invalid_pattern"),
        ("/v1/open_file", b'{"path": "no"}', 404, "path_not_found"),
        ("/v1/list_paths", b'{"repo": "no"}', 404, "unknown_repository"),
        ("/v1/semantic_search", b'{"query": "explode"}', 500, "internal"),
    ],
)
def test_errors_have_a_fitting_status_and_the_common_form(web, path, body, status, code):
    response = web.post(path, content=body)
    assert response.status_code == status
    assert response.json()["error"]["code"] == code


@pytest.mark.parametrize("path", ["/v1/list_paths", "/mcp", "/v1/openapi.json"])
def test_another_host_name_is_turned_away(web, path):
    response = web.post(path, headers={"host": "evil.example"}, json={})
    assert response.status_code == 421
    assert response.json()["error"]["code"] == "unknown_host"


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://localhost.evil.example", "null", "file://"]
)
def test_pages_of_other_origins_are_turned_away(web, origin):
    response = web.post("/mcp", headers={"origin": origin}, json={})
    assert response.status_code == 403


def test_a_page_of_this_machine_is_let_in(web):
    response = web.post("/v1/list_paths", headers={"origin": "http://localhost:3000"}, json={})
    assert response.status_code == 200


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}"])
@pytest.mark.parametrize("path", ["/mcp", "/v1/list_paths", "/v1/openapi.json"])
def test_without_a_valid_token_nothing_is_answered(locked, authorization, path):
    response = locked.post(path, headers={"authorization": authorization}, json={})
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"


def test_probes_ask_for_no_token_and_no_host(locked):
    assert locked.get("/healthz", headers={"host": "10.0.0.7"}).status_code == 200


def test_a_token_opens_its_repositories_and_no_others(locked):
    def total(token):
        headers = {"authorization": f"Bearer {token}"}
        return locked.post("/v1/list_paths", headers=headers, json={}).json()["total"]

    assert total(TOKEN) == 4
    assert total(GUEST) == 3


def test_the_token_counts_over_mcp_too(locked):
    call = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": "list_paths", "arguments": {}},
    }
    headers = {
        "authorization": f"Bearer {GUEST}",
        "accept": "application/json, text/event-stream",
        "mcp-protocol-version": "2025-11-25",
    }
    answer = locked.post("/mcp", headers=headers, json=call).json()
    assert answer["result"]["structuredContent"]["total"] == 3


@pytest.mark.parametrize("path", ["/mcp", "/v1/list_paths"])
def test_a_request_that_is_too_large_is_turned_away(locked, path):
    headers = {"authorization": f"Bearer {TOKEN}"}
    response = locked.post(path, headers=headers, content=b"x" * 10_001)
    assert response.status_code == 413


def chunks():
    for _ in range(11):
        yield b"x" * 1000


@pytest.mark.parametrize("path", ["/mcp", "/v1/list_paths"])
def test_a_large_request_without_a_length_is_turned_away_too(locked, path):
    headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
    assert locked.post(path, headers=headers, content=chunks()).status_code == 413


def test_openapi_describes_every_tool_with_resolvable_schemas(web):
    document = web.get("/v1/openapi.json").json()
    assert {path for path in document["paths"] if path.startswith("/v1/")} == {
        f"/v1/{name}" for name in TOOLS
    }
    for reference in json.dumps(document).split('"$ref": "')[1:]:
        node = document
        for part in reference.partition('"')[0].removeprefix("#/").split("/"):
            node = node[part]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org"])
def test_an_address_others_can_reach_needs_a_token_or_the_flag(host):
    with pytest.raises(ConfigurationError, match="no token"):
        check_exposure(HttpOptions(host=host))
    check_exposure(HttpOptions(host=host, allow_unauthenticated=True))
    check_exposure(HttpOptions(host=host, edge=EdgeOptions(tokens=TOKENS)))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.9.9.9"])
def test_loopback_needs_no_token(host):
    check_exposure(HttpOptions(host=host))


def test_an_address_in_use_is_named():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"127.0.0.1:{port}"):
            listen(HttpOptions(port=port))
