from difflib import SequenceMatcher, get_close_matches

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeintel.search.symbols import NameTable, match_names

LETTERS = st.text("abcABC_1éſKßİı\ud800", max_size=6)


def rung_of(query: str, name: str) -> float:
    """The rungs as the documentation has them, for one name."""
    folded, lower = query.lower(), name.lower()
    smart = query != folded
    if name == query:
        return 1.0
    if lower == folded:
        return 0.95
    if lower.startswith(folded):
        return 0.8 if name.startswith(query) or not smart else 0.7
    rest = name
    for letter in query:
        at = rest.find(letter) if letter.isupper() else rest.lower().find(letter)
        if at < 0:
            return 0.0
        rest = rest[at + 1 :]
    if folded in lower:
        return 0.6 if query in name or not smart else 0.5
    return 0.4 if lower[0] == folded[0] else 0.0


@given(
    st.text("abcABC_1", min_size=1, max_size=4),
    st.lists(st.text("abcABC_1", min_size=1, max_size=6), max_size=8, unique=True),
)
def test_looking_only_at_names_that_can_match_misses_none(query, names):
    found = match_names(query, NameTable(names)).scores
    for name in names:
        score = found.get(name, 0.0)
        assert score >= rung_of(query, name)
        if score - rung_of(query, name) > 0.051:  # humps come on top
            assert 0.7 <= score <= 0.75 or not any(rung_of(query, other) for other in names)


@given(LETTERS.filter(bool), st.lists(LETTERS.filter(bool), max_size=8))
def test_any_letters_can_be_looked_for(query, names):
    assert match_names(query, NameTable(names)).scores.keys() <= set(names)


@given(LETTERS.filter(bool), st.lists(LETTERS.filter(bool), max_size=8, unique=True))
def test_no_name_that_is_alike_enough_is_left_out(query, names):
    folded = query.lower()
    table = NameTable(names)
    every = get_close_matches(query, names, n=5)
    assert get_close_matches(query, table.alike(folded, 0.6), n=5) == every
    kept = table.alike(folded, 0.75, 2)
    for name in set(names).difference(kept):
        ratio = SequenceMatcher(None, name.lower(), folded, autojunk=False).ratio()
        assert ratio < 0.75 or abs(len(name) - len(folded)) > 2


@given(
    st.text("abcdéß_", min_size=4, max_size=7),
    st.lists(st.text("abcdéß_", min_size=2, max_size=9), max_size=8, unique=True),
)
def test_all_names_with_a_typo_are_found_where_none_matches(query, names):
    found = match_names(query, NameTable(names)).scores
    ratios = {
        name: SequenceMatcher(None, name.lower(), query.lower(), autojunk=False).ratio()
        for name in names
        if abs(len(name) - len(query)) <= 2
    }
    if max(found.values(), default=0.0) <= 0.3:  # none is on a better rung
        wanted = {name: 0.3 * ratio for name, ratio in ratios.items() if ratio >= 0.75}
        assert found == pytest.approx(wanted)


def test_no_name_has_a_zero_byte():
    table = NameTable(("add", "sub"))
    assert match_names("add\0sub", table).scores == {}
    assert match_names("\0", table).scores == {}


def test_names_are_found_by_their_parts():
    table = NameTable(["parse_url", "render", "URLParser", "größe", "_parse_url", "pull_up"])
    assert table.in_order("purl") == ["parse_url"]
    assert table.with_initials("pu") == ["_parse_url", "parse_url", "pull_up"]
    assert table.holding("url") == ["_parse_url", "parse_url", "URLParser"]
    assert NameTable([]).in_order("x") == NameTable([]).holding("x") == []


def test_letters_in_order_are_left_out_where_enough_names_match_better():
    table = NameTable([f"load_{n}" for n in range(60)] + ["let_old_ad"])
    found = match_names("load", table, most=500)
    assert "let_old_ad" not in found.scores
    assert not found.complete
    assert match_names("load", table).complete


@given(LETTERS.filter(bool), st.lists(LETTERS.filter(bool), max_size=8, unique=True))
def test_a_limit_keeps_the_best(query, names):
    table = NameTable(names)
    everything = match_names(query, table).scores
    few = match_names(query, table, most=2).scores
    best = sorted(everything.values(), reverse=True)[:2]
    assert sorted(few.values(), reverse=True)[:2] == best


def test_the_rungs_are_ordered():
    names = ["user", "User", "user_name", "underSeaEchoRoom", "superuser", "unsteadier", "usre"]
    scores = match_names("user", NameTable(names)).scores
    assert sorted(scores, key=scores.__getitem__, reverse=True) == names[:-1]
    assert list(match_names("usrename", NameTable(["username", "other"])).scores) == ["username"]
