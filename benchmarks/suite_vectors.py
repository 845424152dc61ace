"""The adaptive vector index beside the fixed configuration that it replaces."""

import gc
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from time import perf_counter, thread_time

from benchmarks.report import Measurement, Report, Target, interleaved, percentile, summarize
from benchmarks.vectors_changes import measure_changes
from benchmarks.vectors_data import Case, Data, load
from benchmarks.vectors_fixed import FIRST_ITERATIONS, FIXED, PROBES, ROUNDS, Fixed, build_fixed
from benchmarks.vectors_variants import BUILD_THREADS, Ours, recall

_QUICK = (Case("code", 4_999, 256), Case("clusters", 8_200, 256))
_FULL = (
    Case("code", 4_999, 256),
    Case("code", 20_000, 256),
    Case("clusters", 100_000, 256),
    Case("code", 100_000, 2_560),
    Case("code", 1_000_000, 256),
)
# The old way is built where this allows to finish it, or to show that it takes ten times as long
# as ours; the limit is that, and at least this long.
_OLD_CASES = (8_200, 20_000, 100_000)
_LEAST_LIMIT_S, _QUICK_LIMIT_S = 100.0, 12.0
_LIMIT_OF_OURS = 10.5
_SEARCHERS = 2
_FACTORS = (0.125, 0.25, 0.5, 1, 2)


def run(*, quick: bool) -> Report:
    report = Report("vectors")
    report.facts["old way"] = f"{FIXED}, {PROBES} probes, trained anew by every update"
    report.facts["old way, less work than it did"] = (
        f"its rotation is trained in {ROUNDS} of 50 rounds, the first in {FIRST_ITERATIONS} of 40"
    )
    report.facts["old way, stopped"] = (
        f"where it takes {_LIMIT_OF_OURS} times as long as ours and more than"
        f" {_LEAST_LIMIT_S:.0f} s, it is stopped: its seconds are then a lower bound"
    )
    report.facts["threads"] = f"{BUILD_THREADS} for building, 1 for one search"
    for case in _QUICK if quick else _FULL:
        start = perf_counter()
        _measure(case, report, quick=quick)
        gc.collect()
        print(f"{case.name}: {perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
    return report


def _measure(case: Case, report: Report, *, quick: bool) -> None:
    """Measure all of one case."""
    data = load(case)
    ours = Ours(data)
    if case.n >= 1_000_000 or quick:
        measure_changes(case, ours, data, report)
    fixed = _fixed(case, data, ours, quick=quick)
    _compare(case, data, ours, fixed, report)
    if not quick:
        _curves(case, data, ours, fixed, report)


def _fixed(case: Case, data: Data, ours: Ours, *, quick: bool) -> Fixed | None:
    """Build the old way within the time it is worth."""
    if case.n not in _OLD_CASES or (case.source == "clusters" and not quick):
        return None
    least_s = _QUICK_LIMIT_S if quick else _LEAST_LIMIT_S
    return build_fixed(data.vectors, BUILD_THREADS, max(least_s, _LIMIT_OF_OURS * ours.build_s))


def _compare(case: Case, data: Data, ours: Ours, fixed: Fixed | None, report: Report) -> None:
    """Measure build, size, recall and speed of both."""
    input_mb = round(data.vectors.nbytes / 1e6, 1)
    variants: list[Ours | Fixed] = [ours]
    if fixed and fixed.index is None:
        extra = {"build_s": round(fixed.build_s, 2), "input_mb": input_mb, "stopped": "yes"}
        build_ms = fixed.build_s * 1e3
        report.measurements.append(Measurement(case.name, FIXED, 1, build_ms, build_ms, extra))
    elif fixed:
        variants.append(fixed)
    queries = iter(data.queries.repeat(len(variants), axis=0))
    times = interleaved(
        {v.name: lambda v=v: v.search(next(queries)) for v in variants},
        len(data.queries),
    )
    for variant in variants:
        row = summarize(
            case.name,
            variant.name,
            times[variant.name],
            recall=round(recall(variant.search, data), 4),
            build_s=round(variant.build_s, 3),
            input_mb=input_mb,
            resident_mb=round(variant.resident_bytes / 1e6, 1),
            disk_mb=round(variant.disk_bytes / 1e6, 1),
            cpu_p95_ms=round(_cpu_p95_ms(variant, data), 2),
            qps_2_threads=round(_queries_a_second(variant, data)),
        )
        report.measurements.append(row)
        if variant is ours:
            _targets(case, ours, fixed, row, report)


def _targets(case: Case, ours: Ours, fixed: Fixed | None, row: Measurement, report: Report) -> None:
    """Compare with the numbers to reach."""

    def target(what: str, measured: float, limit: float, unit: str, *, least: bool = False) -> None:
        sense = "at least" if least else "at most"
        report.targets.append(Target(f"{case.name}: {what}", measured, limit, unit, sense))

    target("recall@10", float(row.extra["recall"]), 0.98, "", least=True)
    if case.n < 5_000:
        target("build", ours.build_s, 0.1, "s")
    if fixed:
        old = "fixed build" if fixed.index else f"fixed build, stopped at {fixed.build_s:.0f} s,"
        target(f"{old} / our build", fixed.build_s / ours.build_s, 10, "x", least=True)
    if case.dim == 2_560:
        target("resident", ours.resident_bytes / 1e6, case.n * case.dim * 4 / 8e6, "MB")
    if case.n >= 1_000_000:
        target("p95 of one query", row.p95_ms, 10, "ms")


def _cpu_p95_ms(variant: Ours | Fixed, data: Data) -> float:
    """Measure a core's time for single queries, which other work on the machine adds less to."""
    return percentile(_times(variant, data, thread_time), 95) * 1e3


def _queries_a_second(variant: Ours | Fixed, data: Data) -> float:
    """Search single queries from two threads."""
    start = perf_counter()
    with ThreadPoolExecutor(_SEARCHERS) as pool:
        list(pool.map(variant.search, data.queries, chunksize=10))
    return len(data.queries) / (perf_counter() - start)


def _curves(case: Case, data: Data, ours: Ours, fixed: Fixed | None, report: Report) -> None:
    """Measure recall against latency over the number of lists that are read."""
    coded = ours.index._pair.primary.coded
    plan = ours.index.plan
    for factor in _FACTORS:
        if coded:
            coded.plan = replace(plan, n_probe=min(plan.n_lists, round(factor * plan.n_probe)))
            report.measurements.append(_point(case, data, ours, coded.plan.n_probe))
        if fixed and fixed.index:
            fixed.probes = round(factor * PROBES)
            report.measurements.append(_point(case, data, fixed, fixed.probes))
    if coded:
        coded.plan = plan


def _point(case: Case, data: Data, variant: Ours | Fixed, probes: int) -> Measurement:
    name = f"{variant.name}, {probes} probes"
    found = round(recall(variant.search, data), 4)
    return summarize(case.name, name, _times(variant, data, perf_counter), recall=found)


def _times(variant: Ours | Fixed, data: Data, clock: Callable[[], float]) -> list[float]:
    """Time each query once."""
    times = []
    for query in data.queries:
        start = clock()
        variant.search(query)
        times.append(clock() - start)
    return times
