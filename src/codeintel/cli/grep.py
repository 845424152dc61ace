"""Find the lines that match a regular expression or a fixed text.

Lines are printed as path:line:text, context lines as path-line-text. Letters match in both
cases unless the pattern has a capital.
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import attrgetter

from msgspec.structs import replace

from codeintel.cli.answering import ended, indexed, pages
from codeintel.cli.options import add_json, add_page, add_paths, add_scope, whole
from codeintel.cli.target import Target, target_of
from codeintel.cli.terminal import Terminal
from codeintel.types import FileMatches, TextAnswer, TextLine


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("pattern", help="regular expression (RE2), or a fixed text with -F")
    add_paths(parser)
    parser.add_argument(
        "-F",
        "--fixed-strings",
        action="store_true",
        help="the pattern is a text, not an expression",
    )
    case = parser.add_mutually_exclusive_group()
    case.add_argument(
        "-i",
        "--ignore-case",
        dest="case",
        action="store_const",
        const="ignore",
        default="smart",
        help="letters match in both cases",
    )
    case.add_argument(
        "-s",
        "--case-sensitive",
        dest="case",
        action="store_const",
        const="sensitive",
        help="letters match in their own case only",
    )
    parser.add_argument("-w", "--word", action="store_true", help="match whole words only")
    parser.add_argument(
        "-U", "--multiline", action="store_true", help="a match may span several lines"
    )
    parser.add_argument(
        "-C",
        "--context",
        type=whole,
        default=0,
        metavar="N",
        help="also print N lines before and after each match (default: 0)",
    )
    _add_mode(parser)
    add_page(parser, limit=None, of="matching lines")
    add_scope(parser)
    add_json(parser)


def _add_mode(parser: ArgumentParser) -> None:
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument(
        "-l",
        "--files-with-matches",
        dest="mode",
        action="store_const",
        const="files",
        default="lines",
        help="print the paths only",
    )
    mode.add_argument(
        "-c",
        "--count",
        dest="mode",
        action="store_const",
        const="count",
        help="print the number of matching lines of each file",
    )


def run(arguments: Namespace) -> int:
    """Search the text, and print the lines, the files or the counts."""
    target = target_of(arguments.paths)
    terminal = Terminal()
    with indexed(target) as intel:

        def ask(limit: int, cursor: str | None) -> TextAnswer:
            return intel.search_text(
                arguments.pattern,
                regex=not arguments.fixed_strings,
                case=arguments.case,
                word=arguments.word,
                multiline=arguments.multiline,
                context_lines=arguments.context,
                mode=arguments.mode,
                limit=limit,
                cursor=cursor,
                scope=target.scope(arguments),
            )

        answers: list[TextAnswer] = []
        for answer in pages(arguments, ask):
            if not arguments.json:
                _print_page(terminal, target, answer, arguments)
            answers.append(answer)
    files = tuple(_joined(file for answer in answers for file in answer.files))
    if arguments.json:
        terminal.json(replace(answers[-1], files=files))
    return ended(
        arguments,
        len(files),
        answers[-1].about,
        next_cursor=answers[-1].next_cursor,
        rest=f"more of {_totals(answers[0])}",
    )


def _totals(answer: TextAnswer) -> str:
    lines = f"{answer.n_matches} matching lines in " if answer.n_matches else ""
    return f"{lines}{answer.n_files} file(s){'' if answer.exhaustive else ' at least'}"


def _joined(files: Iterable[FileMatches]) -> Iterator[FileMatches]:
    """Join the parts of a file whose lines came on several pages."""
    for _, parts in groupby(files, key=attrgetter("repo", "path")):
        first, *rest = parts
        lines = tuple(line for part in rest for line in part.lines)
        yield replace(first, lines=first.lines + lines) if rest else first


def _print_page(
    terminal: Terminal, target: Target, answer: TextAnswer, arguments: Namespace
) -> None:
    n_marked = len(arguments.pattern) if arguments.fixed_strings else 0
    for file in answer.files:
        path = terminal.paint(target.shown(file.repo, file.path), "magenta")
        if arguments.mode == "files":
            terminal.line(path)
        elif arguments.mode == "count":
            terminal.line(f"{path}:{file.n_matches}")
        else:
            _print_lines(terminal, path, file, n_marked, separated=arguments.context > 0)


def _print_lines(
    terminal: Terminal, path: str, file: FileMatches, n_marked: int, *, separated: bool
) -> None:
    before: int | None = None
    for line in file.lines:
        if separated and before is not None and line.line > before + 1:
            terminal.line("--")
        before = line.line
        sign = ":" if line.columns else "-"
        number = terminal.paint(str(line.line), "green")
        terminal.line(path, sign, number, sign, _marked(terminal, line, n_marked))


def _marked(terminal: Terminal, line: TextLine, n_marked: int) -> str:
    """Give the line's text with its matches marked, where their length is known."""
    if not (terminal.styled and n_marked):
        return terminal.visible(line.text)
    parts: list[str] = []
    end = 0
    for start in (column - 1 for column in line.columns if column - 1 >= end):
        parts.append(terminal.visible(line.text[end:start]))
        end = start + n_marked
        parts.append(terminal.paint(line.text[start:end], "bold red"))
    return "".join((*parts, terminal.visible(line.text[end:])))
