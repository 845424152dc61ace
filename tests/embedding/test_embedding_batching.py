"""Packing: every text once, in order, within both bounds."""

from hypothesis import given
from hypothesis import strategies as st

from codeintel.embedding.batching import TokenEstimate, n_bytes, pack, surely_fits


@given(
    st.lists(st.text(max_size=60), max_size=60),
    st.integers(1, 9),
    st.integers(1, 60),
)
def test_each_text_is_packed_once_in_order_within_the_bounds(
    texts: list[str], max_texts: int, max_tokens: int
) -> None:
    estimate = TokenEstimate()
    batches = list(pack(texts, estimate, max_texts=max_texts, max_tokens=max_tokens))
    assert [i for batch in batches for i in batch] == list(range(len(texts)))
    for batch in batches:
        assert 1 <= len(batch) <= max_texts
        tokens = sum(estimate.n_tokens(texts[i]) for i in batch)
        assert tokens <= max_tokens or len(batch) == 1


@given(st.text(st.characters(exclude_categories=())))
def test_bytes_are_counted_for_any_text(text: str) -> None:
    assert n_bytes(text) == len(text.encode("utf-8", "replace"))
    assert surely_fits(text, n_bytes(text) + 8)
    assert not surely_fits(text, n_bytes(text) + 7)


def test_the_estimate_approaches_what_the_server_counts() -> None:
    estimate = TokenEstimate()
    text = "x" * 600
    for _ in range(100):
        estimate.learn([text], 100)
    assert 100 <= estimate.n_tokens(text) <= 102


def test_a_server_that_does_not_count_teaches_nothing() -> None:
    estimate = TokenEstimate()
    estimate.learn(["some text"], 0)
    assert estimate.n_tokens("x" * 300) == TokenEstimate().n_tokens("x" * 300)
