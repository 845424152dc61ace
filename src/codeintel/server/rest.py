"""The REST face: the same tools at ``/v1/…`` with OpenAPI, and the probes."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse, PlainTextResponse

import codeintel
from codeintel.errors import CodeIntelError
from codeintel.server.auth import LOCAL
from codeintel.server.calls import Calls, InvalidArgumentsError, unknown_tool
from codeintel.server.connection import while_connected
from codeintel.server.health import Health
from codeintel.server.metrics import METRICS_TYPE, Metrics
from codeintel.server.oauth import METADATA_PATH, OAuthOptions
from codeintel.server.outcome import Outcome, failed
from codeintel.server.protocol import PRINCIPAL_KEY
from codeintel.server.tools import TOOLS, Tool

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]

_PREFIX = "/v1/"
# Nobody reads this status; proxies write it for a client that has hung up.
_GONE = 499

# What went wrong decides the status; every other error of the tree is the caller's to mend.
_STATUS = {
    "ok": 200,
    "busy": 503,
    "deadline_exceeded": 504,
    "internal": 500,
    "not_allowed": 403,
    "path_not_found": 404,
    "unknown_repository": 404,
    "unknown_revision": 404,
    "unknown_symbol": 404,
    "index_missing": 503,
    "index_locked": 503,
    "index_corrupt": 500,
    "index_version": 500,
    "storage": 500,
    "git_not_installed": 500,
    "embedding_unavailable": 503,
}


class ErrorDetail(msgspec.Struct):
    """An error: what is wrong, what to do, and the nearest valid values."""

    code: str
    message: str
    cure: str = ""
    suggestions: tuple[str, ...] = ()
    retry_after_s: float | None = None


class ErrorBody(msgspec.Struct):
    """The body of every answer that is no 200."""

    error: ErrorDetail


class NotAllowedError(CodeIntelError):
    """The token is good, but not for this."""

    code = "not_allowed"


def build_rest(calls: Calls, health: Health, metrics: Metrics, lifespan: Lifespan) -> FastAPI:
    """Make the application that answers all that is not MCP."""
    app = FastAPI(
        title="CodeIntel",
        version=codeintel.__version__,
        description="Code search, navigation and git history of the served repositories.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/v1/openapi.json",
    )

    @app.get("/healthz", summary="Whether the process answers")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get(
        "/readyz",
        summary="Whether the process can answer truthfully",
        responses={503: {"description": "Not now; the body says why."}},
    )
    async def readyz() -> JSONResponse:
        trouble = await health.trouble()
        body = {"status": "not ready", "reason": trouble} if trouble else {"status": "ready"}
        return JSONResponse(body, 503 if trouble else 200)

    @app.get("/metrics", summary="Metrics for Prometheus", response_class=PlainTextResponse)
    async def scrape(request: Request) -> Response:
        if request.scope.get(PRINCIPAL_KEY, LOCAL).repos is not None:
            # The metrics name every repository.
            return respond(failed(NotAllowedError("This token does not open all repositories.")))
        try:
            status = await calls.status()
        except CodeIntelError:
            # The request metrics say what is wrong; losing them too would hide it.
            status = None
        return Response(metrics.expose(status), media_type=METRICS_TYPE)

    for tool in TOOLS.values():
        _add(app, calls, tool)

    async def unknown(name: str) -> Response:
        return respond(failed(unknown_tool(name)))

    document = describe(app)
    app.add_api_route(f"{_PREFIX}{{name:path}}", unknown, methods=["POST"], include_in_schema=False)
    app.openapi = lambda: document  # type: ignore[method-assign]
    return app


def add_metadata(app: FastAPI, oauth: OAuthOptions) -> None:
    """Tell clients who issues tokens."""

    async def metadata() -> dict[str, Any]:
        return oauth.metadata

    for path in (METADATA_PATH, urlsplit(oauth.metadata_url).path):
        app.add_api_route(path, metadata, include_in_schema=False)


def _add(app: FastAPI, calls: Calls, tool: Tool) -> None:
    async def answer(request: Request) -> Response:
        principal = request.scope.get(PRINCIPAL_KEY, LOCAL)
        try:
            arguments = msgspec.json.decode(await request.body() or b"{}", type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return respond(failed(InvalidArgumentsError(f"The body is no JSON object: {error}.")))
        call = calls.call(tool.name, arguments, principal)
        outcome = await while_connected(call, request.receive)
        return Response(status_code=_GONE) if outcome is None else respond(outcome)

    app.add_api_route(
        f"{_PREFIX}{tool.name}",
        answer,
        methods=["POST"],
        operation_id=tool.name,
        summary=tool.title,
        description=tool.description,
        response_class=Response,
    )


def describe(app: FastAPI) -> dict[str, Any]:
    """Write the OpenAPI document; the schemas of the tools are those that MCP shows."""
    document = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes
    )
    kinds = [kind for tool in TOOLS.values() for kind in (tool.arguments, tool.answer)]
    references, schemas = msgspec.json.schema_components(
        [*kinds, ErrorBody], ref_template="#/components/schemas/{name}"
    )
    *shapes, error = ({"application/json": {"schema": reference}} for reference in references)
    document.setdefault("components", {})["schemas"] = schemas
    for tool, arguments, answer in zip(TOOLS.values(), shapes[::2], shapes[1::2], strict=True):
        operation = document["paths"][f"{_PREFIX}{tool.name}"]["post"]
        operation["requestBody"] = {"content": arguments}
        operation["responses"] = {"200": {"description": "The answer", "content": answer}} | {
            str(status): {"description": HTTPStatus(status).phrase, "content": error}
            for status in sorted({400, 401, 403, 413, 421, *_STATUS.values()} - {200})
        }
    return document


def respond(outcome: Outcome) -> Response:
    """Write an outcome as an HTTP response."""
    status = _STATUS.get(outcome.code, 400)
    headers = {}
    retry_after_s = (
        outcome.structured.get("error", {}).get("retry_after_s") if outcome.is_error else None
    )
    if retry_after_s is not None:
        headers["retry-after"] = str(max(1, round(retry_after_s)))
    return Response(outcome.body, status, headers, media_type="application/json")
