"""Hands connections on from the process that listens to the workers, each to the next in turn.

Were each worker to listen itself, the kernel would share connections out by chance (with 100 for
two workers, one has 60 now and then, and its clients wait the longer), and those of a worker that
has died would wait until it is replaced. Here they wait only where no worker at all is ready.
"""

import logging
import socket
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress

logger = logging.getLogger(__name__)

_READY = b"r"
_STOPPING = b"s"
_CONNECTION = b"c"
# Looked after others in between, however many connect.
_AT_ONCE = 64
# After an error that may last, such as too many open files.
_PAUSE_S = 0.1


class Channel:
    """The way by which one worker process gets its connections; the parent has both ends.

    Attributes
    ----------
    far
        The end for the worker.
    ready
        Whether the worker takes connections, as it said last.
    """

    def __init__(self) -> None:
        self._near, self.far = socket.socketpair()
        self._near.setblocking(False)
        self.far.setblocking(False)
        self.ready = False

    def fileno(self) -> int:
        """Give what becomes readable when the worker says something."""
        return self._near.fileno()

    def listen_to_worker(self) -> None:
        """Note whether the worker takes connections."""
        with suppress(BlockingIOError):
            self.ready = self._near.recv(2)[-1:] == _READY

    def hand(self, connection: socket.socket) -> bool:
        """Give the worker a connection; false where it has too many to take up already."""
        try:
            socket.send_fds(self._near, [_CONNECTION], [connection.fileno()])
        except OSError:
            return False
        connection.close()
        return True

    def close(self) -> Iterator[socket.socket]:
        """End the channel of a worker that is no more; gives what it has not taken up."""
        with suppress(EOFError):
            yield from received(self.far)
        self._near.close()
        self.far.close()


class Handing:
    """Accepts connections, and gives each to the next channel that is ready.

    At first it waits until all are, or one has ended: else the quickest would get all who wait.
    """

    def __init__(self, listener: socket.socket) -> None:
        self._began = False
        self._listener = listener
        self._listener.setblocking(False)
        self._channels: deque[Channel] = deque()
        self._kept: deque[socket.socket] = deque()

    def open(self) -> Channel:
        """Make the channel of a new worker."""
        channel = Channel()
        self._channels.append(channel)
        return channel

    def close(self, channel: Channel) -> None:
        """Take back the channel of a worker that is no more, and hand on what waits in it."""
        self._began = True
        self._channels.remove(channel)
        self._kept.extend(channel.close())

    def stop(self) -> None:
        """Accept no more, and drop what no worker could take."""
        self._listener.close()
        while self._kept:
            self._kept.popleft().close()

    @property
    def is_full(self) -> bool:
        """Whether connections are kept that no worker could take; try again soon."""
        return bool(self._kept) and self._hands_on

    def awaited(self) -> list[int]:
        """Give the file descriptors that become readable when there is something to do."""
        channels = [channel.fileno() for channel in self._channels]
        listens = self._hands_on and not self._kept
        return [*channels, self._listener.fileno()] if listens else channels

    def hand_on(self) -> None:
        """Give workers that are ready what has connected."""
        for channel in self._channels:
            channel.listen_to_worker()
        if self._channels and all(channel.ready for channel in self._channels):
            self._began = True
        for _ in range(_AT_ONCE):
            if not (self._hands_on and self._hand_next()):
                return

    @property
    def _hands_on(self) -> bool:
        return self._began and any(channel.ready for channel in self._channels)

    def _hand_next(self) -> bool:
        """Hand on one connection; false where there is none, or nobody takes it."""
        if not self._kept:
            try:
                connection, _ = self._listener.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return False
            except OSError as error:
                logger.error("a connection could not be accepted: %s", error)
                time.sleep(_PAUSE_S)
                return False
            self._kept.append(connection)
        for _ in range(len(self._channels)):
            self._channels.rotate(-1)
            if self._channels[-1].ready and self._channels[-1].hand(self._kept[0]):
                self._kept.popleft()
                return True
        return False


def say_ready(channel: socket.socket) -> None:
    """Tell the parent that this worker accepts connections."""
    channel.sendall(_READY)


def say_stopping(channel: socket.socket) -> None:
    """Tell the parent that this worker takes no more connections."""
    with suppress(OSError):  # The parent is no more.
        channel.sendall(_STOPPING)


def received(channel: socket.socket) -> Iterator[socket.socket]:
    """Give the connections that wait in a channel; blocks for none.

    Raises
    ------
    EOFError
        The parent is no more.
    """
    while True:
        try:
            data, descriptors, _, _ = socket.recv_fds(channel, 1, 1)
        except BlockingIOError:
            return
        if not data:
            raise EOFError
        if not descriptors:
            logger.error("a connection was lost: this process may not have more open files")
        for descriptor in descriptors:
            yield socket.socket(fileno=descriptor)
