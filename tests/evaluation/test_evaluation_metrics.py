import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeintel.config import Settings
from codeintel.errors import InputError
from codeintel.evaluation.metrics import (
    Result,
    Target,
    first_ranks,
    ndcg,
    paired_bootstrap,
    recall,
    reciprocal_rank,
)
from codeintel.evaluation.questions import read_questions
from codeintel.evaluation.runner import evaluate
from repositories import SHOP, GitRepository

PATHS = ["a.py", "b.py", "c.py", "d.py"]
RESULTS = [Result(path, 1, 10) for path in PATHS]


def test_the_best_ranking_scores_one() -> None:
    assert ndcg(RESULTS, [Target("a.py"), Target("b.py")]) == pytest.approx(1.0)


def test_a_later_rank_is_discounted_by_its_logarithm() -> None:
    assert ndcg(RESULTS, [Target("c.py")]) == pytest.approx(1 / math.log2(4))


def test_two_targets_covered_by_one_result_take_one_rank() -> None:
    assert first_ranks(RESULTS, [Target("a.py", 1, 2), Target("a.py", 3, 4)], 10) == [1]


@pytest.mark.parametrize(
    ("target", "covered"),
    [
        (Target("a.py"), True),
        (Target("src/a.py"), True),
        (Target("a.py", 10, 20), True),
        (Target("a.py", 11, 20), False),
        (Target("aa.py"), False),
    ],
)
def test_a_result_covers_a_target_by_path_and_lines(target: Target, covered: bool) -> None:
    assert bool(first_ranks(RESULTS[:1], [target], 10)) is covered


@given(st.permutations(RESULTS), st.sets(st.sampled_from(PATHS), min_size=1))
def test_measures_lie_between_zero_and_one_and_agree_on_nothing_found(
    results: list[Result], paths: set[str]
) -> None:
    targets = [Target(path) for path in sorted(paths)]
    for measure in (ndcg, recall, reciprocal_rank):
        assert 0 < measure(results, targets) <= 1
        assert measure([], targets) == 0


def test_the_bootstrap_tells_a_real_difference_from_none() -> None:
    before = {str(n): 0.5 for n in range(20)}
    after = {str(n): 0.6 + 0.01 * (n % 3) for n in range(20)}
    mean, low, high = paired_bootstrap(after, before)
    assert 0 < low < mean < high
    noisy = {str(n): 0.5 + (0.1 if n % 2 else -0.1) for n in range(20)}
    _, low, high = paired_bootstrap(noisy, before)
    assert low < 0 < high


def test_questions_are_asked_and_scored(
    shop: GitRepository, settings: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "questions.json"
    queries = [
        {"query": "send a request again", "relevant": ["shop/retry.py"], "category": "meaning"},
        {"query": "total_price", "relevant": ["shop/prices.py"], "category": "name"},
    ]
    file.write_text(json.dumps({"repositories": [{"name": "shop", "queries": queries}]}))
    evaluation = evaluate(read_questions(file), shop.path.parent, settings)
    assert evaluation.overall.n == 2
    assert evaluation.by_category["name"].mrr_10 == 1.0
    assert evaluation.overall.ndcg_10 == pytest.approx(1.0)
    assert {r.path for r in evaluation.run["shop"]["total_price"]} <= set(SHOP)


@pytest.mark.parametrize("text", ["", "[]", '{"repositories": [{"name": 1}]}'])
def test_a_malformed_question_file_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "questions.json"
    file.write_text(text)
    with pytest.raises(InputError, match=r"questions\.json"):
        read_questions(file)
    with pytest.raises(InputError, match=r"missing\.json"):
        read_questions(tmp_path / "missing.json")
