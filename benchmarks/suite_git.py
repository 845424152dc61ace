"""Blame and history: git processes and GitPython against the layers of `codeintel.git`.

The history is made by script (`git_history`), or is that of the repository whose folder the
environment variable CODEINTEL_BENCHMARK_HISTORY names; nothing is written there. All variants
answer the same questions in turn, and every answer is compared with the git process's.
"""

import os
import subprocess
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter

import git
from benchmarks.git_baselines import (
    Answer,
    Sample,
    drop_from_page_cache,
    gitpython_blame,
    gitpython_history,
    samples,
    subprocess_blame,
    subprocess_history,
)
from benchmarks.git_builds import measure_builds, measure_update
from benchmarks.git_history import large_history
from benchmarks.git_load import measure_load
from benchmarks.report import Report, Target, percentile, summarize
from codeintel.git.client import GitClient

HISTORY_VARIABLE = "CODEINTEL_BENCHMARK_HISTORY"
LIMIT = 50
COSTS = (
    ("history index: bytes a commit", 500, "bytes"),
    ("history index: processor time / git log --raw", 3, "times"),
    ("update: ms for 100 new commits", 100, "ms"),
    ("blame cache of the whole tree: processor s", 120, "s"),
    ("100 callers: p95 / one", 3, "times"),
    ("git processes above the limit", 0, "processes"),
)
"""Facts that have a number to reach."""

ROUNDS = 3
ONCE = {("blame of 10 lines", "ours, index")}  # the second time it has its answer in the cache
SLOW_S = 0.05  # what takes longer is asked once
OLD = "git process"
Question = Callable[[Sample], Answer]
Times = dict[str, list[float]]


def run(*, quick: bool) -> Report:
    report = Report("git")
    report.facts["load of the machine before"] = round(os.getloadavg()[0], 1)
    given = os.environ.get(HISTORY_VARIABLE)
    if given:
        repository = Path(given).resolve()
        report.facts["history of"] = repository.name
    else:
        repository = large_history(5_000, 500) if quick else large_history()
    chosen = samples(repository, 3 if quick else 10)
    with tempfile.TemporaryDirectory() as name:
        measure_update(report, repository)
        subprocess.run(["git", "clone", "-q", "--shared", repository, f"{name}/clone"], check=True)
        objects = repository / ".git" / "objects"
        objects = objects if objects.is_dir() else repository / "objects"
        packs, repository = objects / "pack", Path(name) / "clone"
        places = measure_builds(report, repository, Path(name) / "caches")
        clients = {
            f"ours, {name}": GitClient(repository, cache_dir=place, background=False)
            for name, place in places.items()
        }
        clients = {"ours, nothing built": GitClient(repository), **clients}
        histories, blames = variants(repository, clients)
        history_times = ask(report, "history of 50", chosen, histories)
        blame_times = ask(report, "blame of 10 lines", chosen, blames)
        measure_cold(
            report, chosen, histories, blames, [packs, repository / ".git", *places.values()]
        )
        measure_load(report, clients["ours, blame cache"], clients["ours, commit-graph"], chosen)
        for client in clients.values():
            client.close()
    report.facts["load of the machine after"] = round(os.getloadavg()[0], 1)
    report.targets += targets(report, history_times, blame_times)
    return report


def variants(
    repository: Path, clients: dict[str, GitClient]
) -> tuple[dict[str, Question], dict[str, Question]]:
    """Give the ways to ask for history and for blame."""
    repo = git.Repo(repository)
    histories: dict[str, Question] = {
        OLD: lambda s: subprocess_history(repository, s.path, LIMIT),
        "GitPython": lambda s: gitpython_history(repo, s.path, LIMIT),
    }
    blames: dict[str, Question] = {
        OLD: lambda s: subprocess_blame(repository, s.path, s.first, s.last),
        "GitPython": lambda s: gitpython_blame(repo, s.path, s.first, s.last),
    }
    for name, client in clients.items():
        histories[name] = partial(our_history, client)
        blames[name] = partial(our_blame, client)
    del histories["ours, blame cache"]
    return histories, blames


def our_history(client: GitClient, sample: Sample) -> Answer:
    return [
        (e.full_sha, e.author, e.email, e.date, e.message)
        for e in client.file_history(sample.path, LIMIT)
    ]


def our_blame(client: GitClient, sample: Sample) -> Answer:
    entries = client.blame_range(sample.path, sample.first, sample.last)
    return [(e.full_sha, e.author, e.message) for e in entries]


def ask(report: Report, case: str, chosen: list[Sample], questions: dict[str, Question]) -> Times:
    """Ask every question in every way, the ways in turn, and compare the answers."""
    times: Times = {name: [] for name in questions}
    different = dict.fromkeys(questions, 0)
    for name, question in questions.items():
        if (case, name) not in ONCE:
            question(chosen[0])  # processes that stay open are started
    for sample in chosen:
        expected: Answer = []
        for name, question in questions.items():
            took = []
            for _ in range(1 if (case, name) in ONCE else ROUNDS):
                start = perf_counter()
                answer = question(sample)
                took.append(perf_counter() - start)
                if took[-1] > SLOW_S:
                    break
            times[name].append(median(took))
            if name == OLD:
                expected = answer
            different[name] += answer != expected
    base = times[OLD]
    for name, values in times.items():
        report.measurements.append(
            summarize(
                case,
                name,
                values,
                ratio_p50=round(median(base) / median(values), 1),
                ratio_p95=round(percentile(base, 95) / percentile(values, 95), 1),
                different=different[name],
            )
        )
    return times


def measure_cold(
    report: Report,
    chosen: list[Sample],
    histories: dict[str, Question],
    blames: dict[str, Question],
    folders: list[Path],
) -> None:
    """Ask again with nothing of the repository or the index in the page cache."""
    ways = {
        "history of 50, cold pages": (histories, (OLD, "ours, commit-graph", "ours, index")),
        "blame of 10 lines, cold pages": (blames, (OLD, "ours, commit-graph", "ours, blame cache")),
    }
    for case, (questions, names) in ways.items():
        for name in names:
            times = []
            for sample in chosen[::4]:
                drop_from_page_cache(*folders)
                start = perf_counter()
                questions[name](sample)
                times.append(perf_counter() - start)
            report.measurements.append(summarize(case, name, times))


def targets(report: Report, history: Times, blame: Times) -> list[Target]:
    """Compare with the numbers that were set."""

    def p95(times: list[float]) -> float:
        return percentile(times, 95) * 1e3

    def faster(times: Times, name: str) -> float:
        return median(times[OLD]) / median(times[name])

    ours = [m for m in report.measurements if m.variant.startswith("ours")]
    different = sum(int(m.extra.get("different", 0)) for m in ours)
    index, cache, graph = "ours, index", "ours, blame cache", "ours, commit-graph"
    plain = "ours, nothing built"
    at_least = [
        ("history, index, p50", faster(history, index), 100, "times faster"),
        ("blame, cached, p50", faster(blame, cache), 100, "times faster"),
    ]
    at_most = [
        ("answers unlike git's", different, 0, "answers"),
        ("history, index, p95", p95(history[index]), 5, "ms"),
        ("blame, cached, p95", p95(blame[cache]), 3, "ms"),
        ("blame, index, p50", median(blame[index]) * 1e3, 10, "ms"),
        ("blame, index, p95 / with commit-graph", p95(blame[index]) / p95(blame[graph]), 1, ""),
        ("history, nothing built, p50 / git process", 1 / faster(history, plain), 1.1, ""),
        ("blame, nothing built, p50 / git process", 1 / faster(blame, plain), 1.1, ""),
        *((what, float(report.facts[what]), most, unit) for what, most, unit in COSTS),
    ]
    return [
        *(Target(what, found, wanted, unit, "at least") for what, found, wanted, unit in at_least),
        *(Target(what, found, wanted, unit, "at most") for what, found, wanted, unit in at_most),
    ]
