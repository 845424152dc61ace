"""What the groups of questions have in common."""

from codeintel.context import ApplicationContext
from codeintel.errors import InputError
from codeintel.types import Scope

EVERYTHING = Scope()
MAX_LIMIT = 1_000


class Questions:
    """A group of questions about the repositories of a context."""

    _context: ApplicationContext


def positive(name: str, value: int, most: int | None = MAX_LIMIT) -> int:
    """Check a number of items.

    Raises
    ------
    InputError
        It is below 1 or above `most`.
    """
    if value < 1 or (most is not None and value > most):
        allowed = f"1 to {most}" if most else "1 or more"
        raise InputError(f"`{name}` is {value}.", cure=f"It must be {allowed}.")
    return value
