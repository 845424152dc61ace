"""Disconnect agents: take the MCP server out of their settings."""

from argparse import ArgumentParser, Namespace

from codeintel.cli.install import add_agents, apply, chosen
from codeintel.cli.options import add_json


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_agents(parser)
    add_json(parser)


def run(arguments: Namespace) -> int:
    """Remove our entry from each agent's settings."""
    return apply(arguments, dict.fromkeys(chosen(arguments.agents)))
