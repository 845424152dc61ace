"""Bad input for the server, drawn at random from a seed: tool arguments, MCP messages, bytes.

Much of it is nearly right, so that it gets past the first check: names of real arguments, values
within their limits, paths that exist, and cursors and scopes that the server gave, with bytes
changed.
"""

import json
import random
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from codeintel.server.schemas import input_schema
from codeintel.server.tools import TOOLS

_ODD_PATHS = """. .. ../x /etc/passwd //x x//y -n CON .git/config --output=/x a/../../x ~ ~/x x/.
C:\\x %2e%2e/x file:///etc/passwd""".split()
_ODD_TEXTS = (
    *(
        "",
        " ",
        "\0",
        "a\0b",
        "\n",
        "\r\n",
        "\t",
        "\ud800",
        "\udfff\ud800",
        "\ufeff",
        "\u202e",
        "🦀",
    ),
    *("(", "[", "(a+)+$", "(?<=x)y", "\\", "\\p{", "a{1000}{1000}", ".*", "^", "$", "(?s).*"),
    *("HEAD~99", "@{-1}", "HEAD:", "main..HEAD", "--all", "-x", "^HEAD", "0" * 40, "f" * 64),
    *("**", "**/**/**", "[z-a]", "[!", "{a,b", "{" * 60, "*" * 300, "a/**/" * 60),
    *("2026-13-45", "yesterday", "9999-12-31T23:59:59Z", "0001-01-01", "1e999", "NaN"),
    *("' OR 1=1 --", "%s%n", "${x}", "{{x}}", "<script>", "İ", "ß", "ﬃ", "e\u0301", "x" * 5000),
)
_ODD_NUMBERS = (0, -1, 1, 2, 2**31 - 1, 2**31, 2**53 + 1, 2**63 - 1, 2**63, -(2**63) - 1, 10**40)
_ODD_FLOATS = (0.5, -0.0, 1e308, 1e-320, float("nan"), float("inf"))
_METHODS = (
    *("tools/call", "tools/list", "resources/list", "resources/read", "resources/templates/list"),
    *("prompts/list", "prompts/get", "completion/complete", "initialize", "ping"),
    *(
        "server/discover",
        "logging/setLevel",
        "notifications/cancelled",
        "notifications/initialized",
    ),
)
_VERSIONS = ("2025-06-18", "2025-11-25", "2026-07-28", "1999-01-01", "x")
_USUAL = {"repo": "corpus", "languages": ["python"]}
_MAX_DEPTH = 4
_MAX_KEPT = 200


class Request(NamedTuple):
    """One request, and the kind that it is counted under."""

    kind: str
    path: str
    headers: dict[str, str]
    body: bytes
    method: str = "POST"


class Inputs:
    """An endless supply of bad requests; the same seed gives the same.

    Parameters
    ----------
    paths, names
        Paths and definitions that the served repository has.
    """

    def __init__(self, seed: int, paths: Sequence[str], names: Sequence[str]) -> None:
        self._draw = random.Random(seed)
        self._paths = paths
        self._names = names
        self._seals: dict[str, list[str]] = {"cursor": [], "scope_id": []}
        # How much of the call at hand is not as the schema wants it.
        self._bent = 0.0
        self._schemas = {tool.name: input_schema(tool.arguments) for tool in TOOLS.values()}
        kinds: tuple[tuple[int, Callable[[], Request]], ...] = (
            (6, self._rest_call),
            (6, self._mcp_call),
            (3, self._mcp_message),
            (1, self._mcp_bytes),
            (1, self._rest_bytes),
            (1, self._other),
        )
        self._weights = [weight for weight, _ in kinds]
        self._kinds = [make for _, make in kinds]

    def remember(self, name: str, seal: str) -> None:
        """Take a cursor or scope id that the server gave, to give it back or spoil it."""
        self._seals[name] = [*self._seals[name], seal][-_MAX_KEPT:]

    def next(self) -> Request:
        (make,) = self._draw.choices(self._kinds, self._weights)
        return make()

    def _rest_call(self) -> Request:
        name = self._draw.choice(list(TOOLS))
        return Request(f"rest {name}", f"/v1/{name}", {}, _encode(self._arguments(name)))

    def _mcp_call(self) -> Request:
        """Give a tool call whose envelope is right."""
        name = self._draw.choice(list(TOOLS))
        version = self._draw.choice(_VERSIONS[:3])
        params: dict[str, Any] = {"name": name, "arguments": self._arguments(name)}
        if version == "2026-07-28":
            params["_meta"] = _meta(version)
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
        headers = _mcp_headers(version) | {"mcp-method": "tools/call", "mcp-name": name}
        return Request(f"mcp {name}", "/mcp", headers, _encode(message))

    def _mcp_message(self) -> Request:
        draw = self._draw
        method = draw.choice(_METHODS) if draw.random() < 0.9 else self._text()
        version = draw.choice(_VERSIONS)
        params = {
            "_meta": _meta(version) if draw.random() < 0.8 else self._json(),
            "name": draw.choice([*TOOLS, "code_review", self._text()]),
            "arguments": self._json(),
            "uri": f"codeintel://{self._text()}/{self._path()}",
            "ref": draw.choice([{"type": "ref/prompt", "name": "code_review"}, self._json()]),
            "argument": {"name": draw.choice(["repo", "path", "x"]), "value": self._text()},
        }
        params = {name: value for name, value in params.items() if draw.random() < 0.7}
        message: Any = {"jsonrpc": "2.0", "id": 7, "method": method, "params": params}
        while draw.random() < 0.3:
            message[draw.choice([*message, "extra"])] = self._json()
        if draw.random() < 0.1:
            message = draw.choice([[message], [message, message], self._json()])
        headers = _mcp_headers(version)
        if draw.random() < 0.5:
            headers["mcp-method"] = _header(method)
        for name in list(headers):
            if draw.random() < 0.05:
                headers[name] = _header(self._text())
        return Request("mcp message", "/mcp", headers, self._spoil(_encode(message)))

    def _mcp_bytes(self) -> Request:
        headers = _mcp_headers(self._draw.choice(_VERSIONS))
        return Request("mcp bytes", "/mcp", headers, self._bytes())

    def _rest_bytes(self) -> Request:
        name = self._draw.choice(list(TOOLS))
        call = _encode(self._arguments(name))
        body = self._draw.choice([self._bytes(), self._spoil(call), _encode(self._json())])
        return Request("rest bytes", f"/v1/{name}", {}, body)

    def _other(self) -> Request:
        """Give a request that asks nothing: other paths, methods and headers."""
        draw = self._draw
        path = draw.choice(["/", "/mcp", "/v1/", "/v1/%00", "/v1/..%2f", "/metrics", "/readyz"])
        method = draw.choice(["GET", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE", "POST"])
        name = draw.choice(["host", "origin", "accept", "authorization", "cookie", "traceparent"])
        return Request("other", path, {name: _header(self._text())}, b"", method)

    def _arguments(self, tool: str) -> Any:
        draw = self._draw
        self._bent = draw.choice([0.0, 0.0, 0.02, 0.2])
        if draw.random() < self._bent:
            return self._json()
        properties = self._schemas[tool]["properties"]
        required = self._schemas[tool].get("required", ())
        share = draw.choice([0.1, 0.3, 0.7])
        chosen = {
            name: self._value(name, schema)
            for name, schema in properties.items()
            if draw.random() < (1 - self._bent if name in required else share)
        }
        if draw.random() < self._bent:
            chosen[self._text()] = self._json()
        return chosen

    def _value(self, name: str, schema: dict[str, Any]) -> Any:
        """Give a value that mostly fits the schema of an argument."""
        draw = self._draw
        if draw.random() < self._bent:
            return self._json()
        schema = draw.choice(schema.get("anyOf", [schema]))
        if values := schema.get("enum"):
            return draw.choice(values)
        if (seals := self._seals.get(name)) and draw.random() < 0.8:
            seal = draw.choice(seals)
            return seal if draw.random() < 0.5 else self._spoil(seal.encode()).decode("latin-1")
        if name in _USUAL and draw.random() < 0.8:
            return _USUAL[name]
        if name == "symbol" and draw.random() < 0.8:
            return draw.choice(self._names)
        match schema.get("type"):
            case "integer":
                if draw.random() < self._bent:
                    return draw.choice(_ODD_NUMBERS)
                least = schema.get("minimum", 0)
                most = schema.get("maximum", 2**31)
                return draw.choice([least, draw.randint(least, min(most, least + 60)), most])
            case "boolean":
                return draw.random() < 0.5
            case "array":
                items = schema.get("items") or {"type": "integer"}
                return [self._value("", items) for _ in range(draw.choice([0, 1, 2, 2, 30]))]
            case "null":
                return None
        return self._path() if name == "path" and draw.random() < 0.8 else self._text()

    def _path(self) -> str:
        return self._draw.choice(self._paths if self._draw.random() < 0.7 else _ODD_PATHS)

    def _text(self) -> str:
        draw = self._draw
        match draw.randrange(6):
            case 0:
                return draw.choice(_ODD_TEXTS)
            case 1:
                return draw.choice(_ODD_PATHS)
            case 2:
                return draw.choice(self._names)
            case 3:
                path = draw.choice(self._paths)
                return draw.choice([path, f"{path}:{draw.randrange(99)}", path[: len(path) // 2]])
            case 4:
                return " ".join(draw.choices(self._names, k=draw.randrange(1, 9)))
        return "".join(
            chr(
                draw.choice([draw.randrange(128), draw.randrange(0x3000), draw.randrange(0x110000)])
            )
            for _ in range(draw.randrange(12))
        )

    def _json(self, depth: int = 0) -> Any:
        draw = self._draw
        match draw.randrange(9 if depth < _MAX_DEPTH else 6):
            case 0:
                return None
            case 1:
                return draw.random() < 0.5
            case 2:
                return draw.choice(_ODD_NUMBERS)
            case 3:
                return draw.choice(_ODD_FLOATS)
            case 4 | 5:
                return self._text()
            case 6:
                return [self._json(depth + 1) for _ in range(draw.randrange(4))]
        return {self._text(): self._json(depth + 1) for _ in range(draw.randrange(4))}

    def _bytes(self) -> bytes:
        draw = self._draw
        depth = draw.choice([10, 500, 5000])
        nested = draw.choice([b"[" * depth, b'{"a":' * depth, b"[" * depth + b"]" * depth])
        return draw.choice([draw.randbytes(draw.randrange(200)), nested])

    def _spoil(self, data: bytes) -> bytes:
        """Change, drop or double some bytes, or none."""
        draw = self._draw
        spoilt = bytearray(data)
        for _ in range(draw.choice([0, 0, 1, 1, 5])):
            if not spoilt:
                break
            at = draw.randrange(len(spoilt))
            match draw.randrange(3):
                case 0:
                    spoilt[at] = draw.randrange(256)
                case 1:
                    del spoilt[at : at + draw.randrange(1, 9)]
                case 2:
                    spoilt[at:at] = spoilt[at : at + draw.randrange(1, 9)]
        return bytes(spoilt)


def _meta(version: str) -> dict[str, Any]:
    return {
        "io.modelcontextprotocol/protocolVersion": version,
        "io.modelcontextprotocol/clientCapabilities": {},
    }


def _mcp_headers(version: str) -> dict[str, str]:
    return {
        "mcp-protocol-version": version,
        "accept": "application/json, text/event-stream",
        "content-type": "application/json",
    }


def _header(text: str) -> str:
    """Give what a header can hold of a text."""
    kept = text.encode("latin-1", "replace").decode("latin-1")[:2000]
    return "".join(c for c in kept if c not in "\r\n\0")


def _encode(value: Any) -> bytes:
    return json.dumps(value).encode()
