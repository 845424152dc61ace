"""Serves many clients over HTTP."""

import ipaddress
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import uvicorn
from fastapi import FastAPI
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.types import ASGIApp

from codeintel.errors import ConfigurationError
from codeintel.server.calls import Calls
from codeintel.server.door import Door, DoorOptions
from codeintel.server.edge import Edge, EdgeOptions
from codeintel.server.protocol import build_server
from codeintel.server.rest import build_rest
from codeintel.server.shortcut import Shortcut

if TYPE_CHECKING:
    from codeintel.api import CodeIntel

_KEEP_ALIVE_S = 75


@dataclass(frozen=True, slots=True)
class HttpOptions:
    """Where and how to serve.

    Attributes
    ----------
    allow_unauthenticated
        Serve on an address that others can reach although no token is asked for.
    shutdown_s
        Time that requests under way get to finish after a request to stop.
    """

    host: str = "127.0.0.1"
    port: int = 8765
    allow_unauthenticated: bool = False
    shutdown_s: int = 30
    edge: EdgeOptions = field(default_factory=EdgeOptions)
    door: DoorOptions = field(default_factory=DoorOptions)


def run_http(codeintel: "CodeIntel", options: HttpOptions) -> None:
    """Serve until SIGINT or SIGTERM.

    Raises
    ------
    ConfigurationError
        The address cannot be used, or others could reach it without a token.
    """
    check_exposure(options)
    with listen(options) as server_socket:
        serve_socket(codeintel, options, server_socket)


def serve_socket(
    codeintel: "CodeIntel", options: HttpOptions, server_socket: socket.socket
) -> None:
    """Serve on a socket that listens already."""
    config = uvicorn.Config(
        build_app(codeintel, options),
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=options.shutdown_s,
    )
    uvicorn.Server(config).run(sockets=[server_socket])


def build_app(codeintel: "CodeIntel", options: HttpOptions) -> ASGIApp:
    """Make the ASGI application: MCP at ``/mcp``, REST and probes beside it."""
    door = Door(options.door)
    calls = Calls(codeintel, door)
    sessions = StreamableHTTPSessionManager(
        build_server(calls),
        stateless=True,
        json_response=True,
        max_request_body_size=options.edge.max_request_bytes,
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with sessions.run():
            yield
        door.close()

    mcp = Shortcut(calls, sessions.handle_request, options.edge.max_request_bytes)
    return Edge(mcp, build_rest(calls, lifespan), options.edge)


def check_exposure(options: HttpOptions) -> None:
    """Refuse an address that others can reach, unless a token is asked for.

    Raises
    ------
    ConfigurationError
        Names the address and the three ways out.
    """
    if options.edge.tokens or options.allow_unauthenticated or is_loopback(options.host):
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
        return socket.create_server((options.host, options.port), family=family, backlog=2048)
    except (OSError, OverflowError) as error:
        raise ConfigurationError(
            f"Cannot serve on {options.host}:{options.port}: {error}.",
            cure="Choose another address or port.",
        ) from error
