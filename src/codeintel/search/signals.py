"""What a file's path says about its chance to be the answer."""

import re
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from posixpath import splitext

import numpy as np
from numpy.typing import NDArray

from codeintel.lang.tokens import tokenize
from codeintel.search.query import stem
from codeintel.types import FileKind

# A folder or file whose last word is test or spec: `Core.Tests/`, `jvmTest/`, `a_test.go`.
_TEST = re.compile(
    r"(^|/)(tests?|t|specs?|__tests__|testing|testdata|fixtures?|mocks?|e2e)(/|$)"
    r"|[._-](tests|specs)/|(?-i:[a-z0-9]Tests?)/"
    r"|[._-](tests?|spec|unittest)\.|(^|/)tests?[_.][^/]*$|(?-i:[a-z0-9]Test(s|Case)?)\.\w+$"
    r"|(?-i:[a-z0-9]Spec)\.(scala|hs|kt|groovy)$|(?-i:[a-z0-9]Suite)\.scala$"
    r"|(?-i:[a-z0-9]IT)\.(java|kt)$|(^|/)conftest\.py$|\.feature$",
    re.IGNORECASE,
)
_ASIDE = re.compile(
    r"(^|/)(bench(es|marks?)?|examples?|samples?|demos?|docs?|fuzz\w*|typings?)(/|$)"
    r"|(^|/)(compat|_?legacy|deprecated|_?vendor(ed)?|(third|3rd)[_-]?party|deps|node_modules"
    r"|bower_components|pods|carthage)(/|$)"
    r"|_bench\.|\.d\.ts$|(^|/)(changelog|history|license|authors)[^/]*$"
    r"|(^|/)single_include/|amalgamat",  # all of a library once more, in one file
    re.IGNORECASE,
)
_DOCS = re.compile(r"(^|/)docs?/", re.IGNORECASE)
_GENERIC_NAMES = frozenset(("index", "mod", "init", "main", "lib", "base"))
_FACADES = frozenset(
    """__init__.py index.ts index.tsx index.js index.jsx index.mjs index.cjs mod.ts mod.rs lib.rs
    root.zig doc.go package-info.java module-info.java""".split()
)

# Names of files have fewer words, but for generated ones.
_MOST_STEMS = 16

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
    folder, _, name = path.rpartition("/")
    root, ending = splitext(name)
    words = set(tokenize(root))
    if len(words) <= 1 and (words & _GENERIC_NAMES or root.strip("_") in _GENERIC_NAMES):
        words.update(tokenize(folder.rpartition("/")[2]))
    # Of the files without an ending, README and LICENSE are texts; a command's script is code.
    prose = ending.lower() in _PROSE or (not ending and name.isupper())
    is_test = _TEST.search(path) is not None
    kind: FileKind = "code"
    if is_test:
        kind = "tests"
    elif prose or _DOCS.search(path):
        kind = "docs"
    return PathTraits(
        stems=frozenset(stem(word) for word in words if len(word) > 1),
        aside=is_test or _ASIDE.search(path) is not None,
        facade=name in _FACADES,
        prose=prose,
        kind=kind,
    )


@dataclass(frozen=True, slots=True)
class FileTraits:
    """The traits of some paths, as arrays.

    Attributes
    ----------
    stems
        Codes of the stems as of `stem_codes`, filled up with zeros, shape ``(n, 16)``.
    n_stems, aside, facade, prose
        Shape ``(n,)``; see `PathTraits`.
    """

    stems: NDArray[np.int64]
    n_stems: NDArray[np.int64]
    aside: NDArray[np.bool_]
    facade: NDArray[np.bool_]
    prose: NDArray[np.bool_]


class PathTable:
    """The traits of all paths of a generation; each is read when it is first asked for."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._paths = paths
        self._known = np.zeros(len(paths), np.bool_)
        self._stems = np.zeros((len(paths), _MOST_STEMS), np.int64)
        self._kinds = np.zeros((len(paths), 3), np.bool_)
        self._lock = threading.Lock()

    def of(self, at: NDArray[np.intp]) -> FileTraits:
        """Give the traits of the paths at some positions."""
        unknown = at[~self._known[at]]
        if len(unknown):
            with self._lock:
                for position in unknown.tolist():
                    self._read(position)
        stems, kinds = self._stems.take(at, axis=0), self._kinds.take(at, axis=0)
        return FileTraits(stems, np.count_nonzero(stems, axis=1), *kinds.T)

    def _read(self, position: int) -> None:
        """Note the traits of one path."""
        traits = path_traits(self._paths[position])
        codes = stem_codes(traits.stems)[:_MOST_STEMS]
        self._stems[position, : len(codes)] = codes
        self._kinds[position] = traits.aside, traits.facade, traits.prose
        self._known[position] = True


def stem_codes(stems: Iterable[str]) -> NDArray[np.int64]:
    """Give the code of each stem, ascending."""
    return np.sort(np.array([_code(stem) for stem in stems], np.int64))


@lru_cache(maxsize=1 << 16)
def _code(stem: str) -> int:
    """Give a number for a stem, the same in every process; two get the same as good as never."""
    return int.from_bytes(blake2b(stem.encode(), digest_size=8).digest(), "big", signed=True) | 1
