from pathlib import Path

from git_repos import TestRepository

from codeintel.git.client import GitClient
from codeintel.git.timings import TIMINGS, GitTimings
from codeintel.types.metrics import Family


def count(family: Family, operation: str, layer: str) -> float:
    """Give how many times of an operation were taken."""
    labels = {"operation": operation, "layer": layer}
    return sum(s.value for s in family.samples if s.suffix == "_count" and s.labels == labels)


def test_times_are_kept_by_operation_and_layer() -> None:
    timings = GitTimings()
    assert timings.families()[0].samples == ()
    with timings.measure("blame") as timing:
        timing.layer = "cache"
    with timings.measure("log"):
        pass
    (family,) = timings.families()
    assert family.name == "codeintel_git_operation_duration_seconds"
    assert count(family, "blame", "cache") == count(family, "log", "git") == 1
    buckets = [s.value for s in family.samples if s.suffix == "_bucket"]
    assert buckets == sorted(buckets)
    assert buckets[-1] == 1


def test_every_layer_is_told_apart(repository: TestRepository, tmp_path: Path) -> None:
    repository.commit(a="1\n")
    repository.commit(a="2\n")
    asked = [
        *(("blame", "git"), ("blame", "index"), ("blame", "cache"), ("log", "index")),
        *(("build", "commit-graph"), ("build", "index")),
    ]

    def counts() -> list[float]:
        (family,) = TIMINGS.families()
        return [count(family, *what) for what in asked]

    before = counts()
    with GitClient(repository.path, cache_dir=tmp_path / "cache", background=False) as client:
        client.blame_range("a")
        client.build(blame=False)
        client.blame_range("a")
        client.blame_range("a")
        client.file_history("a")
    assert [after - b for after, b in zip(counts(), before, strict=True)] == [1] * len(asked)
