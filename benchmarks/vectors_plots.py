"""Plots of a full run, into ``docs/img``."""

from pathlib import Path

from benchmarks.report import Report
from benchmarks.vectors_variants import FIXED

_FOLDER = Path(__file__).parents[1] / "docs" / "img"


def plot(report: Report) -> None:
    """Draw recall against latency, and build time against size."""
    from matplotlib.figure import Figure

    _FOLDER.mkdir(parents=True, exist_ok=True)
    curves = [m for m in report.measurements if m.variant.endswith(" probes")]
    cases = list(dict.fromkeys(m.case for m in curves))
    figure = Figure(figsize=(5 * len(cases), 4), layout="constrained")
    for axes, case in zip(figure.subplots(1, len(cases), squeeze=False)[0], cases, strict=True):
        for old, label in ((True, FIXED), (False, "CodeIntel")):
            rows = [m for m in curves if m.case == case and m.variant.startswith(FIXED) is old]
            axes.plot(
                [m.p50_ms for m in rows], [m.extra["recall"] for m in rows], "o-", label=label
            )
        axes.set(title=case, xlabel="p50 of one query, ms", ylabel="recall@10", xscale="log")
        axes.legend()
        axes.grid(alpha=0.3)
    figure.savefig(_FOLDER / "vectors-recall.svg", metadata={"Date": None})

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    built = [m for m in report.measurements if "build_s" in m.extra]
    for old, label in ((True, FIXED), (False, "CodeIntel")):
        rows = [m for m in built if (m.variant == FIXED) is old]
        axes.plot(range(len(rows)), [m.extra["build_s"] for m in rows], "o", label=label)
        for x, row in enumerate(rows):
            axes.annotate(row.case, (x, row.extra["build_s"]), fontsize=6)
    axes.set(ylabel="train and add, s", yscale="log", xticks=[])
    axes.legend()
    figure.savefig(_FOLDER / "vectors-build.svg", metadata={"Date": None})
