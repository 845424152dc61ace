"""Draws the curves of the last committed load run: ``python -m benchmarks.load_chart``."""

import json
from collections import defaultdict
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

_ROOT = Path(__file__).parents[1]


def draw(result: Path, image: Path) -> None:
    """Draw latency and throughput over connections, a curve a server and kind of traffic."""
    curves: dict[str, list[tuple[int, float, float]]] = defaultdict(list)
    for row in json.loads(result.read_text())["measurements"]:
        traffic, _, connections = row["case"].partition(" ")
        if traffic in {"new", "shared"} and connections.isdigit():
            point = int(connections), row["p95_ms"], row["extra"]["per_s"]
            curves[f"{row['variant']}, {traffic} questions"].append(point)
    figure, (latency, throughput) = plt.subplots(1, 2, figsize=(11, 4.2))
    for name, points in curves.items():
        connections, p95_ms, per_s = zip(*sorted(points), strict=True)
        style = "--" if name.startswith("old") else "-"
        latency.plot(connections, p95_ms, style, marker="o", label=name)
        throughput.plot(connections, per_s, style, marker="o", label=name)
    latency.set(yscale="log", ylabel="p95 latency, ms")
    throughput.set(ylabel="calls per second", ylim=(0, None))
    for axes in (latency, throughput):
        axes.set(xscale="log", xlabel="connections")
        axes.grid(visible=True, alpha=0.3)
    latency.legend()
    figure.tight_layout()
    figure.savefig(image, dpi=110)


if __name__ == "__main__":
    draw(_ROOT / "benchmarks" / "results" / "load.json", _ROOT / "docs" / "load.png")
