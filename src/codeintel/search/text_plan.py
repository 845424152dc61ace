"""What a document must hold for a pattern to match in it: the pattern's trigram query.

The analysis is the one of Russ Cox's "Regular Expression Matching with a Trigram Index": for each
part of the pattern, the texts it matches exactly where they are few, else what they begin and end
with, and a condition that holds for all of them.
"""

from dataclasses import dataclass
from functools import reduce

from codeintel.index.trigram import AllOf, AnyOf, Literal, TrigramQuery
from codeintel.index.trigram_fold import fold
from codeintel.search.text_charset import CharSet
from codeintel.search.text_syntax import Alternate, Concat, Look, Node, Repeat

# More alternatives than this say too little to be worth their postings.
_MAX_TEXTS = 48
_MAX_TEXT_CHARS = 200
_MAX_SET_CHARS = 12
_EDGE_CHARS = 8
_EVERYTHING = AllOf()
_ANY_TEXT = frozenset({""})
_Texts = frozenset[str]


@dataclass(frozen=True, slots=True)
class _Facts:
    """What is known of the texts that a part matches.

    Attributes
    ----------
    exact
        All of them, or None where they are too many.
    prefixes, suffixes
        Each text begins with one and ends with one; of `exact` texts, these themselves.
    query
        Holds in every document where the part matches, beside what the texts above say.
    """

    exact: _Texts | None
    prefixes: _Texts
    suffixes: _Texts
    query: TrigramQuery = _EVERYTHING

    def all_known(self) -> TrigramQuery:
        """Give the whole condition."""
        texts = [self.exact] if self.exact is not None else [self.prefixes, self.suffixes]
        return _all([self.query, *map(_any_of, texts)])


def trigram_query(node: Node) -> TrigramQuery:
    """Give the condition that every document with a match meets."""
    return _facts(node).all_known()


def _facts(node: Node) -> _Facts:
    match node:
        case CharSet():
            return _facts_of_set(node)
        case Look():
            return _exactly(_ANY_TEXT)
        case Concat(parts):
            return reduce(_join, map(_facts, parts), _exactly(_ANY_TEXT))
        case Alternate(parts):
            return reduce(_either, map(_facts, parts))
        case Repeat():
            return _facts_of_repeat(node)


def _facts_of_set(charset: CharSet) -> _Facts:
    chars = charset.chars(_MAX_SET_CHARS)
    if not chars:
        return _Facts(None, _ANY_TEXT, _ANY_TEXT)
    return _exactly(frozenset(map(fold, chars)))


def _facts_of_repeat(repeat: Repeat) -> _Facts:
    if repeat.high == 0:
        return _exactly(_ANY_TEXT)
    inner = _facts(repeat.part)
    if repeat.low == 0:
        once = repeat.high == 1 and inner.exact is not None
        return _either(inner, _exactly(_ANY_TEXT)) if once else _Facts(None, _ANY_TEXT, _ANY_TEXT)
    if repeat.low == repeat.high and inner.exact is not None and len(inner.exact) == 1:
        return reduce(_join, [inner] * repeat.low)
    if repeat.high == 1:
        return inner
    return _Facts(None, inner.prefixes, inner.suffixes, inner.all_known())


def _join(first: _Facts, second: _Facts) -> _Facts:
    """Give the facts of two parts that follow each other."""
    if first.exact is not None and second.exact is not None:
        both = _product(first.exact, second.exact)
        if both is not None:
            return _exactly(both)
    across = _product(first.suffixes, second.prefixes)
    if across is None:
        known = [first.all_known(), second.all_known()]
    else:
        known = [first.query, second.query, _any_of(across)]
        known += [_any_of(f.prefixes) for f in (first,) if f.exact is None]
        known += [_any_of(f.suffixes) for f in (second,) if f.exact is None]
    prefixes = first.prefixes
    if first.exact is not None:
        prefixes = _product(first.exact, second.prefixes) or prefixes
    suffixes = second.suffixes
    if second.exact is not None:
        suffixes = _product(first.suffixes, second.exact) or suffixes
    return _Facts(
        None,
        frozenset(text[:_EDGE_CHARS] for text in prefixes),
        frozenset(text[-_EDGE_CHARS:] for text in suffixes),
        _all(known),
    )


def _either(first: _Facts, second: _Facts) -> _Facts:
    """Give the facts of two alternatives."""
    if first.exact is not None and second.exact is not None:
        both = first.exact | second.exact
        if len(both) <= _MAX_TEXTS:
            return _exactly(both)
    prefixes = first.prefixes | second.prefixes
    suffixes = first.suffixes | second.suffixes
    few = len(prefixes) <= _MAX_TEXTS and len(suffixes) <= _MAX_TEXTS
    return _Facts(
        None,
        prefixes if few else _ANY_TEXT,
        suffixes if few else _ANY_TEXT,
        _any([first.all_known(), second.all_known()]),
    )


def _exactly(texts: _Texts) -> _Facts:
    return _Facts(texts, texts, texts)


def _product(first: _Texts, second: _Texts) -> _Texts | None:
    """Join each of the first to each of the second; None where they get too many or too long."""
    if len(first) * len(second) > _MAX_TEXTS:
        return None
    if max(map(len, first), default=0) + max(map(len, second), default=0) > _MAX_TEXT_CHARS:
        return None
    return frozenset(a + b for a in first for b in second)


def _any_of(texts: _Texts) -> TrigramQuery:
    """Ask for one of several texts; short ones ask for nothing."""
    encoded = [text.encode("utf-8", "replace") for text in sorted(texts)]
    if any(len(text) < 3 for text in encoded):
        return _EVERYTHING
    literals = tuple(map(Literal, encoded))
    return literals[0] if len(literals) == 1 else AnyOf(literals)


def _any(parts: list[TrigramQuery]) -> TrigramQuery:
    """Ask for one of several conditions."""
    return _EVERYTHING if _EVERYTHING in parts else AnyOf(tuple(parts))


def _all(parts: list[TrigramQuery]) -> TrigramQuery:
    """Ask for all parts, each once; a text within another one says nothing new."""
    flat: list[TrigramQuery] = []
    for part in parts:
        flat += part.parts if isinstance(part, AllOf) else [part]
    texts = [part.text for part in flat if isinstance(part, Literal)]
    kept = tuple(
        part
        for part in dict.fromkeys(flat)
        if not isinstance(part, Literal)
        or not any(part.text in text for text in texts if text != part.text)
    )
    return kept[0] if len(kept) == 1 else AllOf(kept)
