"""A module doc."""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Alias = int

MAX_RETRIES = 3
_cache: dict[str, int] = {}

type Pair = tuple[int, int]


@decorated(by="something")
class Server(Base):
    """Serves things.

    For a while.
    """

    port: int = 8000
    LIMIT = 10

    def __init__(self, port):
        self.port = port

    @property
    def address(self) -> str:
        """Host and port."""
        return f"localhost:{self.port}"

    async def _serve(self, *, forever: bool = True):
        def inner(request):
            return request

        return inner

    class Meta:
        ordering = ["x"]


# Sums two numbers.
# Twice.
def add(a, b=os.sep):
    total = a + b
    return total
