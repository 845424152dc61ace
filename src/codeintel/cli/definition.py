"""Find where a symbol is defined, by its name or from a use.

For example:

  codeintel definition RetryPolicy.next_delay
  codeintel definition src/app.py:41:12
"""

from argparse import ArgumentParser, Namespace

from codeintel.cli.navigation import add_place, print_places


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_place(parser, limit=20)


def run(arguments: Namespace) -> int:
    """Print the definitions."""
    return print_places(arguments, "definition_at")
