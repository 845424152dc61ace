"""The official MCP client against the real server: every transport, every revision."""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from mcp import Client, MCPError, StdioServerParameters
from mcp.client import session as client_session

import fake_codeintel
from codeintel.server.tools import TOOLS
from fake_codeintel import FakeCodeIntel
from live_server import serve

REVISIONS = ("2025-06-18", "2025-11-25", "2026-07-28")
ARGUMENTS = {
    "set_scope": {"repo": "app"},
    "list_paths": {"repo": "app"},
    "open_file": {"path": "src/upload.py", "start_line": 1, "end_line": 3},
    "search_text": {"pattern": "send", "languages": ["python"]},
    "semantic_search": {"query": "retry an upload", "limit": 3},
    "symbol_search": {"query": "retry"},
    "definition_at": {"path": "src/upload.py", "line": 3, "column": 9},
    "references_at": {"symbol": "send"},
    "blame_range": {"path": "src/upload.py", "start_line": 2},
    "file_history": {"path": "src/upload.py"},
    "related_files": {"path": "src/upload.py"},
    "similar_code": {"path": "src/upload.py", "line": 2},
    "index_status": {},
}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serve(FakeCodeIntel()) as base:
        yield f"{base}/mcp"


@asynccontextmanager
async def connected(
    transport: str, revision: str, url: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Client]:
    """Connect as a client of that revision does."""
    modern = revision == REVISIONS[-1]
    monkeypatch.setattr(client_session, "LATEST_HANDSHAKE_VERSION", revision)
    stdio = StdioServerParameters(command=sys.executable, args=[str(Path(fake_codeintel.__file__))])
    mode = revision if modern else "legacy"
    async with Client(url if transport == "http" else stdio, mode=mode) as client:
        assert client.protocol_version == revision
        yield client


@pytest.mark.parametrize("transport", ["stdio", "http"])
@pytest.mark.parametrize("revision", REVISIONS)
class TestEveryTransportAndRevision:
    def test_all_tools_answer(self, transport, revision, url, monkeypatch):
        async def talk():
            async with connected(transport, revision, url, monkeypatch) as client:
                listed = (await client.list_tools()).tools
                assert [tool.name for tool in listed] == list(TOOLS)
                for name in TOOLS:
                    result = await client.call_tool(name, ARGUMENTS[name])
                    assert not result.is_error, result.content
                    assert result.content[0].text
                    assert result.structured_content

        asyncio.run(talk())

    def test_an_error_is_an_answer_that_says_what_to_do(
        self, transport, revision, url, monkeypatch
    ):
        async def talk():
            async with connected(transport, revision, url, monkeypatch) as client:
                result = await client.call_tool("open_file", {"path": "src/uplod.py"})
                assert result.is_error
                assert "src/upload.py" in result.content[0].text
                error = result.structured_content["error"]
                assert error["code"] == "path_not_found"
                assert error["suggestions"] == ["src/upload.py"]

        asyncio.run(talk())

    def test_files_prompts_and_completions_are_offered(self, transport, revision, url, monkeypatch):
        async def talk():
            async with connected(transport, revision, url, monkeypatch) as client:
                templates = (await client.list_resource_templates()).resource_templates
                assert [t.uri_template for t in templates] == ["codeintel://{repo}/{+path}"]
                read = await client.read_resource("codeintel://app/src/gr%C3%B6%C3%9Fe.py")
                assert "Größe" in read.contents[0].text
                with pytest.raises(MCPError, match=r"No file 'nothing.py'"):
                    await client.read_resource("codeintel://app/nothing.py")
                with pytest.raises(MCPError, match="Not a resource"):
                    await client.read_resource("codeintel://[app/nothing.py")
                prompt = await client.get_prompt("code_review", {"path": "src"})
                assert "`src`" in prompt.messages[0].content.text

        asyncio.run(talk())


def test_tools_are_declared_read_only_and_briefly(url):
    async def talk():
        async with Client(url) as client:
            assert "| semantic_search |" in client.instructions
            tools = (await client.list_tools()).tools
            assert len(tools) <= 15
            for tool in tools:
                assert tool.annotations.read_only_hint
                assert tool.title
                assert 100 < len(tool.description.encode()) < 2048
                assert tool.input_schema["additionalProperties"] is False
                assert tool.output_schema["type"] == "object"

    asyncio.run(talk())


def test_an_unknown_tool_is_an_error_that_names_the_tools(url):
    async def talk():
        async with Client(url) as client:
            result = await client.call_tool("semantic_serch", {})
            assert result.is_error
            assert "Nearest: semantic_search" in result.content[0].text

    asyncio.run(talk())


def test_paths_and_repositories_are_completed(url):
    from mcp_types import ResourceTemplateReference

    async def talk():
        reference = ResourceTemplateReference(uri="codeintel://{repo}/{+path}")
        async with Client(url) as client:
            repos = await client.complete(reference, {"name": "repo", "value": "a"})
            assert repos.completion.values == ["app"]
            paths = await client.complete(
                reference, {"name": "path", "value": "src/u"}, {"repo": "app"}
            )
            assert paths.completion.values == ["src/upload.py"]

    asyncio.run(talk())


def test_a_hundred_clients_are_answered_at_once(url):
    async def ask(number):
        async with Client(url, mode=REVISIONS[number % 2 + 1].replace("2025-11-25", "legacy")) as c:
            result = await c.call_tool("search_text", {"pattern": "send", "limit": number + 1})
            return result.structured_content["n_matches"]

    async def talk():
        return await asyncio.gather(*(ask(number) for number in range(100)))

    assert asyncio.run(talk()) == [2] * 100
