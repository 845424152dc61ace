"""Counts what a run does, and turns it into its report."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from codeintel.indexer.worker import peak_memory_bytes
from codeintel.store.generations import Manifest
from codeintel.types import IndexReport


@dataclass(slots=True)
class Tally:
    """Counts and seconds of one run; `worker_bytes` is the highest memory of its workers."""

    files_added: int = 0
    files_removed: int = 0
    texts_embedded: int = 0
    worker_bytes: int = 0
    notes: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    _start: float = field(default_factory=time.monotonic)

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Add the time of a block to a stage."""
        start = time.monotonic()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.monotonic() - start

    def report(
        self, repo: str, manifest: Manifest, skipped: dict[str, int], size_bytes: int, changed: bool
    ) -> IndexReport:
        """Sum up the run."""
        seconds = {**self.seconds, "total": time.monotonic() - self._start}
        return IndexReport(
            repo=repo,
            generation=manifest.generation,
            changed=changed,
            n_files=manifest.counts.get("files", 0),
            n_chunks=manifest.counts.get("chunks", 0),
            n_symbols=manifest.counts.get("symbols", 0),
            files_added=self.files_added,
            files_removed=self.files_removed,
            texts_embedded=self.texts_embedded,
            skipped=skipped,
            seconds={stage: round(value, 3) for stage, value in seconds.items()},
            vector_index=manifest.notes.get("vector_index", ""),
            size_bytes=size_bytes,
            peak_memory_bytes=peak_memory_bytes() + self.worker_bytes,
            notes=tuple(self.notes),
        )
