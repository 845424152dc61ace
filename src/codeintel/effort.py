"""What work is told by those who wait for it: how much it may cost, and that nobody waits any more.

Whoever starts the work says so with `wished`; the work asks, in the same thread, where it begins
something costly.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import IntEnum

from codeintel.errors import DeadlineExceededError


class Effort(IntEnum):
    """How much an answer may cost; each step down is cheaper and says so in the answer."""

    WORDS = 0
    """Search by words alone, without vectors."""
    FEWER = 1
    """Rank only what shares words with the question, and count no totals beyond what is shown."""
    FULL = 2


@dataclass(slots=True)
class Wish:
    """What those who wait for a piece of work want of it; may change while it runs.

    Attributes
    ----------
    spent
        What the work made of it: less than `FULL` only where something was left out.
    """

    effort: Effort = Effort.FULL
    unwanted: bool = False
    spent: Effort = Effort.FULL


_wish: ContextVar[Wish | None] = ContextVar("wish", default=None)


@contextmanager
def wished(wish: Wish) -> Iterator[None]:
    """Tell the work that this thread does meanwhile."""
    token = _wish.set(wish)
    try:
        yield
    finally:
        _wish.reset(token)


def effort() -> Effort:
    """Give how much the work at hand may cost; whoever asks keeps to it."""
    wish = _wish.get()
    if wish is None:
        return Effort.FULL
    wish.spent = min(wish.spent, wish.effort)
    return wish.effort


def spent() -> Effort:
    """Give how much the work at hand has kept to so far."""
    wish = _wish.get()
    return Effort.FULL if wish is None else wish.spent


def checkpoint() -> None:
    """End the work at hand if nobody waits for it any more.

    Raises
    ------
    DeadlineExceededError
        The deadline has passed, or the caller is gone.
    """
    wish = _wish.get()
    if wish is not None and wish.unwanted:
        raise DeadlineExceededError("Nobody waits for this answer any more.")
