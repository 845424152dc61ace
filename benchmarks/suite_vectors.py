"""The adaptive vector index beside the fixed configuration that it replaces."""

import gc
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from time import perf_counter, thread_time

from benchmarks.report import Report, Target, interleaved, percentile, summarize
from benchmarks.vectors_changes import measure_changes
from benchmarks.vectors_data import Case, Data, load
from benchmarks.vectors_plots import plot
from benchmarks.vectors_variants import FIXED, QUICK_ROUNDS, ROTATION_ROUNDS, Fixed, Ours, recall

_QUICK = (Case("code", 4_999, 256), Case("clusters", 8_200, 256))
_FULL = (
    Case("code", 4_999, 256),
    Case("code", 20_000, 256),
    Case("clusters", 20_000, 256),
    Case("code", 100_000, 2_560),
    Case("code", 1_000_000, 256),
)
# FAISS refuses to train 8,192 lists on fewer vectors than that.
_FIXED_MIN = 8_192
_SEARCHERS = 2
_PROBES = (8, 16, 32, 64, 128, 256, 512)


def run(*, quick: bool) -> Report:
    report = Report("vectors")
    report.facts["old way"] = f"{FIXED}, 128 probes, trained anew by every update"
    report.facts["threads"] = "1 for training and for one search"
    rounds = QUICK_ROUNDS if quick else ROTATION_ROUNDS
    report.facts["rotation"] = f"the old way's is trained in {rounds} of 50 rounds"
    for case in _QUICK if quick else _FULL:
        data = load(case)
        ours = Ours(data)
        if case.n >= 1_000_000 or quick:
            measure_changes(case, ours, data, report)
        fixed = Fixed(data, quick=quick) if case.n >= _FIXED_MIN else None
        _compare(case, data, ours, fixed, report)
        if fixed and not quick:
            _curves(case, data, ours, fixed, report)
        del fixed
        gc.collect()
    if not quick:
        plot(report)
    return report


def _compare(case: Case, data: Data, ours: Ours, fixed: Fixed | None, report: Report) -> None:
    """Measure build, size, recall and speed of both."""
    variants: list[Ours | Fixed] = [ours, fixed] if fixed else [ours]
    queries = iter(data.queries.repeat(len(variants), axis=0))
    times = interleaved(
        {v.name: lambda v=v: v.search(next(queries)) for v in variants},
        len(data.queries),
    )
    recalls = {}
    for variant in variants:
        recalls[variant.name] = recall(variant.search, data)
        report.measurements.append(
            summarize(
                case.name,
                variant.name,
                times[variant.name],
                recall=round(recalls[variant.name], 4),
                build_s=round(variant.build_s, 2),
                resident_mb=round(variant.resident_bytes / 1e6, 1),
                disk_mb=round(variant.disk_bytes / 1e6, 1),
                cpu_p95_ms=round(_cpu_p95_ms(variant, data), 2),
                qps_2_threads=round(_queries_a_second(variant, data)),
            )
        )
    _targets(case, ours, fixed, recalls[ours.name], _cpu_p95_ms(ours, data), report)


def _targets(
    case: Case,
    ours: Ours,
    fixed: Fixed | None,
    found: float,
    cpu_ms: float,
    report: Report,
) -> None:
    """Compare with the numbers to reach."""

    def target(what: str, measured: float, limit: float, unit: str, *, least: bool = False) -> None:
        sense = "at least" if least else "at most"
        report.targets.append(Target(f"{case.name}: {what}", measured, limit, unit, sense))

    target("recall@10", found, 0.98, "", least=True)
    if case.n < 5_000:
        target("build", ours.build_s, 0.1, "s")
    if fixed:
        target("fixed build / our build", fixed.build_s / ours.build_s, 10, "x", least=True)
    if case.dim == 2_560:
        target("resident", ours.resident_bytes / 1e6, case.n * case.dim * 4 / 8e6, "MB")
    if case.n >= 1_000_000:
        target("p95 of one query, time of one core", cpu_ms, 10, "ms")


def _cpu_p95_ms(variant: Ours | Fixed, data: Data) -> float:
    """Measure a core's time for single queries, which other work on the machine adds less to."""
    times = []
    for query in data.queries:
        start = thread_time()
        variant.search(query)
        times.append(thread_time() - start)
    return percentile(times, 95) * 1e3


def _queries_a_second(variant: Ours | Fixed, data: Data) -> float:
    """Search single queries from two threads."""
    start = perf_counter()
    with ThreadPoolExecutor(_SEARCHERS) as pool:
        list(pool.map(variant.search, data.queries, chunksize=10))
    return len(data.queries) / (perf_counter() - start)


def _curves(case: Case, data: Data, ours: Ours, fixed: Fixed, report: Report) -> None:
    """Measure recall against latency over the number of lists that are read."""
    coded = ours.index._pair.primary.coded
    plan = ours.index.plan
    for probes in _PROBES:
        fixed.probes = probes
        variants: list[Ours | Fixed] = [fixed]
        if coded and probes <= plan.n_lists:
            coded.plan = replace(plan, n_probe=probes)
            variants.append(ours)
        for variant in variants:
            times = []
            for query in data.queries:
                start = perf_counter()
                variant.search(query)
                times.append(perf_counter() - start)
            row = summarize(case.name, f"{variant.name}, {probes} probes", times)
            row.extra["recall"] = round(recall(variant.search, data), 4)
            report.measurements.append(row)
    fixed.probes = 128
    if coded:
        coded.plan = plan
