"""A long run under load with edits arriving, every answer checked.

``python -m benchmarks.load_soak MINUTES > benchmarks/results/load-soak.json``

A hundred connections ask the real server with two workers and the indexer beside them, each after a
short pause as agents do, while a file is written anew every second, a commit is made every minute
and now and then hundreds of files come and go at once.
"""

import asyncio
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import psutil

from benchmarks.load_corpus import make_corpus
from benchmarks.load_oracle import Oracle
from benchmarks.load_server import memory_bytes, n_files_and_threads, start_command
from benchmarks.report import Report, Target, percentile, summarize

_PACKAGES = ("anyio", "httpx", "mcp", "starlette", "uvicorn")
_PORT = 18766
_CONNECTIONS = 100
_PAUSE_S = 0.6
_SAMPLE_S = 5.0
_COMMIT_EVERY_S = 60
_BURST_EVERY_S = 180
_BURST_FILES = 300


class _Soak:
    """One run: its clients, what they saw, and what the server took meanwhile."""

    def __init__(self, oracle: Oracle, server: psutil.Process, minutes: float) -> None:
        self.oracle = oracle
        self.server = server
        self.ends = time.monotonic() + 60 * minutes
        self.seconds: list[float] = []
        self.outcomes: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.samples: list[tuple[int, int, int]] = []

    async def run(self) -> None:
        """Ask, edit and measure until the time is over."""
        await asyncio.gather(
            self._edit(), self._measure(), *(self._ask(n) for n in range(_CONNECTIONS))
        )

    async def _ask(self, seed: int) -> None:
        draw = random.Random(seed)
        reader, writer = await asyncio.open_connection("127.0.0.1", _PORT, limit=1 << 24)
        while time.monotonic() < self.ends:
            await asyncio.sleep(draw.uniform(0, _PAUSE_S))
            tool, arguments, check = self.oracle.question()
            body = json.dumps(arguments).encode()
            head = f"POST /v1/{tool} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {len(body)}"
            began = time.monotonic()
            try:
                writer.write(f"{head}\r\n\r\n".encode() + body)
                status, answer = await _read(reader)
            except (OSError, asyncio.IncompleteReadError, ValueError) as error:
                self.outcomes[f"broken: {type(error).__name__}"] += 1
                reader, writer = await asyncio.open_connection("127.0.0.1", _PORT, limit=1 << 24)
                continue
            ended = time.monotonic()
            self.seconds.append(ended - began)
            self.outcomes[str(status)] += 1
            if status == 200:
                fault = check(json.loads(answer), began, ended)
            else:
                fault = answer.decode()[:200]
            if fault:
                self.wrong.append(f"{tool} {json.dumps(arguments)}: {fault}")
        writer.close()

    async def _edit(self) -> None:
        repository = self.oracle.repository
        began = time.monotonic()
        n_commits = n_bursts = 0
        while time.monotonic() < self.ends:
            await asyncio.sleep(1)
            self.oracle.edit()
            since_s = time.monotonic() - began
            if since_s > _COMMIT_EVERY_S * (n_commits + 1):
                n_commits += 1
                command = "git add -A && git -c user.name=Soak -c user.email=s@example.org commit"
                shell = await asyncio.create_subprocess_shell(f"{command} -qm More", cwd=repository)
                await shell.wait()
            if since_s > _BURST_EVERY_S * (n_bursts + 1):
                n_bursts += 1
                await self._burst(repository / "burst")

    async def _burst(self, folder: Path) -> None:
        """Let many files come at once, and go again."""
        folder.mkdir()
        for number in range(_BURST_FILES):
            (folder / f"b{number}.py").write_text(f"def burst{number}():\n    return {number}\n")
        await asyncio.sleep(5)
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()

    async def _measure(self) -> None:
        while time.monotonic() < self.ends:
            await asyncio.sleep(_SAMPLE_S)
            taken = memory_bytes(self.server), *n_files_and_threads(self.server)
            self.samples.append(taken)


async def _read(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Read one answer."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
    return int(head.split()[1]), await reader.readexactly(length)


def soak(minutes: float) -> Report:
    report = Report("load-soak")
    with tempfile.TemporaryDirectory(prefix="codeintel-soak-") as name:
        oracle = Oracle(make_corpus(Path(name), _PACKAGES))
        server = start_command(_PORT, oracle.repository, Path(name))
        try:
            run = _Soak(oracle, server, minutes)
            asyncio.run(run.run())
        finally:
            server.terminate()
            server.wait()
        _tell(report, run, minutes, Path(name, "log").read_text())
    return report


def _tell(report: Report, run: _Soak, minutes: float, log: str) -> None:
    report.measurements.append(
        summarize(
            f"soak {_CONNECTIONS}",
            "ours",
            run.seconds,
            p99_ms=round(percentile(run.seconds, 99) * 1e3, 1),
            per_s=round(len(run.seconds) / (60 * minutes), 1),
        )
    )
    broken = sum(n for outcome, n in run.outcomes.items() if outcome.startswith("broken"))
    failed = sum(n for outcome, n in run.outcomes.items() if outcome.startswith("5"))
    report.facts |= {
        "minutes": minutes,
        "load_average_after": round(os.getloadavg()[0], 1),
        "answers": len(run.seconds),
        "outcomes": json.dumps(run.outcomes),
        "edits": sum(len(file.written) for file in run.oracle.edited),
        "age_of_answers_about_edits_p50_s": round(percentile(run.oracle.ages_s, 50), 2),
        "age_of_answers_about_edits_p95_s": round(percentile(run.oracle.ages_s, 95), 2),
        "age_of_answers_about_edits_max_s": round(max(run.oracle.ages_s), 2),
        "log_lines": len(log.splitlines()),
        "errors_logged": " | ".join(x for x in log.splitlines() if " ERROR " in x)[:1000],
        "wrong": " | ".join(run.wrong[:10]),
    }
    report.targets = [
        Target("wrong answers", len(run.wrong), 0, "", "at most"),
        Target("answers of status 5xx", failed, 0, "", "at most"),
        Target("broken connections", broken, 0, "", "at most"),
        Target(
            "age of 95 in 100 answers about edited files",
            percentile(run.oracle.ages_s, 95),
            2,
            "s",
            "at most",
        ),
    ]
    quarter = max(1, len(run.samples) // 4)
    for at, what in enumerate(("memory", "open files", "threads")):
        early = sum(sample[at] for sample in run.samples[quarter : 2 * quarter]) / quarter
        late = sum(sample[at] for sample in run.samples[-quarter:]) / quarter
        report.facts[f"{what}_late"] = round(late / 1e6, 1) if at == 0 else round(late, 1)
        growth = Target(
            f"{what}, last quarter against second", late / early, 1.1, "times", "at most"
        )
        report.targets.append(growth)


if __name__ == "__main__":
    done = soak(float(sys.argv[1]))
    print(json.dumps(done.as_json(), indent=1))
    print(done.as_text(), file=sys.stderr)
    sys.exit(0 if all(target.holds for target in done.targets) else 1)
