"""A parser of command lines whose errors name the value, the nearest valid one and the cure."""

import re
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from functools import partial
from typing import Any, NoReturn

from codeintel.errors import InputError

_CHOICE = re.compile(
    r"argument (?P<name>.+): invalid choice: '?(?P<value>.*?)'? \(choose from (?P<choices>.+)\)"
)
_MISSING = re.compile(r"the following arguments are required: (?P<names>.+)")
_VALUE = re.compile(r"argument (?P<name>\S+): (?P<complaint>.+)")


class Parser(ArgumentParser):
    """Raises `InputError` instead of printing its usage; options are written out in full."""

    def __init__(self, **options: Any) -> None:
        formatter = partial(RawDescriptionHelpFormatter, max_help_position=32)
        super().__init__(allow_abbrev=False, **{"formatter_class": formatter, **options})

    def error(self, message: str) -> NoReturn:
        """Raise what argparse complains of.

        Raises
        ------
        InputError
            Always.
        """
        cure = f"See `{self.prog} --help`."
        if match := _CHOICE.fullmatch(message):
            name, value = match["name"], match["value"]
            choices = re.findall(r"[\w-]+", match["choices"])
            nearest = get_close_matches(value, choices)
            if name.startswith("COMMAND"):
                raise InputError(f"There is no command '{value}'.", suggestions=nearest, cure=cure)
            raise InputError(
                f"{name}: '{value}' is none of {', '.join(choices)}.",
                suggestions=nearest,
                cure=cure,
            )
        if match := _MISSING.fullmatch(message):
            names = [name for name in match["names"].split(", ") if name != "PATH"]
            raise InputError(f"An argument is missing: {', '.join(names)}.", cure=cure)
        if match := _VALUE.fullmatch(message):
            raise InputError(f"{match['name']}: {match['complaint']}.", cure=cure)
        raise InputError(f"{message}.", cure=cure)

    def unknown(self, words: Iterable[str]) -> InputError:
        """Give the error for words that no argument takes."""
        known = [option for action in self._actions for option in action.option_strings]
        word = next((word for word in words if word.startswith("-")), next(iter(words)))
        kind = "option" if word.startswith("-") else "argument"
        return InputError(
            f"There is no {kind} '{word}'.",
            suggestions=get_close_matches(word.partition("=")[0], known),
            cure=f"See `{self.prog} --help`.",
        )


def parse(parser: Parser, arguments: Sequence[str]) -> Namespace:
    """Parse a command line; paths may stand between and behind the options too.

    Parameters
    ----------
    parser
        Its commands set ``parser`` of the namespace to their own.
    arguments
        At least one word.

    Raises
    ------
    InputError
        The command line is wrong.
    """
    if (
        arguments
        and arguments[0].startswith("-")
        and arguments[0] not in ("-h", "--help", "--version")
    ):
        raise parser.unknown(arguments[:1])
    parsed, rest = parser.parse_known_args(arguments)
    if rest and (any(word.startswith("-") for word in rest) or not hasattr(parsed, "paths")):
        raise parsed.parser.unknown(rest)
    if rest:  # argparse ends a list of positional arguments at the first option
        parsed.paths = [*parsed.paths, *rest]
    return parsed
