"""The questions that agents ask, and the load generator that asks them."""

import json
import random
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import msgspec

LUA = Path(__file__).with_name("load_wrk.lua")

# Share of each tool in an agent's work.
MIX = {
    "semantic_search": 40,
    "search_text": 20,
    "open_file": 15,
    "symbol_search": 10,
    "list_paths": 5,
    "blame_range": 5,
    "file_history": 5,
}
_META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}
_POPULAR = 200


class Load(msgspec.Struct):
    """What one run of the load generator saw."""

    requests: int
    seconds: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float
    tool_errors: int
    refused: int
    broken: int

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds

    @property
    def n_errors(self) -> int:
        return self.tool_errors + self.refused + self.broken


@dataclass(frozen=True)
class Vocabulary:
    """What there is to ask about in a repository."""

    paths: tuple[tuple[str, int], ...]
    names: tuple[str, ...]
    words: tuple[str, ...]

    @classmethod
    def of(cls, repository: Path) -> "Vocabulary":
        paths, names, words = [], set(), set()
        for file in sorted(repository.rglob("*.py")):
            text = file.read_text(encoding="utf-8", errors="replace")
            n_lines = text.count("\n")
            if n_lines > 20:
                paths.append((file.relative_to(repository).as_posix(), n_lines))
            names.update(re.findall(r"(?:def|class) ([A-Za-z]\w{3,})", text))
            words.update(re.findall(r"\b[a-z]{4,12}\b", text[:20_000]))
        return cls(tuple(paths), tuple(sorted(names)), tuple(sorted(words)))


def write_requests(
    file: Path,
    vocabulary: Vocabulary,
    n: int,
    *,
    repeated: float,
    mix: dict[str, int] | None = None,
) -> Path:
    """Write `n` tool calls, the share `repeated` of them drawn from a few hundred popular ones."""
    draw = random.Random(0)
    mix = mix or MIX
    popular = [_call(draw, vocabulary, mix) for _ in range(_POPULAR)]
    with file.open("w", encoding="utf-8") as lines:
        for number in range(n):
            name, arguments = (
                draw.choice(popular) if draw.random() < repeated else _call(draw, vocabulary, mix)
            )
            body = {
                "jsonrpc": "2.0",
                "id": number,
                "method": "tools/call",
                "params": {"name": name, "arguments": arguments, "_meta": _META},
            }
            lines.write(f"{name}\t{json.dumps(body)}\n")
    return file


def _call(
    draw: random.Random, vocabulary: Vocabulary, mix: dict[str, int]
) -> tuple[str, dict[str, object]]:
    """Make up one call."""
    (name,) = draw.choices(list(mix), list(mix.values()))
    path, n_lines = draw.choice(vocabulary.paths)
    start = draw.randint(1, n_lines - 10)
    lines = {"path": path, "start_line": start, "end_line": min(start + 60, n_lines)}
    folder = path.rpartition("/")[0]
    arguments: dict[str, dict[str, object]] = {
        "semantic_search": {
            "query": f"{' '.join(draw.sample(vocabulary.words, 4))} {draw.choice(vocabulary.names)}"
        },
        "search_text": {"pattern": draw.choice(vocabulary.names), "limit": 50},
        "open_file": lines,
        "symbol_search": {"query": draw.choice(vocabulary.names)},
        "list_paths": {"include_globs": [f"{folder}/**"]} if folder else {"tree": True},
        "blame_range": lines,
        "file_history": {"path": path},
    }
    return name, arguments[name]


def run_wrk(
    url: str,
    requests: Path,
    connections: int,
    seconds: float,
    skip: int = 0,
    *,
    through_sdk: bool = False,
) -> Load:
    """Load the server and give what was seen; `skip` begins further on in the requests."""
    way = "sdk" if through_sdk else "short"
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s"]
    done = subprocess.run(
        [*command, "-s", str(LUA), url, "--", str(requests), str(skip), way],
        capture_output=True,
        text=True,
        check=True,
    )
    line = next(x for x in done.stdout.splitlines() if x.startswith("RESULT "))
    return msgspec.json.decode(line.removeprefix("RESULT "), type=Load)
