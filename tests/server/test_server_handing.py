"""Handing connections on to workers, with real sockets."""

import socket
from contextlib import ExitStack
from itertools import chain

import pytest

from codeintel.server.handing import Handing, received, say_ready, say_stopping

N_MORE_THAN_A_CHANNEL_HOLDS = 2000


class Office:
    """A listener whose connections are handed on, its clients, and its workers' channels."""

    def __init__(self, stack):
        self.stack = stack
        self.listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=128))
        self.handing = Handing(self.listener)
        stack.callback(self.handing.stop)

    def connect(self, n):
        """Connect; gives the clients' addresses."""
        address = self.listener.getsockname()
        clients = [self.stack.enter_context(socket.create_connection(address)) for _ in range(n)]
        return [client.getsockname() for client in clients]

    def starting(self):
        channel = self.handing.open()
        self.stack.callback(self.bury, channel)
        return channel

    def bury(self, channel):
        if channel.far.fileno() >= 0:
            self.handing.close(channel)

    def ready(self):
        channel = self.starting()
        say_ready(channel.far)
        return channel


@pytest.fixture
def office():
    with ExitStack() as stack:
        yield Office(stack)


def taken_up(channel):
    """The addresses of the clients whose connections a worker takes up."""
    addresses = []
    for connection in received(channel.far):
        with connection:
            addresses.append(connection.getpeername())
    return addresses


def test_connections_go_to_the_workers_in_turn(office):
    workers = [office.ready() for _ in range(3)]
    clients = office.connect(9)
    office.handing.hand_on()
    taken = [taken_up(worker) for worker in workers]
    assert [len(some) for some in taken] == [3, 3, 3]
    assert sorted(chain.from_iterable(taken)) == sorted(clients)


def test_a_connection_waits_until_a_worker_is_ready(office):
    worker = office.starting()
    clients = office.connect(1)
    office.handing.hand_on()
    assert taken_up(worker) == []
    assert office.handing.awaited() == [worker.fileno()]
    say_ready(worker.far)
    office.handing.hand_on()
    assert taken_up(worker) == clients
    assert office.handing.awaited() == [worker.fileno(), office.listener.fileno()]


def test_at_first_connections_wait_until_all_workers_are_ready(office):
    starting, quick = office.starting(), office.ready()
    office.connect(4)
    office.handing.hand_on()
    assert taken_up(quick) == []
    say_ready(starting.far)
    office.handing.hand_on()
    assert len(taken_up(quick)) == len(taken_up(starting)) == 2


def test_a_worker_that_fails_to_start_does_not_keep_the_others_waiting(office):
    failing, running = office.starting(), office.ready()
    clients = office.connect(4)
    office.handing.hand_on()
    office.handing.close(failing)
    office.handing.hand_on()
    assert taken_up(running) == clients


def test_a_worker_that_starts_later_gets_nothing_before_it_is_ready(office):
    running = office.ready()
    office.handing.hand_on()
    starting = office.starting()
    clients = office.connect(4)
    office.handing.hand_on()
    assert taken_up(running) == clients
    assert taken_up(starting) == []


def test_a_worker_that_stops_gets_no_more(office):
    stopping, running = office.ready(), office.ready()
    office.connect(2)
    office.handing.hand_on()
    assert len(taken_up(stopping)) == len(taken_up(running)) == 1
    say_stopping(stopping.far)
    clients = office.connect(3)
    office.handing.hand_on()
    assert taken_up(stopping) == []
    assert taken_up(running) == clients


def test_what_a_dead_worker_had_not_taken_up_goes_to_the_others(office):
    dead, living = office.ready(), office.ready()
    clients = office.connect(4)
    office.handing.hand_on()
    office.handing.close(dead)
    assert office.handing.is_full
    office.handing.hand_on()
    assert not office.handing.is_full
    assert sorted(taken_up(living)) == sorted(clients)


def test_what_the_last_worker_had_not_taken_up_waits_for_its_replacement(office):
    dead = office.ready()
    clients = office.connect(2)
    office.handing.hand_on()
    office.handing.close(dead)
    office.handing.hand_on()
    replacement = office.ready()
    assert office.handing.awaited() == [replacement.fileno()]
    office.handing.hand_on()
    assert taken_up(replacement) == clients


def test_a_channel_that_is_full_refuses_and_loses_nothing(office):
    channel = office.starting()
    clients = []
    while len(clients) < N_MORE_THAN_A_CHANNEL_HOLDS:
        clients += office.connect(1)
        connection, _ = office.listener.accept()
        if not channel.hand(connection):
            break
    with connection:
        assert connection.getpeername() == clients.pop()
    assert 0 < len(clients) < N_MORE_THAN_A_CHANNEL_HOLDS
    assert taken_up(channel) == clients


def test_while_the_workers_are_full_no_more_is_accepted(office):
    worker = office.ready()
    office.handing.hand_on()
    while not office.handing.is_full:
        office.connect(1)
        office.handing.hand_on()
    assert office.handing.awaited() == [worker.fileno()]
    taken_up(worker)
    office.handing.hand_on()
    assert len(taken_up(worker)) == 1
    assert office.handing.awaited() == [worker.fileno(), office.listener.fileno()]


def test_a_worker_learns_that_the_parent_is_no_more():
    near, far = socket.socketpair()
    far.setblocking(False)
    near.close()
    with far, pytest.raises(EOFError):
        next(received(far))
