"""What a benchmark suite returns, and how it is shown."""

import gc
import math
import os
import platform
import statistics
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from time import perf_counter
from typing import Literal

_PACKAGES = ("numpy", "faiss-cpu", "tantivy", "tree-sitter")


@dataclass(frozen=True, slots=True)
class Measurement:
    """Timings of one variant in one case."""

    case: str
    variant: str
    n: int
    p50_ms: float
    p95_ms: float
    extra: dict[str, float | int | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Target:
    """A number to reach; `sense` says on which side of `target` it has to lie."""

    name: str
    measured: float
    target: float
    unit: str
    sense: Literal["at most", "at least"]

    @property
    def holds(self) -> bool:
        return (
            self.measured <= self.target
            if self.sense == "at most"
            else self.measured >= self.target
        )


@dataclass(slots=True)
class Report:
    """Everything that one run of a suite measured."""

    suite: str
    measurements: list[Measurement] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    facts: dict[str, float | int | str] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        return {
            "suite": self.suite,
            "machine": machine(),
            "commit": commit(),
            "facts": self.facts,
            "measurements": [asdict(m) for m in self.measurements],
            "targets": [{**asdict(t), "holds": t.holds} for t in self.targets],
        }

    def as_text(self) -> str:
        lines = [f"# {self.suite}   ({machine()['cpu']}, {machine()['cores']} cores)"]
        lines += [f"{name}: {value}" for name, value in self.facts.items()]
        if self.measurements:
            lines.append(f"\n{'case':34} {'variant':34} {'n':>6} {'p50 ms':>10} {'p95 ms':>10}")
        for m in self.measurements:
            extra = "  ".join(f"{k}={v}" for k, v in m.extra.items())
            lines.append(
                f"{m.case:34} {m.variant:34} {m.n:6} {m.p50_ms:10.3f} {m.p95_ms:10.3f}  {extra}"
            )
        if self.targets:
            lines.append("")
        for t in self.targets:
            verdict = "holds " if t.holds else "MISSED"
            lines.append(f"{verdict} {t.name}: {t.measured:.4g} {t.unit} ({t.sense} {t.target:g})")
        return "\n".join(lines)


def machine() -> dict[str, str | int]:
    """Name the machine and the versions that a figure belongs to."""
    cpu = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo") as file:
            cpu = next((x.split(":")[1].strip() for x in file if x.startswith("model name")), cpu)
    except OSError:
        pass
    return {
        "cpu": cpu,
        "cores": os.cpu_count() or 1,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "git": _git("--version").removeprefix("git version "),
        **{package: metadata.version(package) for package in _PACKAGES},
    }


def commit() -> str:
    """Name the commit that is measured; a ``+`` says that code was changed since."""
    changed = _git("status", "--porcelain", "--", "src", "benchmarks/*.py")
    return _git("rev-parse", "HEAD") + ("+" if changed else "")


def _git(*arguments: str) -> str:
    answer = subprocess.run(
        ["git", *arguments], cwd=Path(__file__).parent.parent, capture_output=True, text=True
    )
    return answer.stdout.strip()


def percentile(values: Sequence[float], percent: float) -> float:
    """Give the smallest value that `percent` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def summarize(
    case: str, variant: str, times_s: Sequence[float], **extra: float | int | str
) -> Measurement:
    """Turn wall times in seconds into a measurement."""
    return Measurement(
        case,
        variant,
        len(times_s),
        statistics.median(times_s) * 1e3,
        percentile(times_s, 95) * 1e3,
        dict(extra),
    )


def interleaved(
    variants: dict[str, Callable[[], object]], rounds: int, *, tidy: bool = False
) -> dict[str, list[float]]:
    """Time each variant once a round, in turn, so that a drift of the machine hits all alike.

    Parameters
    ----------
    tidy
        Collect garbage between the calls, where one variant leaves so much that another would be
        timed while it is collected.
    """
    times: dict[str, list[float]] = {name: [] for name in variants}
    for _ in range(rounds):
        for name, call in variants.items():
            if tidy:
                gc.collect()
            start = perf_counter()
            call()
            times[name].append(perf_counter() - start)
    return times
