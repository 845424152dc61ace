"""Lists files."""

import numpy as np

from codeintel.api.scoping import Selection, selected
from codeintel.context import ApplicationContext
from codeintel.effort import checked
from codeintel.errors import InputError
from codeintel.search.cursor import decode_cursor, encode_cursor
from codeintel.search.globs import compile_globs
from codeintel.types import FileFilter, PathEntry, PathOrder, PathsAnswer, Scope


def list_paths(
    context: ApplicationContext,
    *,
    tree: bool,
    skipped: bool,
    file: FileFilter,
    order: PathOrder,
    limit: int,
    cursor: str | None,
    scope: Scope,
) -> PathsAnswer:
    """See `CodeIntel.list_paths`."""
    identity = (tree, skipped, file, order, scope)
    with selected(context, scope) as selections:
        if order != "path":
            if tree or skipped:
                raise InputError(
                    f"Only files that are indexed can be listed by {order}.",
                    cure="Leave out `order`, or `tree` and `skipped`.",
                )
            return _ordered(selections, identity, file, order, limit, cursor)
        repo, after = decode_cursor(cursor, identity, tuple[str, str]) if cursor else ("", "")
        names = [selection.repository.name for selection in selections]
        begin = names.index(repo) if repo in names else 0
        globs = compile_globs(scope.include_globs, scope.exclude_globs)
        entries: list[PathEntry] = []
        total = 0
        for number, selection in enumerate(selections):
            listing, wanted = selection.listing, limit + 1 - len(entries)
            last = after if selection.repository.name == repo else ""
            wanted = wanted if number >= begin else 0
            if skipped:
                total += sum(globs.matches(one.path) for one in checked(listing.skipped))
                entries += listing.skipped_files(globs, last, wanted)
                continue
            chosen = listing.passing(selection.chosen, file)
            total += int(np.count_nonzero(chosen))
            give = listing.folders if tree else listing.files
            entries += give(chosen, last, wanted) if wanted else []
        page = entries[:limit]
        last_place = (page[-1].repo, page[-1].path) if len(entries) > limit else None
        return PathsAnswer(
            entries=tuple(page),
            total=total,
            about=tuple(selection.about() for selection in selections),
            next_cursor=encode_cursor(identity, last_place) if last_place else None,
        )


def _ordered(
    selections: list[Selection],
    identity: tuple[object, ...],
    file: FileFilter,
    order: PathOrder,
    limit: int,
    cursor: str | None,
) -> PathsAnswer:
    """List the largest or latest files first, one repository after the other."""
    generation = sum(s.snapshot.manifest.generation for s in selections)
    start = decode_cursor(cursor, identity, int, generation=generation) if cursor else 0
    entries: list[PathEntry] = []
    total = 0
    for selection in selections:
        listing = selection.listing
        found = listing.ordered(listing.passing(selection.chosen, file), order)
        first = max(0, start - total)
        entries += listing.entries(found[first : first + limit - len(entries)])
        total += len(found)
    end = start + limit
    return PathsAnswer(
        entries=tuple(entries),
        total=total,
        about=tuple(selection.about() for selection in selections),
        next_cursor=encode_cursor(identity, end, generation=generation) if total > end else None,
    )
