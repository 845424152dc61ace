"""What a file's path says about its chance to be the answer."""

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath

from codeintel.lang.tokens import tokenize
from codeintel.search.query import stem
from codeintel.types import FileKind

# A folder or file whose last word is test or spec: `Core.Tests/`, `jvmTest/`, `a_test.go`.
_TESTS = (
    r"(^|/)(tests?|specs?|__tests__|testing|testdata|fixtures?|mocks?|e2e)(/|$)"
    r"|[._-](tests|specs)/|(?-i:[a-z0-9]Tests?)/"
    r"|[._-](tests?|spec)\.|(^|/)tests?[_.][^/]*$|(?-i:[a-z0-9]Tests?)\.\w+$"
    r"|(?-i:[a-z0-9]Spec)\.(scala|hs|kt|groovy)$"
)
_TEST = re.compile(_TESTS, re.IGNORECASE)
_ASIDE = re.compile(
    _TESTS + r"|(^|/)(bench(marks?)?|examples?|samples?|demos?|docs?|fuzz\w*|typings?)(/|$)"
    r"|(^|/)(compat|_?legacy|deprecated|_?vendor(ed)?|third[_-]?party|deps|node_modules)(/|$)"
    r"|_bench\.|\.d\.ts$|(^|/)(changelog|history|license|authors)[^/]*$"
    r"|(^|/)single_include/|amalgamat",  # all of a library once more, in one file
    re.IGNORECASE,
)
_DOCS = re.compile(r"(^|/)docs?/", re.IGNORECASE)
_GENERIC_NAMES = frozenset(("index", "mod", "init", "main", "lib", "base"))
_FACADES = frozenset(
    ("__init__.py", "index.ts", "index.js", "mod.rs", "lib.rs", "package-info.java")
)

_PROSE = frozenset((".md", ".mdx", ".rst", ".txt", ".adoc"))


@dataclass(frozen=True, slots=True)
class PathTraits:
    """What the ranking knows of a path.

    Attributes
    ----------
    stems
        Stemmed words of the file's name; of its folder, too, where the name says nothing.
    aside
        A test, example, document, vendored or outdated file: found, but after what it is about.
    facade
        A file that mostly hands on what others define.
    prose
        A text for people: it tells of the code that is looked for.
    kind
        What it is for those who want only some files.
    """

    stems: frozenset[str]
    aside: bool
    facade: bool
    prose: bool
    kind: FileKind


@lru_cache(maxsize=1 << 17)
def path_traits(path: str) -> PathTraits:
    """Read a path, as seen from the root of the repository."""
    pure = PurePosixPath(path)
    words = set(tokenize(pure.stem))
    if len(words) <= 1 and (words & _GENERIC_NAMES or pure.stem.strip("_") in _GENERIC_NAMES):
        words.update(tokenize(pure.parent.name))
    # Of the files without an ending, README and LICENSE are texts; a command's script is code.
    prose = pure.suffix.lower() in _PROSE or (not pure.suffix and pure.name.isupper())
    return PathTraits(
        stems=frozenset(stem(word) for word in words if len(word) > 1),
        aside=_ASIDE.search(path) is not None,
        facade=pure.name in _FACADES,
        prose=prose,
        kind=_kind(path, prose=prose),
    )


def _kind(path: str, *, prose: bool) -> FileKind:
    """Tell tests and documents from code."""
    if _TEST.search(path):
        return "tests"
    return "docs" if prose or _DOCS.search(path) else "code"
