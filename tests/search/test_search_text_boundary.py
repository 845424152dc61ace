"""The automaton for Unicode word boundaries, beside Python's own engine."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeintel.errors import InvalidPatternError
from codeintel.search.text_boundary import BoundaryMatcher
from codeintel.search.text_parser import parse_regex

PATTERNS = [
    r"\bé", r"é\b", r"\B日\B", r"\b\w+\b", r"\b(a|ab)(c|bcd)?\b", r"\ba+?b", r"a*\b", r"\b",
    r"a?\B", r"(\bé|日)+", r"\b.*\b", r"\b.*?é", r"^\bé|_$", r"(a|é\b)*_", r"\b[^a]{2}",
    r"x{1,3}\b", r"\ba{2}",
]  # fmt: skip


def matcher(pattern: str) -> BoundaryMatcher:
    node = parse_regex(pattern, ignore_case=False).node
    return BoundaryMatcher(node, "", crlf=False)


def expected(pattern: str, text: str) -> list[tuple[int, int]]:
    """Give Python's matches but for empty ones right after another one."""
    spans = [match.span() for match in re.finditer(pattern, text, re.MULTILINE)]
    after = [True, *(a[1] < b[0] or b[0] < b[1] for a, b in pairwise(spans))]
    return [span for span, kept in zip(spans, after, strict=True) if kept] if spans else []


@pytest.mark.parametrize("pattern", PATTERNS)
@given(text=st.text("aabcdxé日_ -\n", min_size=1, max_size=30))
def test_matches_are_those_of_a_backtracking_engine(pattern: str, text: str) -> None:
    automaton = matcher(pattern)
    assert list(automaton.spans(text)) == expected(pattern, text)
    assert automaton.matches(text) == bool(expected(pattern, text))


def test_many_matches_that_each_could_go_on_to_the_end_are_found() -> None:
    text = "é " * 50_000
    assert len(list(matcher(r"\bé.*日|\bé").spans(text))) == 50_000


def test_a_time_that_is_over_ends_the_search() -> None:
    with pytest.raises(TimeoutError):
        list(matcher(r"\bé").spans("é", deadline=0))


def test_repetitions_that_unfold_without_bound_are_refused() -> None:
    with pytest.raises(InvalidPatternError, match="repetitions"):
        matcher(r"(\b(a{100}){100}){100}")


def test_a_line_may_end_in_two_characters() -> None:
    node = parse_regex(r"é\b$", ignore_case=False).node
    assert list(BoundaryMatcher(node, "\r\n", crlf=True).spans("é\r\né\n")) == [(0, 1), (3, 4)]
