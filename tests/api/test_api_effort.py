"""Answers that may cost less are cheaper, and say so."""

import pytest

from codeintel import CodeIntel
from codeintel.config import Settings
from codeintel.effort import Effort, Wish, wished
from codeintel.errors import DeadlineExceededError
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


@pytest.mark.parametrize("ask", [CodeIntel.semantic_search, CodeIntel.search_text])
def test_a_search_that_nobody_waits_for_ends(code, ask):
    with wished(Wish(unwanted=True)), pytest.raises(DeadlineExceededError):
        ask(code, "price")
