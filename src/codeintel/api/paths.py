"""Lists files."""

from codeintel.api.scoping import selected
from codeintel.context import ApplicationContext
from codeintel.search.cursor import decode_cursor, encode_cursor
from codeintel.types import PathEntry, PathsAnswer, Scope


def list_paths(
    context: ApplicationContext, *, tree: bool, limit: int, cursor: str | None, scope: Scope
) -> PathsAnswer:
    """See `CodeIntel.list_paths`."""
    identity = (tree, scope)
    repo, after = decode_cursor(cursor, identity, tuple[str, str]) if cursor else ("", "")
    with selected(context, scope) as selections:
        names = [selection.repository.name for selection in selections]
        begin = names.index(repo) if repo in names else 0
        entries: list[PathEntry] = []
        for selection in selections[begin:]:
            listing = selection.listing
            give = listing.folders if tree else listing.files
            wanted = limit + 1 - len(entries)
            last = after if selection.repository.name == repo else ""
            entries += give(selection.chosen, last, wanted)
            if len(entries) > limit:
                break
        page = entries[:limit]
        more = len(entries) > limit
        return PathsAnswer(
            entries=tuple(page),
            total=sum(len(selection.documents) for selection in selections),
            about=tuple(selection.about() for selection in selections),
            next_cursor=encode_cursor(identity, (page[-1].repo, page[-1].path)) if more else None,
        )
