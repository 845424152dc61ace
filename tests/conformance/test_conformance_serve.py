"""The official MCP client against `codeintel serve` over a real repository."""

import asyncio
import os
import sys

import pytest
from mcp import Client, MCPError, StdioServerParameters

CALLS = [
    ("list_paths", {}, "shop/cart.py"),
    ("list_paths", {"tree": True}, "shop"),
    ("open_file", {"path": "shop/cart.py", "start_line": 1, "end_line": 3}, "1 "),
    ("search_text", {"pattern": "def add_item"}, "shop/cart.py:"),
    ("semantic_search", {"query": "put a thing into the cart"}, "add_item"),
    ("symbol_search", {"query": "Cart"}, "class Cart"),
    ("definition_at", {"symbol": "total_price"}, "shop/prices.py"),
    ("references_at", {"symbol": "total_price"}, "shop/cart.py"),
    ("blame_range", {"path": "shop/cart.py", "start_line": 1, "end_line": 2}, "Open the shop"),
    ("file_history", {"path": "shop/cart.py"}, "Open the shop"),
    ("related_files", {"path": "shop/cart.py"}, "shop/prices.py"),
    ("index_status", {}, "ready"),
]
BAD = [
    ("open_file", {"path": "shop/card.py"}, "path_not_found", "shop/cart.py"),
    ("open_file", {"path": "../secret"}, "path_outside_repository", ""),
    ("open_file", {"path": "/etc/passwd"}, "path_outside_repository", ""),
    ("open_file", {"path": "shop/cart.py", "start_line": 9999}, "invalid_range", ""),
    ("open_file", {"path": "shop/cart.py", "start_line": 3, "end_line": 2}, "invalid_range", ""),
    ("open_file", {"path": "shop/cart.py", "rev": "--output=x"}, "unknown_revision", ""),
    ("search_text", {"pattern": "(", "regex": True}, "invalid_pattern", ""),
    ("search_text", {"pattern": "x", "include_globs": ["[z-a"]}, "invalid_glob", ""),
    ("search_text", {"pattern": "x", "languages": ["pyton"]}, "unknown_language", "python"),
    ("semantic_search", {"query": "   "}, "invalid_query", ""),
    ("semantic_search", {"query": "cart", "cursor": "nonsense"}, "invalid_cursor", ""),
    ("list_paths", {"repo": "shoop"}, "unknown_repository", "shop"),
    ("list_paths", {"scope_id": "nonsense"}, "invalid_scope", ""),
    ("blame_range", {"path": "shop/nothing.py"}, "path_not_found", ""),
    ("file_history", {"path": "shop/cart.py", "rev": "--all"}, "unknown_revision", ""),
    ("related_files", {"path": "shop/card.py"}, "path_not_found", ""),
    ("definition_at", {}, "invalid_input", ""),
]


@pytest.fixture
def command(shop, tmp_path):
    environment = {**os.environ, "CODEINTEL_INDEX_DIR": str(tmp_path / "index")}
    return StdioServerParameters(
        command=sys.executable,
        args=["-m", "codeintel.cli.main", "serve", str(shop.path)],
        env=environment,
    )


async def until_ready(client):
    """Ask for the state until the first index is there; every answer in between is one."""
    while True:
        status = await client.call_tool("index_status", {})
        assert not status.is_error, status.content
        if status.structured_content["repositories"][0]["phase"] == "ready":
            return
        await asyncio.sleep(0.1)


def test_every_tool_answers_about_a_real_repository(command, shop):
    shop.write({"long.txt": "a line of a long text\n" * 12_000})

    async def talk():
        async with Client(command) as client:
            await until_ready(client)
            await client.list_tools()
            for name, arguments, expected in CALLS:
                result = await client.call_tool(name, arguments)
                assert not result.is_error, (name, result.content)
                assert expected in result.content[0].text, (name, result.content)
            scope = await client.call_tool("set_scope", {"include_globs": ["shop/c*"]})
            scope_id = scope.structured_content["scope_id"]
            scoped = await client.call_tool("list_paths", {"scope_id": scope_id})
            assert scoped.structured_content["total"] == scope.structured_content["n_files"]
            read = await client.read_resource("codeintel://shop/shop/cart.py")
            assert "class Cart" in read.contents[0].text
            with pytest.raises(MCPError, match="too large for a resource"):
                await client.read_resource("codeintel://shop/long.txt")

    asyncio.run(asyncio.wait_for(talk(), 120))


def test_bad_input_is_answered_with_a_code_a_cure_and_no_path_of_the_host(command, shop):
    async def talk():
        async with Client(command) as client:
            await until_ready(client)
            for name, arguments, code, nearest in BAD:
                result = await client.call_tool(name, arguments)
                assert result.is_error, (name, arguments, result.content)
                error = result.structured_content["error"]
                assert error["code"] == code, (name, arguments, error)
                assert nearest in str(error.get("suggestions", "")), error
                assert str(shop.path.parent) not in str(result.content), result.content
                assert "Traceback" not in str(result.content)

    asyncio.run(asyncio.wait_for(talk(), 120))
