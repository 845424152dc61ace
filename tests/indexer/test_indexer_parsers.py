"""Files are prepared by processes that are shared by all runs."""

import os
import signal
import time
from collections.abc import Iterator

import pytest

from codeintel.indexer.parsers import Parsers
from codeintel.indexer.prepare import Prepared, Task, prepare
from codeintel.indexer.processes import POOL, Process

TASKS = [
    Task(f"{number}.py", f"def f{number}():\n    return {number}\n".encode() * 1_000)
    for number in range(24)
]


@pytest.fixture(autouse=True)
def no_process_waits() -> Iterator[None]:
    POOL.close()
    yield
    POOL.close()


def prepared(tasks: list[Task]) -> list[Prepared]:
    with Parsers(2) as parsers:
        return list(parsers.prepare(tasks))


def test_processes_give_what_this_one_would_in_the_order_asked_for() -> None:
    assert prepared(TASKS) == [prepare(task) for task in TASKS]


def test_a_few_files_start_no_process() -> None:
    assert len(prepared(TASKS[:2])) == 2
    assert POOL.n_waiting == 0


def test_processes_wait_for_the_next_run() -> None:
    prepared(TASKS)
    waiting = POOL.n_waiting
    assert waiting == 2
    prepared(TASKS[:2])
    assert POOL.n_waiting == waiting


def test_the_memory_of_the_largest_process_is_told() -> None:
    with Parsers(2) as parsers:
        list(parsers.prepare(TASKS))
        assert parsers.peak_memory_bytes > 1_000_000


def test_a_process_that_died_while_it_waited_is_not_used() -> None:
    prepared(TASKS)
    process = POOL.take()
    os.kill(process.pid, signal.SIGKILL)
    while process.is_running():
        time.sleep(0.01)
    POOL.give([process])
    assert prepared(TASKS) == [prepare(task) for task in TASKS]


def test_the_file_that_kills_its_process_is_skipped_and_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def prepare_or_die(self: Process, batch: list[Task]) -> list[Prepared] | None:
        if any(task.path == "7.py" for task in batch):
            self.close()
            return None
        return [prepare(task) for task in batch]

    monkeypatch.setattr(Process, "prepare", prepare_or_die)
    skipped = [item.path for item in prepared(TASKS) if item.skipped]
    assert skipped == ["7.py"]
