"""What work is told by those who wait for it: how much it may cost, and that nobody waits any more.

Whoever starts the work says so with `wished`; the work asks, in the same thread, where it begins
something costly.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeVar

from codeintel.errors import DeadlineExceededError

T = TypeVar("T")

# Looking at an item takes microseconds, so this is a few milliseconds.
_ITEMS_BETWEEN_CHECKPOINTS = 512


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


@contextmanager
def kept_for_all() -> Iterator[None]:
    """Let work go on to its end whose result is kept: who asked first may go, others will ask."""
    with wished(Wish()):
        yield


def is_unwanted() -> bool:
    """Tell whether nobody waits any more for the work at hand."""
    wish = _wish.get()
    return wish is not None and wish.unwanted


def checkpoint() -> None:
    """End the work at hand if nobody waits for it any more.

    Raises
    ------
    DeadlineExceededError
        The deadline has passed, or the caller is gone.
    """
    if is_unwanted():
        raise DeadlineExceededError("Nobody waits for this answer any more.")


def checked(items: Iterable[T]) -> Iterator[T]:
    """Give items one by one, with a `checkpoint` now and then."""
    for number, item in enumerate(items):
        if number % _ITEMS_BETWEEN_CHECKPOINTS == 0:
            checkpoint()
        yield item
