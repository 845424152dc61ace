"""What every HTTP request passes first: which host it names and who asks."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from mcp.server.transport_security import RequestBodyLimitMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from codeintel.server.auth import LOCAL, Principal, Tokens
from codeintel.server.logs import new_request_id, request_id
from codeintel.server.oauth import METADATA_PATH, OAuth, OAuthOptions
from codeintel.server.protocol import PRINCIPAL_KEY
from codeintel.server.traces import trace_parent

_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
# Probes name the address of the machine, which nobody can list beforehand, and learn nothing.
_PROBES = frozenset({"/healthz", "/readyz"})


@dataclass(frozen=True, slots=True)
class EdgeOptions:
    """What a request must be like to be let in.

    Attributes
    ----------
    allowed_hosts
        Names that the Host header may have besides the loopback names, without port.
    allowed_origins
        Values that an Origin header may have besides loopback ones, such as ``https://ide.example``.
    tokens, oauth
        The bearer tokens, and whose signed ones are accepted; without either, nobody is asked.
    max_request_bytes
        Size of a request body at most.
    """

    allowed_hosts: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()
    tokens: Tokens | None = None
    oauth: OAuthOptions | None = None
    max_request_bytes: int = 1 << 20

    @property
    def asks_who(self) -> bool:
        """Whether a token is needed."""
        return bool(self.tokens or self.oauth)


class Edge:
    """ASGI application that lets a request through to `mcp` or `web`, or turns it away.

    It is plain ASGI because it stands before every request: a layer of a web framework costs more
    than it does.
    """

    def __init__(self, mcp: ASGIApp, web: ASGIApp, options: EdgeOptions) -> None:
        self._mcp = mcp
        self._web = RequestBodyLimitMiddleware(web, options.max_request_bytes)
        self._asks_who = options.asks_who
        self._tokens = options.tokens
        self._oauth = OAuth(options.oauth) if options.oauth else None
        self._open_paths = _PROBES
        self._challenge = "Bearer"
        if options.oauth:
            self._open_paths |= {METADATA_PATH, urlsplit(options.oauth.metadata_url).path}
            self._challenge += f' resource_metadata="{options.oauth.metadata_url}"'
        self._hosts = frozenset(name.lower() for name in (*_LOOPBACK, *options.allowed_hosts))
        self._origins = frozenset(origin.lower() for origin in options.allowed_origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: D102
        if scope["type"] != "http":
            await self._web(scope, receive, send)
            return
        request_id.set(new_request_id())
        headers = dict(scope["headers"])
        trace_parent.set(headers.get(b"traceparent", b"").decode("latin-1"))
        path = scope["path"]
        if path in self._open_paths:
            await self._web(scope, receive, send)
            return
        if refusal := self._refusal(headers):
            await refuse(send, *refusal)
            return
        principal = await self._principal(headers)
        if principal is None:
            await refuse(
                send,
                401,
                "unauthenticated",
                "A valid bearer token is needed.",
                {"www-authenticate": self._challenge},
            )
            return
        scope[PRINCIPAL_KEY] = principal
        await (self._mcp if path == "/mcp" else self._web)(scope, receive, send)

    def _refusal(self, headers: Mapping[bytes, bytes]) -> tuple[int, str, str] | None:
        """Give status, code and message for a request that is turned away unread."""
        host = _without_port(headers.get(b"host", b"").decode("latin-1").lower())
        if host not in self._hosts:
            return 421, "unknown_host", "The Host header names another server."
        origin = headers.get(b"origin", b"").decode("latin-1").lower()
        if origin and origin not in self._origins and not _is_loopback(origin):
            return 403, "forbidden_origin", "Pages of this origin may not use the server."
        return None

    async def _principal(self, headers: Mapping[bytes, bytes]) -> Principal | None:
        if not self._asks_who:
            return LOCAL
        kind, _, token = headers.get(b"authorization", b"").partition(b" ")
        token = token.strip()
        if kind.lower() != b"bearer" or not token:
            return None
        known = self._tokens.principal(token) if self._tokens else None
        if known is None and self._oauth:
            known = await self._oauth.principal(token)
        return known


async def refuse(
    send: Send, status: int, code: str, message: str, headers: Mapping[str, str] | None = None
) -> None:
    """Answer with an error in the form that all errors have."""
    body = json.dumps({"error": {"code": code, "message": message}}).encode()
    pairs = {"content-type": "application/json", "content-length": str(len(body))} | {
        **(headers or {})
    }
    start: Message = {
        "type": "http.response.start",
        "status": status,
        "headers": [(name.encode(), value.encode()) for name, value in pairs.items()],
    }
    await send(start)
    await send({"type": "http.response.body", "body": body})


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() else host


def _is_loopback(origin: str) -> bool:
    """Tell whether a page of this machine asks."""
    scheme, _, host = origin.partition("://")
    return scheme in {"http", "https"} and _without_port(host) in _LOOPBACK
