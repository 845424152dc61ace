"""Counts and times as they are exported: what every layer that measures itself gives."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sample:
    """One number of a family; `suffix` is ``_bucket``, ``_sum``, ``_count`` or empty."""

    suffix: str
    labels: Labels
    value: float


@dataclass(frozen=True, slots=True)
class Family:
    """All samples of one metric, as the Prometheus text format groups them."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    description: str
    samples: tuple[Sample, ...]


class Histogram:
    """Counts of observed values below fixed bounds."""

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def observe(self, value: float) -> None:
        """Count one value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def samples(self, labels: Labels = MappingProxyType({})) -> Iterator[Sample]:
        """Give cumulated buckets, then sum and count; `labels` says what they are of."""
        total = 0
        for bound, count in zip((*self._bounds, float("inf")), self._counts, strict=True):
            total += count
            label = "+Inf" if bound == float("inf") else f"{bound:g}"
            yield Sample("_bucket", {**labels, "le": label}, total)
        yield Sample("_sum", labels, self._sum)
        yield Sample("_count", labels, total)
