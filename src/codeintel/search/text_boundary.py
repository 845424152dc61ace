r"""Matches patterns with Unicode word boundaries, which RE2 does not have.

An automaton, built as far as texts lead through it, walks over a text backwards and notes from
where on a match follows; forwards, the preferred way that leads to one is taken. So all matches are
found in linear time. It is only asked about lines that RE2 found to match without their boundaries,
and of those only where letters beyond ASCII, or one-sided boundaries, make RE2's own ``\b`` differ.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntFlag
from functools import cache
from math import inf
from time import monotonic

import re2

from codeintel.errors import InvalidPatternError
from codeintel.search.text_charset import ASCII_WORD, WORD, CharSet
from codeintel.search.text_syntax import Alternate, Concat, Look, Node, Repeat

_MAX_INSTRUCTIONS = 20_000
# More states than this are forgotten and built again as they are needed.
_MAX_STATES = 2_000
# Stands for the carriage return of a line end; no decoded text has half of a surrogate pair.
_LINE_END = "\udc0d"
_EDGE = "\udfff"

# An instruction is the number of a set with the instruction after it, an assertion with the one
# after it, or the instructions to go on with, preferred first; None is the match.
_Instruction = tuple[int | Look, int] | list[int] | None


class BoundaryMatcher:
    r"""One pattern, ready to be matched.

    Parameters
    ----------
    excluded
        Characters that no set matches (the line ends, where matches stay in a line).
    crlf
        Whether lines may also end in ``\r\n``.

    Raises
    ------
    InvalidPatternError
        The pattern's repetitions unfold to too many states.
    """

    def __init__(self, node: Node, excluded: str, *, crlf: bool) -> None:
        self._crlf = crlf
        self._alphabet = _Alphabet(excluded)
        self._automaton = _Automaton(node, self._alphabet)

    def matches(self, text: str, deadline: float = inf) -> bool:
        """Tell whether the pattern matches anywhere; raises as `spans`."""
        return any(step.begins for step in self._steps(text, deadline))

    def spans(self, text: str, deadline: float = inf) -> Iterator[tuple[int, int]]:
        """Give the spans of all matches in a text, leftmost first, in characters.

        Raises
        ------
        TimeoutError
            The deadline (of `time.monotonic`) has passed.
        """
        steps = list(self._steps(text, deadline))[::-1]
        at, previous_end = 0, -1
        while at <= len(text):
            if not steps[at].begins:
                at += 1
                continue
            end = self._automaton.end(steps, at)
            # An empty match right after another one is no match of its own.
            if end > at or at != previous_end:
                yield at, end
            previous_end = end
            at = end + (end == at)

    def _steps(self, text: str, deadline: float) -> Iterator["_Step"]:
        """Walk backwards over a text, and give what can match from each place on, the last first.

        The walk is over the classes of the characters, each as a character, between two edges.
        """
        if self._crlf:
            text = text.replace("\r\n", f"{_LINE_END}\n")
        codes = f"{_EDGE}{text}{_EDGE}".translate(self._alphabet)
        state = self._automaton.start(codes[-1])
        for code in codes[-2::-1]:
            step = state.steps.get(code) or self._automaton.step(state, code, deadline)
            yield step
            state = step.before


class _Facts(IntFlag):
    """What assertions ask of the character beside a position."""

    WORD = 1
    ASCII_WORD = 2
    LINE_FEED = 4
    LINE_END = 8
    EDGE = 16


class _Alphabet(dict[int, str]):
    """Classes of characters that no set of the pattern tells apart; a table for `str.translate`."""

    def __init__(self, excluded: str) -> None:
        super().__init__()
        self._excluded = excluded
        self._patterns: dict[str, re2._Regexp] = {}
        self._classes: dict[tuple[_Facts, frozenset[int]], str] = {}
        self.facts: dict[str, _Facts] = {}
        self.sets: dict[str, frozenset[int]] = {}

    def number_of(self, charset: CharSet) -> int:
        """Give the number by which `sets` names a set."""
        written = charset.to_re2(self._excluded)
        self._patterns.setdefault(written, re2.compile(written))
        return list(self._patterns).index(written)

    def __missing__(self, point: int) -> str:
        """Find the class of a character, once all sets are known."""
        char = chr(point)
        if char == _EDGE:
            facts, sets = _Facts.EDGE, frozenset[int]()
        else:
            plain = "\r" if char == _LINE_END else char
            facts = _facts_of(plain) | (_Facts.LINE_END if char == _LINE_END else _Facts(0))
            numbered = enumerate(self._patterns.values())
            sets = frozenset(number for number, holds in numbered if holds.fullmatch(plain))
        code = self._classes.setdefault((facts, sets), chr(len(self._classes)))
        self.facts[code], self.sets[code] = facts, sets
        self[point] = code
        return code


@dataclass(slots=True, eq=False)
class _State:
    """What can be read at a place so that a match follows, and the facts of the character there."""

    live: tuple[int, ...]
    behind: _Facts
    steps: dict[str, "_Step"] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class _Step:
    """A place between two characters.

    Attributes
    ----------
    reaching
        For each instruction whether it leads to a match from here on.
    begins
        Whether a match begins here.
    before
        The state before the character in front of the place.
    chosen
        The instruction to go on with behind the next character, by the one to go on with here;
        None where the match ends.
    """

    reaching: bytearray
    begins: bool
    before: _State
    chosen: dict[int, int | None] = field(default_factory=dict)


class _Automaton:
    """The pattern's instructions, and the states that were met."""

    def __init__(self, node: Node, alphabet: _Alphabet) -> None:
        self._alphabet = alphabet
        self._program: list[_Instruction] = [None]
        self._first = self._compile(node, 0)
        # The instructions that lead to one without a character, and those that do behind one.
        self._followed: list[list[tuple[int, Look | None]]] = [[] for _ in self._program]
        self._readers: list[list[tuple[int, int]]] = [[] for _ in self._program]
        for number, instruction in enumerate(self._program):
            match instruction:
                case list(choices):
                    for choice in choices:
                        self._followed[choice].append((number, None))
                case (Look() as look, after):
                    self._followed[after].append((number, look))
                case (int(charset), after):
                    self._readers[after].append((number, charset))
        self._states: dict[tuple[tuple[int, ...], _Facts], _State] = {}

    def start(self, code: str) -> _State:
        """Give the state at a text's end, by the class of the edge behind it."""
        return self._state((), self._alphabet.facts[code])

    def step(self, state: _State, code: str, deadline: float) -> _Step:
        """Work out a step backwards that was not made before."""
        if monotonic() > deadline:
            raise TimeoutError
        facts, sets = self._alphabet.facts[code], self._alphabet.sets[code]
        reaching = bytearray(len(self._program))
        live = []
        stack = [0, *state.live]
        while stack:
            at = stack.pop()
            if reaching[at]:
                continue
            reaching[at] = True
            live += [number for number, charset in self._readers[at] if charset in sets]
            for number, look in self._followed[at]:
                if look is None or _holds(look, facts, state.behind):
                    stack.append(number)
        before = self._state(tuple(sorted(live)), facts)
        step = state.steps[code] = _Step(reaching, bool(reaching[self._first]), before)
        return step

    def end(self, steps: Sequence[_Step], at: int) -> int:
        """Give where the preferred match ends that begins at a place."""
        instruction: int | None = self._first
        while True:
            chosen = steps[at].chosen
            if instruction not in chosen:
                assert instruction is not None
                chosen[instruction] = self._choose(instruction, steps[at].reaching)
            instruction = chosen[instruction]
            if instruction is None:
                return at
            at += 1

    def _choose(self, start: int, reaching: bytearray) -> int | None:
        """Follow the preferred way that leads to a match, up to a character or the match itself."""
        stack, seen = [start], set()
        while True:
            at = stack.pop()
            if at in seen or not reaching[at]:
                continue
            seen.add(at)
            match self._program[at]:
                case None:
                    return None
                case list(choices):
                    stack.extend(reversed(choices))
                case (Look(), after):
                    stack.append(after)
                case (int(), after):
                    return after

    def _state(self, live: tuple[int, ...], behind: _Facts) -> _State:
        if len(self._states) > _MAX_STATES:
            self._states.clear()
        return self._states.setdefault((live, behind), _State(live, behind))

    def _compile(self, node: Node, after: int) -> int:
        """Add a part's instructions, before those that begin at `after`."""
        match node:
            case CharSet():
                return self._add((self._alphabet.number_of(node), after))
            case Look():
                return self._add((node, after))
            case Concat(parts):
                for part in reversed(parts):
                    after = self._compile(part, after)
                return after
            case Alternate(parts):
                return self._add([self._compile(part, after) for part in parts])
            case Repeat(part, low, high, greedy):
                if high is None:
                    loop: list[int] = []
                    following = self._add(loop)
                    inner = self._compile(part, following)
                    loop.extend([inner, after] if greedy else [after, inner])
                else:
                    following = after
                    for _ in range(high - low):
                        inner = self._compile(part, following)
                        following = self._add([inner, after] if greedy else [after, inner])
                for _ in range(low):
                    following = self._compile(part, following)
                return following

    def _add(self, instruction: _Instruction) -> int:
        if len(self._program) > _MAX_INSTRUCTIONS:
            raise InvalidPatternError(
                "The pattern cannot be used: its repetitions are too large for word boundaries.",
                cure="Use fewer or shorter repetitions.",
            )
        self._program.append(instruction)
        return len(self._program) - 1


def _holds(look: Look, left: _Facts, right: _Facts) -> bool:
    """Tell whether an assertion holds between two characters."""
    match look.kind:
        case "A":
            return bool(left & _Facts.EDGE)
        case "z":
            return bool(right & _Facts.EDGE)
        case "^":
            return bool(left & (_Facts.EDGE | _Facts.LINE_FEED))
        case "$":
            return bool(right & (_Facts.EDGE | _Facts.LINE_FEED | _Facts.LINE_END))
    word = _Facts.WORD if look.unicode else _Facts.ASCII_WORD
    before, behind = bool(left & word), bool(right & word)
    match look.kind:
        case "b":
            return before != behind
        case "B":
            return before == behind
        case "<":
            return not before and behind
        case ">":
            return before and not behind
        case "(":
            return not before
        case _:
            return not behind


def _facts_of(char: str) -> _Facts:
    word, ascii_word = _word_patterns()
    facts = _Facts.LINE_FEED if char == "\n" else _Facts(0)
    facts |= _Facts.WORD if word.fullmatch(char) else _Facts(0)
    return facts | (_Facts.ASCII_WORD if ascii_word.fullmatch(char) else _Facts(0))


@cache
def _word_patterns() -> tuple[re2._Regexp, re2._Regexp]:
    return re2.compile(WORD.to_re2()), re2.compile(ASCII_WORD.to_re2())
