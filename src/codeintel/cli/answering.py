"""What the commands that answer a question share: an index that is there, and how answers end."""

import sys
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TypeVar

from codeintel.cli import exit_codes
from codeintel.cli.progress import shown_progress
from codeintel.cli.target import Target, glob_of, opened
from codeintel.errors import EmbeddingError, IndexLockedError, StorageError

if TYPE_CHECKING:
    from codeintel.api import CodeIntel
    from codeintel.types import Provenance

PageT = TypeVar("PageT", bound="Page")
_PAGE = 1000
_BUILDING = "building the index, once; what is ready of it can be searched already…"


@contextmanager
def indexed(target: Target) -> "Iterator[CodeIntel]":
    """Open the repositories of a target, with their indexes built or brought up to date.

    Where that cannot be done now, an index that is there answers as it is, with a note.
    """
    with opened(target) as intel:
        missing = any(not status.generation for status in intel.index_status().repositories)
        if missing:
            print(_BUILDING, file=sys.stderr, flush=True)
        try:
            with shown_progress() as progress:
                intel.index(progress=progress)
        except (EmbeddingError, IndexLockedError, StorageError) as error:
            if missing:
                raise
            print(f"note: the index is not brought up to date: {error}", file=sys.stderr)
        _tell_missing(intel, target)
        yield intel


def _tell_missing(intel: "CodeIntel", target: Target) -> None:
    """Say of paths that were named why nothing can be found in them."""
    from codeintel.types import Scope

    for path in target.inside:
        scope = Scope(include_globs=(glob_of(path),))
        if intel.list_paths(scope=scope, limit=1).total:
            continue
        skipped = intel.list_paths(scope=scope, skipped=True, limit=1).entries
        reason = skipped[0].skipped if skipped else "git ignores it, or it holds no file"
        print(f"note: '{path}' is not indexed: {reason}", file=sys.stderr)


class Page(Protocol):
    """An answer that may have a next page."""

    @property
    def next_cursor(self) -> str | None:
        """What to ask for next; None at the end."""
        ...


def pages(arguments: Namespace, ask: Callable[[int, str | None], PageT]) -> Iterator[PageT]:
    """Give the one page that a limit asks for, or else all pages to the end."""
    answer = ask(arguments.limit or _PAGE, arguments.cursor)
    yield answer
    while not arguments.limit and answer.next_cursor:
        answer = ask(_PAGE, answer.next_cursor)
        yield answer


def ended(
    arguments: Namespace,
    n_found: int,
    about: "Iterable[Provenance]",
    *,
    next_cursor: str | None = None,
    rest: str = "more",
) -> int:
    """Say on stderr what the answer leaves out, and give the exit code."""
    if not arguments.json:
        for provenance in about:
            for note in provenance.notes:
                print(f"note: {provenance.repo}: {note}", file=sys.stderr)
        if not n_found:
            print("nothing found", file=sys.stderr)
        if next_cursor:
            print(f"{rest}: --cursor {next_cursor}", file=sys.stderr)
    return exit_codes.FOUND if n_found else exit_codes.NOTHING_FOUND
