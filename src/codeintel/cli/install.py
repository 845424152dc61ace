"""Connect agents: add the MCP server to their settings.

Without a name, every agent that is found here is connected. Known agents:
claude-code, claude-desktop, cursor, vscode, codex, gemini, opencode, zed. All other settings
stay as they are; the old file is kept beside the new one.
"""

import difflib
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from pathlib import Path

from codeintel.cli import agent_files, exit_codes
from codeintel.cli.agents import AGENTS, Agent
from codeintel.cli.options import add_json
from codeintel.cli.target import root_of
from codeintel.cli.terminal import Terminal
from codeintel.errors import InputError


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_agents(parser)
    parser.add_argument(
        "--path",
        action="append",
        default=[],
        metavar="PATH",
        help="repository to serve in every project (default: the project that the agent works in)",
    )
    add_json(parser)


def add_agents(parser: ArgumentParser) -> None:
    """Add the agents to change, and ``--dry-run``."""
    parser.add_argument(
        "agents", nargs="*", metavar="AGENT", help="agent (default: all found here)"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="show what would change, and change nothing"
    )


def run(arguments: Namespace) -> int:
    """Add our entry to each agent's settings."""
    roots = [str(root_of(Path(path))) for path in arguments.path]
    entries = {agent: entry_of(agent, roots) for agent in chosen(arguments.agents)}
    return apply(arguments, entries)


def chosen(keys: list[str]) -> tuple[Agent, ...]:
    """Give the named agents, or all that are found on this machine.

    Raises
    ------
    InputError
        A name is not known, or no name is given and no agent is found.
    """
    known = {agent.key: agent for agent in AGENTS}
    for key in keys:
        if key not in known:
            raise InputError(
                f"There is no agent '{key}'.",
                suggestions=difflib.get_close_matches(key, known),
                cure=f"The agents are {', '.join(known)}.",
            )
    found = tuple(known[key] for key in dict.fromkeys(keys)) or tuple(
        agent for agent in AGENTS if agent.is_here(Path.home())
    )
    if not found:
        raise InputError(
            "No agent was found on this machine.", cure=f"Name one: {', '.join(known)}."
        )
    return found


def entry_of(agent: Agent, roots: list[str]) -> dict[str, object]:
    """Give the agent's entry for a server of these repositories, or of the project it is in."""
    if agent.folder is None and not roots:
        roots = [str(root_of(Path.cwd()))]
    elif agent.folder and not roots:
        roots = [agent.folder]
    return agent.entry([*own_command(), "serve", *roots])


def own_command() -> list[str]:
    """Give the command that starts this codeintel, whatever PATH the agent has."""
    program = Path(sys.executable).parent / "codeintel"
    return [str(program)] if program.exists() else [sys.executable, "-m", "codeintel.cli.main"]


def apply(arguments: Namespace, entries: Mapping[Agent, dict[str, object] | None]) -> int:
    """Change, or show the change of, each agent's file; all are checked before the first write."""
    home = Path.home()
    changes = [
        (agent, agent.file(home), *agent_files.change(agent, agent.file(home), entry))
        for agent, entry in entries.items()
    ]
    terminal, answers = Terminal(), []
    for agent, path, before, after in changes:
        changed, backup = before != after, None
        if changed and not arguments.dry_run:
            backup = agent_files.write(path, after)
        if arguments.json:
            answers.append(
                {
                    "agent": agent.key,
                    "file": str(path),
                    "changed": changed,
                    "backup": str(backup) if backup else None,
                }
            )
            continue
        state = "unchanged" if not changed else "would change" if arguments.dry_run else "changed"
        terminal.line(terminal.paint(f"{agent.title}: ", "bold"), f"{state} {path}")
        if backup:
            terminal.line(f"  the old file is kept as {backup.name}")
        if changed and arguments.dry_run:
            _print_difference(terminal, before, after)
    if arguments.json:
        terminal.json(answers)
    elif not arguments.dry_run and any(before != after for *_, before, after in changes):
        terminal.line("Restart the agent, so that it reads its settings.")
    return exit_codes.FOUND


def _print_difference(terminal: Terminal, before: str, after: str) -> None:
    for line in difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0):
        if not line.startswith(("---", "+++")):
            style = {"+": "green", "-": "red"}.get(line[:1], "dim")
            terminal.line("  ", terminal.paint(line, style))
