"""Which type of index suits how many vectors: pure policy, no FAISS.

The figures behind each rule, and where they come from, are in `docs/vectors.md`.
"""

import math
from dataclasses import dataclass, replace
from typing import Literal

from codeintel.errors import ConfigurationError

Kind = Literal["flat", "ivf_pq"]

# Below this many vectors nothing is trained, whatever their dimension.
_ALWAYS_FLAT = 5_000
# Up to this many values (vectors times dimension) an exact scan of half floats takes 0.3 ms, about
# as long as a search by codes.
_FLAT_VALUES = 4_000_000
# From this dimension on one bit a value is enough before re-scoring; below it takes two.
_ONE_BIT_DIM = 1_024
# What fast scan reads: each group of values is one code of four bits, and codes lie in blocks.
_CODE_BITS = 4
_BLOCK_CODES = 32
_MIN_LISTS = 64
_TRAINING_ROWS_A_LIST = 64
_ID_BYTES = 8


@dataclass(frozen=True, slots=True)
class VectorOptions:
    """What the owner of a vector index decides.

    Attributes
    ----------
    memory_budget_bytes
        What the index may keep resident, original vectors on disk not counted; None for any.
    recall_target
        Share of the exact ten best that an approximate search has to find, on held-out queries.
    secondary
        Whether changes go to a secondary index first. Without it each change rebuilds the primary.
    merge_min
        Number of changes (vectors in the secondary, and tombstones) below which no merge is due.
    merge_ratio
        Share of the primary that may have changed before a merge is due.
    build_threads
        Threads of training and building; 0 means half the cores, so that searches go on.
    search_threads
        Threads of one search. One, because searches run beside each other.
    seed
        Seed of every random choice: same input, same index.
    """

    memory_budget_bytes: int | None = None
    recall_target: float = 0.98
    secondary: bool = True
    merge_min: int = 10_000
    merge_ratio: float = 0.1
    build_threads: int = 0
    search_threads: int = 1
    seed: int = 1234

    def __post_init__(self) -> None:
        for name in ("merge_min", "merge_ratio", "build_threads", "memory_budget_bytes"):
            value = getattr(self, name)
            if value is not None and not value >= 0:  # neither negative nor NaN
                raise ConfigurationError(f"{name} is {value}; it is 0 or more.")
        if self.search_threads < 1:
            raise ConfigurationError(f"search_threads is {self.search_threads}; at least 1.")
        if not 0.5 <= self.recall_target <= 1.0:
            raise ConfigurationError(f"recall_target is {self.recall_target}; it is 0.5 to 1.")


@dataclass(frozen=True, slots=True)
class Plan:
    """Type and parameters of a primary index, and why they were chosen.

    Attributes
    ----------
    kind
        ``flat``: exact scan of the originals; ``ivf_pq``: lists of product quantizer codes, the
        best of which are scored again with the originals.
    n_lists
        Number of inverted lists; 0 where there are none.
    bits
        Bits a value in the codes; 0 where there are none.
    n_training
        Number of vectors that the lists' centres are trained on.
    n_probe
        Lists that a search reads, chosen at build time; 0 before.
    n_candidates
        Hits by code that are scored again when ten are asked for, chosen at build time.
    """

    kind: Kind
    n: int
    dim: int
    reason: str
    n_lists: int = 0
    bits: int = 0
    n_training: int = 0
    n_probe: int = 0
    n_candidates: int = 0

    @property
    def factory(self) -> str:
        """FAISS's name of the index; a code of four bits stands for `4 / bits` values."""
        if self.kind == "flat":
            return "Flat"
        return f"IVF{self.n_lists},PQ{self.dim * self.bits // _CODE_BITS}x{_CODE_BITS}fs"

    def __str__(self) -> str:
        if self.kind == "flat":
            return f"exact scan, {self.n} x {self.dim} ({self.reason})"
        return (
            f"{self.factory}, {self.n} x {self.dim}, probes {self.n_probe},"
            f" re-scores {self.n_candidates} ({self.reason})"
        )


@dataclass(frozen=True, slots=True)
class MemoryEstimate:
    """Bytes of a primary index by part.

    Attributes
    ----------
    originals_bytes
        The vectors in half precision, on disk, mapped.
    ids_bytes
        The ids, on disk, mapped.
    codes_bytes
        Codes and centres, on disk and in the memory of each process that searches.
    """

    originals_bytes: int
    ids_bytes: int
    codes_bytes: int

    @property
    def disk_bytes(self) -> int:
        """All of it."""
        return self.originals_bytes + self.ids_bytes + self.codes_bytes

    @property
    def resident_bytes(self) -> int:
        """What a search has to find in memory to be fast."""
        return self.codes_bytes + self.ids_bytes if self.codes_bytes else self.disk_bytes


def choose_plan(n: int, dim: int, options: VectorOptions) -> Plan:
    """Choose the primary index for `n` vectors of `dim` values."""
    if n < _ALWAYS_FLAT:
        return Plan("flat", n, dim, f"fewer than {_ALWAYS_FLAT} vectors")
    if n * dim <= _FLAT_VALUES:
        plan = Plan("flat", n, dim, f"at most {_FLAT_VALUES:.0e} values are scanned as fast")
        if _fits(plan, options):
            return plan
    if dim >= _ONE_BIT_DIM:
        plan = _coded(n, dim, 1, f"1 bit a value from dimension {_ONE_BIT_DIM}")
    else:
        plan = _coded(n, dim, 2, f"2 bits a value below dimension {_ONE_BIT_DIM}")
    if not _fits(plan, options):
        reason = f"the smallest codes, for a budget of {options.memory_budget_bytes} bytes"
        plan = _coded(n, dim, 1, reason)
    return plan


def _coded(n: int, dim: int, bits: int, reason: str) -> Plan:
    """Plan codes of so many bits a value, or of more where groups of values do not divide them."""
    while dim * bits % _CODE_BITS:
        bits *= 2
    return _with_lists(Plan("ivf_pq", n, dim, reason, bits=bits))


def _with_lists(plan: Plan) -> Plan:
    """Choose the number of lists: the square root of the number of vectors."""
    n_lists = max(_MIN_LISTS, round(math.sqrt(plan.n)))
    n_training = min(plan.n, n_lists * _TRAINING_ROWS_A_LIST)
    return replace(plan, n_lists=n_lists, n_training=n_training)


def _fits(plan: Plan, options: VectorOptions) -> bool:
    """Tell whether a plan keeps within the memory budget."""
    budget = options.memory_budget_bytes
    return budget is None or estimate_bytes(plan).resident_bytes <= budget


def estimate_bytes(plan: Plan) -> MemoryEstimate:
    """Compute the size of an index from its plan."""
    codes = 0
    if plan.kind != "flat":
        # A list's last block is half empty on average; the centres of groups are as many again as
        # those of 16 lists.
        bytes_a_code = math.ceil(plan.dim * plan.bits / 8)
        centres = (plan.n_lists + 2**_CODE_BITS) * plan.dim * 4
        codes = plan.n * (bytes_a_code + _ID_BYTES) + centres
        codes += plan.n_lists * _BLOCK_CODES // 2 * bytes_a_code
    return MemoryEstimate(plan.n * plan.dim * 2, plan.n * _ID_BYTES, codes)


def candidates_for(plan: Plan, k: int) -> int:
    """Give the number of hits by code to score again when `k` are asked for."""
    return max(plan.n_candidates, k) + 4 * max(0, k - 10)


def merge_is_due(n_primary: int, n_secondary: int, n_dead: int, options: VectorOptions) -> bool:
    """Tell whether so much has changed since the primary was built that it should be built anew."""
    changed = n_secondary + n_dead
    if not options.secondary:
        return changed > 0
    return changed > max(options.merge_min, options.merge_ratio * n_primary)
