"""Embedding: a new client per call beside the pooled one, and the bundled model.

The full run asks the real vLLM server at ``CODEINTEL_TEST_VLLM_URL`` (http://127.0.0.1:8001,
model `minilm`) where one answers, the stand-in of `embedding_server` otherwise. The overhead is
always measured against the stand-in, because it tells its own time.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import httpx

from benchmarks.embedding_server import embed_the_old_way, stand_in, stats
from benchmarks.report import Measurement, Report, Target, interleaved, summarize
from codeintel.embedding.static import StaticEmbedder
from codeintel.embedding.vllm import VLLMClient, VLLMEmbedder, VLLMOptions

OLD = "new client per call, JSON numbers"
POOLED = "pooled, one call per query"
OURS = "pooled, base64"
SHARED = "pooled, base64, shared calls"
_CALLERS = (1, 8, 32, 100)
_MAX_CONNECTIONS = 100
_FRESH = count(time.time_ns() % 1_000_000_000)


def run(*, quick: bool) -> Report:
    report = Report("embedding")
    with stand_in(thinks=False) as url:
        _measure_overhead(report, url, rounds=60 if quick else 400)
    with _server(quick) as (url, model, real):
        report.facts["server"] = f"vLLM, {model}" if real else "stand-in process"
        _measure_documents(report, url, model, n=512 if not real else 128)
        _measure_queries(report, url, model, real=real, n=120 if quick else 400)
    _measure_static(report, quick)
    return report


@contextmanager
def _server(quick: bool) -> Iterator[tuple[str, str, bool]]:
    """Find the real server, or start the stand-in."""
    url = os.environ.get("CODEINTEL_TEST_VLLM_URL", "http://127.0.0.1:8001")
    if not quick and _answers(url):
        yield url, "minilm", True
    else:
        with stand_in(thinks=True) as url:
            yield url, "stand-in", False


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", timeout=2).status_code == 200
    except httpx.TransportError:
        return False


def _options(url: str, model: str) -> VLLMOptions:
    return VLLMOptions(
        base_urls=(url,),
        model=model,
        max_connections=_MAX_CONNECTIONS,
        query_deadline_s=60,
        query_cache_size=0,
    )


def _chunks(n: int) -> list[str]:
    """Make texts of the size of a small chunk that no server has seen."""
    return [
        f"def measure_{next(_FRESH)}(path, retries):\n"
        "    with open(path) as file:\n"
        "        return [line.split(',') for line in file if line.strip()]\n"
        for _ in range(n)
    ]


def _queries(n: int) -> list[str]:
    """Make questions that nobody has asked."""
    return [f"where is setting {next(_FRESH)} read from the environment" for _ in range(n)]


def _measure_overhead(report: Report, url: str, *, rounds: int) -> None:
    """Client time minus server time for warm batches of 32."""
    batch = _chunks(32)
    case = "overhead of a batch of 32"
    with VLLMClient(_options(url, "stand-in")) as client:
        variants: dict[str, Callable[[], object]] = {
            OLD: lambda: embed_the_old_way(url, "stand-in", batch),
            OURS: lambda: client.embed_batch(batch),
        }
        interleaved(variants, 5)
        stats(url)
        times = interleaved(variants, rounds, tidy=True)
        server_s = stats(url)["times_s"]
        cpu_ms = {name: _cpu_ms(call) for name, call in variants.items()}
    beyond = {
        OLD: [t - s for t, s in zip(times[OLD], server_s[0::2], strict=True)],
        OURS: [t - s for t, s in zip(times[OURS], server_s[1::2], strict=True)],
    }
    old, ours = (
        summarize(case, name, beyond[name], client_cpu_ms=round(cpu_ms[name], 2))
        for name in (OLD, OURS)
    )
    report.measurements += [old, ours]
    report.targets += [
        Target("overhead of a warm batch of 32, p95", ours.p95_ms, 5.0, "ms", "at most"),
        Target(
            "old way's overhead over ours, median", old.p50_ms / ours.p50_ms, 3.0, "x", "at least"
        ),
    ]


def _cpu_ms(call: Callable[[], object]) -> float:
    """Give the processor time of this process for one call; other processes do not disturb it."""
    start = time.process_time()
    for _ in range(50):
        call()
    return (time.process_time() - start) / 50 * 1e3


def _measure_documents(report: Report, url: str, model: str, *, n: int) -> None:
    """Texts per second while indexing."""

    def old() -> None:
        texts = _chunks(n)
        for start in range(0, n, 32):
            embed_the_old_way(url, model, texts[start : start + 32])

    with VLLMClient(_options(url, model)) as client:
        variants = {OLD: old, OURS: lambda: client.embed_texts(_chunks(n))}
        for name, times in interleaved(variants, 3).items():
            per_s = round(n / sorted(times)[1])
            report.measurements.append(summarize(f"{n} documents", name, times, texts_per_s=per_s))


def _measure_queries(report: Report, url: str, model: str, *, real: bool, n: int) -> None:
    """Queries of many callers at once: time of each, throughput, sockets."""
    errors = 0
    rates: dict[str, float] = {}
    most_sockets = 0
    for callers in _CALLERS:
        for name in (OLD, POOLED, SHARED):
            embedder = VLLMEmbedder(VLLMClient(_options(url, model)))
            ask: dict[str, Callable[[str], object]] = {
                OLD: lambda text: embed_the_old_way(url, model, [text]),
                POOLED: lambda text, e=embedder: e.client.embed_queries([text]),  # type: ignore[misc]
                SHARED: embedder.embed_query,
            }
            embedder.embed_query("warm up")
            if not real:
                stats(url)
            found, seconds, failed = _ask_all(ask[name], callers, n if callers > 1 else n // 4)
            # The real server cannot be asked: the old way opens one a call, the pool says its own.
            kept = embedder.client.metrics.families()[0].samples[0].value
            opened = len(found) + failed if name == OLD else kept
            sockets = opened if real else stats(url)["sockets"]
            embedder.close()
            errors += failed
            rates[name] = len(found) / seconds
            extra = {"queries_per_s": round(rates[name]), "sockets": int(sockets)}
            if name == SHARED:
                most_sockets = max(most_sockets, int(sockets))
            report.measurements.append(
                summarize(f"queries of {callers} callers", name, found, **extra)
            )
    with VLLMClient(_options(url, model)) as client:
        start = time.perf_counter()
        client.embed_queries(_queries(n))
        # What the server itself can do: sharing calls cannot be faster.
        report.facts["all queries in one call, per second"] = round(
            n / (time.perf_counter() - start)
        )
    gain = rates[SHARED] / rates[OLD]
    report.targets += [
        Target("100 callers: throughput over one call per query", gain, 3.0, "x", "at least"),
        Target("errors", errors, 0, "queries", "at most"),
        Target("sockets of shared queries", most_sockets, _MAX_CONNECTIONS, "", "at most"),
    ]
    report.facts["shared over pooled calls, 100 callers"] = round(rates[SHARED] / rates[POOLED], 2)


def _ask_all(ask: Callable[[str], object], callers: int, n: int) -> tuple[list[float], float, int]:
    """Let so many callers ask `n` fresh queries; gives each time, the whole time and failures."""
    times_s: list[float] = []
    failed = 0
    lock = threading.Lock()

    def one(text: str) -> None:
        nonlocal failed
        start = time.perf_counter()
        try:
            ask(text)
        except Exception as error:
            print(f"failed: {error}")
            with lock:
                failed += 1
            return
        with lock:
            times_s.append(time.perf_counter() - start)

    with ThreadPoolExecutor(callers) as threads:
        start = time.perf_counter()
        list(threads.map(one, _queries(n)))
        seconds = time.perf_counter() - start
    return times_s, seconds, failed


def _measure_static(report: Report, quick: bool) -> None:
    """The bundled model over this project's own source, on one core."""
    embedder = StaticEmbedder()
    chunks: list[str] = []
    for path in sorted((Path(__file__).parent.parent / "src").rglob("*.py")):
        lines = path.read_text().splitlines()
        chunks += ["\n".join(lines[i : i + 30]) for i in range(0, len(lines), 30)]
    chunks = chunks[:500] if quick else chunks * 4
    embedder.embed_documents(chunks[:100])
    documents = interleaved({"bundled model": lambda: embedder.embed_documents(chunks)}, 5)
    (times,) = documents.values()
    per_s = len(chunks) / sorted(times)[len(times) // 2]
    report.measurements.append(
        summarize(f"{len(chunks)} chunks", "bundled model", times, chunks_per_s=round(per_s))
    )
    queries: Measurement = summarize(
        "a query",
        "bundled model",
        interleaved({"": lambda: embedder.embed_query(f"how is setting {next(_FRESH)} read")}, 300)[
            ""
        ],
    )
    report.measurements.append(queries)
    report.targets += [
        Target("bundled model, chunks per second", per_s, 3000, "/s", "at least"),
        Target("bundled model, a query, p95", queries.p95_ms, 1.0, "ms", "at most"),
    ]
