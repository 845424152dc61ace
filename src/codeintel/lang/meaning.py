"""Which of many definitions of a name is meant at a place in a file, as far as syntax tells."""

import posixpath
import re
from collections.abc import Callable, Sequence
from typing import Final

from codeintel.lang.imports import Import, import_targets, path_fits
from codeintel.lang.parse import FileNames
from codeintel.lang.scopes import LocalName
from codeintel.types import Definition, SymbolKind

Candidate = tuple[str, Definition]
"""A definition and the path of its file."""

_WORD = re.compile(r"\w+")
_RECEIVER = re.compile(r"([\w$@]+)?\s*(?:\(\s*\))?\s*(?:\?\.|\.|->|::)\s*$")
_SELF: Final = frozenset({"self", "cls", "this", "super", "Self", "@", "__class__"})
_FOLDER_IS_PACKAGE: Final = frozenset({"go", "java", "kotlin", "scala", "swift", "c", "cpp"})
_TYPES: Final = frozenset(
    {SymbolKind.CLASS, SymbolKind.STRUCT, SymbolKind.INTERFACE, SymbolKind.ENUM, SymbolKind.TRAIT}
)


def local_at(names: FileNames, line: int, column: int) -> LocalName | None:
    """The local name that stands at a place, given by its first column."""
    place = (line, column)
    for local in names.locals:
        if (local.line, local.column) == place or place in local.uses:
            return local
    return None


def receiver_in(before: str) -> str:
    """What of the text before a name decides what the name is looked up in; empty for nothing."""
    match = _RECEIVER.search(before)
    return match[0] if match else ""


class Place:
    """A name at a place in a file.

    Parameters
    ----------
    path, names
        The file and what its names stand for.
    name, line
        The name that is asked about, and its line.
    before
        The text of that line before the name.
    """

    def __init__(self, path: str, names: FileNames, name: str, line: int, before: str) -> None:
        self._path = path
        self._names = names
        self._name = name
        self._receiver = _RECEIVER.search(before)
        around = [d for d in names.definitions if d.start_line <= line <= d.end_line]
        self._around = around
        classes = [d for d in around if d.kind in _TYPES]
        self._classes = {_full_name(d) for d in classes}
        self._bases = {word for d in classes for word in _WORD.findall(_after_name(d))}

    def original_name(self) -> str:
        """The name under which the definition is to be looked up: imports can rename it."""
        if self._receiver is None:
            for imported in self._imported(self._name):
                if imported.original not in ("", "*", "default"):
                    return imported.original
        return self._name

    def meant(self, candidates: Sequence[Candidate]) -> list[Candidate]:
        """Those of the candidates that are meant; all of them where nothing tells."""
        return self.resolve(candidates)[0]

    def resolve(self, candidates: Sequence[Candidate]) -> tuple[list[Candidate], bool]:
        """Those of the candidates that are meant, and whether scope or an import says so.

        Each rule is tried in turn, from the surest; the first that leaves any decides.
        """
        sure, guesses = self._member_rules() if self._receiver else self._name_rules()
        for rule in (*sure, *guesses):
            left = [candidate for candidate in candidates if rule(candidate)]
            if left:
                return left, rule in sure
        return list(candidates), False

    def origins(self) -> list[tuple[str, str]]:
        """Modules that the name can come from, as the file spells them, and its name there."""
        if self._receiver is None:
            imports = [*self._imported(self._name), *self._imported("*")]
            return [(i.source, self._name if _is_whole(i) else i.original) for i in imports]
        found = []
        for imported in self._imported(self._receiver[1] or ""):
            source = imported.source if _is_whole(imported) else _submodule(imported)
            found.append((source, self._name))
        return found

    def _name_rules(self) -> "_Rules":
        """Rules for a name that stands alone."""
        named = self._from(self._imported(self._name))
        starred = self._from(self._imported("*"))
        # In the import itself, the name is the one that it has elsewhere.
        renamed = self._from([i for i in self._names.imports if i.original == self._name])
        visible = self._visible()
        sure: list[_Rule] = [
            lambda c: self._is_here(c) and c[1].container in visible,
            lambda c: not c[1].container and named(c),
            named,
            lambda c: not c[1].container and renamed(c),
            lambda c: not c[1].container and starred(c),
            lambda c: not c[1].container and self._in_package(c),
        ]
        return sure, [
            self._is_here,
            lambda c: not c[1].container and c[1].public,
            lambda c: not c[1].container,
        ]

    def _member_rules(self) -> "_Rules":
        """Rules for a name behind a dot."""
        receiver = self._receiver[1] if self._receiver and self._receiver[1] else ""
        imports = self._imported(receiver)
        rules: list[_Rule] = []
        if receiver in _SELF:
            if receiver != "super":
                rules.append(lambda c: self._is_here(c) and c[1].container in self._classes)
            rules.append(lambda c: _last(c[1].container) in self._bases)
        if imports:
            module = self._from([i for i in imports if _is_whole(i)])
            submodule = self._from_member(imports)
            source = self._from(imports)
            rules += [
                lambda c: not c[1].container and module(c),
                lambda c: not c[1].container and submodule(c),
                lambda c: _last(c[1].container) == receiver and source(c),
            ]
        return rules, [
            lambda c: bool(receiver) and _last(c[1].container) == receiver,
            lambda c: bool(c[1].container) and self._is_here(c),
            lambda c: bool(c[1].container) and c[1].public,
            lambda c: bool(c[1].container),
        ]

    def _imported(self, name: str) -> list[Import]:
        return [imported for imported in self._names.imports if imported.name == name]

    def _visible(self) -> set[str]:
        """Containers whose names can be used at the place without more."""
        return {"", *(_full_name(d) for d in self._around)}

    def _is_here(self, candidate: Candidate) -> bool:
        return candidate[0] == self._path

    def _in_package(self, candidate: Candidate) -> bool:
        """Whether a candidate is known without import, as a part of the same package."""
        same = posixpath.dirname(candidate[0]) == posixpath.dirname(self._path)
        return same and self._names.language in _FOLDER_IS_PACKAGE

    def _from(self, imports: list[Import]) -> "_Rule":
        """Whether a candidate's file can be one of the imported modules."""
        return self._in_any([imported.source for imported in imports])

    def _from_member(self, imports: list[Import]) -> "_Rule":
        """The same where what was imported is itself a module (``from a import module``)."""
        return self._in_any([_submodule(i) for i in imports if i.original not in ("", "*")])

    def _in_any(self, sources: list[str]) -> "_Rule":
        targets = tuple(
            target
            for source in dict.fromkeys(sources)
            for target in import_targets(self._names.language, self._path, source)
        )
        return lambda candidate: bool(targets) and path_fits(candidate[0], targets)


_Rule = Callable[[Candidate], bool]
_Rules = tuple[list[_Rule], list[_Rule]]


def _is_whole(imported: Import) -> bool:
    """Whether an import means a module rather than a name in it."""
    return imported.original in ("", "*", "default")


def _submodule(imported: Import) -> str:
    """The module that an import means if the name it takes is one."""
    separator = "" if imported.source.endswith((".", "/")) else "."
    return f"{imported.source}{separator}{imported.original}"


def _full_name(definition: Definition) -> str:
    return ".".join(part for part in (definition.container, definition.name) if part)


def _after_name(definition: Definition) -> str:
    """What a type's signature says behind its name: among it the types it builds on."""
    return definition.signature.partition(definition.name)[2]


def _last(container: str) -> str:
    return container.rpartition(".")[2]
