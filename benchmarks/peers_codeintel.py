"""Indexes and asks with codeintel, as `peers_semble` does with semble: same job, same answer."""

import json
import resource
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

from codeintel import CodeIntel
from codeintel.config import Settings
from codeintel.embedding.static import bundled_embedder
from codeintel.indexer.processes import POOL

_K = 10


def main() -> None:
    job = json.load(sys.stdin)
    start = perf_counter()
    bundled_embedder()
    loaded_s = perf_counter() - start
    repositories = {
        name: measure(Path(asked["folder"]), asked["queries"])
        for name, asked in job["repositories"].items()
    }
    # Processes that index wait for the next repository; the last one is charged with all of them.
    cpu = _cpu_s()
    POOL.close()
    list(repositories.values())[-1]["index_cpu_s"] += _cpu_s() - cpu
    rss_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answer = {"load_s": loaded_s, "repositories": repositories, "max_rss_kb": rss_kb}
    json.dump(answer, sys.stdout)


def measure(folder: Path, queries: list[str]) -> dict[str, Any]:
    """Index one repository from nothing to disk, and ask its questions once warm."""
    with tempfile.TemporaryDirectory() as scratch:
        settings = Settings(index_dir=Path(scratch))
        with CodeIntel(folder, settings=settings) as code:
            start, cpu = perf_counter(), _cpu_s()
            (report,) = code.index()
            index_s = perf_counter() - start
            times, found = [], {}
            for query in (queries[0], *queries):
                start = perf_counter()
                answer = code.semantic_search(query, limit=_K)
                times.append(perf_counter() - start)
                found[query] = [(hit.path, hit.start_line, hit.end_line) for hit in answer.hits]
            asked_s = sum(times)
        index_cpu_s = _cpu_s() - cpu - asked_s
    return {
        "index_s": index_s,
        "index_cpu_s": index_cpu_s,
        "times_s": times[1:],
        "found": found,
        "n_files": report.n_files,
    }


def _cpu_s() -> float:
    """Give the processor time of this process and of its ended ones."""
    own, ended = (resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + ended.ru_utime + ended.ru_stime


if __name__ == "__main__":
    main()
