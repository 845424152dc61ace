"""Finds the files, lines and functions that a question names, as stack traces do."""

import re
from dataclasses import dataclass

from codeintel.lang.languages import detect_language

_MAX_PLACES = 50
_PATH_CHARS = r"[\w@~.+\-/\\]"
_PATH = rf"(?:[A-Za-z]:)?{_PATH_CHARS}{{0,500}}\.[A-Za-z]\w{{0,9}}"
# `File "app.py", line 3, in run` (Python) or `run (app.js:3:5)`, `app.rb:3:in 'run'`, `A.java:3`.
_PLACE = re.compile(
    rf'File "(?P<python>{_PATH})", line (?P<python_line>\d+)(?:, in (?P<python_name>\w+))?'
    rf"|(?<!{_PATH_CHARS})(?:(?P<name>[\w$.<>]{{1,300}}) ?\()?(?P<path>{_PATH})"
    r"(?::(?P<line>\d+)(?::\d+)?(?::in [`'](?:\w+#)?(?P<ruby_name>\w+))?)?"
)
_WHOLE = re.compile(rf"(?P<path>{_PATH_CHARS}+?)(?::(?P<line>\d+)(?::\d+)?)?/?")


@dataclass(frozen=True, slots=True)
class Place:
    """A file, and perhaps a line of it (from 1) or a function in it; `path` has forward slashes."""

    path: str
    line: int | None = None
    name: str = ""

    def fits(self, path: str) -> bool:
        """Whether this is a file of the repository: one path is the end of the other."""
        return path == self.path or path.endswith("/" + self.path) or self.path.endswith("/" + path)


def is_path(text: str) -> bool:
    """Whether a whole question is the path of a file, perhaps with a line."""
    match = _WHOLE.fullmatch(text)
    return match is not None and _is_source(match["path"])


def find_places(text: str) -> tuple[Place, ...]:
    """Give the files that a text names, innermost frame of a stack trace first.

    A word counts as a file where its ending is that of a known language.
    """
    found: dict[Place, None] = {}
    python = False
    for match in _PLACE.finditer(text):
        python = python or match["python"] is not None
        path = match["python"] or match["path"]
        if not _is_source(path):
            continue
        line = match["python_line"] or match["line"]
        name = match["python_name"] or match["ruby_name"] or match["name"] or ""
        place = Place(
            path.replace("\\", "/").removeprefix("./"),
            int(line) if line and len(line) < 9 else None,
            name.rpartition(".")[2],
        )
        found.setdefault(place)
    places = list(found)
    # Python prints the innermost frame last, all others first.
    return tuple(reversed(places[-_MAX_PLACES:]) if python else places[:_MAX_PLACES])


def _is_source(path: str) -> bool:
    """Whether a path ends like a file of a known language."""
    return detect_language(path.replace("\\", "/"), "") != "text"
