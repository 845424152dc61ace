"""The targets of the design note, and which figure of which result answers each."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Results = Mapping[str, Mapping[str, Any]]
"""The result of each suite, as it was committed."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of a suite's result.

    Attributes
    ----------
    case, variant
        Regular expressions for the measurement; of several the first counts.
    value
        ``p50_ms``, ``p95_ms`` or a name among the measurement's extras.
    per_unit
        What one of `unit` is in the value's own unit: 1,000 for seconds out of milliseconds.
    """

    suite: str
    case: str
    variant: str
    value: str
    per_unit: float = 1.0

    def find(self, results: Results) -> float | None:
        """Give the number, None where it was not measured."""
        row = self._row(results)
        return self._number(row) / self.per_unit if row else None

    def stopped(self, results: Results) -> bool:
        """Tell whether the run was stopped there, so that the whole would have been more."""
        row = self._row(results)
        return bool(row and row["extra"].get("stopped"))

    def _row(self, results: Results) -> Mapping[str, Any] | None:
        rows: Sequence[Mapping[str, Any]] = results.get(self.suite, {}).get("measurements", ())
        return next((row for row in rows if self._fits(row)), None)

    def _fits(self, row: Mapping[str, Any]) -> bool:
        return (
            re.fullmatch(self.case, row["case"]) is not None
            and re.fullmatch(self.variant, row["variant"]) is not None
            and isinstance(row.get(self.value, row["extra"].get(self.value)), int | float)
        )

    def _number(self, row: Mapping[str, Any]) -> float:
        return float(row.get(self.value, row["extra"].get(self.value)))


@dataclass(frozen=True, slots=True)
class NoteTarget:
    """A line of the design note.

    Attributes
    ----------
    what
        What is asked for.
    note, goal
        The note's number and the one that we set ourselves, in `unit`; None where there is none.
    at_least
        Whether larger is better.
    old
        The same question asked the old way.
    """

    what: str
    unit: str
    note: float
    goal: float | None
    ours: Figure
    old: Figure | None = None
    at_least: bool = False

    def holds(self, measured: float, limit: float) -> bool:
        """Tell whether a figure is on the right side of a limit."""
        return measured >= limit if self.at_least else measured <= limit

    def ratio(self, ours: float, old: float) -> float:
        """Give how many times better ours is."""
        return ours / old if self.at_least else old / ours


_FIXED = "OPQ64,IVF8192,PQ64"
_OURS = r"(?!OPQ).*"

TARGETS: Sequence[NoteTarget] = (
    NoteTarget(
        "blame of a range, cached, p95",
        "ms",
        50,
        3,
        Figure("git", "blame of 10 lines", "ours, blame cache", "p95_ms"),
        Figure("git", "blame of 10 lines", "git process", "p95_ms"),
    ),
    NoteTarget(
        "blame of a range, first time, p50",
        "ms",
        50,
        10,
        Figure("git", "blame of 10 lines", "ours, index", "p50_ms"),
        Figure("git", "blame of 10 lines", "git process", "p50_ms"),
    ),
    NoteTarget(
        "history of a file, p95",
        "ms",
        40,
        5,
        Figure("git", "history of 50", "ours, index", "p95_ms"),
        Figure("git", "history of 50", "git process", "p95_ms"),
    ),
    NoteTarget(
        "overhead of an embedding batch of 32, p95",
        "ms",
        30,
        5,
        Figure("embedding", "overhead of a batch of 32", "pooled, base64", "p95_ms"),
        Figure("embedding", "overhead of a batch of 32", "new client.*", "p95_ms"),
    ),
    NoteTarget(
        "`semantic_search`, in process, p95",
        "ms",
        150,
        3,
        Figure("retrieval", "a question, in process", "default", "p95_ms"),
    ),
    NoteTarget(
        "`list_paths` of 1,000 files, p95",
        "ms",
        50,
        5,
        Figure("navigation", "list paths", "list_paths, 1,000", "p95_ms"),
        Figure("navigation", "list paths", "directory walk", "p95_ms"),
    ),
    NoteTarget(
        "100 connections, agents on one task, p95",
        "ms",
        150,
        None,
        Figure("load", "shared 100", "ours", "p95_ms"),
    ),
    NoteTarget(
        "100 connections, nothing asked twice, calls a second",
        "/s",
        100,
        None,
        Figure("load", "new 100", "ours", "per_s"),
        Figure("load", "new 100", "old", "per_s"),
        at_least=True,
    ),
    NoteTarget(
        "training at 20,000 vectors",
        "s",
        10,
        None,
        Figure("vectors", "code 20,000 x 256", _OURS, "build_s"),
        Figure("vectors", "code 20,000 x 256", _FIXED, "build_s"),
    ),
    NoteTarget(
        "training at 100,000 vectors of 2,560",
        "s",
        60,
        None,
        Figure("vectors", "code 100,000 x 2,560", _OURS, "build_s"),
        Figure("vectors", "code 100,000 x 2,560", _FIXED, "build_s"),
    ),
    NoteTarget(
        "1,000 new chunks in an index of 1,000,000, durable, p50",
        "s",
        60,
        0.1,
        Figure("vectors", "code 1,000,000 x 256", "1,000 new, durable", "p50_ms", 1000),
    ),
    NoteTarget(
        "one edited file, searchable, p50",
        "s",
        60,
        1,
        Figure("indexing", "one edit, searchable", "incremental", "p50_ms", 1000),
        Figure("indexing", "one edit, searchable", "full rebuild.*", "p50_ms", 1000),
    ),
    NoteTarget(
        "recall@10 at 20,000 vectors",
        "",
        0.95,
        0.98,
        Figure("vectors", "code 20,000 x 256", _OURS, "recall"),
        Figure("vectors", "code 20,000 x 256", _FIXED, "recall"),
        at_least=True,
    ),
    NoteTarget(
        "recall@10 at 1,000,000 vectors",
        "",
        0.95,
        0.98,
        Figure("vectors", "code 1,000,000 x 256", _OURS, "recall"),
        at_least=True,
    ),
)
