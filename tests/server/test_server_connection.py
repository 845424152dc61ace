"""One connection: calls of clients that hang up, and answers that are sent in one piece."""

import asyncio

import pytest

from codeintel.server.connection import while_connected
from codeintel.server.gathering import Gathering


class Client:
    """Stays until it is told to hang up."""

    def __init__(self):
        self.hung_up = asyncio.Event()

    async def receive(self):
        await self.hung_up.wait()
        return {"type": "http.disconnect"}


class Call:
    """A call that goes on until it is answered or given up."""

    def __init__(self):
        self.answered = asyncio.Event()
        self.given_up = False

    async def outcome(self):
        try:
            await self.answered.wait()
        except asyncio.CancelledError:
            self.given_up = True
            raise
        return "outcome"


def test_a_client_that_stays_gets_its_answer():
    async def stay():
        client, call = Client(), Call()
        asked = asyncio.create_task(while_connected(call.outcome(), client.receive))
        await asyncio.sleep(0)
        call.answered.set()
        assert await asked == "outcome"
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(stay())


def test_the_call_of_a_client_that_hangs_up_is_given_up_and_its_task_goes_on():
    async def hang_up():
        client, call = Client(), Call()

        async def serve():
            outcome = await while_connected(call.outcome(), client.receive)
            await asyncio.sleep(0)
            return outcome

        serving = asyncio.create_task(serve())
        await asyncio.sleep(0)
        client.hung_up.set()
        assert await serving is None
        assert call.given_up
        assert not serving.cancelling()

    asyncio.run(hang_up())


def test_an_answer_in_the_moment_of_hanging_up_is_no_error():
    async def at_once():
        client, call = Client(), Call()
        asked = asyncio.create_task(while_connected(call.outcome(), client.receive))
        await asyncio.sleep(0)
        client.hung_up.set()
        call.answered.set()
        assert await asked in ("outcome", None)

    asyncio.run(at_once())


def test_who_is_cancelled_gives_the_call_up_whether_or_not_the_client_has_hung_up():
    async def cancel(*, hang_up):
        client, call = Client(), Call()
        asked = asyncio.create_task(while_connected(call.outcome(), client.receive))
        await asyncio.sleep(0)
        asked.cancel()
        if hang_up:
            client.hung_up.set()
        with pytest.raises(asyncio.CancelledError):
            await asked
        assert call.given_up

    asyncio.run(cancel(hang_up=False))
    asyncio.run(cancel(hang_up=True))


def test_an_error_of_the_call_is_raised():
    async def fail():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        asyncio.run(while_connected(fail(), Client().receive))


class Transport:
    """What was written, piece by piece, as the system would get it."""

    def __init__(self):
        self.sent = []
        self.closed = False

    def writelines(self, pieces):
        assert not self.closed
        self.sent.append(b"".join(pieces))

    def close(self):
        self.closed = True

    def is_closing(self):
        return self.closed


def test_what_is_written_in_one_turn_is_sent_at_once_and_in_order():
    async def write():
        transport = Transport()
        gathering = Gathering(transport)
        gathering.write(b"head ")
        gathering.write(b"body")
        assert transport.sent == []
        await asyncio.sleep(0)
        assert transport.sent == [b"head body"]
        gathering.write(b"more")
        await asyncio.sleep(0)
        assert transport.sent == [b"head body", b"more"]

    asyncio.run(write())


def test_closing_sends_what_waits_first_and_nothing_twice():
    async def write():
        transport = Transport()
        gathering = Gathering(transport)
        gathering.write(b"the end")
        gathering.close()
        assert transport.sent == [b"the end"]
        assert gathering.is_closing()
        await asyncio.sleep(0)
        assert transport.sent == [b"the end"]

    asyncio.run(write())
