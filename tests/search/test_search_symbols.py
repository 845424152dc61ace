from hypothesis import given
from hypothesis import strategies as st

from codeintel.search.symbols import NameTable, match_names

LETTERS = st.text("abcABC_1éſKßİı\ud800", max_size=6)


class EveryName(NameTable):
    """Looks at all names."""

    def candidates(self, query):
        return list(self.names)


@given(LETTERS.filter(bool), st.lists(LETTERS.filter(bool), max_size=8))
def test_looking_only_at_names_that_can_match_misses_none(query, names):
    assert match_names(query, NameTable(names)) == match_names(query, EveryName(names))


def test_only_names_that_can_match_are_looked_at():
    table = NameTable(["parse_url", "render", "URLParser", "größe", "_parse_url", "pull_up"])
    assert table.candidates("purl") == ["parse_url"]
    assert table.candidates("pu") == ["_parse_url", "parse_url", "pull_up"]
    assert NameTable([]).candidates("x") == []


@given(LETTERS.filter(bool), st.lists(LETTERS.filter(bool), max_size=8, unique=True))
def test_a_limit_keeps_the_best(query, names):
    table = NameTable(names)
    everything = match_names(query, table)
    few = match_names(query, table, most=2)
    best = sorted(everything.values(), reverse=True)[:2]
    assert sorted(few.values(), reverse=True)[:2] == best


def test_the_rungs_are_ordered():
    names = ["user", "User", "user_name", "underSeaEchoRoom", "superuser", "unsteadier", "usre"]
    scores = match_names("user", NameTable(names))
    assert sorted(scores, key=scores.__getitem__, reverse=True) == names[:-1]
    assert list(match_names("usrename", NameTable(["username", "other"]))) == ["username"]
