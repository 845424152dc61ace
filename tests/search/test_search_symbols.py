from hypothesis import given
from hypothesis import strategies as st

from codeintel.search.symbols import NameTable, match_names

LETTERS = st.text("abcABC_1éſKßİı\ud800", max_size=6)


class EveryName(NameTable):
    """Looks at all names."""

    def with_letters_of(self, query):
        return list(self.names)


@given(LETTERS.filter(bool), st.lists(LETTERS.filter(bool), max_size=8))
def test_looking_only_at_names_with_the_letters_misses_none(query, names):
    assert match_names(query, NameTable(names)) == match_names(query, EveryName(names))


def test_letters_narrow_down():
    table = NameTable(["parse_url", "render", "URLParser", "größe"])
    assert table.with_letters_of("purl") == ["parse_url", "URLParser", "größe"]
    assert NameTable([]).with_letters_of("x") == []
