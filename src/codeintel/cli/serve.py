"""Serve repositories to agents over MCP (Model Context Protocol).

Without --http it speaks over standard input and output, as an agent on this machine starts it.
With --http it serves many agents at once, until it is stopped.
"""

from argparse import ArgumentParser, ArgumentTypeError, BooleanOptionalAction, Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING

from codeintel.cli import exit_codes
from codeintel.cli.following import follow, index_once
from codeintel.cli.options import add_paths, positive
from codeintel.cli.target import Target, opened, repositories_of, target_of
from codeintel.errors import ConfigurationError

if TYPE_CHECKING:
    from codeintel.api import CodeIntel
    from codeintel.server.http import HttpOptions
    from codeintel.server.oauth import OAuthOptions

KeepIndexed = Callable[..., None]


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
        "--config",
        type=Path,
        metavar="FILE",
        help='also serve those that a TOML file names: repositories = ["shop", "/srv/web"]',
    )
    parser.add_argument(
        "--watch",
        action=BooleanOptionalAction,
        default=True,
        help="follow changes of the repositories, within two seconds (default: --watch)",
    )
    _add_http(parser)
    _add_edge(parser)


def _add_http(parser: ArgumentParser) -> None:
    http = parser.add_argument_group("serving over HTTP")
    http.add_argument(
        "--http", type=address, metavar="HOST:PORT", help="serve at this address, path /mcp"
    )
    http.add_argument(
        "--workers",
        type=positive,
        default=1,
        metavar="N",
        help="processes that answer (default: 1)",
    )
    http.add_argument(
        "--log-format",
        choices=("console", "json"),
        default="console",
        help="form of the log lines on stderr (default: console)",
    )
    http.add_argument(
        "--audit-log", type=Path, metavar="FILE", help="write who asked which tool when"
    )
    http.add_argument(
        "--otlp",
        metavar="URL",
        help="send a trace of every call to this OpenTelemetry collector, such as"
        " http://127.0.0.1:4318/v1/traces (needs codeintel[traces])",
    )
    http.add_argument(
        "--drain",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="tell probes this long that the server stops before it does (default: 0)",
    )


def _add_edge(parser: ArgumentParser) -> None:
    edge = parser.add_argument_group("who may ask over HTTP")
    edge.add_argument(
        "--token-file",
        type=Path,
        metavar="FILE",
        help="ask for a token of this file; `codeintel token` makes its lines",
    )
    edge.add_argument(
        "--oauth-issuer",
        metavar="URL",
        help="accept tokens that this OAuth authorization server has signed",
    )
    edge.add_argument("--oauth-jwks", metavar="URL", help="where that server publishes its keys")
    edge.add_argument(
        "--oauth-resource", metavar="URL", help="this server's /mcp, as those tokens name it"
    )
    edge.add_argument(
        "--calls-per-s",
        type=float,
        default=0.0,
        metavar="N",
        help="calls that each who asks may make, 0 for no limit (default: 0)",
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
    listed = repositories_of(arguments.config) if arguments.config else []
    target = target_of([*arguments.paths, *listed])
    keep_indexed = follow if arguments.watch else index_once
    if arguments.http is None:
        from codeintel.server.stdio import run_stdio

        with opened(target) as intel, _beside(keep_indexed, intel):
            run_stdio(intel)
    else:
        _serve_http(target, keep_indexed, arguments)
    return exit_codes.FOUND


@contextmanager
def _beside(keep_indexed: KeepIndexed, intel: "CodeIntel") -> Iterator[None]:
    """Keep the indexes current in a thread; a run under way ends with the process."""
    stop = Event()
    Thread(target=keep_indexed, args=(intel, stop), name="indexer", daemon=True).start()
    try:
        yield
    finally:
        stop.set()


def _serve_http(target: Target, keep_indexed: KeepIndexed, arguments: Namespace) -> None:
    from codeintel.api import CodeIntel
    from codeintel.server.workers import run_workers

    options = _http_options(arguments)
    run_workers(partial(CodeIntel, *target.roots), options, arguments.workers, keep_indexed)


def _http_options(arguments: Namespace) -> "HttpOptions":
    from codeintel.server.auth import Tokens
    from codeintel.server.edge import EdgeOptions
    from codeintel.server.http import HttpOptions

    host, port = arguments.http
    return HttpOptions(
        host=host,
        port=port,
        allow_unauthenticated=arguments.allow_unauthenticated,
        drain_s=arguments.drain,
        log_format=arguments.log_format,
        audit_log=arguments.audit_log,
        otlp_url=arguments.otlp,
        calls_per_s=arguments.calls_per_s,
        edge=EdgeOptions(
            allowed_hosts=tuple(arguments.allow_host),
            allowed_origins=tuple(arguments.allow_origin),
            tokens=Tokens.read(arguments.token_file) if arguments.token_file else None,
            oauth=_oauth_options(arguments),
        ),
    )


def _oauth_options(arguments: Namespace) -> "OAuthOptions | None":
    from codeintel.server.oauth import OAuthOptions

    given = (arguments.oauth_issuer, arguments.oauth_resource, arguments.oauth_jwks)
    if not any(given):
        return None
    if not all(given):
        raise ConfigurationError(
            "Only a part of the OAuth options is given.",
            cure="Give --oauth-issuer, --oauth-resource and --oauth-jwks together.",
        )
    return OAuthOptions(*given)
