"""Bad input of every kind: no internal error, no path of the host, no traceback.

``FUZZ_EXAMPLES=100000 pytest tests/conformance/test_conformance_fuzz.py`` tries longer, and
``python -m scripts.fuzz_server`` longest.
"""

import asyncio
import json
import os

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codeintel import CodeIntel
from codeintel.config import Settings
from codeintel.server.auth import LOCAL
from codeintel.server.calls import Calls
from codeintel.server.door import Door
from codeintel.server.schemas import input_schema
from codeintel.server.tools import TOOLS
from fake_codeintel import FakeCodeIntel
from live_server import serve
from repositories import SHOP, GitRepository

pytestmark = pytest.mark.slow
THOROUGH = settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "60")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
ODD_PATHS = """. .. ../x /etc/passwd shop/../../x shop//cart.py shop -n CON .git/config shop/Cart.py
--output=/x""".split()
PATHS = st.sampled_from([*SHOP, *ODD_PATHS, "", "shop/cart.py\0", "\ud800", "x" * 5000])
TEXTS = st.text(max_size=40) | PATHS | st.sampled_from(["(", "[", "(a+)+$", "HEAD~99", "@{-1}"])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=8,
)
# Values that mostly fit the schema, so that the fuzzer gets past it.
FITTING = {
    "string": TEXTS,
    "integer": st.integers(-2, 60),
    "boolean": st.booleans(),
    "array": st.lists(TEXTS, max_size=3),
}


def arguments_of(tool):
    schema = input_schema(tool.arguments)
    fields = {}
    for name, argument in schema["properties"].items():
        fitting = FITTING[argument.get("type", "string")]
        if values := argument.get("enum"):
            fitting = st.sampled_from(values)
        elif name in {"path", "include_globs", "exclude_globs"}:
            fitting = PATHS if name == "path" else st.lists(PATHS, max_size=2)
        fields[name] = st.one_of(fitting, fitting, fitting, JSON)
    required = {name: fields.pop(name) for name in schema.get("required", ())}
    fits = st.fixed_dictionaries(required, optional=fields)
    return fits | st.dictionaries(st.sampled_from(list(schema["properties"])) | TEXTS, JSON)


@pytest.fixture(scope="module")
def shop_calls(tmp_path_factory):
    """Give a way to call tools on a real index, and the text that no answer may have."""
    folder = tmp_path_factory.mktemp("fuzz")
    repository = GitRepository(folder / "shop")
    repository.commit(dict(SHOP), "Open the shop")
    with CodeIntel(
        repository.path, settings=Settings(index_dir=folder / "index", workers=1)
    ) as codeintel:
        codeintel.index()
        door = Door()

        def call(name, arguments):
            return asyncio.run(Calls(codeintel, door).call(name, arguments, LOCAL))

        yield call, str(folder)
        door.close()


@pytest.mark.parametrize("name", list(TOOLS))
def test_no_arguments_of_a_tool_break_it(shop_calls, name):
    call, host_path = shop_calls

    @THOROUGH
    @given(arguments_of(TOOLS[name]))
    def check(arguments):
        outcome = call(name, arguments)
        assert outcome.code != "internal", outcome.text
        assert host_path not in outcome.text
        assert "Traceback" not in outcome.text
        json.loads(outcome.body)

    check()


@pytest.fixture(scope="module")
def web():
    with serve(FakeCodeIntel()) as url, httpx.Client(base_url=url) as client:
        yield client


HEADERS = st.fixed_dictionaries(
    {
        "mcp-protocol-version": st.sampled_from(["2025-06-18", "2025-11-25", "2026-07-28", "x"]),
        "accept": st.sampled_from(["application/json, text/event-stream", "*/*", "text/html"]),
        "content-type": st.sampled_from(["application/json", "text/plain"]),
    },
    optional={
        "mcp-method": st.sampled_from(["tools/call", "tools/list", "nothing"]),
        "mcp-name": st.sampled_from([*TOOLS, "nothing"]),
        "mcp-session-id": st.just("stale"),
    },
)
META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}
METHODS = ["tools/call", "tools/list", "resources/read", "prompts/get", "completion/complete"]
MESSAGES = st.fixed_dictionaries(
    {
        "jsonrpc": st.just("2.0") | JSON,
        "id": st.integers(0, 9) | JSON,
        "method": st.sampled_from([*METHODS, "initialize", "server/discover"]) | TEXTS,
        "params": st.fixed_dictionaries(
            {"_meta": st.just(META) | JSON},
            optional={
                "name": st.sampled_from([*TOOLS, "code_review"]) | JSON,
                "arguments": st.dictionaries(TEXTS, JSON, max_size=3) | JSON,
                "uri": st.just("codeintel://app/README.md") | TEXTS | JSON,
                "ref": JSON,
                "argument": JSON,
            },
        )
        | JSON,
    }
)


def test_no_message_breaks_the_mcp_endpoint(web):
    @THOROUGH
    @given(HEADERS, MESSAGES | JSON)
    def check(headers, message):
        content = json.dumps(message).encode("utf-8", "surrogatepass")
        response = web.post("/mcp", headers=headers, content=content)
        assert response.status_code < 500, (message, response.text)
        assert "Traceback" not in response.text

    check()


def test_no_bytes_break_the_mcp_endpoint(web):
    @THOROUGH
    @given(HEADERS, st.binary(max_size=200))
    def check(headers, content):
        response = web.post("/mcp", headers=headers, content=content)
        assert response.status_code < 500, response.text

    check()


def test_no_body_breaks_the_rest_api(web):
    @THOROUGH
    @given(
        st.sampled_from([*TOOLS, "nothing", "%00", "..%2f"]),
        st.binary(max_size=50) | JSON.map(lambda value: json.dumps(value).encode()),
    )
    def check(name, content):
        response = web.post(f"/v1/{name}", content=content)
        assert response.status_code < 500, response.text
        response.json()

    check()


def test_a_served_index_stands_bad_requests_over_several_connections():
    pytest.importorskip("psutil")
    from scripts.fuzz_server import fuzz

    report = fuzz(1_000, with_schema=False)
    faults = [
        target for target in report.targets if target.sense == "at most" and not target.target
    ]
    assert len(faults) == 4
    assert [target.name for target in faults if not target.holds] == [], report.facts
    assert report.facts["inputs"] == 1_000
