"""Gives up what nobody waits for any more."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from starlette.types import Receive

from codeintel.server.outcome import Outcome


async def while_connected(call: Coroutine[Any, Any, Outcome], receive: Receive) -> Outcome | None:
    """Await a call whose request was read to its end.

    When the client hangs up, the call is given up, and the outcome is None.
    """
    task = asyncio.create_task(call)
    gone = asyncio.ensure_future(receive())
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else None
    finally:
        gone.cancel()
        task.cancel()
