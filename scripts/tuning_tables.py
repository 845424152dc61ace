"""Writes the tables of docs/tuning.md: ``python -m scripts.tuning_tables``.

Measured effects come from ``benchmarks/results/tuning.json``, memory from `estimate_bytes`.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from codeintel.index.vector_plan import VectorOptions, choose_plan, estimate_bytes

TARGET = Path("docs/tuning.md")
RESULT = Path("benchmarks/results/tuning.json")
_PLACE = re.compile(r"(<!-- table: ([\w ]+) -->\n).*?(<!-- end -->)", re.DOTALL)
_SIZES, _DIMS = (5_000, 20_000, 100_000, 1_000_000), (256, 768, 2_560)


def written(text: str, result: Mapping[str, Any]) -> str:
    """Give the page's text with every table made anew."""

    def table(match: re.Match[str]) -> str:
        rows = _memory() if match[2] == "memory" else _measured(match[2], result)
        return match[1] + "\n" + "\n".join(rows) + "\n\n" + match[3]

    return _PLACE.sub(table, text)


def _memory() -> Iterator[str]:
    yield "| chunks | dimension | index | resident | on disk |"
    yield "|---|---|---|---|---|"
    for n in _SIZES:
        for dim in _DIMS:
            plan = choose_plan(n, dim, VectorOptions())
            size = estimate_bytes(plan)
            kind = "exact" if plan.kind == "flat" else plan.factory
            yield (
                f"| {n:,} | {dim:,} | {kind} | {_megabytes(size.resident_bytes)} |"
                f" {_megabytes(size.disk_bytes)} |"
            )


def _measured(case: str, result: Mapping[str, Any]) -> Iterator[str]:
    rows = [row for row in result["measurements"] if row["case"] == case]
    extras = list(rows[0]["extra"]) if rows else []
    columns = [case, "ms, p50", "ms, p95", *extras]
    yield "| " + " | ".join(columns).replace(case, f"`{case}`") + " |"
    yield "|---" * len(columns) + "|"
    for row in rows:
        values = [row["variant"], f"{row['p50_ms']:,.3g}", f"{row['p95_ms']:,.3g}"]
        if row["p50_ms"] >= 1000:
            values[1:] = [f"{row['p50_ms']:,.0f}", f"{row['p95_ms']:,.0f}"]
        values += [f"{v:,}" if isinstance(v, int) else str(v) for v in row["extra"].values()]
        yield "| " + " | ".join(values) + " |"


def _megabytes(n_bytes: int) -> str:
    return f"{n_bytes / 1e6:,.0f} MB" if n_bytes >= 1e7 else f"{n_bytes / 1e6:.1f} MB"


def main() -> None:
    result = json.loads(RESULT.read_text(encoding="utf-8"))
    TARGET.write_text(written(TARGET.read_text(encoding="utf-8"), result), encoding="utf-8")


if __name__ == "__main__":
    main()
