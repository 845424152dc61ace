"""Metrics that other layers keep of themselves, added up over all processes of a server.

Every process writes its own into a file of the shared folder about once a second; whichever
process is asked reads them all.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec
from prometheus_client import Metric

from codeintel.scratch import lives
from codeintel.types.metrics import Family, Sample

Families = Callable[[], Iterable[Family]]

_PREFIX = "families-"
# Labels are any mapping, such as one that cannot be changed.
_encode = msgspec.json.Encoder(enc_hook=dict).encode
_decode = msgspec.json.Decoder(tuple[Family, ...]).decode


def write_families(folder: Path, families: Iterable[Family]) -> None:
    """Write what this process has counted, for the others to read."""
    path = folder / f"{_PREFIX}{os.getpid()}.json"
    aside = path.with_suffix(".new")
    try:
        aside.write_bytes(_encode(tuple(families)))
        aside.replace(path)
    except OSError:
        pass  # a full disk must not end the process; its figures get old


def read_families(folder: Path) -> tuple[Family, ...]:
    """Add up what all processes have counted; gauges of those that have ended are gone."""
    found: list[Family] = []
    for path in sorted(folder.glob(f"{_PREFIX}*.json")):
        try:
            families = _decode(path.read_bytes())
        except (OSError, msgspec.DecodeError):
            continue
        alive = lives(int(path.stem.removeprefix(_PREFIX)))
        found += [family for family in families if alive or family.kind != "gauge"]
    return tuple(joined(found))


def joined(families: Iterable[Family]) -> Iterator[Family]:
    """Add up families of the same name, sample by sample."""
    by_name: dict[str, list[Family]] = {}
    for family in families:
        by_name.setdefault(family.name, []).append(family)
    for same in by_name.values():
        sums: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}
        for sample in (sample for family in same for sample in family.samples):
            key = sample.suffix, tuple(sample.labels.items())
            sums[key] = sums.get(key, 0.0) + sample.value
        samples = tuple(
            Sample(suffix, dict(labels), value) for (suffix, labels), value in sums.items()
        )
        yield Family(same[0].name, same[0].kind, same[0].description, samples)


def as_metric(family: Family) -> Metric:
    """Give a family as the Prometheus client writes it."""
    metric = Metric(family.name.removesuffix("_total"), family.description, family.kind)
    for sample in family.samples:
        metric.add_sample(family.name + sample.suffix, dict(sample.labels), sample.value)
    return metric
