"""The Model Context Protocol face: tools, file resources, a prompt and completions.

Built on the SDK's low-level server, which serves the revisions 2025-06-18, 2025-11-25 and, without
any session, 2026-07-28.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import mcp_types as mcp
from mcp.server import Server, ServerRequestContext
from mcp.server.caching import CacheHint
from mcp.shared.exceptions import MCPError
from starlette.requests import Request

import codeintel
from codeintel.server.auth import LOCAL, Principal
from codeintel.server.calls import Calls
from codeintel.server.outcome import Outcome
from codeintel.server.prompts import PROMPTS, write_prompt
from codeintel.server.schemas import input_schema, json_schema
from codeintel.server.tools import INSTRUCTIONS, TOOLS, Tool

Context = ServerRequestContext[Any, Request]

NAME = "codeintel"
TITLE = "CodeIntel"
DESCRIPTION = "Searches and explains indexed git repositories."
PRINCIPAL_KEY = "codeintel.principal"
_URI = "codeintel://{repo}/{+path}"
_MAX_RESOURCE_TOKENS = 50_000
_DISCONNECT_POLL_S = 0.5
_HOUR_MS = 3_600_000


def build_server(calls: Calls) -> Server[Any]:
    """Make the MCP server that answers through `calls`."""
    handlers = _Handlers(calls)
    static = CacheHint(ttl_ms=_HOUR_MS, scope="public")
    return Server(
        NAME,
        version=codeintel.__version__,
        title=TITLE,
        description=DESCRIPTION,
        instructions=INSTRUCTIONS,
        cache_hints={
            "tools/list": static,
            "prompts/list": static,
            "resources/templates/list": static,
        },
        get_tool_input_schema=handlers.input_schema,
        on_list_tools=handlers.list_tools,
        on_call_tool=handlers.call_tool,
        on_list_resources=handlers.list_resources,
        on_list_resource_templates=handlers.list_resource_templates,
        on_read_resource=handlers.read_resource,
        on_list_prompts=handlers.list_prompts,
        on_get_prompt=handlers.get_prompt,
        on_completion=handlers.complete,
    )


def declare(tool: Tool) -> mcp.Tool:
    """Write a tool as MCP declares it."""
    return mcp.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=input_schema(tool.arguments),
        output_schema=json_schema(tool.answer),
        annotations=mcp.ToolAnnotations(
            title=tool.title,
            read_only_hint=True,
            destructive_hint=False,
            idempotent_hint=True,
            open_world_hint=False,
        ),
    )


class _Handlers:
    """One handler a method; what never changes is made once."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._tools = [declare(tool) for tool in TOOLS.values()]
        self._input_schemas = {tool.name: tool.input_schema for tool in self._tools}

    def input_schema(self, name: str) -> dict[str, Any] | None:
        return self._input_schemas.get(name)

    async def list_tools(self, context: Context, _: object) -> mcp.ListToolsResult:
        return mcp.ListToolsResult(tools=self._tools)

    async def call_tool(
        self, context: Context, params: mcp.CallToolRequestParams
    ) -> mcp.CallToolResult:
        outcome = await self._call(context, params.name, params.arguments)
        return mcp.CallToolResult(
            content=[mcp.TextContent(type="text", text=outcome.text)],
            structured_content=outcome.structured,
            is_error=outcome.is_error,
        )

    async def list_resources(self, context: Context, _: object) -> mcp.ListResourcesResult:
        return mcp.ListResourcesResult(resources=[])

    async def list_resource_templates(
        self, context: Context, _: object
    ) -> mcp.ListResourceTemplatesResult:
        template = mcp.ResourceTemplate(
            uri_template=_URI,
            name="file",
            title="File of a repository",
            description="Content of an indexed repository's file, as it is now.",
        )
        return mcp.ListResourceTemplatesResult(resource_templates=[template])

    async def read_resource(
        self, context: Context, params: mcp.ReadResourceRequestParams
    ) -> mcp.ReadResourceResult:
        repo, path = _named_by(str(params.uri))
        arguments = {"repo": repo, "path": path, "max_tokens": _MAX_RESOURCE_TOKENS}
        outcome = await self._call(context, "open_file", arguments)
        if outcome.is_error:
            raise MCPError(
                code=mcp.INVALID_PARAMS, message=outcome.text, data=outcome.structured["error"]
            )
        if outcome.structured["truncated"]:
            message = f"'{path}' is too large for a resource; `open_file` gives parts of it."
            raise MCPError(code=mcp.INVALID_PARAMS, message=message)
        content = mcp.TextResourceContents(
            uri=params.uri, mime_type="text/plain", text=outcome.structured["text"]
        )
        return mcp.ReadResourceResult(contents=[content])

    async def list_prompts(self, context: Context, _: object) -> mcp.ListPromptsResult:
        prompts = [
            mcp.Prompt(
                name=prompt.name,
                title=prompt.title,
                description=prompt.description,
                arguments=[
                    mcp.PromptArgument(name=name, description=text, required=name == "path")
                    for name, text in prompt.arguments.items()
                ],
            )
            for prompt in PROMPTS.values()
        ]
        return mcp.ListPromptsResult(prompts=prompts)

    async def get_prompt(
        self, context: Context, params: mcp.GetPromptRequestParams
    ) -> mcp.GetPromptResult:
        prompt = PROMPTS.get(params.name)
        if prompt is None:
            raise MCPError(
                code=mcp.INVALID_PARAMS,
                message=f"There is no prompt {params.name[:100]!r}; there is {', '.join(PROMPTS)}.",
            )
        text = mcp.TextContent(type="text", text=write_prompt(prompt, params.arguments or {}))
        return mcp.GetPromptResult(
            description=prompt.description,
            messages=[mcp.PromptMessage(role="user", content=text)],
        )

    async def complete(
        self, context: Context, params: mcp.CompleteRequestParams
    ) -> mcp.CompleteResult:
        values: list[str] = []
        typed = params.argument.value
        known = (params.context.arguments if params.context else None) or {}
        if params.argument.name == "repo":
            outcome = await self._call(context, "index_status", {})
            names = [status["repo"] for status in outcome.structured.get("repositories", ())]
            values = [name for name in names if name.startswith(typed)]
        elif params.argument.name == "path":
            outcome = await self._call(
                context,
                "list_paths",
                {"repo": known.get("repo") or None, "include_globs": _starting_with(typed)},
            )
            values = [entry["path"] for entry in outcome.structured.get("entries", ())]
        return mcp.CompleteResult(
            completion=mcp.Completion(values=values[:100], has_more=len(values) > 100)
        )

    async def _call(self, context: Context, name: str, arguments: dict[str, Any] | None) -> Outcome:
        request = context.request
        call = self._calls.call(name, arguments, _principal(request))
        return await (_while_connected(request, call) if request else call)


def resource_uri(repo: str, path: str) -> str:
    """Give the resource URI of a file."""
    return f"codeintel://{quote(repo, safe='')}/{quote(path)}"


def _named_by(uri: str) -> tuple[str, str]:
    """Give repository and path that a resource URI names."""
    try:
        parts = urlsplit(uri)
    except ValueError:  # a host that cannot be one, such as half of an IPv6 address
        parts = urlsplit("")
    if parts.scheme != "codeintel" or not parts.netloc or not parts.path.strip("/"):
        raise MCPError(code=mcp.INVALID_PARAMS, message=f"Not a resource of CodeIntel ({_URI}).")
    return unquote(parts.netloc), unquote(parts.path.removeprefix("/"))


def _starting_with(typed: str) -> list[str]:
    """Give globs for all paths that start as typed; glob characters stand for themselves."""
    plain = "".join(f"[{c}]" if c in "*?[{" else c for c in typed[:500])
    return [f"{plain}*", f"{plain}*/**"]


def _principal(request: Request | None) -> Principal:
    """Give who asks: the HTTP edge has put it into the request; standard input is local."""
    return LOCAL if request is None else request.scope.get(PRINCIPAL_KEY, LOCAL)


async def _while_connected(request: Request, call: Coroutine[Any, Any, Outcome]) -> Outcome:
    """Await a call, giving it up when the client hangs up."""
    task = asyncio.create_task(call)
    try:
        while True:
            done, _ = await asyncio.wait({task}, timeout=_DISCONNECT_POLL_S)
            if done:
                return task.result()
            if await request.is_disconnected():
                raise MCPError(code=mcp.INTERNAL_ERROR, message="The client is gone.")
    finally:
        task.cancel()
