"""Exact text search against ripgrep, over generated and hand-picked patterns."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from text_corpora import all_pages, make_part, matches, ripgrep, write_tree

from codeintel.search.text_corpus import RepositoryText
from codeintel.search.text_pattern import TextQuery

ALPHABET = "aabbccAB__  .-(1é9ßKKſsS日ñ\t"
ATOMS = ["a", "b", "c", "A", "B", "_", " ", "1", "é", "ß", "K", "s", "S", "日", r"\.", r"\("]
CLASSES = [".", r"\w", r"\d", r"\s", r"\W", r"\S", r"\D", r"\pL", r"\p{Lu}", "[ab]", "[^a]"]
CLASSES += ["[a-c1]", r"[^\w]", "[é日]", "[[:alpha:]]", r"[\w&&[^a]]", r"[^\W_]", r"\p{Greek}"]
CLASSES += [r"\x61", r"[ \t]", r"[\w--\d]", r"[^[:^alpha:]]", r"\u{e9}", r"\p{Uppercase_Letter}"]
ASSERTIONS = [r"\b", r"\B", "^", "$", r"\<", r"\>", r"\b{start-half}", r"\b{end}"]
REPEATS = ["*", "+", "?", "{2}", "{1,3}", "*?", "+?", "{0,2}", "{2,}"]

PICKED = [
    "foo", "FOO", r"\bfoo\b", "^$", "^", "$", ".", ".*", "", "()", "a|", "(?i)straße", "(?i)k",
    "(?-i)K", "(?x) f o o # comment", "(?s).", "(?U)a+", r"\w+\s\w+", "[^a-z]", r"[\]\-]", "[a&&b]",
    r"\pN", r"\P{L}", r"(?P<name>b)c", "(?<n>b)c", r"a{3}", r"\x{65e5}", "日|本", "é$", r"^\s*$",
    r"\bé", r"é\b", r"\B日\B", "[[:^space:]]", "[a-cß]{2}", r"\t", "(a|ab)(c|bcd)", "(?i)[^K]s",
    r"\.", "[.]", "(?:)", r"x*", "(?m)^b", r"(?i:é)É", r"[\d--1]", "[~~]", "(ab){2,1}", "(", "a)",
    "[z-a]", r"\1", "(?=a)", "*", r"\q", "[", r"\p{Nope}", "(?z)a",
]  # fmt: skip


def make_texts(rnd: random.Random) -> dict[str, str]:
    def line() -> str:
        return "".join(rnd.choice(ALPHABET) for _ in range(rnd.choice([0, 1, 2, 4, 8, 16, 30])))

    texts = {
        f"d{n % 3}/f{n}.txt": "\n".join(line() for _ in range(rnd.randrange(2, 60)))
        + rnd.choice(["x", "x\n", "x\n\n"])
        for n in range(6)
    }
    texts["long.txt"] = "".join(rnd.choice(ALPHABET) for _ in range(20_000)) + "\nab\n"
    texts["words.txt"] = "foo foo_bar Foo éfoo fooé foo-bar\nSTRASSE Straße\n日本 foo日\n"
    return texts


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> tuple[RepositoryText, Path]:
    folder = tmp_path_factory.mktemp("texts")
    texts = make_texts(random.Random(5))
    return make_part(folder / "index", texts), write_tree(folder / "tree", texts)


class Patterns:
    """Makes up regular expressions."""

    def __init__(self, rnd: random.Random) -> None:
        self._rnd = rnd

    def alternatives(self, depth: int = 2) -> str:
        n = self._rnd.choice([1, 1, 1, 2, 3])
        return "|".join(self._sequence(depth) for _ in range(n))

    def _sequence(self, depth: int) -> str:
        return "".join(self._repeated(depth) for _ in range(self._rnd.choice([1, 2, 2, 3, 4])))

    def _repeated(self, depth: int) -> str:
        chance = self._rnd.random()
        if chance < 0.1:
            return self._rnd.choice(ASSERTIONS)
        atom = self._atom(depth)
        return atom if chance < 0.75 else atom + self._rnd.choice(REPEATS)

    def _atom(self, depth: int) -> str:
        chance = self._rnd.random()
        if chance < 0.5 or not depth:
            return self._rnd.choice(ATOMS)
        if chance < 0.7:
            return self._rnd.choice(CLASSES)
        return self._rnd.choice(["(", "(?i:", "(?s:", "(?:"]) + self.alternatives(depth - 1) + ")"


def generated(seed: int, n: int) -> Iterator[TextQuery]:
    rnd = random.Random(seed)
    patterns = Patterns(rnd)
    lines = [line for text in make_texts(random.Random(5)).values() for line in text.split("\n")]
    for _ in range(n):
        regex = rnd.random() < 0.75
        line = rnd.choice(lines) or "a"
        start = rnd.randrange(len(line))
        literal = line[start : start + rnd.choice([1, 2, 3, 5, 9])]
        yield TextQuery(
            patterns.alternatives() if regex else literal,
            regex=regex,
            case=rnd.choice(["smart", "ignore", "sensitive"]),
            word=rnd.random() < 0.2,
            multiline=rnd.random() < 0.15,
        )


def assert_same(place: tuple[RepositoryText, Path], query: TextQuery) -> bool:
    """Compare one answer; tells whether ripgrep takes the pattern at all."""
    part, tree = place
    expected = ripgrep(tree, query)
    if expected is None:
        return False
    found = matches(all_pages(part, query))
    assert found.keys() == expected.keys(), query
    if not query.regex and not query.word:
        shown = {place: columns[:20] for place, columns in expected.items()}
        assert found == shown, query
    return True


def test_generated_patterns_find_ripgreps_lines(place: tuple[RepositoryText, Path]) -> None:
    taken = [assert_same(place, query) for query in generated(seed=1, n=400)]
    assert sum(taken) > 380


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 3, 4, 5, 6])
def test_thousands_of_patterns_find_ripgreps_lines(
    place: tuple[RepositoryText, Path], seed: int
) -> None:
    taken = [assert_same(place, query) for query in generated(seed, n=600)]
    assert sum(taken) > 550


@pytest.mark.parametrize("pattern", [pattern for pattern in PICKED if pattern])
@pytest.mark.parametrize("word", [False, True])
def test_picked_patterns_find_ripgreps_lines(
    place: tuple[RepositoryText, Path], pattern: str, word: bool
) -> None:
    assert_same(place, TextQuery(pattern, regex=True, word=word))
    assert_same(place, TextQuery(pattern, regex=False, word=word))


@pytest.mark.parametrize(
    ("pattern", "case"),
    [("foo", "smart"), ("Foo", "smart"), (r"\Sfoo", "smart"), (r"\w", "smart"), ("É", "ignore")],
)
def test_smart_case_is_ripgreps(
    place: tuple[RepositoryText, Path], pattern: str, case: str
) -> None:
    assert assert_same(place, TextQuery(pattern, regex=True, case=case))


@pytest.mark.parametrize(
    "pattern", [r"b\nc", r"a\s+b", r"(?s)a.b", r"\n\n", r"x\z", r"\A\w", r"[^a]_", r"^$\n", r"a\n*"]
)
def test_matches_over_lines_are_ripgreps(place: tuple[RepositoryText, Path], pattern: str) -> None:
    assert assert_same(place, TextQuery(pattern, regex=True, multiline=True))
