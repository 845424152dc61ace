"""Throws bad input at a real server for long, and tells how it bore it.

``python -m scripts.fuzz_server [INPUTS] > benchmarks/results/load-fuzz.json``

INPUTS (default: 300,000) requests go to `codeintel serve` with two workers, an indexer and a real
index, over four connections: see `scripts.fuzz_inputs`. Then schemathesis reads the REST API's own
description and makes up some more. It gets a virtual environment of its own in the user's cache,
since its plugin for pytest would load with every test. All the while memory, open files and threads
of the server are looked at.
"""

import http.client
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import venv
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path

import psutil

from benchmarks.corpora import cache_dir
from benchmarks.load_corpus import make_corpus
from benchmarks.load_server import counted, memory_bytes, n_files_and_threads, start_command
from benchmarks.report import Report, Target, percentile, summarize
from scripts.fuzz_inputs import Inputs, Request

_PACKAGES = ("anyio", "httpx", "starlette")
_CONNECTIONS = 4
_HANG_S = 60.0
_SAMPLES = 40
# Workers keep answers; a long run fills what they may keep first, so that what grows later leaks.
_INPUTS_BY_LARGE_ANSWER = 100
# schemathesis makes up so many for each operation and each of these inputs.
_SCHEMA_SHARE = 1 / 1000
# Whether arguments make sense is for the tools to judge: a request may fit and fail.
_CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)
_INTERNAL = re.compile(rb'"code": ?("internal"|-32603)')
_SEAL = re.compile(rb'"(?:next_)?(cursor|scope_id)": ?"([^"]+)"')


class Fuzz:
    """One run: what was sent, what came of it, and what the server took meanwhile.

    Parameters
    ----------
    secret
        A text of the host that no answer may have.
    """

    def __init__(self, port: int, server: psutil.Process, secret: str) -> None:
        self.port = port
        self.server = server
        self.secret = secret.encode()
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self.statuses: dict[str, Counter[int]] = defaultdict(Counter)
        self.failures: list[str] = []
        self.samples: list[tuple[int, int, int]] = []
        self._n_left = 0
        self._lock = threading.Lock()

    def throw(self, n_inputs: int) -> None:
        """Send so many inputs over a few connections at once."""
        self._n_left = n_inputs
        paths = [entry["path"] for entry in self._ask("list_paths", {})["entries"]]
        symbols = self._ask("symbol_search", {"query": "s"})["symbols"]
        names = [symbol["name"] for symbol in symbols]
        for n in range(n_inputs // _INPUTS_BY_LARGE_ANSWER):
            # Each on a connection of its own, so that every worker gets its share.
            query = {"query": f"{names[n % len(names)]} {n}", "limit": 50, "max_tokens": 50_000}
            self._ask("semantic_search", query)
        every = max(1, n_inputs // _SAMPLES)
        inputs = [Inputs(seed, paths, names) for seed in range(_CONNECTIONS)]
        with ThreadPoolExecutor(_CONNECTIONS) as pool:
            list(pool.map(self._send_all, inputs, repeat(every)))

    def measure(self) -> tuple[int, int, int]:
        """Look at memory, open files and threads of the server."""
        return memory_bytes(self.server), *n_files_and_threads(self.server)

    def still_answers(self) -> bool:
        """Tell whether the server still gives a right answer."""
        found = self._ask("search_text", {"pattern": "class AsyncClient"})
        return any(file["path"] == "httpx/_client.py" for file in found["files"])

    def _ask(self, tool: str, arguments: dict[str, object]) -> dict[str, list[dict[str, str]]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_HANG_S)
        connection.request("POST", f"/v1/{tool}", json.dumps(arguments))
        answer: dict[str, list[dict[str, str]]] = json.loads(connection.getresponse().read())
        connection.close()
        return answer

    def _send_all(self, inputs: Inputs, every: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_HANG_S)
        while True:
            with self._lock:
                self._n_left -= 1
                if self._n_left < 0:
                    break
                if self._n_left % every == 0:
                    self.samples.append(self.measure())
            request = inputs.next()
            began = time.perf_counter()
            try:
                status, body = _exchange(connection, request)
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                self._note(request, f"no answer: {error!r}")
                continue
            self.seconds[request.kind].append(time.perf_counter() - began)
            self.statuses[request.kind][status] += 1
            for name, seal in _SEAL.findall(body):
                inputs.remember(name.decode(), seal.decode())
            if status >= 500 or self.secret in body or _INTERNAL.search(body):
                self._note(request, f"{status} {body[:500]!r}")
        connection.close()

    def _note(self, request: Request, what: str) -> None:
        self.failures.append(f"{request.kind} {request.path} {request.body[:500]!r}: {what}")
        print(self.failures[-1], file=sys.stderr, flush=True)


def _exchange(connection: http.client.HTTPConnection, request: Request) -> tuple[int, bytes]:
    """Send one request and read its answer."""
    given = {name.lower() for name in request.headers}
    connection.putrequest(
        request.method, request.path, skip_host="host" in given, skip_accept_encoding=True
    )
    for name, value in request.headers.items():
        connection.putheader(name, value.encode("latin-1"))
    connection.putheader("content-length", str(len(request.body)))
    connection.endheaders(request.body)
    answer = connection.getresponse()
    return answer.status, answer.read()


def fuzz(n_inputs: int, *, with_schema: bool = True) -> Report:
    """Throw so many inputs at a server of our own; without `with_schema`, no schemathesis."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="codeintel-fuzz-") as name:
        corpus = make_corpus(Path(name), _PACKAGES)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        server = start_command(port, corpus, Path(name))
        try:
            run = Fuzz(port, server, name)
            run.throw(n_inputs)
            url = f"http://127.0.0.1:{port}"
            before = counted(url, "codeintel_requests_total")
            sound = not with_schema or _schemathesis(url, max(1, round(n_inputs * _SCHEMA_SHARE)))
            n_by_schema = int(counted(url, "codeintel_requests_total") - before)
            answers = run.still_answers()
            last = run.measure()
        finally:
            server.terminate()
            server.wait()
        log = Path(name, "log").read_text()
    report = Report("load-fuzz")
    report.facts |= {
        "seconds": round(time.monotonic() - began),
        "inputs": sum(map(len, run.seconds.values())),
        "inputs_by_schemathesis": n_by_schema,
        "load_average_after": round(os.getloadavg()[0], 1),
    }
    _tell(report, run, last, log)
    faults = {
        "failures": len(run.failures),
        "failures found by schemathesis": int(not sound),
        "errors in the server's log": sum(" ERROR " in line for line in log.splitlines()),
        "wrong answers afterwards": int(not answers),
    }
    report.targets[:0] = [Target(name, n, 0, "", "at most") for name, n in faults.items()]
    return report


def _tell(report: Report, run: Fuzz, last: tuple[int, int, int], log: str) -> None:
    for kind in sorted(run.seconds):
        times = run.seconds[kind]
        statuses = {str(status): n for status, n in sorted(run.statuses[kind].items())}
        slowest = {
            "max_ms": round(max(times) * 1e3, 1),
            "p99_ms": round(percentile(times, 99) * 1e3),
        }
        report.measurements.append(summarize(kind, "ours", times, **slowest, **statuses))
    report.facts["failed"] = " | ".join(run.failures[:10])
    report.facts["errors_logged"] = " | ".join(x for x in log.splitlines() if " ERROR " in x)[:1000]
    quarter = max(1, len(run.samples) // 4)
    memory = (f"{sample[0] / 1e6:.0f}" for sample in run.samples)
    report.facts["memory_over_time"] = " ".join(memory)
    for at, what in enumerate(("memory", "open files", "threads")):
        unit = 1e6 if at == 0 else 1
        early = sum(sample[at] for sample in run.samples[quarter : 2 * quarter]) / quarter
        late = sum(sample[at] for sample in run.samples[-quarter:]) / quarter
        report.facts[f"{what}_before"] = round(run.samples[0][at] / unit, 1)
        report.facts[f"{what}_late"] = round(late / unit, 1)
        report.facts[f"{what}_after"] = round(last[at] / unit, 1)
        growth = f"{what}, last quarter against second"
        report.targets.append(Target(growth, late / early, 1.1, "times", "at most"))


def _schemathesis(url: str, n_examples: int) -> bool:
    """Let schemathesis make up inputs; true where it found nothing."""
    folder = cache_dir() / "schemathesis"
    program = folder / "bin" / "st"
    if not program.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([folder / "bin" / "pip", "install", "-q", "schemathesis>=4"], check=True)
    command = [program, "run", f"{url}/v1/openapi.json", "--max-examples", str(n_examples)]
    checks = ["--checks", ",".join(_CHECKS), "--suppress-health-check", "all"]
    return subprocess.run([*command, *checks], check=False, stdout=sys.stderr).returncode == 0


def main() -> int:
    report = fuzz(int(sys.argv[1]) if len(sys.argv) > 1 else 300_000)
    print(json.dumps(report.as_json(), indent=1))
    print(report.as_text(), file=sys.stderr)
    return 0 if all(target.holds for target in report.targets) else 1


if __name__ == "__main__":
    sys.exit(main())
