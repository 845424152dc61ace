"""Many agents at once: tool calls over MCP on a socket, ours beside the old way.

The corpus is the Python packages that are installed here (a thousand files and more), in a git
repository with a commit a package. The load generator is wrk, on the same cores. Three kinds of
traffic, all of the tools mixed as agents use them: `new` asks nothing twice, `shared` repeats one
of 200 questions every other time, as agents on one task do, and `semantic` is semantic search
alone, nothing twice. That is asked of an index of a million chunks, too, which is made on the first
run and kept in the user's cache. CPU per request is the server's own, so that it counts on a shared
machine where latency does not.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from benchmarks.load_corpus import PACKAGES, make_corpus
from benchmarks.load_million import N_CHUNKS, million
from benchmarks.load_server import counted, cpu_s, memory_bytes, running, worker_bytes
from benchmarks.load_traffic import Load, Vocabulary, run_wrk, write_requests
from benchmarks.report import Measurement, Report, Target

CONNECTIONS = (1, 8, 32, 100, 256)
_N_REQUESTS = 30_000
_DEGRADED = "codeintel_degraded_total"
_SMALL = ("anyio", "httpx", "mcp", "starlette", "uvicorn")


class _Run:
    """One run of the suite: the corpus, its traffic and what was measured."""

    def __init__(self, folder: Path, report: Report, *, quick: bool) -> None:
        self.report = report
        self.seconds = 2 if quick else 10
        self.connections = (1, 32) if quick else CONNECTIONS
        self.repository = make_corpus(folder, _SMALL if quick else PACKAGES)
        vocabulary = Vocabulary.of(self.repository)
        semantic = {"semantic_search": 1}
        self.traffic = {
            name: write_requests(
                folder / f"{name}.tsv", vocabulary, _N_REQUESTS, repeated=repeated, mix=mix
            )
            for name, repeated, mix in (
                ("new", 0.0, None),
                ("shared", 0.5, None),
                ("semantic", 0.0, semantic),
                # So few questions that all answers are kept: what is left is the way there.
                ("known", 1.0, {"list_paths": 1}),
            )
        }
        self.asked = 0

    def load(
        self,
        case: str,
        variant: str,
        traffic: str,
        connections: int,
        server: tuple[str, psutil.Process],
    ) -> Load:
        """Load a server for a while and note what came of it."""
        url, process = server
        before_s, degraded = cpu_s(process), counted(url, _DEGRADED)
        # Each run goes on where the last one stopped, so that what is new stays new.
        load = run_wrk(
            url,
            self.traffic[traffic],
            connections,
            self.seconds,
            self.asked,
            through_sdk="SDK" in variant,
        )
        self.asked += load.requests
        self.report.measurements.append(
            Measurement(
                case,
                variant,
                load.requests,
                load.p50_ms,
                load.p95_ms,
                {
                    "p99_ms": round(load.p99_ms, 1),
                    "per_s": round(load.per_second, 1),
                    "errors": load.n_errors,
                    "degraded": round(counted(url, _DEGRADED) - degraded),
                    "cpu_ms": round((cpu_s(process) - before_s) / max(1, load.requests) * 1e3, 2),
                },
            )
        )
        return load


def run(*, quick: bool) -> Report:
    """Measure both servers at a growing number of connections, idle and while a re-index runs."""
    report = Report("load")
    with (
        tempfile.TemporaryDirectory(prefix="codeintel-load-") as name,
        _index_in(f"{name}/index"),
    ):
        loads = _Run(Path(name), report, quick=quick)
        # What others do on the machine at the same time; 0 is a quiet one.
        report.facts["load_average_before"] = round(os.getloadavg()[0], 1)
        start = time.perf_counter()
        _codeintel("index", str(loads.repository))
        report.facts["cold_index_s"] = round(time.perf_counter() - start, 1)
        many = 32 if quick else 100
        ours = _measure_ours(loads, many)
        n_chunks = 20_000 if quick else N_CHUNKS
        ours["million"] = _measure_million(loads, many, n_chunks)
        with running("old", loads.repository) as server:
            run_wrk(server[0], loads.traffic["new"], 4, 1)
            # Of more connections it answers none within the time of a run.
            few = [c for c in loads.connections if c <= many]
            old = {c: loads.load(f"new {c}", "old", "new", c, server) for c in few}
        _set_targets(report, ours, old, many, max(loads.connections))
    return report


def _measure_ours(loads: _Run, many: int) -> dict[str, Load]:
    """Load our server in every way; gives the runs by name."""
    seen: dict[str, Load] = {}
    with running("ours", loads.repository, os.cpu_count() or 1, 1) as server:
        run_wrk(server[0], loads.traffic["new"], 8, 2, _N_REQUESTS // 2)
        for traffic in ("new", "shared"):
            for c in loads.connections:
                seen[f"{traffic} {c}"] = loads.load(f"{traffic} {c}", "ours", traffic, c, server)
        seen["semantic"] = loads.load(f"semantic {many}", "ours", "semantic", many, server)
        for variant in ("ours", "ours, through the SDK"):
            seen[f"known {variant}"] = loads.load(f"known {many}", variant, "known", many, server)
        for name, arguments in (("re-index", ("index", "--full")), ("merge", ("merge",))):
            with _writing(loads.repository, *arguments):
                seen[name] = loads.load(f"shared {many}, {name}", "ours", "shared", many, server)
        loads.report.facts["memory_mb"] = round(memory_bytes(server[1]) / 1e6)
        loads.report.facts["memory_mb_of_a_worker"] = round(worker_bytes(server[1]) / 1e6)
        idle = _hold_open(server, 100 if loads.connections[-1] < 100 else 1000)
        loads.report.facts["mb_for_1000_idle_clients"] = round(idle / 1e6, 1)
    return seen


def _measure_million(loads: _Run, many: int, n_chunks: int) -> Load:
    """Load a server that has a large index with semantic searches."""
    files, index = million(loads.repository, n_chunks)
    with _index_in(str(index)), running("ours", files, os.cpu_count() or 1, 1) as server:
        run_wrk(server[0], loads.traffic["semantic"], 8, 5, _N_REQUESTS // 2)
        load = loads.load(f"semantic {many}, {n_chunks:,} chunks", "ours", "semantic", many, server)
        loads.report.facts["large_index_memory_mb"] = round(memory_bytes(server[1]) / 1e6)
        loads.report.facts["large_index_memory_mb_of_a_worker"] = round(
            worker_bytes(server[1]) / 1e6
        )
    return load


def _set_targets(
    report: Report, ours: dict[str, Load], old: dict[int, Load], many: int, most: int
) -> None:
    mixed, crowd = ours[f"shared {many}"], ours[f"shared {most}"]
    errors = sum(load.n_errors for load in ours.values())
    cpu_ms = {(m.case, m.variant): float(m.extra["cpu_ms"]) for m in report.measurements}
    new, known = f"new {many}", f"known {many}"
    report.targets = [
        Target(f"p95 of shared traffic, {many} connections", mixed.p95_ms, 150, "ms", "at most"),
        Target(f"p99 of shared traffic, {most} connections", crowd.p99_ms, 1000, "ms", "at most"),
        Target(
            f"requests/s of new traffic against the old way, {many} connections",
            ours[f"new {many}"].per_second / (max(1, old[many].requests) / old[many].seconds),
            5,
            "times",
            "at least",
        ),
        Target(
            f"processor time a request of the old way against ours, {many} connections",
            cpu_ms[new, "old"] / cpu_ms[new, "ours"],
            5,
            "times",
            "at least",
        ),
        Target(
            "processor time of a call whose answer is known, ours against through the SDK",
            cpu_ms[known, "ours"] / cpu_ms[known, "ours, through the SDK"],
            2,
            "times",
            "at most",
        ),
        *(
            Target(
                f"p95 during a {name} against idle",
                ours[name].p95_ms / mixed.p95_ms,
                2,
                "times",
                "at most",
            )
            for name in ("re-index", "merge")
        ),
        Target(
            f"p95 of semantic search, {many} connections, the large index",
            ours["million"].p95_ms,
            150,
            "ms",
            "at most",
        ),
        Target("errors in all of our answers", errors, 0, "", "at most"),
        Target(
            "memory of 1,000 idle clients",
            float(report.facts["mb_for_1000_idle_clients"]),
            100,
            "MB",
            "at most",
        ),
    ]


@contextmanager
def _index_in(folder: str) -> Iterator[None]:
    """Keep the indexes of this process and its children in a folder of their own."""
    before = os.environ.get("CODEINTEL_INDEX_DIR")
    os.environ["CODEINTEL_INDEX_DIR"] = folder
    try:
        yield
    finally:
        if before is None:
            del os.environ["CODEINTEL_INDEX_DIR"]
        else:
            os.environ["CODEINTEL_INDEX_DIR"] = before


@contextmanager
def _writing(repository: Path, *arguments: str) -> Iterator[None]:
    """Write a changed index every second or so, at the priority that the server gives it."""
    copied = repository / "copied"
    again = (
        "import os, sys, time; from codeintel.cli.main import main; os.nice(10)\n"
        "while True: main(sys.argv[1:]); time.sleep(1)"
    )
    source = next(path for path in sorted(repository.iterdir()) if (path / "__init__.py").exists())
    shutil.copytree(source, copied)
    process = subprocess.Popen(
        [sys.executable, "-c", again, *arguments, str(repository)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(copied)


def _hold_open(server: tuple[str, psutil.Process], n: int) -> float:
    """Connect `n` clients that ask once and then stay; gives the bytes that 1,000 would take."""
    import http.client

    url, process = server
    before = memory_bytes(process)
    clients = [http.client.HTTPConnection(url.removeprefix("http://")) for _ in range(n)]
    for client in clients:
        client.request("GET", "/healthz")
        client.getresponse().read()
    grown = memory_bytes(process) - before
    for client in clients:
        client.close()
    return max(0.0, grown * 1000 / n)


def _codeintel(*arguments: str) -> None:
    command = [sys.executable, "-m", "codeintel.cli.main", *arguments]
    subprocess.run(command, check=True, capture_output=True)
