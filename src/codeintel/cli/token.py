"""Make a token for `codeintel serve --http --token-file`.

The token is shown once. Its line for the token file holds its hash only; add it there:

  codeintel token alice >> tokens
"""

import sys
from argparse import ArgumentParser, Namespace

from codeintel.cli import exit_codes
from codeintel.cli.terminal import Terminal


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("name", help="whose token it is, for logs")
    parser.add_argument(
        "--repo",
        action="append",
        metavar="NAME",
        help="repository that the token opens (default: all that are served)",
    )


def run(arguments: Namespace) -> int:
    """Print the file's line on stdout and the token on stderr."""
    from codeintel.server.auth import TokenRecord, hash_token, new_token

    token = new_token()
    repos = tuple(arguments.repo) if arguments.repo else None
    Terminal().json(TokenRecord(name=arguments.name, sha256=hash_token(token), repos=repos))
    print(f"The token of {arguments.name}, shown only now: {token}", file=sys.stderr)
    return exit_codes.FOUND
