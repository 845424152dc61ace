"""Turns a repository's own commit messages into questions: which files did the change touch."""

import re
from pathlib import PurePosixPath

from msgspec import Struct

from codeintel.git.repository import Repository
from codeintel.search.signals import path_traits

_MAX_FILES = 10
_LEAST_WORDS = 3
_MAX_CHARS = 600
_LOG_TIMEOUT_S = 300.0
# What is about no code in particular, by its subject.
_ROUTINE = re.compile(
    r"^\W*(bump|release|prepare|version|v?\d+\.\d+|merge|revert|backport|wip\b|initial commit|chore"
    r"|style|format|reformat|lint|ruff|black|isort|prettier|eslint|pre-commit|typo|fix(ed|es)? typo"
    r"|spelling|changelog|docs?\b|ci\b|build\b|deps?\b|update (the )?(changelog|readme|licen[cs]e"
    r"|copyright|dependenc|lock|submodule|version|translation))"
    r"|\b(formatting|whitespace|changelog|dependabot|pre-commit|linter|typos?)\b",
    re.IGNORECASE,
)
_CONVENTIONAL = re.compile(r"^\w+(\([^)]*\))?!?: ")
_REFERENCE = re.compile(r"\s*\((gh-|#)\d+\)|\b(fix(es|ed)?|close[sd]?|refs?|see)? ?#\d+\b", re.I)
_TRAILER = re.compile(r"^[A-Z][\w-]+: .|^\(cherry picked from|^https?://", re.MULTILINE)
_ENTRY = re.compile(
    rb"\x02(?P<sha>\w+) (?P<parent>\w+)\x01(?P<message>[^\x02\x03]*)\x03(?P<files>[^\x02]*)"
)


class CommitQuestion(Struct, frozen=True):
    """A commit's message, and the files of code that it changed.

    Attributes
    ----------
    parent
        Sha of the commit before, whose files are searched.
    paths
        Files that the commit changed or removed, as they were called before.
    """

    sha: str
    parent: str
    query: str
    paths: tuple[str, ...]


def read_commits(repository: Repository, limit: int) -> list[CommitQuestion]:
    """Give at most `limit` commits that make good questions, oldest first, evenly spread.

    Left out are merges and roots, routine (releases, formatting, documents), changes of more than
    10 files of code or of none, messages of less than 3 words, and those that name a changed file:
    they would be found by their file's name alone.
    """
    output = repository.git.run(
        *("-c", "core.quotePath=false", "log", "--reverse", "--no-merges", "--min-parents=1"),
        *("--no-renames", "--diff-filter=MD", "--name-only", "--relative"),
        *("--format=%x02%H %P%x01%B%x03", "--", "."),
        timeout_s=_LOG_TIMEOUT_S,
    )
    found = []
    for match in _ENTRY.finditer(output):
        sha, parent, message, files = (
            part.decode("utf-8", "replace")
            for part in match.group("sha", "parent", "message", "files")
        )
        paths = tuple(path for path in files.split("\n") if path and _is_code(path))
        query = question_of(message)
        if query and 0 < len(paths) <= _MAX_FILES and not _names_one(query, paths):
            found.append(CommitQuestion(sha, parent, query, paths))
    step = max(1.0, len(found) / limit)
    return [found[int(n * step)] for n in range(min(limit, len(found)))]


def question_of(message: str) -> str:
    """Give a message's subject and first paragraph; empty where it tells nothing."""
    subject, _, body = message.strip().partition("\n")
    if _ROUTINE.search(subject):
        return ""
    subject = _REFERENCE.sub("", _CONVENTIONAL.sub("", subject)).strip()
    if len(subject.split()) < _LEAST_WORDS:
        return ""
    paragraph, *_ = body.strip().split("\n\n")
    if _TRAILER.search(paragraph):
        paragraph = ""
    return _REFERENCE.sub("", f"{subject}\n{' '.join(paragraph.split())}")[:_MAX_CHARS].strip()


def _is_code(path: str) -> bool:
    """Whether a file is code, no test and no document; names that git quotes are left out."""
    return not path.startswith('"') and path_traits(path).kind == "code"


def _names_one(query: str, paths: tuple[str, ...]) -> bool:
    """Whether a message has the name of one of the files, with or without its ending."""
    words = set(re.findall(r"[\w.-]*\w", query.lower())) | set(re.findall(r"\w+", query.lower()))
    pures = [PurePosixPath(path.lower()) for path in paths]
    return any(pure.name in words or pure.stem in words for pure in pures)
