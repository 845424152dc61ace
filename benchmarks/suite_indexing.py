"""Indexing as a user meets it: cold, unchanged, after one edit; and the start of the server."""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from benchmarks.corpora import SYMPY, source_distribution, standard_library
from benchmarks.indexing_trees import corpora, large
from benchmarks.report import Report, Target, summarize
from codeintel import CodeIntel
from codeintel.config import Settings

_MARK = "zebra_crossing_counter"
_EDIT = f"\n\ndef {_MARK}(zebras):\n    return len(zebras)\n"
_QUESTIONS = (
    "where is text parsed",
    "how are errors reported to the caller",
    "matrix determinant",
    "convert a value to a string for printing",
    "cache of computed results",
    "compare two dates",
    "Parser",
    "simplify an expression",
    "read configuration from a file",
    "retry after a failure",
)
_ROUNDS = 10
_INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "benchmark", "version": "1"},
    },
}
_ASK = {
    "jsonrpc": "2.0",
    "id": 2,
    "method": "tools/call",
    "params": {"name": "semantic_search", "arguments": {"query": "where is text parsed"}},
}


def run(*, quick: bool) -> Report:
    """Measure on Python's library (quick) or a large package's sources; then on other trees."""
    report = Report("indexing")
    with tempfile.TemporaryDirectory() as scratch:
        tree = Path(scratch) / "tree"
        if quick:
            standard_library(tree, 250)
        else:
            shutil.copytree(source_distribution(SYMPY), tree)
        settings = Settings(index_dir=Path(scratch) / "index")
        _cold(report, tree, settings)
        with CodeIntel(tree, settings=settings) as code:
            _unchanged(report, code)
            _one_edit(report, code, tree, rounds=3 if quick else 5)
            _questions(report, code)
        _first_answer(report, tree, settings)
    corpora(report, rounds=1 if quick else 5)
    if not quick:
        large(report)
    return report


def _cold(report: Report, tree: Path, settings: Settings) -> None:
    """Index from nothing, as a process of its own."""
    start = perf_counter()
    output = subprocess.run(
        [sys.executable, "-m", "codeintel.cli.main", "index", str(tree), "--json"],
        env=_environment(settings),
        check=True,
        capture_output=True,
    ).stdout
    elapsed_s = perf_counter() - start
    (facts,) = json.loads(output)
    report.measurements.append(summarize("cold index", "codeintel index", [elapsed_s]))
    source_bytes = sum(
        p.stat().st_size for p in tree.rglob("*") if ".git" not in p.parts and p.is_file()
    )
    report.facts |= {
        "files": facts["n_files"],
        "chunks": facts["n_chunks"],
        "files per second": round(facts["n_files"] / elapsed_s),
        "chunks per second": round(facts["n_chunks"] / elapsed_s),
        "peak memory, MB": round(facts["peak_memory_bytes"] / 1e6),
        "index on disk, MB": round(facts["size_bytes"] / 1e6, 1),
        "sources, MB": round(source_bytes / 1e6, 1),
        "vector index": facts["vector_index"],
    }


def _unchanged(report: Report, code: CodeIntel) -> None:
    """Index again when nothing has changed."""
    times = []
    for _ in range(5):
        start = perf_counter()
        assert not code.index()[0].changed
        times.append(perf_counter() - start)
    measured = summarize("nothing changed", "index again", times)
    report.measurements.append(measured)
    report.targets.append(
        Target("no-change re-index, p50", measured.p50_ms / 1e3, 0.5, "s", "at most")
    )


def _one_edit(report: Report, code: CodeIntel, tree: Path, rounds: int) -> None:
    """Edit one file and search for it: by an incremental index, and by a full rebuild."""
    file = sorted(tree.rglob("*.py"))[len(list(tree.rglob("*.py"))) // 2]
    original = file.read_text()
    times: dict[str, list[float]] = {"incremental": [], "full rebuild (old way)": []}
    for number in range(rounds):
        for variant, full in (("incremental", False), ("full rebuild (old way)", True)):
            if full and number:
                continue
            mark = f"{_MARK}_{number}_{full}"
            file.write_text(original + _EDIT.replace(_MARK, mark))
            start = perf_counter()
            code.index(full=full)
            hit = code.semantic_search(mark).hits[0]
            times[variant].append(perf_counter() - start)
            assert mark in hit.text, f"{mark} is not found first"
    file.write_text(original)
    code.index()
    for variant, values in times.items():
        report.measurements.append(summarize("one edit, searchable", variant, values))
    incremental, rebuild = report.measurements[-2:]
    report.facts["edit: full rebuild / incremental"] = round(rebuild.p50_ms / incremental.p50_ms, 1)
    report.targets.append(
        Target("one edit searchable, p50", incremental.p50_ms / 1e3, 1.0, "s", "at most")
    )


def _questions(report: Report, code: CodeIntel) -> None:
    """Ask questions in this process, each by meaning and words, with its hits' texts."""
    times = []
    for number in range(_ROUNDS + 1):
        for question in _QUESTIONS:
            start = perf_counter()
            code.semantic_search(question)
            if number:  # the first round reads the files of the index
                times.append(perf_counter() - start)
    report.measurements.append(summarize("semantic_search in process", "warm", times))


def _first_answer(report: Report, tree: Path, settings: Settings) -> None:
    """Start `codeintel serve` on a finished index and ask one question over stdio."""
    start = perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", "codeintel.cli.main", "serve", str(tree)],
        env=_environment(settings),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as server:
        assert server.stdin
        assert server.stdout
        for message in (
            _INITIALIZE,
            {"jsonrpc": "2.0", "method": "notifications/initialized"},
            _ASK,
        ):
            server.stdin.write(json.dumps(message).encode() + b"\n")
            server.stdin.flush()
            if message is _INITIALIZE:
                server.stdout.readline()
        answer = json.loads(server.stdout.readline())
        elapsed_s = perf_counter() - start
        server.stdin.close()
    assert not answer["result"].get("isError"), answer
    report.measurements.append(summarize("server start to first answer", "stdio", [elapsed_s]))


def _environment(settings: Settings) -> dict[str, str]:
    import os

    return {**os.environ, "CODEINTEL_INDEX_DIR": str(settings.index_dir)}
