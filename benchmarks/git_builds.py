"""What the index of git history costs: building, extending, filling, and bytes."""

import resource
import subprocess
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import perf_counter

from benchmarks.report import Report
from codeintel.git.process import NO_DEADLINE_S, job
from codeintel.git.worker import Worker


def cpu_s() -> float:
    """Give the processor time of this process and its ended children."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(x.ru_utime + x.ru_stime for x in used)


def timed(call: Callable[[], object]) -> tuple[float, float]:
    """Give wall and processor seconds."""
    cpu, start = cpu_s(), perf_counter()
    call()
    return perf_counter() - start, cpu_s() - cpu


def silent(n_done: int, n_total: int) -> None:
    pass


def measure_builds(report: Report, repository: Path, folder: Path) -> dict[str, Path]:
    """Build caches with the commit-graph, with the index, and with everything; note the cost."""

    def raw_pass() -> None:
        command = ["git", "log", "--raw"]
        subprocess.run(command, cwd=repository, stdout=subprocess.DEVNULL, check=True)

    n_commits = int(
        subprocess.run(
            ["git", "rev-list", "--count", "HEAD"], cwd=repository, capture_output=True, check=True
        ).stdout
    )
    raw_wall, raw_cpu = timed(raw_pass)
    places = {name: folder / name for name in ("commit-graph", "index", "blame cache")}
    for name, place in places.items():
        worker = Worker(repository, place)
        with job(NO_DEADLINE_S):
            wall, cpu = timed(partial(worker.graph, silent))
            if name == "commit-graph":
                note(report, "commit-graph with changed paths", wall, cpu)
            else:
                wall, cpu = timed(partial(worker.extend, silent))
            if name == "index":
                note(report, "history index", wall, cpu)
                report.facts["history index: processor time / git log --raw"] = round(
                    cpu / raw_cpu, 2
                )
                size_bytes = size(place, "history-*")
                report.facts["history index: bytes a commit"] = round(size_bytes / n_commits)
            if name == "blame cache":
                wall, cpu = timed(partial(worker.blame, silent))
                note(report, "blame cache of the whole tree", wall, cpu)
                extra = size(place, "history-*") - size(places["index"], "history-*")
                report.facts["blame cache: MB"] = round(extra / 1e6, 1)
        worker.close()
    note(report, "git log --raw", raw_wall, raw_cpu)
    report.facts["commits"] = n_commits
    return places


def measure_update(report: Report, repository: Path) -> None:
    """Extend the index by the last 100 commits of the first-parent way and all they merge."""
    with tempfile.TemporaryDirectory() as name:
        clone = Path(name) / "clone.git"
        subprocess.run(["git", "clone", "-q", "--bare", "--shared", repository, clone], check=True)

        def at(rev: str) -> str:
            return subprocess.run(
                ["git", "rev-parse", rev],
                cwd=repository,
                capture_output=True,
                check=True,
                text=True,
            ).stdout.strip()

        def move(sha: str) -> None:
            subprocess.run(["git", "update-ref", "--no-deref", "HEAD", sha], cwd=clone, check=True)

        heads = [at(f"HEAD~{n}") for n in (400, 320, 240, 160, 80, 0)]
        move(heads[0])
        worker = Worker(clone, Path(name) / "cache")
        with job(NO_DEADLINE_S):
            worker.extend(silent)
            costs = []
            for sha in heads[1:]:
                move(sha)
                found: list[int] = []
                wall, cpu = timed(partial(_append, found, partial(worker.extend, silent)))
                costs.append((wall * 100 / found[0], cpu * 100 / found[0], found[0]))
        worker.close()
        wall, cpu, n_new = min(costs)  # the step that other work on the machine hindered least
        report.facts["update: commits of the step"] = n_new
        report.facts["update: ms for 100 new commits"] = round(wall * 1e3, 1)
        report.facts["update: processor ms for 100 new commits"] = round(cpu * 1e3, 1)


def _append(found: list[int], call: Callable[[], int]) -> None:
    found.append(call())


def note(report: Report, what: str, wall_s: float, processor_s: float) -> None:
    report.facts[f"{what}: s"] = round(wall_s, 2)
    report.facts[f"{what}: processor s"] = round(processor_s, 2)


def size(folder: Path, pattern: str) -> int:
    return sum(path.stat().st_size for path in folder.rglob(pattern) if path.is_file())
