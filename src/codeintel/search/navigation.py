"""Finds out what names in files mean, within one generation of a repository."""

import posixpath
import re
from bisect import bisect_right
from collections.abc import Container, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import accumulate

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from codeintel.index.snapshot import Snapshot
from codeintel.lang.content import split_lines
from codeintel.lang.imports import Import, import_targets, parse_imports, path_fits
from codeintel.lang.meaning import Place, local_at, receiver_in
from codeintel.lang.parse import FileNames, parse_names
from codeintel.lang.scopes import LocalName
from codeintel.search.signals import path_traits
from codeintel.store.catalog import DefinitionRow, Document, StoredDefinition
from codeintel.types import Definition, SymbolKind
from codeintel.types.packed import PACKED_BYTES, unpack_positions

HEADINGS = frozenset((SymbolKind.SECTION, SymbolKind.KEY))
"""What texts and data define: found, but after what code defines."""

# Modules that are looked through for what they hand on from others.
_MAX_MODULES = 100
_COMMENT = re.compile(r"#|//|\*|--|;|\"\"\"")
_KEPT_NAMES = 256
_KEPT_FILES = 2_048
_KEPT_PARSED_FILES = 64


class Meaning(Struct, frozen=True):
    """What a name at a place means.

    Attributes
    ----------
    name
        The name of the definition; imports can rename it.
    definitions
        Those that can be meant, in no order.
    sure
        Whether scope or an import says so, and not the name alone.
    """

    name: str
    definitions: tuple[StoredDefinition, ...]
    sure: bool


class Outline:
    """The definitions of a file, laid out to find what encloses a line.

    Parameters
    ----------
    definitions
        By first line, the outer before the inner.
    """

    def __init__(self, definitions: Iterable[Definition]) -> None:
        self.definitions = tuple(definitions)
        self._starts = [definition.start_line for definition in self.definitions]
        ends = (definition.end_line for definition in self.definitions)
        self._furthest = list(accumulate(ends, max))

    def around(self, line: int) -> Iterator[Definition]:
        """Give the definitions that a line lies in, innermost first."""
        at = bisect_right(self._starts, line) - 1
        while at >= 0 and self._furthest[at] >= line:
            if self.definitions[at].end_line >= line:
                yield self.definitions[at]
            at -= 1


class Uses(Struct, frozen=True):
    """The uses of a name by document in path order, their places still packed.

    Attributes
    ----------
    ends
        How many uses there are up to and with each document.
    """

    documents: tuple[Document, ...]
    packed: tuple[bytes, ...]
    ends: NDArray[np.int64]

    @classmethod
    def of(cls, found: Sequence[tuple[Document, bytes]]) -> "Uses":
        """Lay out what the catalog gives."""
        documents, packed = zip(*found, strict=True) if found else ((), ())
        sizes = np.fromiter(map(len, packed), np.int64, len(packed))
        return cls(documents, packed, np.cumsum(sizes // PACKED_BYTES))

    def __len__(self) -> int:
        return int(self.ends[-1]) if len(self.ends) else 0

    def within(self, allowed: Container[int]) -> "Uses":
        """Give those in some documents."""
        pairs = zip(self.documents, self.packed, strict=True)
        return Uses.of([pair for pair in pairs if pair[0].id in allowed])

    def between(self, start: int, end: int) -> Iterator[tuple[Document, int, int]]:
        """Give uses by number: document, line and column."""
        for at in range(int(np.searchsorted(self.ends, start, side="right")), len(self.ends)):
            places = unpack_positions(self.packed[at])
            before = int(self.ends[at]) - len(places)
            if before >= end:
                return
            for line, column in places[max(0, start - before) : end - before]:
                yield self.documents[at], line, column


class Navigator:
    """Resolves names of one generation; made once for each and shared by threads."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self.catalog = snapshot.catalog
        self.outline_of = lru_cache(_KEPT_FILES)(self._read_outline)
        self._imports_of = lru_cache(_KEPT_FILES)(self._read_imports)
        self._parsed = lru_cache(_KEPT_PARSED_FILES)(self._parse)
        self._resolved = lru_cache(_KEPT_FILES)(self._resolve)
        self._named = lru_cache(_KEPT_NAMES)(lambda name: self.catalog.definitions_named([name]))
        self.lines_of = lru_cache(_KEPT_PARSED_FILES)(self._read_lines)
        self.uses_of = lru_cache(_KEPT_NAMES)(lambda n: Uses.of(self.catalog.packed_occurrences(n)))
        self.rows_named = lru_cache(_KEPT_NAMES)(self._rank)
        self._by_file_name: dict[str, list[Document]] = {}
        for document in self.catalog.documents:
            self._by_file_name.setdefault(posixpath.basename(document.path), []).append(document)

    def local_at(self, document: Document, name: str, line: int, column: int) -> LocalName | None:
        """Give the local name that stands at a place; None where others can know the name.

        `column` is that of the name's first character.
        """
        if (line, column) in self.catalog.uses_in(document.id, name):
            return None
        if self._definition_at(document, name, line, column):
            return None
        return local_at(self._parsed(document.id), line, column)

    def meaning(self, document: Document, name: str, line: int, column: int) -> Meaning:
        """Resolve a name that is not local, by scope, imports and re-exports."""
        here = self._definition_at(document, name, line, column)
        if here:
            return Meaning(name, (StoredDefinition(document.id, here),), True)
        before = self._text_before(document.id, line, column)
        innermost = next(self.outline_of(document.id).around(line), None)
        anchor = innermost.start_line if innermost else 0
        return self._resolved(document.id, name, anchor, receiver_in(document.language, before))

    def _text_before(self, document_id: int, line: int, column: int) -> str:
        """Give what stands before a place in its line, after the line before where it begins it."""
        lines = self.lines_of(document_id)
        if line > len(lines):
            return ""
        before = lines[line - 1][: column - 1]
        above = lines[line - 2] if line > 1 else ""
        # Not a sentence that ends there.
        follows = not before.strip() and not _COMMENT.search(above)
        return f"{above}\n{before}" if follows else before

    def _resolve(self, document_id: int, name: str, line: int, before: str) -> Meaning:
        """Resolve a name in any place of the same definition, behind the same receiver."""
        document = self.catalog.by_id[document_id]
        imports = self._imports_of(document_id)
        outline = self.outline_of(document_id)
        names = FileNames(document.language, outline.definitions, (), imports)
        place = Place(document.path, names, name, line, before)
        original = place.original_name()
        stored = self._named(original)
        candidates = [(self.catalog.by_id[s.document_id].path, s.definition) for s in stored]
        meant, sure = place.resolve(candidates)
        if not sure:
            seen: set[tuple[int, str]] = set()
            handed_on = tuple(
                definition
                for source, wanted in place.origins()
                for definition in self._follow(document, source, wanted, seen)
            )
            if handed_on:
                return Meaning(handed_on[0].definition.name, handed_on, True)
        kept = [s for s, candidate in zip(stored, candidates, strict=True) if candidate in meant]
        return Meaning(original, tuple(kept), sure)

    def _definition_at(
        self, document: Document, name: str, line: int, column: int
    ) -> Definition | None:
        """Give the definition whose own name stands at a place."""
        for definition in self.outline_of(document.id).around(line):
            place = definition.name, definition.name_line, definition.name_column
            if place == (name, line, column):
                return definition
        return None

    def _follow(
        self, document: Document, source: str, name: str, seen: set[tuple[int, str]]
    ) -> Iterator[StoredDefinition]:
        """Give what a module defines under a name, or hands on from other modules."""
        for module in self._modules(document, source):
            if (module.id, name) in seen or len(seen) >= _MAX_MODULES:
                continue
            seen.add((module.id, name))
            found = False
            for definition in self.outline_of(module.id).definitions:
                if definition.name == name and not definition.container:
                    found = True
                    yield StoredDefinition(module.id, definition)
            for imported in () if found else self._imports_of(module.id):
                if imported.name in (name, "*"):
                    wanted = imported.original if imported.name == name else name
                    yield from self._follow(module, imported.source, wanted, seen)

    def _modules(self, document: Document, source: str) -> list[Document]:
        """Give the files that a module's name can mean."""
        targets = import_targets(document.language, document.path, source)
        endings = [target for target in targets if not target.endswith("/")]
        return [
            other
            for ending in endings
            for other in self._by_file_name.get(posixpath.basename(ending), ())
            if path_fits(other.path, (ending,))
        ]

    def _rank(self, name: str) -> tuple[DefinitionRow, ...]:
        """Give all definitions of a name: code that is public and no test first, then by path."""
        by_id = self.catalog.by_id

        def rank(row: DefinitionRow) -> tuple[object, ...]:
            path = by_id[row.document_id].path
            heading = row.kind in HEADINGS
            return heading, path_traits(path).aside, not row.public, path, row.start_line

        return tuple(sorted(self.catalog.rows_named(name), key=rank))

    def _read_outline(self, document_id: int) -> Outline:
        return Outline(self.catalog.definitions_of(document_id))

    def _read_imports(self, document_id: int) -> tuple[Import, ...]:
        document = self.catalog.by_id[document_id]
        return parse_imports(document.language, self._snapshot.text_of(document_id))

    def _parse(self, document_id: int) -> FileNames:
        path = self.catalog.by_id[document_id].path
        return parse_names(path, self._snapshot.text_of(document_id))

    def _read_lines(self, document_id: int) -> list[str]:
        return split_lines(self._snapshot.text_of(document_id))


def navigator_of(snapshot: Snapshot) -> Navigator:
    """Give the navigator of a generation."""
    return snapshot.cached("navigator", lambda: Navigator(snapshot))
