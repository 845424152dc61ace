"""Which type of index suits how many vectors: pure policy, no FAISS."""

from dataclasses import dataclass
from typing import Literal

from codeintel.errors import ConfigurationError

Kind = Literal["flat"]


@dataclass(frozen=True, slots=True)
class VectorOptions:
    """What the owner of a vector index decides.

    Attributes
    ----------
    secondary
        Whether changes go to a secondary index first. Without it each change rebuilds the primary.
    merge_min
        Number of changes (vectors in the secondary, and tombstones) below which no merge is due.
    merge_ratio
        Share of the primary that may have changed before a merge is due.
    build_threads
        Threads of training and building; 0 means one a core.
    search_threads
        Threads of one search. One, because searches run beside each other.
    seed
        Seed of every random choice: same input, same index.
    """

    secondary: bool = True
    merge_min: int = 10_000
    merge_ratio: float = 0.1
    build_threads: int = 0
    search_threads: int = 1
    seed: int = 1234

    def __post_init__(self) -> None:
        if self.merge_min < 0 or self.merge_ratio < 0 or min(self.build_threads, 0) < 0:
            raise ConfigurationError(f"A negative number in {self}.")
        if self.search_threads < 1:
            raise ConfigurationError(f"search_threads is {self.search_threads}; at least 1.")


@dataclass(frozen=True, slots=True)
class Plan:
    """Type and parameters of a primary index, and why they were chosen."""

    kind: Kind
    n: int
    dim: int
    reason: str


def choose_plan(n: int, dim: int) -> Plan:
    """Choose the primary index for `n` vectors of `dim` values."""
    return Plan("flat", n, dim, f"{n} vectors are scanned exactly in no time")


def merge_is_due(n_primary: int, n_secondary: int, n_dead: int, options: VectorOptions) -> bool:
    """Tell whether so much has changed since the primary was built that it should be built anew."""
    changed = n_secondary + n_dead
    if not options.secondary:
        return changed > 0
    return changed > max(options.merge_min, options.merge_ratio * n_primary)
