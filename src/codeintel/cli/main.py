"""The entry point: reads the command line, runs one command, and turns errors into exit codes."""

import errno
import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import Protocol

from codeintel import __version__
from codeintel.cli import (
    blame,
    definition,
    doctor,
    evaluate,
    exit_codes,
    files,
    grep,
    history,
    index,
    install,
    merge,
    migrate,
    references,
    scip,
    search,
    serve,
    show,
    status,
    symbols,
    token,
    uninstall,
)
from codeintel.cli.parsing import Parser, parse
from codeintel.errors import CodeIntelError, InputError

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_EPILOG = """\
exit codes:
  0  something was found, or all went well
  1  nothing was found
  2  the command line is wrong: an option, a path, a pattern, a range
  3  the repository, the index or the embedding server cannot be used as it is
  4  a fault of codeintel itself

`codeintel COMMAND --help` tells about one command. Paths default to the current folder.
"""


class Command(Protocol):
    """What the module of a command offers; its docstring is the help text."""

    __doc__: str | None

    def add_arguments(self, parser: ArgumentParser, /) -> None:
        """Declare the command's arguments."""

    def run(self, arguments: Namespace, /) -> int:
        """Do the command and give the exit code."""


COMMANDS: dict[str, Command] = {
    "search": search,
    "grep": grep,
    "files": files,
    "show": show,
    "symbols": symbols,
    "definition": definition,
    "references": references,
    "scip": scip,
    "blame": blame,
    "history": history,
    "index": index,
    "status": status,
    "merge": merge,
    "migrate": migrate,
    "doctor": doctor,
    "eval": evaluate,
    "serve": serve,
    "token": token,
    "install": install,
    "uninstall": uninstall,
}


def build_parser() -> Parser:
    """Declare all commands."""
    parser = Parser(
        prog="codeintel",
        usage="codeintel [--help | --version] COMMAND ...",
        description="Search, read and understand the code of git repositories.",
        epilog=_EPILOG,
    )
    parser.add_argument("--version", action="version", version=f"codeintel {__version__}")
    commands = parser.add_subparsers(
        title="commands", metavar="COMMAND [...]", required=True, prog="codeintel"
    )
    for name, command in COMMANDS.items():
        text = (command.__doc__ or "").strip()
        one = commands.add_parser(name, help=text.splitlines()[0].rstrip("."), description=text)
        command.add_arguments(one)
        one.set_defaults(run=command.run, parser=one)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and give its exit code."""
    _open_streams()
    words, parser = list(sys.argv[1:] if arguments is None else arguments), build_parser()
    if not words:
        parser.print_help(sys.stderr)
        return exit_codes.USAGE
    try:
        parsed = parse(parser, words)
    except SystemExit:  # argparse has printed the help or the version
        return exit_codes.FOUND
    except InputError as error:
        _print_error(error, json="--json" in words)
        return exit_codes.USAGE
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a path that is not UTF-8 is written as it is
            stream.reconfigure(errors="surrogateescape")
    try:
        code: int = parsed.run(parsed)
        sys.stdout.flush()
    except CodeIntelError as error:
        _print_error(error, json=getattr(parsed, "json", False))
        return exit_codes.exit_code_of(error)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return exit_codes.INTERRUPTED
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        _discard_output()
        return exit_codes.BROKEN_PIPE
    except OSError as error:
        if error.errno not in _FULL:
            _print_fault(error)
            return exit_codes.INTERNAL
        reason = os.strerror(error.errno)
        print(f"error: The output cannot be written: {reason}.", file=sys.stderr)
        print("cure: Free some space where it goes.", file=sys.stderr)
        _discard_output()
        return exit_codes.STATE
    except Exception as error:
        _print_fault(error)
        return exit_codes.INTERNAL
    return code


def _open_streams() -> None:
    """Give a program that was started with closed streams some that lead nowhere."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 - open to the end


def _discard_output() -> None:
    """Let what is still buffered for stdout, which cannot be written, go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _print_error(error: CodeIntelError, *, json: bool) -> None:
    if json:
        from msgspec.json import encode

        facts = {
            "code": error.code,
            "message": error.message,
            "cure": error.cure,
            "suggestions": error.suggestions,
        }
        print(encode({"error": facts}).decode(), file=sys.stderr)
        return
    print(f"error: {error.message}", file=sys.stderr)
    if error.suggestions:
        print(f"nearest: {', '.join(error.suggestions)}", file=sys.stderr)
    if error.cure:
        print(f"cure: {error.cure}", file=sys.stderr)


def _print_fault(error: Exception) -> None:
    """Name the place of an unforeseen exception; CODEINTEL needs no traceback for its user."""
    import traceback

    place = traceback.extract_tb(error.__traceback__)[-1]
    print(
        f"error: a fault of codeintel: {type(error).__name__}: {error}"
        f" ({os.path.basename(place.filename)}:{place.lineno})",
        file=sys.stderr,
    )
    print("cure: Run `codeintel doctor`; if that finds nothing, report this line.", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
