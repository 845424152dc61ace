"""Which of many definitions of a name is meant at a place in a file, as far as syntax tells."""

import posixpath
import re
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from typing import Final

from codeintel.lang.conventions import conventions
from codeintel.lang.imports import Import, import_targets, path_fits
from codeintel.lang.languages import detect_language
from codeintel.lang.parse import FileNames
from codeintel.lang.scopes import LocalName
from codeintel.types import Definition, SymbolKind

Candidate = tuple[str, Definition]
"""A definition and the path of its file."""

_WORD = re.compile(r"\w+")
_MAX_RECEIVER_CHARS: Final = 200
_BASE: Final = frozenset({"super", "parent", "base"})
_FOLDER_IS_PACKAGE: Final = frozenset({"go", "java", "kotlin", "scala", "swift", "c", "cpp"})
_TYPES: Final = frozenset(
    {SymbolKind.CLASS, SymbolKind.STRUCT, SymbolKind.INTERFACE, SymbolKind.ENUM, SymbolKind.TRAIT}
)
_METHODS: Final = frozenset({SymbolKind.METHOD, SymbolKind.CONSTRUCTOR})
_FUNCTIONS: Final = _METHODS | {SymbolKind.FUNCTION}
# Languages whose files know each other's names.
_FAMILIES: Final = (
    frozenset({"javascript", "typescript", "tsx"}),
    frozenset({"c", "cpp", "objectivec"}),
    frozenset({"java", "kotlin", "scala"}),
)


def local_at(names: FileNames, line: int, column: int) -> LocalName | None:
    """The local name that stands at a place, given by its first column."""
    place = (line, column)
    for local in names.locals:
        if (local.line, local.column) == place or place in local.uses:
            return local
    return None


def receiver_in(language: str, before: str) -> str:
    """What of the text before a name decides what the name is looked up in; empty for nothing."""
    match = _receiver(language, before)
    return match[0] if match else ""


def _receiver(language: str, before: str) -> re.Match[str] | None:
    """What ends the text before a member, the name of the thing as group 1."""
    before = before.rstrip()[-_MAX_RECEIVER_CHARS:]
    # Two points and more are no mark of a member but a range, or what is spread out.
    if not before.endswith(conventions(language).marks) or before.endswith(".."):
        return None
    return _receiver_pattern(language).search(before)


@cache
def _receiver_pattern(language: str) -> re.Pattern[str]:
    marks = sorted(conventions(language).marks, key=len, reverse=True)
    return re.compile(rf"([\w$@]+)?\s*(?:\(\s*\))?\s*(?:{'|'.join(map(re.escape, marks))})$")


class Place:
    """A name at a place in a file.

    Parameters
    ----------
    path, names
        The file and what its names stand for.
    name, line
        The name that is asked about, and its line.
    before
        The text before the name, from that line at least.
    """

    def __init__(self, path: str, names: FileNames, name: str, line: int, before: str) -> None:
        self._path = path
        self._names = names
        self._name = name
        self._rules = conventions(names.language)
        self._receiver = _receiver(names.language, before)
        around = [d for d in names.definitions if d.start_line <= line <= d.end_line]
        self._around = around
        classes = [d for d in around if d.kind in _TYPES]
        self._classes = {_full_name(d) for d in classes}
        # A method can stand outside of its class, which then is not around.
        self._classes |= {d.container for d in around if d.kind in _METHODS and d.container}
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
        for rule in sure:
            if left := [candidate for candidate in candidates if rule(candidate)]:
                return left, True
        near = [candidate for candidate in candidates if self._is_related(candidate)]
        near = near or list(candidates)
        for rule in guesses:
            if left := [candidate for candidate in near if rule(candidate)]:
                return left, False
        return near, False

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
        sure: list[_Rule] = [
            *map(self._is_in, self._visible()),
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
        if receiver in self._rules.own:
            if receiver not in _BASE:
                rules += [
                    lambda c: self._is_here(c) and c[1].container in self._classes,
                    lambda c: self._is_related(c) and c[1].container in self._classes,
                ]
            rules += self._base_rules()
        if imports:
            module = self._from([i for i in imports if _is_whole(i)])
            submodule = self._from_member(imports)
            source = self._from(imports)
            rules += [
                lambda c: not c[1].container and module(c),
                lambda c: not c[1].container and submodule(c),
                lambda c: _last(c[1].container) == receiver and source(c),
            ]
        modules = any(not i.original for i in imports)
        return rules, [
            lambda c: bool(receiver) and _last(c[1].container) == receiver,
            lambda c: not c[1].container and receiver in _module_names(c[0]),
            lambda c: modules and not c[1].container and c[1].public,
            lambda c: bool(c[1].container) and self._is_here(c),
            lambda c: bool(c[1].container) and c[1].public,
            lambda c: bool(c[1].container),
        ]

    def _base_rules(self) -> list["_Rule"]:
        """Rules for a member of what the classes around build on."""
        imported = self._from([i for i in self._names.imports if i.name in self._bases])
        known: list[_Rule] = [self._is_here, imported, self._in_package, self._is_related]

        def of_base(rule: _Rule) -> _Rule:
            return lambda c: _last(c[1].container) in self._bases and rule(c)

        return [of_base(rule) for rule in known]

    def _imported(self, name: str) -> list[Import]:
        return [imported for imported in self._names.imports if imported.name == name]

    def _visible(self) -> list[str]:
        """Containers whose names can be used at the place without more, the innermost first."""
        visible = []
        in_function = False
        for definition in reversed(self._around):
            if not (in_function and definition.kind in _TYPES and not self._rules.bare_members):
                visible.append(_full_name(definition))
            in_function |= definition.kind in _FUNCTIONS
        return [*visible, ""]

    def _is_in(self, container: str) -> "_Rule":
        return lambda c: self._is_here(c) and c[1].container == container

    def _is_related(self, candidate: Candidate) -> bool:
        """Whether a candidate is written in a language that knows the names of this one."""
        name = posixpath.basename(candidate[0])
        ending = posixpath.splitext(name)[1]
        return _family_of(f"_{ending}" if ending else name) == _family(self._names.language)

    def _is_here(self, candidate: Candidate) -> bool:
        return candidate[0] == self._path

    def _in_package(self, candidate: Candidate) -> bool:
        """Whether a candidate is known without import, as a part of the same package."""
        same = posixpath.dirname(candidate[0]) == posixpath.dirname(self._path)
        if not same or self._names.language not in _FOLDER_IS_PACKAGE:
            return False
        return self._is_related(candidate)

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


@cache
def _family(language: str) -> frozenset[str]:
    """The languages that share names with one, itself among them."""
    return next((f for f in _FAMILIES if language in f), frozenset({language}))


@lru_cache(maxsize=1024)
def _family_of(name: str) -> frozenset[str]:
    """The languages that share names with that of a file, by its name."""
    return _family(detect_language(name, ""))


def _module_names(path: str) -> tuple[str, str]:
    """The names by which the module that a file is can be known: its own and its folder's."""
    folder, name = posixpath.split(path)
    return name.partition(".")[0], posixpath.basename(folder)


def _last(container: str) -> str:
    return container.rpartition(".")[2]
