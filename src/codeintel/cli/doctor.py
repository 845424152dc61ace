"""Check git, disk, model and index, and say the cure of what is wrong."""

from argparse import ArgumentParser, Namespace

from codeintel.cli import exit_codes
from codeintel.cli.options import add_json, add_paths
from codeintel.cli.target import target_of
from codeintel.cli.terminal import Terminal

_STYLES = {"ok": "green", "warning": "yellow", "error": "bold red"}


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_paths(parser)
    parser.add_argument(
        "--repair", action="store_true", help="mend broken indexes; nothing is embedded twice"
    )
    add_json(parser)


def run(arguments: Namespace) -> int:
    """Check everything, and print one finding a line."""
    from codeintel.cli.checkup import checkup

    findings = list(checkup(target_of(arguments.paths), repair=arguments.repair))
    terminal = Terminal()
    if arguments.json:
        terminal.json(findings)
    else:
        for finding in findings:
            terminal.line(
                terminal.paint(f"{finding.state:8}", _STYLES[finding.state]),
                f"{finding.subject}: {finding.detail}",
            )
            if finding.cure:
                terminal.line(f"        cure: {finding.cure}")
    healthy = all(finding.state != "error" for finding in findings)
    return exit_codes.FOUND if healthy else exit_codes.STATE
