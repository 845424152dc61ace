"""Takes the first results of a ranking."""

from itertools import islice

from codeintel.evaluation.metrics import Result
from codeintel.index.snapshot import Snapshot
from codeintel.search.query import Query
from codeintel.search.rerank import Pool, Weights, rank


def first_results(
    snapshot: Snapshot, query: Query, pool: Pool, weights: Weights, k: int
) -> tuple[Result, ...]:
    """Rank candidates by some weights, and give the spans of the first `k`."""
    hits = list(islice(rank(query, pool, weights), k))
    chunks = snapshot.catalog.chunks([hit.chunk for hit in hits])
    spans = [(hit.path, chunks[hit.chunk]) for hit in hits]
    return tuple(Result(path, chunk.start_line, chunk.end_line) for path, chunk in spans)
