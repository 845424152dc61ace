"""Lists files."""

from codeintel.api.scoping import Selection, selected
from codeintel.context import ApplicationContext
from codeintel.search.cursor import decode_cursor, encode_cursor
from codeintel.types import PathEntry, PathsAnswer, Scope


def list_paths(
    context: ApplicationContext, *, tree: bool, limit: int, cursor: str | None, scope: Scope
) -> PathsAnswer:
    """See `CodeIntel.list_paths`."""
    with selected(context, scope) as selections:
        generation = sum(s.snapshot.manifest.generation for s in selections)
        identity = (tree, scope)
        offset = decode_cursor(cursor, identity, int, generation=generation) if cursor else 0
        entries = [entry for s in selections for entry in (_tree(s) if tree else _files(s))]
        more = len(entries) > offset + limit
        return PathsAnswer(
            entries=tuple(entries[offset : offset + limit]),
            total=sum(len(selection.documents) for selection in selections),
            about=tuple(selection.about() for selection in selections),
            next_cursor=encode_cursor(identity, offset + limit, generation=generation)
            if more
            else None,
        )


def _files(selection: Selection) -> list[PathEntry]:
    """Give the files of one repository."""
    return [
        PathEntry(
            repo=selection.repository.name,
            path=document.path,
            language=document.language,
            size_bytes=document.size_bytes,
            n_lines=document.n_lines,
        )
        for document in selection.documents
    ]


def _tree(selection: Selection) -> list[PathEntry]:
    """Give the folders of one repository, each with what lies below it at any depth."""
    folders: dict[str, list[int]] = {}
    for document in selection.documents:
        parent = document.path
        while "/" in parent:
            parent = parent.rpartition("/")[0]
            sums = folders.setdefault(parent, [0, 0, 0])
            sums[0] += 1
            sums[1] += document.size_bytes
            sums[2] += document.n_lines
    return [
        PathEntry(
            repo=selection.repository.name,
            path=folder,
            kind="folder",
            n_files=n_files,
            size_bytes=size_bytes,
            n_lines=n_lines,
        )
        for folder, (n_files, size_bytes, n_lines) in sorted(folders.items())
    ]
