"""Takes the first results of a ranking."""

from collections.abc import Iterable
from itertools import islice

from codeintel.evaluation.metrics import Result
from codeintel.index.snapshot import Snapshot
from codeintel.search.rerank import Ranked


def first_results(snapshot: Snapshot, ranked: Iterable[Ranked], k: int) -> tuple[Result, ...]:
    """Give the spans of the first `k` chunks."""
    hits = list(islice(ranked, k))
    chunks = snapshot.catalog.chunks([hit.chunk for hit in hits])
    spans = [(hit.path, chunks[hit.chunk]) for hit in hits]
    return tuple(Result(path, chunk.start_line, chunk.end_line) for path, chunk in spans)
