"""What other layers count, added up over processes."""

import subprocess
import sys
from types import MappingProxyType

from prometheus_client import CollectorRegistry, generate_latest

from codeintel.server.families import as_metric, joined, read_families, write_families
from codeintel.types.metrics import Family, Histogram, Sample


def family(kind, value, **labels):
    name = "codeintel_things_total" if kind == "counter" else "codeintel_things"
    return Family(name, kind, "Things.", (Sample("", labels, value),))


def test_equal_samples_add_up_and_others_stand_beside():
    (sum_,) = joined(
        [family("counter", 2, a="x"), family("counter", 3, a="x"), family("counter", 5, a="y")]
    )
    assert [(s.labels, s.value) for s in sum_.samples] == [({"a": "x"}, 5), ({"a": "y"}, 5)]


def test_histograms_of_processes_add_up_bucket_by_bucket():
    histograms = [Histogram((1.0, 2.0)) for _ in range(2)]
    histograms[0].observe(0.5)
    histograms[1].observe(1.5)
    (sum_,) = joined(
        [Family("h", "histogram", "", tuple(histogram.samples())) for histogram in histograms]
    )
    assert [s.value for s in sum_.samples] == [1, 2, 2, 2.0, 2]


WRITE = """
import sys
from pathlib import Path
from codeintel.server.families import write_families
from codeintel.types.metrics import Family, Sample
one = (Sample("", {}, 1),)
write_families(Path(sys.argv[1]), (
    Family("codeintel_things_total", "counter", "Things.", one),
    Family("codeintel_open", "gauge", "Open.", one),
))
"""


def test_counts_of_a_process_that_has_ended_stay_and_its_gauges_go(tmp_path):
    subprocess.run([sys.executable, "-c", WRITE, str(tmp_path)], check=True)
    unchangeable = Sample("", MappingProxyType({}), 4)
    total = Family("codeintel_things_total", "counter", "Things.", (unchangeable,))
    write_families(tmp_path, [total])
    (total,) = read_families(tmp_path)
    assert (total.name, total.samples[0].value) == ("codeintel_things_total", 5)


def test_a_broken_file_hides_no_other(tmp_path):
    (tmp_path / "families-1.json").write_bytes(b"[{")
    write_families(tmp_path, [family("gauge", 4)])
    assert [f.samples[0].value for f in read_families(tmp_path)] == [4]


def test_a_counter_is_written_with_its_whole_name():
    class One:
        def collect(self):
            return [as_metric(family("counter", 4, a="x"))]

    registry = CollectorRegistry()
    registry.register(One())
    assert b'codeintel_things_total{a="x"} 4.0' in generate_latest(registry)
