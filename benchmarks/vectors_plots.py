"""Draws the committed result of the suite: ``python -m benchmarks.vectors_plots``."""

import json
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from benchmarks.vectors_fixed import FIXED

_ROOT = Path(__file__).parents[1]
_RESULT = _ROOT / "benchmarks" / "results" / "vectors.json"
_DOCS = _ROOT / "docs"
_LABELS = {True: FIXED, False: "CodeIntel"}

Rows = list[dict[str, Any]]


def main() -> None:
    rows: Rows = json.loads(_RESULT.read_text())["measurements"]
    _recall(rows).savefig(_DOCS / "vectors-recall.svg", metadata={"Date": None})
    _time(rows).savefig(_DOCS / "vectors-time.svg", metadata={"Date": None})


def _recall(rows: Rows) -> Figure:
    """Draw recall against latency, each point another number of lists that are read."""
    curves = [row for row in rows if row["variant"].endswith(" probes")]
    cases = list(dict.fromkeys(row["case"] for row in curves))
    figure = Figure(figsize=(4.5 * len(cases), 4), layout="constrained")
    for axes, case in zip(figure.subplots(1, len(cases), squeeze=False)[0], cases, strict=True):
        for old, label in _LABELS.items():
            points = [r for r in curves if r["case"] == case and _is_old(r) is old]
            if points:
                latency = [r["p50_ms"] for r in points]
                axes.plot(latency, [r["extra"]["recall"] for r in points], "o-", label=label)
        axes.axhline(0.98, color="gray", linewidth=0.8)
        axes.set(title=case, xlabel="p50 of one query, ms", ylabel="recall@10", xscale="log")
        axes.legend()
        axes.grid(alpha=0.3)
    return figure


def _time(rows: Rows) -> Figure:
    """Draw the time of a build against the size of the data."""
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    for old, label in _LABELS.items():
        built = [r for r in rows if "build_s" in r["extra"] and _is_old(r) is old]
        sizes = [r["extra"]["input_mb"] for r in built]
        axes.plot(sizes, [r["extra"]["build_s"] for r in built], "o", label=label)
        for row in built:
            stopped = ", stopped" if row["extra"].get("stopped") else ""
            axes.annotate(
                row["case"] + stopped,
                (row["extra"]["input_mb"], row["extra"]["build_s"]),
                xytext=(5, -3),
                textcoords="offset points",
                fontsize=7,
            )
    axes.set(xlabel="vectors as float32, MB", ylabel="train and add, s", xscale="log", yscale="log")
    axes.margins(x=0.2)
    axes.legend()
    axes.grid(alpha=0.3)
    return figure


def _is_old(row: dict[str, Any]) -> bool:
    return bool(row["variant"].startswith(FIXED))


if __name__ == "__main__":
    main()
