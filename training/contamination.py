"""Keeps evaluation repositories, and copies of them, out of the training data.

Two checks: by name, for repositories that are never looked at here, and by shared lines, for the
development corpora, whose text is at hand.
"""

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

# Repositories that quality is measured on; none of them, and no path that looks like a copy.
EVALUATION_NAMES = (
    "aiohttp vitest gin cobra chi gson commons-lang commons-lang3 jackson-databind guzzle "
    "guzzlehttp monolog laravel illuminate sinatra rack rails actionpack activesupport "
    "activerecord tokio serde axum messagepack-csharp newtonsoft newtonsoft.json dapper ktor "
    "kotlinx-coroutines kotlinx.coroutines exposed cats circe http4s alamofire vapor snapkit "
    "plug ecto phoenix abseil abseil-cpp absl fmt fmtlib nlohmann nlohmann-json curl libcurl "
    "redis libuv bats bats-core nvm bash-it aeson pandoc xmonad telescope.nvim lazy.nvim "
    "mini.nvim zls zig-clap click fastapi starlette requests pydantic pydantic_core model2vec "
    "httpx flask redux trpc zod axios express"
).split()

_COPIES = re.compile(
    r"(^|/)(" + "|".join(re.escape(name) for name in EVALUATION_NAMES) + r")(?=/|[-_.]|$)",
    re.IGNORECASE,
)
_VENDORED = re.compile(
    r"(^|/)(_?vendor(ed)?|third[-_]?party|3rd[-_]?party|node_modules|extern(al|als)?|bundled?|deps"
    r"|contrib/libs|submodules|godeps|bower_components|subprojects)(/|$)",
    re.IGNORECASE,
)
_BOILERPLATE = re.compile(r"licen[sc]e|copyright|warrant|liab|permission|redistribut|spdx", re.I)

_LONG_LINE_CHARS = 50
_SHARED_LINES = 4
_SHARED_PART = 0.15


def is_suspicious(path: str) -> bool:
    """Tell whether a path looks like vendored code or a copy of an evaluation repository."""
    return bool(_VENDORED.search(path) or _COPIES.search(path))


def long_lines(text: str) -> set[bytes]:
    """Give digests of the lines that two files hardly share by chance."""
    lines = (" ".join(line.split()) for line in text.splitlines())
    return {
        hashlib.blake2b(line.encode("utf-8", "replace"), digest_size=8).digest()
        for line in lines
        if len(line) >= _LONG_LINE_CHARS and not _BOILERPLATE.search(line)
    }


class EvaluationLines:
    """Long lines of the evaluation corpora that can be read here."""

    def __init__(self, files: Iterable[Path]) -> None:
        self._lines: set[bytes] = set()
        for file in files:
            self._lines |= long_lines(file.read_text("utf-8", "replace"))

    def __len__(self) -> int:
        return len(self._lines)

    def are_in(self, text: str) -> bool:
        """Tell whether a file shares enough long lines to be a copy or a fork."""
        lines = long_lines(text)
        shared = len(lines & self._lines)
        return shared >= _SHARED_LINES and shared >= _SHARED_PART * len(lines)
