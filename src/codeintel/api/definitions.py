"""The definitions that a symbol can mean."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from codeintel.api.places import Place
from codeintel.api.scoping import Selection
from codeintel.api.symbols import in_container
from codeintel.api.wanted import Wanted
from codeintel.lang.scopes import LocalName
from codeintel.search.navigation import HEADINGS, Meaning, navigator_of
from codeintel.search.signals import path_traits
from codeintel.store.catalog import DefinitionRow, Document
from codeintel.types import Rung


@dataclass(frozen=True, slots=True)
class Asked:
    """The place that a question was asked from, and what its name means there."""

    selection: Selection
    document: Document
    local: LocalName | None
    meaning: Meaning


def asked_at(selections: list[Selection], wanted: Wanted) -> Asked | None:
    """Resolve the name where it was asked about; None where it was given by name alone."""
    for selection in selections if wanted.column else ():
        if selection.repository.name != wanted.repo or wanted.path is None:
            continue
        document = selection.snapshot.catalog.by_path.get(wanted.path)
        if document is None:
            continue
        navigator = navigator_of(selection.snapshot)
        at = wanted.name, wanted.line, wanted.column
        local = navigator.local_at(document, *at)
        meaning = Meaning(wanted.name, (), True) if local else navigator.meaning(document, *at)
        return Asked(selection, document, local, meaning)
    return None


Named = Sequence[tuple[Selection, DefinitionRow]]


def named(selections: Sequence[Selection], wanted: Wanted) -> Named:
    """Give all definitions of a name, nearest first, before any is read."""
    found = [
        (selection, row)
        for selection in selections
        for row in navigator_of(selection.snapshot).rows_named(wanted.name)
        if selection.has(row.document_id) and _is_meant(selection, row, wanted)
    ]
    if wanted.path or len(selections) > 1:
        found.sort(key=lambda pair: _nearness(pair[0], pair[1], wanted))
    return found


def shown(found: Named) -> Iterator[Place]:
    """Read definitions that were found by name."""
    by_selection: dict[int, list[int]] = {}
    for selection, row in found:
        by_selection.setdefault(id(selection), []).append(row.id)
    stored = {
        id(s): s.snapshot.catalog.definitions_by_id(by_selection[id(s)])
        for s in {id(s): s for s, _ in found}.values()
    }
    for selection, row in found:
        d = stored[id(selection)][row.id].definition
        document = selection.snapshot.catalog.by_id[row.document_id]
        yield Place(selection, document, d.name_line, d.name_column, Rung.SYNTACTIC, d)


def meant(selections: Sequence[Selection], wanted: Wanted, asked: Asked) -> list[Place]:
    """Give the definitions that a name at a place can mean, nearest first.

    Where nothing tells, these are all of the name.
    """
    rung = Rung.SYNTACTIC if asked.meaning.sure else Rung.TEXTUAL
    found = []
    for selection in selections:
        catalog = selection.snapshot.catalog
        if selection is asked.selection:
            stored = asked.meaning.definitions
        elif asked.meaning.sure:
            continue
        else:
            stored = tuple(catalog.definitions_named([wanted.name]))
        for s in stored:
            if selection.has(s.document_id):
                d, document = s.definition, catalog.by_id[s.document_id]
                place = Place(selection, document, d.name_line, d.name_column, rung, d)
                row = DefinitionRow(
                    0, s.document_id, d.name, d.kind, d.start_line, d.container, d.public
                )
                found.append((_nearness(selection, row, wanted), place))
    found.sort(key=lambda pair: pair[0])
    return [place for _, place in found]


def _is_meant(selection: Selection, row: DefinitionRow, wanted: Wanted) -> bool:
    if not wanted.container:
        return True
    path = selection.snapshot.catalog.by_id[row.document_id].path
    return in_container(row.container, path, wanted.container)


def _nearness(selection: Selection, row: DefinitionRow, wanted: Wanted) -> tuple[object, ...]:
    """Order definitions: the file asked from, what encloses the line, its folder, then the rest."""
    path = selection.snapshot.catalog.by_id[row.document_id].path
    same_file = selection.repository.name == wanted.repo and path == wanted.path
    before = same_file and row.start_line <= wanted.line
    shared = 0
    if wanted.path:
        for mine, theirs in zip(path.split("/"), wanted.path.split("/"), strict=False):
            if mine != theirs:
                break
            shared += 1
    extension = (wanted.path or "").rpartition(".")[2]
    return (
        not same_file,
        row.kind in HEADINGS,
        bool(extension) and path.rpartition(".")[2] != extension,
        not before,
        -shared,
        path_traits(path).aside,
        not row.public,
        path,
        row.start_line,
    )
