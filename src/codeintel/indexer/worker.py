"""A worker process: prepares files that come in on standard input.

Each message is a 4-byte big-endian length and that many bytes of msgpack: a list of tasks in, an
`Answer` out. A process of its own rather than `multiprocessing`, so that nothing is
forked from a large process and a program that uses the Python API needs no main guard.
"""

import gc
import os
import resource
import signal
import struct
import sys
from typing import BinaryIO

import msgspec

from codeintel.indexer.prepare import Prepared, Task, prepare

_COLLECT_EVERY = 100_000
_LENGTH = struct.Struct(">I")
_MAXRSS_BYTES = 1 if sys.platform == "darwin" else 1024


class Answer(msgspec.Struct, frozen=True):
    """Prepared files, and the highest memory of the process so far."""

    prepared: list[Prepared]
    peak_memory_bytes: int


def peak_memory_bytes() -> int:
    """Give the highest memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _MAXRSS_BYTES


def write_message(stream: BinaryIO, data: bytes) -> None:
    """Write one message."""
    stream.write(_LENGTH.pack(len(data)))
    stream.write(data)
    stream.flush()


def read_message(stream: BinaryIO) -> bytes | None:
    """Read one message; None at the end of the stream, also in the middle of a message."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    data = stream.read(length)
    return data if len(data) == length else None


def main() -> None:
    """Prepare files until standard input ends."""
    os.nice(5)
    # Preparing leaves next to no cycles, and syntax trees have many nodes to look through.
    gc.freeze()
    gc.set_threshold(_COLLECT_EVERY)
    # Ctrl-C reaches all processes of a terminal; the one that started this one ends it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    output = os.fdopen(os.dup(1), "wb")
    # Whatever a library prints must not get between the messages.
    os.dup2(2, 1)
    decoder = msgspec.msgpack.Decoder(list[Task])
    encoder = msgspec.msgpack.Encoder()
    while (message := read_message(sys.stdin.buffer)) is not None:
        prepared = [prepare(task) for task in decoder.decode(message)]
        write_message(output, encoder.encode(Answer(prepared, peak_memory_bytes())))


if __name__ == "__main__":
    main()
