import asyncio
import contextlib
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from codeintel.cores import CORES, keep_to
from codeintel.effort import Effort, checkpoint, effort
from codeintel.errors import BusyError, DeadlineExceededError
from codeintel.server.door import Door, DoorOptions, Lane, SingleFlight

SMALL = DoorOptions(cpu_threads=1, wait_threads=1, max_waiting=2, max_per_principal=2)


@pytest.fixture
def door():
    door = Door(SMALL)
    yield door
    door.close()


@pytest.fixture
def gate():
    gate = threading.Event()
    yield gate
    gate.set()


async def until(condition):
    while not condition():
        await asyncio.sleep(0.001)


def test_work_is_done_in_another_thread(door):
    name = asyncio.run(door.run(Lane.CPU, lambda: threading.current_thread().name, deadline_s=5))
    assert name.startswith("codeintel-cpu")


@pytest.mark.skipif(sys.platform != "linux", reason="threads have cores on Linux")
def test_work_keeps_to_its_cores_and_what_waits_may_be_anywhere():
    one = frozenset({min(CORES)})
    door = Door(DoorOptions(cores=one))

    async def cores_of(lane):
        return await door.run(lane, lambda: os.sched_getaffinity(0), deadline_s=5)

    def serve():
        keep_to(one)
        return asyncio.run(cores_of(Lane.CPU)), asyncio.run(cores_of(Lane.WAIT))

    with ThreadPoolExecutor(1) as server:
        assert server.submit(serve).result() == (one, CORES)
    door.close()


def test_an_error_of_the_work_reaches_the_caller(door):
    with pytest.raises(ZeroDivisionError):
        asyncio.run(door.run(Lane.CPU, lambda: 1 // 0, deadline_s=5))


def test_what_no_future_takes_is_an_error_too_and_the_lane_goes_on(door):
    async def ask():
        with pytest.raises(RuntimeError, match="StopIteration"):
            await door.run(Lane.CPU, lambda: next(iter(())), deadline_s=5)
        return await door.run(Lane.CPU, lambda: "next", deadline_s=5)

    assert asyncio.run(ask()) == "next"


def test_a_timeout_error_of_the_work_is_not_taken_for_the_deadline(door):
    def work():
        raise TimeoutError("a socket")

    with pytest.raises(TimeoutError, match="a socket"):
        asyncio.run(door.run(Lane.CPU, work, deadline_s=5))


def test_late_work_is_given_up_with_a_clear_error(door, gate):
    with pytest.raises(DeadlineExceededError, match=r"within 0\.05 s"):
        asyncio.run(door.run(Lane.CPU, gate.wait, deadline_s=0.05))


def test_a_full_queue_turns_callers_away_at_once(door, gate):
    async def crowd():
        calls = [
            asyncio.create_task(
                door.run(Lane.CPU, gate.wait, deadline_s=5, principal=f"client {number}")
            )
            for number in range(3)
        ]
        await until(lambda: door.load(Lane.CPU).waiting == 2)
        with pytest.raises(BusyError) as caught:
            await door.run(Lane.CPU, gate.wait, deadline_s=5, principal="late")
        assert caught.value.retry_after_s > 0
        assert await door.run(Lane.WAIT, lambda: "other lane", deadline_s=5) == "other lane"
        gate.set()
        await asyncio.gather(*calls)
        await until(lambda: door.load(Lane.CPU).running == 0)
        assert await door.run(Lane.CPU, lambda: "again", deadline_s=5) == "again"

    asyncio.run(crowd())


def test_one_principal_cannot_take_the_whole_queue(door, gate):
    async def crowd():
        calls = [
            asyncio.create_task(door.run(Lane.CPU, gate.wait, deadline_s=5, principal="greedy"))
            for _ in range(2)
        ]
        await until(lambda: door.load(Lane.CPU).waiting == 1)
        with pytest.raises(BusyError, match="You have 2 requests"):
            await door.run(Lane.CPU, gate.wait, deadline_s=5, principal="greedy")
        other = asyncio.create_task(door.run(Lane.CPU, lambda: 1, deadline_s=5, principal="other"))
        await asyncio.sleep(0)
        gate.set()
        assert await other == 1
        await asyncio.gather(*calls)

    asyncio.run(crowd())


def test_waiting_work_of_a_cancelled_caller_is_never_done(door, gate):
    done = []

    async def leave():
        first = asyncio.create_task(door.run(Lane.CPU, gate.wait, deadline_s=5))
        second = asyncio.create_task(door.run(Lane.CPU, lambda: done.append(1), deadline_s=5))
        await until(lambda: door.load(Lane.CPU).waiting == 1)
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        gate.set()
        await first
        await until(lambda: door.load(Lane.CPU).running == 0)

    asyncio.run(leave())
    assert done == []


def test_abandoned_work_keeps_its_thread_so_that_threads_stay_bounded(door, gate):
    async def abandon():
        with pytest.raises(DeadlineExceededError):
            await door.run(Lane.CPU, gate.wait, deadline_s=0.01)
        assert door.load(Lane.CPU).running == 1
        gate.set()
        await until(lambda: door.load(Lane.CPU).running == 0)

    asyncio.run(abandon())


def test_equal_questions_at_the_same_time_are_asked_once():
    asked = []

    async def crowd():
        flights = SingleFlight()
        gate = asyncio.Event()

        async def ask():
            asked.append(1)
            await gate.wait()
            return "answer"

        tasks = [asyncio.create_task(flights.run("key", ask)) for _ in range(5)]
        await until(lambda: asked)
        tasks[0].cancel()
        await asyncio.sleep(0)
        gate.set()
        assert await asyncio.gather(*tasks[1:]) == ["answer"] * 4
        assert await flights.run("key", ask) == "answer"

    asyncio.run(crowd())
    assert len(asked) == 2


def test_a_question_nobody_waits_for_is_dropped():
    async def leave():
        flights = SingleFlight()
        dropped = asyncio.Event()

        async def ask():
            try:
                await asyncio.Event().wait()
            finally:
                dropped.set()

        task = asyncio.create_task(flights.run("key", ask))
        await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.wait_for(dropped.wait(), 5)

    asyncio.run(leave())


def test_running_work_ends_at_its_next_checkpoint_once_its_caller_is_gone(door):
    started, ended = threading.Event(), threading.Event()

    def work():
        started.set()
        try:
            while True:
                checkpoint()
        finally:
            ended.set()

    async def hang_up():
        call = asyncio.create_task(door.run(Lane.CPU, work, deadline_s=60))
        await until(started.is_set)
        call.cancel()
        await until(ended.is_set)
        await until(lambda: door.load(Lane.CPU).running == 0)

    asyncio.run(asyncio.wait_for(hang_up(), 60))


def test_work_that_waited_long_is_told_to_be_cheap(gate):
    door = Door(DoorOptions(cpu_threads=1))

    async def crowd():
        first = asyncio.create_task(door.run(Lane.CPU, gate.wait, deadline_s=60))
        calls = [first]
        for pause_s in (1.4, 0.4):
            calls.append(asyncio.create_task(door.run(Lane.CPU, effort, deadline_s=60)))
            await asyncio.sleep(pause_s)
        gate.set()
        assert (await asyncio.gather(*calls))[1:] == [Effort.WORDS, Effort.FEWER]
        # On a machine with much else to do a thread may come late to what did not have to wait.
        while await door.run(Lane.CPU, effort, deadline_s=60) is not Effort.FULL:
            pass

    asyncio.run(asyncio.wait_for(crowd(), 60))


def test_those_who_ask_take_turns_however_much_one_of_them_asks(gate):
    door = Door(DoorOptions(cpu_threads=1))
    done = []

    async def crowd():
        def asked(principal):
            work = gate.wait if principal == "first" else lambda: done.append(principal)
            return asyncio.create_task(door.run(Lane.CPU, work, deadline_s=60, principal=principal))

        names = ["first", *["greedy"] * 9, "modest", "other", "modest"]
        calls = [asked(name) for name in names]
        await until(lambda: door.load(Lane.CPU).waiting == len(names) - 1)
        gate.set()
        await asyncio.gather(*calls)

    asyncio.run(crowd())
    # The thread had one more at hand when the others came.
    assert done == ["greedy", "greedy", "modest", "other", "greedy", "modest", *["greedy"] * 6]


def test_each_ones_work_is_begun_in_the_order_it_came(gate):
    door = Door(DoorOptions(cpu_threads=1))
    done = []

    async def crowd():
        calls = [asyncio.create_task(door.run(Lane.CPU, gate.wait, deadline_s=60))]
        calls += [
            asyncio.create_task(door.run(Lane.CPU, lambda n=n: done.append(n), deadline_s=60))
            for n in range(20)
        ]
        await until(lambda: door.load(Lane.CPU).waiting == 20)
        gate.set()
        await asyncio.gather(*calls)

    asyncio.run(crowd())
    assert done == list(range(20))


async def one_under_way_and_two_waiting(door, gate):
    calls = [asyncio.create_task(door.run(Lane.CPU, gate.wait, deadline_s=60)) for _ in "abc"]
    await until(lambda: door.load(Lane.CPU).waiting == 2)
    return calls


@contextlib.asynccontextmanager
async def searches_behind(door, gate):
    """Have a search run that had to wait long, and others wait for it until the gate opens."""
    first_gate = threading.Event()
    calls = [
        asyncio.create_task(door.run(Lane.CPU, work, deadline_s=60))
        for work in (first_gate.wait, gate.wait, gate.wait)
    ]
    await asyncio.sleep(0.15)
    first_gate.set()
    await until(lambda: door.load(Lane.CPU).waited_s > 0.1)
    yield
    gate.set()
    await asyncio.gather(*calls)


def test_what_is_cheap_waits_for_the_searches_that_came_before_it(gate):
    door = Door(DoorOptions(cpu_threads=1))

    async def crowd():
        async with searches_behind(door, gate):
            cheap = asyncio.create_task(door.turn(""))
            await asyncio.sleep(0.05)
            assert not cheap.done()
            gate.set()
            await asyncio.wait_for(cheap, 5)
        await until(lambda: door.load(Lane.CPU).running == 0)
        await asyncio.wait_for(door.turn(""), 5)

    asyncio.run(crowd())


def test_what_is_cheap_goes_at_once_while_no_search_waits_long(gate, monkeypatch):
    monkeypatch.setattr("codeintel.server.lane._STEPS_S", ((50, Effort.FEWER),))
    monkeypatch.setattr("codeintel.server.door._LONGEST_TURN_S", 60)
    door = Door(DoorOptions(cpu_threads=1))

    async def crowd():
        calls = await one_under_way_and_two_waiting(door, gate)
        await asyncio.wait_for(door.turn(""), 30)
        gate.set()
        await asyncio.gather(*calls)

    asyncio.run(crowd())


def test_what_is_cheap_waits_no_longer_than_a_second(gate):
    door = Door(DoorOptions(cpu_threads=1))

    async def crowd():
        async with searches_behind(door, gate):
            await asyncio.wait_for(door.turn(""), 30)

    asyncio.run(crowd())


def test_what_is_cheap_is_never_turned_away_by_a_full_queue(gate, monkeypatch):
    monkeypatch.setattr("codeintel.server.door._LONGEST_TURN_S", 60)
    door = Door(DoorOptions(cpu_threads=1, max_per_principal=3))

    async def crowd():
        async with searches_behind(door, gate):
            more = asyncio.create_task(door.run(Lane.CPU, gate.wait, deadline_s=60))
            await until(lambda: door.load(Lane.CPU).waiting == 2)
            await asyncio.wait_for(door.turn(""), 5)
            gate.set()
            await more

    asyncio.run(crowd())


def test_a_closed_door_lets_nobody_wait_for_ever(gate):
    door = Door(DoorOptions(cpu_threads=1))

    async def crowd():
        calls = await one_under_way_and_two_waiting(door, gate)
        door.close()
        with pytest.raises(asyncio.CancelledError):
            await calls[2]
        gate.set()
        await asyncio.gather(*calls[:2])

    asyncio.run(crowd())
