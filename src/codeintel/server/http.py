"""Serves many clients over HTTP."""

import asyncio
import errno
import ipaddress
import logging
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import uvicorn
from fastapi import FastAPI
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.types import Receive, Scope, Send

from codeintel.errors import ConfigurationError
from codeintel.server.audit import AuditLog
from codeintel.server.calls import CACHE_BYTES, Calls
from codeintel.server.door import Door, DoorOptions
from codeintel.server.edge import Edge, EdgeOptions
from codeintel.server.health import Health
from codeintel.server.logs import LogFormat, configure_logs
from codeintel.server.metrics import Metrics
from codeintel.server.protocol import build_server
from codeintel.server.rest import add_metadata, build_rest
from codeintel.server.shortcut import Shortcut
from codeintel.server.traces import Traces

if TYPE_CHECKING:
    from codeintel.api import CodeIntel

_KEEP_ALIVE_S = 75
_BACKLOG = 2048
# Elsewhere SO_REUSEPORT means that the last one gets them all.
_SHARES_CONNECTIONS = sys.platform == "linux"


@dataclass(frozen=True, slots=True)
class HttpOptions:
    """Where and how to serve.

    Attributes
    ----------
    allow_unauthenticated
        Serve on an address that others can reach although no token is asked for.
    drain_s
        Time between telling probes that the server stops and refusing new connections.
    shutdown_s
        Time that requests under way get to finish after that.
    audit_log
        File that tells who asked which tool when; None writes none.
    otlp_url
        Collector that is sent a span for every call; None sends none.
    cache_bytes
        Size of the answers that each process keeps for the next who asks the same.
    calls_per_s
        Calls that one principal may make to each process in the long run; 0 for no limit.
    """

    host: str = "127.0.0.1"
    port: int = 8765
    allow_unauthenticated: bool = False
    drain_s: float = 0
    shutdown_s: int = 30
    log_format: LogFormat = "console"
    audit_log: Path | None = None
    otlp_url: str | None = None
    cache_bytes: int = CACHE_BYTES
    calls_per_s: float = 0
    edge: EdgeOptions = field(default_factory=EdgeOptions)
    door: DoorOptions = field(default_factory=DoorOptions)


def serve_socket(
    codeintel: "CodeIntel",
    options: HttpOptions,
    server_socket: socket.socket,
    shared_metrics: Path | None = None,
) -> None:
    """Serve on a socket that listens already; see `Metrics` for `shared_metrics`."""
    configure_logs(options.log_format)
    DrainingServer(App(codeintel, options, shared_metrics), options).run([server_socket])


class App:
    """The whole ASGI application: MCP at ``/mcp``, REST, probes and metrics beside it."""

    def __init__(
        self, codeintel: "CodeIntel", options: HttpOptions, shared_metrics: Path | None = None
    ) -> None:
        self._door = Door(options.door)
        self._audit = AuditLog(options.audit_log) if options.audit_log else None
        self._metrics = Metrics(self._door, codeintel, shared_metrics)
        self._traces = Traces.to(options.otlp_url) if options.otlp_url else None
        watchers = (self._metrics, self._audit, self._traces)
        calls = Calls(
            codeintel,
            self._door,
            cache_bytes=options.cache_bytes,
            calls_per_s=options.calls_per_s,
            observers=[watcher.observe for watcher in watchers if watcher],
        )
        self.health = Health(calls)
        max_request_bytes = options.edge.max_request_bytes
        self._sessions = StreamableHTTPSessionManager(
            build_server(calls),
            stateless=True,
            json_response=True,
            max_request_body_size=max_request_bytes,
        )
        mcp = Shortcut(calls, self._sessions.handle_request, max_request_bytes)
        web = build_rest(calls, self.health, self._metrics, self._lifespan)
        if options.edge.oauth:
            add_metadata(web, options.edge.oauth)
        self._edge = Edge(mcp, web, options.edge)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: D102
        await self._edge(scope, receive, send)

    @asynccontextmanager
    async def _lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        watch = asyncio.create_task(self._metrics.watch_loop())
        async with self._sessions.run():
            yield
        watch.cancel()
        self._door.close()
        for watcher in (self._audit, self._traces):
            if watcher:
                watcher.close()


class DrainingServer(uvicorn.Server):
    """A server that turns its readiness red before it stops to accept connections."""

    def __init__(self, app: App, options: HttpOptions) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                lifespan="on",
                log_config=None,
                log_level=logging.WARNING,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=_KEEP_ALIVE_S,
                timeout_graceful_shutdown=options.shutdown_s,
            )
        )
        self._health = app.health
        self._drain_s = options.drain_s

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop; a second signal stops at once."""
        if self._health.draining or not self._drain_s:
            super().handle_exit(sig, frame)
        else:
            asyncio.get_running_loop().call_later(self._drain_s, super().handle_exit, sig, frame)
        self._health.draining = True


def check_exposure(options: HttpOptions) -> None:
    """Refuse an address that others can reach, unless a token is asked for.

    Raises
    ------
    ConfigurationError
        Names the address and the three ways out.
    """
    if options.edge.asks_who or options.allow_unauthenticated or is_loopback(options.host):
        return
    raise ConfigurationError(
        f"Others can reach {options.host!r}, and no token is asked for.",
        cure="Give a token file, serve on 127.0.0.1, or say --allow-unauthenticated.",
    )


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def listen(options: HttpOptions, n: int = 1) -> list[socket.socket]:
    """Open the listening sockets of `n` workers at one address; port 0 takes a free one.

    Where the kernel does not share connections out among several sockets, all have the same one.

    Raises
    ------
    ConfigurationError
        The address is in use, not allowed or not of this machine.
    """
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    address = (options.host, options.port)
    try:
        # One that is alone at its address tells whether the address is free.
        first = socket.create_server(address, family=family, backlog=_BACKLOG)
        if n == 1 or not _SHARES_CONNECTIONS:
            return [first] * n
        address = (options.host, first.getsockname()[1])
        first.close()
        return [
            socket.create_server(address, family=family, backlog=_BACKLOG, reuse_port=True)
            for _ in range(n)
        ]
    except (OSError, OverflowError) as error:
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            raise ConfigurationError(
                f"The address {options.host}:{options.port} is taken: something listens there.",
                cure="Stop that, or choose another port.",
            ) from error
        raise ConfigurationError(
            f"Cannot serve on {options.host}:{options.port}: {error}.",
            cure="Choose another address or port.",
        ) from error
