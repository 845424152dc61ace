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
    task, gone = asyncio.current_task(), False
    assert task

    async def watch() -> None:
        nonlocal gone
        await receive()
        gone = True
        task.cancel()

    # The call has no task of its own: this is done for every request.
    watcher = asyncio.create_task(watch())
    try:
        return await call
    except asyncio.CancelledError:
        if gone and not task.uncancel():
            return None
        raise
    finally:
        watcher.cancel()
