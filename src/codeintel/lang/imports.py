"""What a file imports, and which files that can be."""

import posixpath
import re
from collections.abc import Mapping
from typing import Final

from msgspec import Struct
from tree_sitter import Tree

from codeintel.lang.grammar import Captures, Grammar, load_grammar, parse_tree
from codeintel.lang.positions import SourceMap

_JAVASCRIPT: Final = (
    *("", ".ts", ".tsx", ".d.ts", ".js", ".jsx", ".mjs", ".cjs", ".mts", ".cts", ".json"),
    *("/index.ts", "/index.tsx", "/index.d.ts", "/index.js", "/index.jsx", "/index.mjs"),
)

# What follows the path that a module's name spells; a folder ends in "/" (a package of files).
_ENDINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "python": (".py", "/__init__.py", ".pyi", "/__init__.pyi", ".pyx"),
    "javascript": _JAVASCRIPT,
    "typescript": _JAVASCRIPT,
    "tsx": _JAVASCRIPT,
    "go": ("/",),
    "rust": (".rs", "/mod.rs"),
    "java": (".java", "/"),
    "kotlin": (".kt", "/"),
    "scala": (".scala", "/"),
    "c": ("",),
    "cpp": ("",),
    "csharp": (".cs", "/"),
    "ruby": (".rb",),
    "php": (".php", "/"),
    "swift": ("/",),
    "elixir": (".ex", ".exs"),
    "haskell": (".hs",),
    "lua": (".lua", "/init.lua"),
    "zig": ("",),
    "bash": ("",),
}
_SEPARATORS = re.compile(r"\.|::|\\")
_CRATE = re.compile(r"^(?:crate|self|super)(?:::|\.|$)")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class Import(Struct, frozen=True):
    """A name that a file takes from elsewhere, or hands on.

    Attributes
    ----------
    name
        What the file calls it; ``"*"`` where everything is taken.
    source
        The module as the file spells it.
    original
        Its name in that module; empty where the module itself is meant.
    line
        Where the import stands.
    """

    name: str
    source: str
    original: str
    line: int


def _import_of(source: SourceMap, captures: Captures) -> Import:
    """The import that a match of an import pattern describes."""
    spelled = " ".join(source.text_of(captures["source"][0]).split())
    module = spelled.removeprefix("import ").strip("\"'<>`")
    original = source.text_of(captures["original"][0]) if "original" in captures else ""
    original = original.strip("\"'")
    bound = source.text_of(captures["bound"][0]) if "bound" in captures else ""
    last = re.split(r"[./\\:]+", module.rstrip("/"))[-1]
    row = captures["import"][0].start_point[0]
    return Import(bound or original or last, module, original, row + 1)


def parse_imports(language: str, text: str) -> tuple[Import, ...]:
    """What a file imports, in file order, for a small part of the cost of parsing its names."""
    grammar = load_grammar(language)
    if grammar is None or not grammar.patterns["imports"]:
        return ()
    source = SourceMap(text)
    tree = parse_tree(grammar, source.data, limit_s=1.0)
    return imports_of(grammar, source, tree) if tree else ()


def imports_of(grammar: Grammar, source: SourceMap, tree: Tree) -> tuple[Import, ...]:
    """The imports in a syntax tree, in file order."""
    matches = grammar.matches(tree, "imports")
    return tuple(dict.fromkeys(_import_of(source, captures) for _, _, captures in matches))


def import_targets(language: str, path: str, source: str) -> tuple[str, ...]:
    """Ways in which the path of an imported file can end, likeliest first.

    Parameters
    ----------
    path
        The file that imports; its folder is where relative imports start.
    source
        The module as that file spells it.

    Returns
    -------
    tuple of str
        Endings of paths relative to the repository; those that begin with ``/`` are whole paths,
        those that end with ``/`` name the folder. Empty for a language without such rules.
    """
    endings = _ENDINGS.get(language, ())
    spelled, is_whole = _spelled_path(language, posixpath.dirname(path), source)
    if not spelled:
        return ()
    if language == "go":  # in a folder of its own, or the module is the repository
        return f"{spelled}/", f"/{posixpath.basename(spelled)}/"
    return tuple(("/" if is_whole else "") + spelled + ending for ending in endings)


def _spelled_path(language: str, folder: str, source: str) -> tuple[str, bool]:
    """The path that a module's name spells, and whether it starts at the repository's root."""
    if language == "python" and source.startswith("."):
        name = source.lstrip(".")
        ups = ["..", *[".."] * (len(source) - len(name) - 1)][1:]
        return _joined(folder, *ups, name.replace(".", "/")), True
    if source.startswith(("./", "../")) or source in (".", ".."):
        return _joined(folder, source), True
    if language in ("javascript", "typescript", "tsx"):
        return re.sub(r"^[@~]/", "", source), False
    if language == "go":
        return "/".join(source.split("/")[-2:]), False
    if language == "rust":
        return _SEPARATORS.sub("/", _CRATE.sub("", source)), False
    if language == "elixir":
        return "/".join(_CAMEL.sub("_", part).lower() for part in source.split(".")), False
    if language in ("c", "cpp", "ruby", "bash", "zig"):
        return source, False
    return _SEPARATORS.sub("/", source), False


def _joined(*parts: str) -> str:
    """A path without dots; empty where it leaves the repository."""
    joined = posixpath.normpath(posixpath.join(*parts))
    return "" if joined.startswith("..") or joined == "." else joined


def path_fits(path: str, targets: tuple[str, ...]) -> bool:
    """Whether a path relative to the repository ends in one of `import_targets`' ways."""
    rooted = f"/{path}"
    folder = f"{posixpath.dirname(rooted)}/"
    for target in targets:
        if target.startswith("/"):
            if target in (rooted, folder):
                return True
        elif rooted.endswith(f"/{target}") or folder.endswith(f"/{target}"):
            return True
    return False
