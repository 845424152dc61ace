"""Answers that may cost less are cheaper, and say so."""

import pytest

from codeintel import CodeIntel
from codeintel.config import Settings
from codeintel.effort import Effort, Wish, wished
from codeintel.errors import DeadlineExceededError
from codeintel.types import Scope
from repositories import SHOP, GitRepository


@pytest.fixture(scope="module")
def code(tmp_path_factory):
    folder = tmp_path_factory.mktemp("effort")
    repository = GitRepository(folder / "shop")
    repository.commit({**SHOP, "long.py": "price = 1\n" * 50}, "Open the shop")
    settings = Settings(index_dir=folder / "index", workers=1)
    with CodeIntel(repository.path, settings=settings) as code:
        code.index()
        yield code


def test_a_search_with_less_effort_finds_the_best_and_says_what_it_left_out(code):
    whole = code.semantic_search("retry a failed request")
    assert whole.about[0].notes == ()
    for effort, note in ((Effort.FEWER, "share no word"), (Effort.WORDS, "by words alone")):
        with wished(Wish(effort)):
            cheap = code.semantic_search("retry a failed request")
        assert cheap.hits[0].symbol == whole.hits[0].symbol
        assert note in cheap.about[0].notes[0]


def test_similar_code_with_less_effort_says_so(code):
    with wished(Wish(Effort.FEWER)):
        answer = code.similar_code("shop/cart.py", 3)
    assert "share no word" in answer.about[0].notes[0]


def test_a_text_search_with_less_effort_shows_the_same_and_counts_no_further(code):
    whole = code.search_text("price", limit=5)
    with wished(Wish(Effort.FEWER)):
        cheap = code.search_text("price", limit=5)
    assert cheap.files == whole.files
    assert whole.exhaustive
    assert not cheap.exhaustive
    assert cheap.n_matches <= whole.n_matches


@pytest.mark.parametrize(
    "ask",
    [
        lambda code: code.semantic_search("price"),
        lambda code: code.search_text("price"),
        lambda code: code.symbol_search("shop.cart.Cart"),
        lambda code: code.symbol_search("totel_prise"),
        lambda code: code.definition_at(symbol="no_such_name"),
        lambda code: code.references_at(path="shop/cart.py", line=3, symbol="total_price"),
        lambda code: code.list_paths(scope=Scope(include_globs=("shop/*",))),
        lambda code: code.open_file("shop/no_such_file.py"),
    ],
)
def test_a_question_that_nobody_waits_for_ends(code, ask):
    with wished(Wish(unwanted=True)), pytest.raises(DeadlineExceededError):
        ask(code)


def test_what_is_kept_for_all_is_made_though_nobody_waits_any_more(tmp_path):
    repository = GitRepository(tmp_path / "shop")
    repository.commit(dict(SHOP), "Open the shop")
    settings = Settings(index_dir=tmp_path / "index", workers=1)
    with CodeIntel(repository.path, settings=settings) as code:
        code.index()
        with wished(Wish(unwanted=True)):
            assert code.symbol_search("Cart").symbols[0].path == "shop/cart.py"
