"""Serves many clients over HTTP."""

import asyncio
import errno
import ipaddress
import logging
import socket
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
from codeintel.server.gathering import GatheringProtocol
from codeintel.server.handing import received, say_ready, say_stopping
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


def serve_channel(
    codeintel: "CodeIntel", options: HttpOptions, channel: socket.socket, shared_metrics: Path
) -> None:
    """Serve the connections that come through a channel; see `Metrics` for `shared_metrics`."""
    configure_logs(options.log_format)
    HandedServer(App(codeintel, options, shared_metrics), options, channel).run([])


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
                http=GatheringProtocol,
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


class HandedServer(DrainingServer):
    """A server that gets its connections from the process that listens."""

    def __init__(self, app: App, options: HttpOptions, channel: socket.socket) -> None:
        super().__init__(app, options)
        self._channel = channel
        self._starting: set[asyncio.Task[object]] = set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to take connections."""
        await super().startup(sockets)
        asyncio.get_running_loop().add_reader(self._channel, self._take)
        say_ready(self._channel)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more, and let requests under way finish."""
        asyncio.get_running_loop().remove_reader(self._channel)
        say_stopping(self._channel)
        self._channel.close()
        await super().shutdown(sockets)

    def _take(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            for connection in received(self._channel):
                task = loop.create_task(loop.connect_accepted_socket(self._protocol, connection))
                self._starting.add(task)
                task.add_done_callback(self._starting.discard)
        except EOFError:
            loop.remove_reader(self._channel)

    def _protocol(self) -> asyncio.Protocol:
        """Make what reads one connection, as `uvicorn.Server.startup` does."""
        return self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )


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


def listen(options: HttpOptions) -> socket.socket:
    """Open the listening socket; port 0 takes a free one.

    Raises
    ------
    ConfigurationError
        The address is in use, not allowed or not of this machine.
    """
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    try:
        return socket.create_server((options.host, options.port), family=family, backlog=_BACKLOG)
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
