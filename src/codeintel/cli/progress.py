"""Shows where a long run stands: bars on a terminal, plain lines elsewhere; always on stderr.

Nothing is shown before there is something to count, and no line of a run that ends at once.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    import rich.progress

    from codeintel.indexer.progress import Progress, ProgressCallback

_FIRST_LINE_S = 0.5
_MANY = 1_000  # a run over so many takes its time, and says so at once
_FIRST_RATE_S = 0.3
_FIRST_RATED = 20
_LINE_EVERY_S = 5.0


@contextmanager
def shown_progress(stream: TextIO | None = None) -> Iterator["ProgressCallback"]:
    """Give a callback that shows each stage with its counts, its rate and the time left."""
    stream = stream or sys.stderr
    if not stream.isatty():
        yield PlainProgress(stream)
        return
    bars = BarProgress(stream)
    try:
        yield bars
    finally:
        bars.close()


class PlainProgress:
    """Writes a line when a stage begins, when more is known of it, every few seconds, at its end.

    Nothing is written of a run that ends at once.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._started_s = clock()
        self._written_s = 0.0
        self._began_s: dict[str, float] = {}
        self._told: set[tuple[str, ...]] = set()

    def __call__(self, progress: "Progress") -> None:
        """Take note of where the run stands."""
        now_s = self._clock()
        if not progress.total:
            return
        began_s = self._began_s.setdefault(progress.stage, now_s)
        if now_s - self._started_s < _FIRST_LINE_S and progress.total < _MANY:
            return
        facts = _facts(progress, now_s - began_s)
        told = (progress.stage, *facts)
        if told in self._told and now_s - self._written_s < _LINE_EVERY_S:
            return
        self._told.add(told)
        self._written_s = now_s
        counts = f"{progress.stage}: {progress.done:,} of {progress.total:,}"
        print(", ".join((counts, *facts.values())), file=self._stream, flush=True)


def _facts(progress: "Progress", seconds: float) -> dict[str, str]:
    """What is known beside the counts."""
    facts = {}
    left = progress.total - progress.done
    if progress.done >= _FIRST_RATED and seconds >= _FIRST_RATE_S:
        rate = progress.done / seconds
        facts["rate"] = f"{rate:,.0f} a second"
        if left > 0:
            facts["left"] = f"about {left / rate:,.0f} s left"
    if left > 0 and progress.searchable:
        facts["searchable"] = _searchable(progress)
    return facts


def _searchable(progress: "Progress") -> str:
    return f"{progress.searchable:,} can be searched now" if progress.searchable else ""


class BarProgress:
    """Draws a bar for each stage, and wipes them away at the end."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._display: rich.progress.Progress | None = None
        self._tasks: dict[str, rich.progress.TaskID] = {}

    def __call__(self, progress: "Progress") -> None:
        """Take note of where the run stands."""
        if not progress.total:
            return
        self._display = self._display or self._started()
        if progress.stage not in self._tasks:
            self._tasks[progress.stage] = self._display.add_task(
                progress.stage, total=None, rate="", searchable=""
            )
        task = self._tasks[progress.stage]
        speed = self._display.tasks[task].speed
        rate = f"{speed:,.0f}/s" if speed else ""
        self._display.update(
            task,
            completed=progress.done,
            total=progress.total,
            rate=rate,
            searchable=_searchable(progress),
        )

    def close(self) -> None:
        """Wipe the bars away."""
        if self._display:
            self._display.stop()

    def _started(self) -> "rich.progress.Progress":
        from rich import progress
        from rich.console import Console

        display = progress.Progress(
            progress.TextColumn("{task.description:8}"),
            progress.BarColumn(),
            progress.MofNCompleteColumn(),
            progress.TextColumn("{task.fields[rate]}"),
            progress.TimeRemainingColumn(elapsed_when_finished=True),
            progress.TextColumn("{task.fields[searchable]}"),
            console=Console(file=self._stream),
            transient=True,
        )
        display.start()
        return display
