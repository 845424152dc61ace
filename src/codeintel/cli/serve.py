"""Serve repositories to agents over MCP (Model Context Protocol).

Without --http it speaks over standard input and output, as an agent on this machine starts it.
With --http it serves many agents at once, until it is stopped.
"""

import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from codeintel.cli import exit_codes
from codeintel.cli.options import add_paths
from codeintel.cli.target import opened, target_of
from codeintel.errors import CodeIntelError

if TYPE_CHECKING:
    from codeintel.api import CodeIntel


def address(text: str) -> tuple[str, int]:
    """Parse ``HOST:PORT``, ``:PORT`` or ``[IPV6]:PORT``."""
    host, sign, port = text.rpartition(":")
    if not sign or not port.isdigit() or int(port) > 65535:
        raise ArgumentTypeError(f"'{text}' is not HOST:PORT")
    return host.strip("[]") or "127.0.0.1", int(port)


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_paths(parser)
    parser.add_argument(
        "--http", type=address, metavar="HOST:PORT", help="serve over HTTP at this address"
    )
    edge = parser.add_argument_group("who may ask over HTTP")
    edge.add_argument(
        "--token-file",
        type=Path,
        metavar="FILE",
        help="ask for a token of this file; `codeintel token` makes its lines",
    )
    edge.add_argument(
        "--allow-unauthenticated",
        action="store_true",
        help="serve without tokens on an address that others can reach",
    )
    edge.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="also answer to this name in the Host header (default: this machine's loopback names)",
    )
    edge.add_argument(
        "--allow-origin",
        action="append",
        default=[],
        metavar="URL",
        help="also answer pages of this origin, such as https://ide.example",
    )


def run(arguments: Namespace) -> int:
    """Serve until the client leaves, or the process is told to stop."""
    with opened(target_of(arguments.paths)) as intel:
        Thread(target=_index, args=(intel,), name="first index", daemon=True).start()
        if arguments.http is None:
            from codeintel.server.stdio import run_stdio

            run_stdio(intel)
        else:
            _serve_http(intel, arguments)
    return exit_codes.FOUND


def _serve_http(intel: "CodeIntel", arguments: Namespace) -> None:
    from codeintel.server.auth import Tokens
    from codeintel.server.edge import EdgeOptions
    from codeintel.server.http import HttpOptions, run_http

    host, port = arguments.http
    edge = EdgeOptions(
        allowed_hosts=tuple(arguments.allow_host),
        allowed_origins=tuple(arguments.allow_origin),
        tokens=Tokens.read(arguments.token_file) if arguments.token_file else None,
    )
    options = HttpOptions(
        host=host, port=port, allow_unauthenticated=arguments.allow_unauthenticated, edge=edge
    )
    print(f"Serving at http://{host}:{port}/mcp", file=sys.stderr, flush=True)
    run_http(intel, options)


def _index(intel: "CodeIntel") -> None:
    """Bring the index up to date beside the server, which answers meanwhile."""
    try:
        intel.index()
    except CodeIntelError as error:
        print(f"error: the index was not built: {error}", file=sys.stderr, flush=True)
