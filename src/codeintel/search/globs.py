r"""Path globs, compiled to one linear-time matcher.

The rules are those of ``.gitignore``:

- A glob without an inner or leading ``/`` matches a name at any depth (``*.py``, ``tests``).
- Any other one is matched from the root (``src/*.py``, ``/setup.py``).
- A glob that matches a folder selects everything below it; with a ``/`` at the end it matches
  folders only.
- ``*`` and ``?`` stop at ``/``; ``**`` as a whole segment is any number of folders; ``[a-z]`` and
  ``[!a-z]`` are sets of characters; ``{a,b}`` are alternatives, which nest; ``\`` takes the next
  character as it is.
- ``!`` in front turns an included glob into an excluded one and the reverse.

A path is selected where an include glob matches it (or there is none) and no exclude glob does.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import re2
from numpy.typing import NDArray

from codeintel.effort import checked
from codeintel.errors import InvalidGlobError

_MAX_GLOB_CHARS = 1_000
_MAX_GLOBS = 200
# One path ends where the next begins; a line end inside a name is held to be a NUL instead.
_SEPARATOR = "\n"


class PathTable:
    """Paths laid out so that one pass of a matcher selects among all of them.

    Parameters
    ----------
    paths
        In the order that selections keep.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        names = [_encode(path) for path in paths]
        self.data = b"".join(name + b"\n" for name in names)
        ends = np.cumsum([len(name) + 1 for name in names], dtype=np.int64)
        self.starts = np.concatenate([np.zeros(1, np.int64), ends])

    def __len__(self) -> int:
        return len(self.starts) - 1

    def matching(self, pattern: re2._Regexp) -> NDArray[np.bool_]:
        """Say for each path whether a pattern made by `_compile` matches it."""
        found = np.zeros(len(self), dtype=np.bool_)
        for run in checked(pattern.finditer(self.data)):
            first, last = np.searchsorted(self.starts, run.span())
            found[first:last] = True
        return found


class GlobMatcher:
    """Include and exclude globs as one rule; `compile_globs` makes it."""

    def __init__(self, include: re2._Regexp | None, exclude: re2._Regexp | None) -> None:
        self._include = include
        self._exclude = exclude

    def __bool__(self) -> bool:
        """Tell whether there is any rule at all."""
        return self._include is not None or self._exclude is not None

    def matches(self, path: str) -> bool:
        """Tell whether a path (relative, with ``/``) is selected."""
        line = _encode(path) + b"\n"
        return (self._include is None or self._include.match(line) is not None) and (
            self._exclude is None or self._exclude.match(line) is None
        )

    def select(self, table: PathTable) -> NDArray[np.bool_]:
        """Say for each path of a table whether it is selected."""
        selected = np.ones(len(table), dtype=np.bool_)
        if self._include is not None:
            selected &= table.matching(self._include)
        if self._exclude is not None:
            selected &= ~table.matching(self._exclude)
        return selected


@lru_cache(maxsize=256)
def compile_globs(include: tuple[str, ...] = (), exclude: tuple[str, ...] = ()) -> GlobMatcher:
    """Compile globs to a matcher.

    Raises
    ------
    InvalidGlobError
        A glob is empty, malformed, leads out of the repository or is too long; names it.
    """
    if len(include) + len(exclude) > _MAX_GLOBS:
        raise InvalidGlobError(
            f"{len(include) + len(exclude)} globs are too many (at most {_MAX_GLOBS}).",
            cure="Join some with braces, or name a common folder.",
        )
    wanted = [g for g in include if not g.startswith("!")]
    unwanted = [g for g in exclude if not g.startswith("!")]
    wanted += [g[1:] for g in exclude if g.startswith("!")]
    unwanted += [g[1:] for g in include if g.startswith("!")]
    return GlobMatcher(_compile(wanted), _compile(unwanted))


def _compile(globs: Sequence[str]) -> re2._Regexp | None:
    """Compile alternatives to a pattern that matches runs of whole lines; None without any."""
    if not globs:
        return None
    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    options.max_mem = 64 << 20
    pattern = f"(?m:^(?:{'|'.join(_translate(glob) for glob in globs)})\n)+"
    try:
        return re2.compile(pattern.encode("utf-8", "replace"), options)
    except re2.error as error:
        named = "', '".join(globs)
        raise InvalidGlobError(
            f"The glob '{named[:200]}' cannot be used: {_reason(error)}.",
            cure="Simplify it: fewer braces, or shorter sets.",
        ) from error


def _translate(glob: str) -> str:
    """Turn one glob into a regular expression for a whole path."""
    if len(glob) > _MAX_GLOB_CHARS:
        raise _invalid(glob[:60] + "…", f"it is longer than {_MAX_GLOB_CHARS} characters")
    if any("\ud800" <= char <= "\udfff" for char in glob):
        raise _invalid(glob.encode("utf-8", "replace").decode(), "it is no valid Unicode")
    body = glob.replace("\n", "\0").removeprefix("./")
    if not body.strip("/"):
        raise _invalid(glob, "it is empty")
    if ".." in body.split("/"):
        raise _invalid(glob, "'..' leads out of the repository")
    folder_only = body.endswith("/")
    body = body.rstrip("/")
    anchored = "/" in body
    pattern = _Translator(glob, body.removeprefix("/")).run()
    above = "" if anchored else "(?:[^\n]*/)?"
    below = "/[^\n]*" if folder_only else "(?:/[^\n]*)?"
    return above + pattern + below


class _Translator:
    """Walks over one glob, character by character."""

    def __init__(self, glob: str, body: str) -> None:
        self._glob = glob
        self._body = body
        self._at = 0
        self._depth = 0
        self._out: list[str] = []

    def run(self) -> str:
        while self._at < len(self._body):
            char = self._body[self._at]
            self._at += 1
            match char:
                case "*":
                    self._stars()
                case "?":
                    self._out.append("[^/\n]")
                case "[":
                    self._set()
                case "{":
                    self._depth += 1
                    self._out.append("(?:")
                case "}" if self._depth:
                    self._depth -= 1
                    self._out.append(")")
                case "," if self._depth:
                    self._out.append("|")
                case "\\":
                    self._escaped()
                case _:
                    self._out.append(_quote(char))
        if self._depth:
            raise _invalid(self._glob, "a '{' is not closed")
        return "".join(self._out)

    def _stars(self) -> None:
        """Translate ``*``, and ``**`` where it is a whole segment."""
        start = self._at - 1
        while self._body[self._at : self._at + 1] == "*":
            self._at += 1
        before, after = self._body[:start], self._body[self._at :]
        whole = before[-1:] in ("", "/", "{", ",") and after[:1] in ("", "/", "}", ",")
        if self._at - start != 2 or not whole:
            self._out.append("[^/\n]*")
        elif after.startswith("/"):
            self._at += 1
            self._out.append("(?:[^\n]*/)?")
        else:
            self._out.append("[^\n]*")

    def _set(self) -> None:
        """Translate ``[…]``; a ``]`` that comes first belongs to the set."""
        negated = self._body[self._at : self._at + 1] in ("!", "^")
        start = self._at + negated
        end = self._body.find("]", start + 1)
        if end < 0:
            raise _invalid(self._glob, "a '[' is not closed")
        self._at = end + 1
        ranges = list(_ranges(self._body[start:end], self._glob))
        body = "".join(f"{_code(low)}-{_code(high)}" for low, high in ranges)
        if negated:
            self._out.append(f"[^/\n{body}]")
        else:
            # A set never matches the separator of folders, as everywhere in git.
            kept = "".join(
                f"{_code(a)}-{_code(b)}"
                for low, high in ranges
                for a, b in ((low, min(high, ord("/") - 1)), (max(low, ord("/") + 1), high))
                if a <= b
            )
            if not kept:
                raise _invalid(self._glob, "a set that holds only '/' can match nothing")
            self._out.append(f"[{kept}]")

    def _escaped(self) -> None:
        """Translate a backslash and the character after it."""
        if self._at == len(self._body):
            raise _invalid(self._glob, "it ends in a single backslash")
        self._out.append(_quote(self._body[self._at]))
        self._at += 1


def _ranges(body: str, glob: str) -> list[tuple[int, int]]:
    """Give the code point ranges of a set's inside."""
    chars: list[tuple[str, bool]] = []
    escaped = False
    for char in body:
        if char == "\\" and not escaped:
            escaped = True
            continue
        chars.append((char, escaped))
        escaped = False
    ranges: list[tuple[int, int]] = []
    at = 0
    while at < len(chars):
        low = ord(chars[at][0])
        if at + 2 < len(chars) and chars[at + 1] == ("-", False):
            high = ord(chars[at + 2][0])
            if high < low:
                raise _invalid(glob, f"the range '{chr(low)}-{chr(high)}' is reversed")
            at += 3
        else:
            high = low
            at += 1
        ranges.append((low, high))
    return ranges


def _code(point: int) -> str:
    """Write a code point so that it has no special meaning in a set."""
    return f"\\x{{{point:x}}}"


def _quote(char: str) -> str:
    """Write a character so that it has no special meaning."""
    return char if char.isalnum() or char in "_/" or ord(char) > 127 else f"\\x{{{ord(char):x}}}"


def _encode(path: str) -> bytes:
    """Encode a path for matching: no line ends, and no bytes that are not UTF-8."""
    return path.replace(_SEPARATOR, "\0").encode("utf-8", "replace")


def _reason(error: Exception) -> str:
    """Give the engine's words as text."""
    reason = error.args[0] if error.args else error
    return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)


def _invalid(glob: str, why: str) -> InvalidGlobError:
    """Name the glob and what is wrong with it."""
    return InvalidGlobError(
        f"The glob '{glob}' cannot be used: {why}.",
        cure="Globs know **, *, ?, [a-z], {a,b} and a leading '!'.",
    )
