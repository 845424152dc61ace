"""How a long run tells where it stands."""

from collections.abc import Callable

from msgspec import Struct


class Progress(Struct, frozen=True):
    """A stage of the run, with the number of items done and in all (0 where not known yet)."""

    stage: str
    done: int
    total: int


ProgressCallback = Callable[[Progress], None]
