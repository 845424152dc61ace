"""A short way for plain tool calls over HTTP, past the SDK's general machinery.

Nearly all requests are tool calls that need none of what the SDK offers beyond reading the
envelope: no session, no notifications, no input from the client. For these the envelope is read
and the answer written here, in a fraction of the time. Whatever is unusual about a request, from
a header that does not match to an extra parameter, goes to the SDK, which answers or refuses it.
A test compares both ways.
"""

from typing import Any, Literal

import msgspec
from msgspec import Raw, Struct, field
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import codeintel
from codeintel.server.auth import LOCAL, Principal
from codeintel.server.calls import Calls
from codeintel.server.connection import while_connected
from codeintel.server.outcome import Outcome
from codeintel.server.protocol import DESCRIPTION, NAME, PRINCIPAL_KEY, TITLE

_MODERN = b"2026-07-28"
_HANDSHAKE = frozenset({b"2025-06-18", b"2025-11-25"})
_JSON_HEADERS = ((b"content-type", b"application/json"),)
_SERVER_INFO = {
    "io.modelcontextprotocol/serverInfo": {
        "name": NAME,
        "title": TITLE,
        "version": codeintel.__version__,
        "description": DESCRIPTION,
    }
}


class _ClientInfo(Struct):
    name: str
    version: str


class _Meta(Struct):
    """What a request of 2026-07-28 says about its client."""

    version: str = field(name="io.modelcontextprotocol/protocolVersion")
    capabilities: dict[str, dict[str, Any]] = field(
        name="io.modelcontextprotocol/clientCapabilities"
    )
    client: _ClientInfo | None = field(default=None, name="io.modelcontextprotocol/clientInfo")


class _Params(Struct, forbid_unknown_fields=True):
    name: str
    arguments: dict[str, Any] | None = None
    meta: Raw = field(default=Raw(b"{}"), name="_meta")


class _ToolCall(Struct, forbid_unknown_fields=True):
    jsonrpc: Literal["2.0"]
    id: int | str
    method: Literal["tools/call"]
    params: _Params


_decode_call = msgspec.json.Decoder(_ToolCall).decode
_decode_meta = msgspec.json.Decoder(_Meta).decode
_decode_any_meta = msgspec.json.Decoder(dict[str, Any]).decode
_encode = msgspec.json.Encoder().encode


class Shortcut:
    """ASGI application that answers plain tool calls and passes on everything else to `sdk`."""

    def __init__(self, calls: Calls, sdk: ASGIApp, max_request_bytes: int) -> None:
        self._calls = calls
        self._sdk = sdk
        self._max_request_bytes = max_request_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: D102
        headers = dict(scope["headers"])
        version = headers.get(b"mcp-protocol-version", b"")
        if not _is_plain(scope, headers, version):
            await self._sdk(scope, receive, send)
            return
        message = await receive()
        call = self._read(message, headers, version)
        if call is None:
            await self._sdk(scope, _replay(message, receive), send)
            return
        principal: Principal = scope.get(PRINCIPAL_KEY, LOCAL)
        asked = self._calls.call(call.params.name, call.params.arguments, principal)
        outcome = await while_connected(asked, receive)
        if outcome is not None:
            body = _write(call.id, outcome, modern=version == _MODERN)
            length = (b"content-length", str(len(body)).encode())
            await send(
                {
                    "type": "http.response.start",
                    "status": 200,
                    "headers": [*_JSON_HEADERS, length],
                }
            )
            await send({"type": "http.response.body", "body": body})

    def _read(
        self, message: Message, headers: dict[bytes, bytes], version: bytes
    ) -> _ToolCall | None:
        """Give the call if all of it is as the shortcut expects it."""
        body = message.get("body", b"")
        if message.get("more_body") or len(body) > self._max_request_bytes:
            return None
        try:
            call = _decode_call(body)
            if version != _MODERN:
                _decode_any_meta(call.params.meta)
                return call
            meta = _decode_meta(call.params.meta)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        agrees = (
            meta.version.encode() == version
            and headers.get(b"mcp-method") == b"tools/call"
            and headers.get(b"mcp-name") == call.params.name.encode()
        )
        return call if agrees else None


def _is_plain(scope: Scope, headers: dict[bytes, bytes], version: bytes) -> bool:
    """Tell from the headers whether a request can be a plain tool call."""
    return (
        scope["method"] == "POST"
        and (version == _MODERN or version in _HANDSHAKE)
        and len(headers) == len(scope["headers"])
        and headers.get(b"content-type", b"").lower().startswith(b"application/json")
        and b"application/json" in headers.get(b"accept", b"")
        and not any(name.startswith(b"mcp-param-") for name in headers)
    )


def _replay(message: Message, receive: Receive) -> Receive:
    """Give a `receive` that begins with a message that was taken already."""
    waiting = [message]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay


def _write(call_id: int | str, outcome: Outcome, *, modern: bool) -> bytes:
    result: dict[str, Any] = {
        "content": [{"text": outcome.text, "type": "text"}],
        "isError": outcome.is_error,
        "structuredContent": Raw(outcome.body),
    }
    if modern:
        result["resultType"] = "complete"
        result["_meta"] = _SERVER_INFO
    return _encode({"jsonrpc": "2.0", "id": call_id, "result": result})
