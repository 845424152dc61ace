"""Serves one client over standard input and output."""

import asyncio
from typing import TYPE_CHECKING

from mcp.server.stdio import stdio_server

from codeintel.server.calls import Calls
from codeintel.server.door import Door, DoorOptions
from codeintel.server.protocol import build_server

if TYPE_CHECKING:
    from codeintel.api import CodeIntel


def run_stdio(codeintel: "CodeIntel", options: DoorOptions | None = None) -> None:
    """Serve until the client closes standard input; log lines go to standard error."""
    asyncio.run(_serve(codeintel, options))


async def _serve(codeintel: "CodeIntel", options: DoorOptions | None) -> None:
    door = Door(options)
    try:
        server = build_server(Calls(codeintel, door))
        async with stdio_server() as (read, write):
            await server.run(read, write, server.create_initialization_options())
    finally:
        door.close()
