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
    """Writes a line when a stage begins, every few seconds, and when it ends; none at first."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._stage = ""
        self._ended = False
        self._started_s = clock()
        self._began_s = self._written_s = 0.0

    def __call__(self, progress: "Progress") -> None:
        """Take note of where the run stands."""
        if not progress.total:
            return
        now_s = self._clock()
        if progress.stage != self._stage:
            self._stage, self._began_s, self._written_s = progress.stage, now_s, 0.0
            self._ended = False
        if now_s - self._started_s < _FIRST_LINE_S:
            return
        ended = progress.done == progress.total
        if ended == self._ended and now_s - self._written_s < _LINE_EVERY_S:
            return
        self._written_s, self._ended = now_s, ended
        print(self._text(progress, now_s - self._began_s), file=self._stream, flush=True)

    @staticmethod
    def _text(progress: "Progress", seconds: float) -> str:
        text = f"{progress.stage}: {progress.done:,} of {progress.total:,}"
        if not progress.done or seconds < 1:
            return text
        rate = progress.done / seconds
        text += f", {rate:,.0f} a second"
        left = progress.total - progress.done
        return f"{text}, {left / rate:,.0f} s left" if left > 0 else text


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
                progress.stage, total=None, rate=""
            )
        task = self._tasks[progress.stage]
        speed = self._display.tasks[task].speed
        rate = f"{speed:,.0f}/s" if speed else ""
        self._display.update(task, completed=progress.done, total=progress.total, rate=rate)

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
            console=Console(file=self._stream),
            transient=True,
        )
        display.start()
        return display
