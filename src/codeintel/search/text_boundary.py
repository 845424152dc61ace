r"""Matches patterns with Unicode word boundaries, which RE2 does not have.

A simulation of the pattern's automaton, all states at once: linear in the text, never backtracks.
It is only asked about lines that RE2 found to match without their boundaries, and of those only
where letters beyond ASCII, or one-sided boundaries, make RE2's own ``\b`` differ.
"""

from functools import lru_cache
from math import inf
from time import monotonic

import re2

from codeintel.errors import InvalidPatternError
from codeintel.search.text_charset import ASCII_WORD, WORD, CharSet
from codeintel.search.text_syntax import Alternate, Concat, Look, Node, Repeat

_MAX_INSTRUCTIONS = 20_000
_CHECK_CHARS = 1_024

# An instruction is a set with the instruction after it, an assertion with the one after it, or
# the instructions to go on with, preferred first; None is the match.
_Instruction = tuple[CharSet | Look, int] | list[int] | None


class BoundaryMatcher:
    """One pattern, ready to be matched.

    Parameters
    ----------
    excluded
        Characters that no set matches (the line ends, where matches stay in a line).

    Raises
    ------
    InvalidPatternError
        The pattern's repetitions unfold to too many states.
    """

    def __init__(self, node: Node, excluded: str) -> None:
        self._excluded = excluded
        self._program: list[_Instruction] = [None]
        self._known: dict[tuple[int, str], bool] = {}
        self._start = self._compile(node, 0)

    def search(self, text: str, start: int = 0, deadline: float = inf) -> tuple[int, int] | None:
        """Give the span of the leftmost match at or after a position, in characters.

        Raises
        ------
        TimeoutError
            The deadline (of `time.monotonic`) has passed.
        """
        found: tuple[int, int] | None = None
        threads: dict[int, int] = {}
        for at in range(start, len(text) + 1):
            if at % _CHECK_CHARS == 0 and monotonic() > deadline:
                raise TimeoutError
            if found is None:
                self._follow(threads, self._start, at, text, at)
            char = text[at : at + 1]
            following: dict[int, int] = {}
            for state, begin in threads.items():
                instruction = self._program[state]
                if instruction is None:
                    found = (begin, at)
                    break
                charset, after = instruction
                if char and self._holds(state, charset, char):
                    self._follow(following, after, begin, text, at + 1)
            threads = following
            if found is not None and not threads:
                return found
        return found

    def _holds(self, state: int, charset: CharSet | Look | int, char: str) -> bool:
        """Tell whether the set of a state holds a character; each pair is worked out once."""
        holds = self._known.get((state, char))
        if holds is None:
            assert isinstance(charset, CharSet)
            holds = self._known[state, char] = _contains(charset, char, self._excluded)
        return holds

    def _follow(self, threads: dict[int, int], state: int, begin: int, text: str, at: int) -> None:
        """Add a state and all that can be reached from it without a character, in order."""
        stack = [state]
        seen: set[int] = set()
        while stack:
            state = stack.pop()
            if state in seen or state in threads:
                continue
            seen.add(state)
            instruction = self._program[state]
            if isinstance(instruction, list):
                stack.extend(reversed(instruction))
            elif instruction is not None and isinstance(instruction[0], Look):
                if _asserts(instruction[0], text, at):
                    stack.append(instruction[1])
            else:
                threads[state] = begin

    def _compile(self, node: Node, after: int) -> int:
        """Add a part's instructions, before those that begin at `after`."""
        match node:
            case CharSet() | Look():
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


def _asserts(look: Look, text: str, at: int) -> bool:
    """Tell whether an assertion holds at a position."""
    match look.kind:
        case "A":
            return at == 0
        case "z":
            return at == len(text)
        case "^":
            return at == 0 or text[at - 1] == "\n"
        case "$":
            return at == len(text) or text[at] == "\n" or text[at : at + 2] == "\r\n"
    word = WORD if look.unicode else ASCII_WORD
    before = at > 0 and _contains(word, text[at - 1], "")
    behind = at < len(text) and _contains(word, text[at], "")
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


@lru_cache(maxsize=8192)
def _contains(charset: CharSet, char: str, excluded: str) -> bool:
    """Tell whether a set holds a character, by RE2's own tables."""
    return re2.fullmatch(charset.to_re2(excluded), char) is not None
