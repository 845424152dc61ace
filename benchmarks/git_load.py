"""Many callers at once through the asynchronous client."""

import os
import random
import threading
from collections.abc import Callable
from time import perf_counter

import anyio

from benchmarks.git_baselines import Sample
from benchmarks.report import Report, percentile, summarize
from codeintel.git.async_client import AsyncGitClient
from codeintel.git.client import GitClient
from codeintel.git.process import MAX_PROCESSES

CALLS_A_SECOND = 1.0
"""How often one caller asks: an agent reads and thinks between its questions."""


def measure_load(
    report: Report, warm: GitClient, processes: GitClient, chosen: list[Sample]
) -> None:
    """Measure callers of the warm layers, and count git processes where all calls need one."""
    p95 = {}
    for n_callers in (1, 32, 100):
        times = anyio.run(_paced, warm, chosen, n_callers)
        case = f"{n_callers} callers, one call a second each"
        report.measurements.append(summarize(case, "ours, blame cache", times))
        p95[n_callers] = percentile(times, 95)
    report.facts["100 callers: p95 / one"] = round(p95[100] / p95[1], 2)
    start = perf_counter()
    times = anyio.run(_without_pause, warm, chosen, 100)
    report.measurements.append(
        summarize(
            "100 callers, no pause",
            "ours, blame cache",
            times,
            calls_a_second=round(len(times) / (perf_counter() - start)),
        )
    )
    # Those that read objects stay open, two a client.
    before = _number_of_children()
    highest = _highest_number_of_children(
        lambda: anyio.run(_without_pause, processes, chosen[:4], 100)
    )
    report.facts["git processes at once, limit"] = MAX_PROCESSES
    report.facts["git processes at once, 100 callers"] = highest - before
    report.facts["git processes above the limit"] = max(0, highest - before - MAX_PROCESSES)


async def _paced(client: GitClient, chosen: list[Sample], n_callers: int) -> list[float]:
    """Let callers ask at random moments, each as often; a single one for longer."""
    door = AsyncGitClient(client)
    times: list[float] = []
    n_calls = max(5, 100 // n_callers)

    async def caller(number: int) -> None:
        chance = random.Random(number)
        for _ in range(n_calls):
            pause_s = 1 / CALLS_A_SECOND if n_callers > 1 else 0.02
            await anyio.sleep(chance.random() * 2 * pause_s)
            start = perf_counter()
            await _ask(door, chance.choice(chosen), chance)
            times.append(perf_counter() - start)

    async with anyio.create_task_group() as group:
        for number in range(n_callers):
            group.start_soon(caller, number)
    return times


async def _without_pause(client: GitClient, chosen: list[Sample], n_callers: int) -> list[float]:
    door = AsyncGitClient(client)
    times: list[float] = []

    async def caller(number: int) -> None:
        chance = random.Random(number)
        for _ in range(5):
            start = perf_counter()
            await _ask(door, chance.choice(chosen), chance)
            times.append(perf_counter() - start)

    async with anyio.create_task_group() as group:
        for number in range(n_callers):
            group.start_soon(caller, number)
    return times


async def _ask(door: AsyncGitClient, sample: Sample, chance: random.Random) -> None:
    if chance.random() < 0.5:
        await door.blame_range(sample.path, sample.first, sample.last)
    else:
        await door.file_history(sample.path)


def _highest_number_of_children(call: Callable[[], object]) -> int:
    """Count the git processes below this one again and again while `call` runs."""
    done = threading.Event()
    highest = 0

    def count() -> None:
        nonlocal highest
        while not done.wait(0.005):
            highest = max(highest, _number_of_children())

    watcher = threading.Thread(target=count)
    watcher.start()
    try:
        call()
    finally:
        done.set()
        watcher.join()
    return highest


def _number_of_children() -> int:
    found = 0
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat") as file:
                    fields = file.read().rpartition(")")[2].split()
            except OSError:
                continue
            found += int(fields[1]) == os.getpid() and fields[0] != "Z"
    return found
