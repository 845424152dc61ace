"""Sends the head and the body of an answer together.

Apart, each of them is a call into the system that wakes the client, who is in time only for the
head, and on a busy machine takes the core while we hold the interpreter's lock.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class GatheringProtocol(HttpToolsProtocol):
    """uvicorn's protocol, writing once for each turn of the event loop."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin a connection."""
        super().connection_made(Gathering(transport))  # type: ignore[arg-type]


class Gathering:
    """A transport that keeps what is written until the event loop turns."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._waiting: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Write at the next turn, or with `close`."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._send)
        self._waiting.append(data)

    def close(self) -> None:
        """Write what waits, and close."""
        self._send()
        self._transport.close()

    def _send(self) -> None:
        if self._waiting:
            self._transport.writelines(self._waiting)
            self._waiting = []
