"""Find where a symbol is used, by its name or from a place.

For example:

  codeintel references RetryPolicy
  codeintel references src/app.py:41:12
"""

from argparse import ArgumentParser, Namespace

from codeintel.cli.navigation import add_place, print_places


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_place(parser, limit=50)


def run(arguments: Namespace) -> int:
    """Print the uses."""
    return print_places(arguments, "references_at")
