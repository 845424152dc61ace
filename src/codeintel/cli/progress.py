"""Shows where a long run stands: a bar on a terminal, plain lines elsewhere; always on stderr."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.progress import TaskID

    from codeintel.indexer.progress import Progress, ProgressCallback

_LINE_EVERY_S = 5.0


@contextmanager
def shown_progress(stream: TextIO | None = None) -> Iterator["ProgressCallback"]:
    """Give a callback that shows each stage with its counts, its rate and the time left."""
    stream = stream or sys.stderr
    if stream.isatty():
        with _bars(stream) as callback:
            yield callback
    else:
        yield PlainProgress(stream)


class PlainProgress:
    """Writes a line when a stage begins, every few seconds, and when it ends."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._stage = ""
        self._began_s = self._written_s = 0.0

    def __call__(self, progress: "Progress") -> None:
        """Take note of where the run stands."""
        now_s = monotonic()
        if progress.stage != self._stage:
            self._stage, self._began_s = progress.stage, now_s
        elif progress.done != progress.total and now_s - self._written_s < _LINE_EVERY_S:
            return
        self._written_s = now_s
        print(self._text(progress, now_s - self._began_s), file=self._stream, flush=True)

    @staticmethod
    def _text(progress: "Progress", seconds: float) -> str:
        text = f"{progress.stage}: {progress.done:,}"
        if progress.total:
            text += f" of {progress.total:,}"
        if not progress.done or seconds < 1:
            return text
        rate = progress.done / seconds
        text += f", {rate:,.0f} a second"
        left = progress.total - progress.done
        return f"{text}, {left / rate:,.0f} s left" if left > 0 else text


@contextmanager
def _bars(stream: TextIO) -> Iterator["ProgressCallback"]:
    from rich import progress as bars
    from rich.console import Console

    tasks: dict[str, TaskID] = {}
    with bars.Progress(
        bars.TextColumn("{task.description:8}"),
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        bars.TextColumn("{task.fields[rate]}"),
        bars.TimeRemainingColumn(elapsed_when_finished=True),
        console=Console(file=stream),
        transient=True,
    ) as display:

        def show(progress: "Progress") -> None:
            total = progress.total or None
            if progress.stage not in tasks:
                tasks[progress.stage] = display.add_task(progress.stage, total=total, rate="")
            task = tasks[progress.stage]
            speed = display.tasks[task].finished_speed or display.tasks[task].speed
            rate = f"{speed:,.0f}/s" if speed else ""
            display.update(task, completed=progress.done, total=total, rate=rate)

        yield show
