import pytest

from codeintel.errors import ConfigurationError
from codeintel.index.vector_plan import (
    VectorOptions,
    candidates_for,
    choose_plan,
    estimate_bytes,
    merge_is_due,
)


@pytest.mark.parametrize("dim", [256, 768, 2560, 4096])
def test_below_5000_vectors_nothing_is_trained(dim: int) -> None:
    assert choose_plan(4_999, dim, VectorOptions()).kind == "flat"


@pytest.mark.parametrize(
    ("n", "dim", "kind", "bits"),
    [
        (0, 256, "flat", 0),
        (15_000, 256, "flat", 0),
        (20_000, 256, "ivf_pq", 2),
        (20_000, 2560, "ivf_pq", 1),
        (100_000, 256, "ivf_pq", 2),
        (100_000, 2560, "ivf_pq", 1),
        (1_000_000, 256, "ivf_pq", 2),
    ],
)
def test_the_plan_follows_number_and_dimension(n: int, dim: int, kind: str, bits: int) -> None:
    plan = choose_plan(n, dim, VectorOptions())
    assert (plan.kind, plan.bits) == (kind, bits)


@pytest.mark.parametrize(("dim", "bits"), [(254, 2), (255, 4), (257, 4), (1_026, 2), (1_025, 4)])
def test_codes_take_more_bits_where_groups_of_values_do_not_divide_them(
    dim: int, bits: int
) -> None:
    plan = choose_plan(200_000, dim, VectorOptions())
    assert plan.bits == bits
    assert plan.factory == f"IVF447,PQ{dim * bits // 4}x4fs"


@pytest.mark.parametrize("n", [100_000, 1_000_000, 5_000_000])
def test_lists_are_about_the_root_and_well_trained(n: int) -> None:
    plan = choose_plan(n, 256, VectorOptions())
    assert plan.n_lists == pytest.approx(n**0.5, rel=0.01)
    assert 39 * plan.n_lists <= plan.n_training <= n


def test_a_small_budget_takes_the_smallest_codes() -> None:
    options = VectorOptions(memory_budget_bytes=60_000_000)
    plan = choose_plan(1_000_000, 256, options)
    assert plan.bits == 1
    assert estimate_bytes(plan).resident_bytes < 60_000_000
    assert "budget" in plan.reason


def test_100k_of_2560_take_less_than_an_eighth_of_their_floats() -> None:
    estimate = estimate_bytes(choose_plan(100_000, 2560, VectorOptions()))
    assert estimate.resident_bytes < 100_000 * 2560 * 4 / 8


def test_more_results_need_more_candidates() -> None:
    plan = choose_plan(100_000, 256, VectorOptions())
    assert candidates_for(plan, 10) <= candidates_for(plan, 100)
    assert candidates_for(plan, 100) >= 400


@pytest.mark.parametrize(
    ("primary", "secondary", "dead", "due"),
    [
        (0, 10_000, 0, False),
        (0, 10_001, 0, True),
        (1_000_000, 60_000, 40_000, False),
        (1_000_000, 60_000, 40_001, True),
    ],
)
def test_a_merge_is_due_past_a_number_and_a_share(
    primary: int, secondary: int, dead: int, due: bool
) -> None:
    assert merge_is_due(primary, secondary, dead, VectorOptions()) is due


def test_without_a_secondary_every_change_is_due() -> None:
    assert merge_is_due(1_000_000, 1, 0, VectorOptions(secondary=False))
    assert not merge_is_due(1_000_000, 0, 0, VectorOptions(secondary=False))


@pytest.mark.parametrize(
    "bad",
    [{"merge_min": -1}, {"merge_ratio": -0.1}, {"search_threads": 0}, {"recall_target": 1.5}],
)
def test_impossible_options_are_named(bad: dict[str, int]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(bad))):
        VectorOptions(**bad)  # type: ignore[arg-type]
