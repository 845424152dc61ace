import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from codeintel import cores
from codeintel.cores import CORES, cores_of, keep_to

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="threads have cores on Linux")


@pytest.mark.parametrize(
    ("n_cores", "n_processes", "shares"),
    [
        (2, 1, [{4, 5}]),
        (2, 2, [{4}, {5}]),
        (4, 2, [{4, 5}, {6, 7}]),
        (3, 2, [{4}, {5}]),
        (2, 3, [{4}, {5}, {4}]),
        (1, 2, [{4}, {4}]),
    ],
)
def test_processes_share_the_cores_that_there_are(monkeypatch, n_cores, n_processes, shares):
    monkeypatch.setattr(cores, "CORES", frozenset(range(4, 4 + n_cores)))
    assert [cores_of(number, n_processes) for number in range(n_processes)] == shares


def in_a_thread(work):
    result = []
    thread = threading.Thread(target=lambda: result.append(work()))
    thread.start()
    thread.join()
    return result[0]


@linux_only
def test_a_thread_keeps_to_its_cores_and_so_do_those_that_it_starts():
    one = frozenset({min(CORES)})

    def work():
        keep_to(one)
        return os.sched_getaffinity(0), in_a_thread(lambda: os.sched_getaffinity(0))

    assert in_a_thread(work) == (one, one)
    assert os.sched_getaffinity(0) == CORES


@linux_only
def test_threads_of_a_pool_can_have_all_cores_whoever_starts_them():
    def work():
        keep_to(frozenset({min(CORES)}))
        with ThreadPoolExecutor(1, initializer=keep_to, initargs=(CORES,)) as pool:
            return pool.submit(os.sched_getaffinity, 0).result()

    assert in_a_thread(work) == CORES


@linux_only
def test_cores_that_there_are_no_more_are_no_error():
    def work():
        keep_to(frozenset({max(CORES) + 4096}))
        return os.sched_getaffinity(0)

    assert in_a_thread(work) == CORES
