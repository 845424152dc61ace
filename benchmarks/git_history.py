"""Makes a large git history by script: the same one each time, kept in the user's cache folder.

It has what makes real histories slow: files that thousands of commits touch beside thousands that
few do, short branches that are merged (also with conflicts in a file), renames with and without an
edit, deletions, and mode changes.
"""

import os
import random
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

VERSION = 1
WORDS = ("read", "write", "index", "merge", "node", "path", "count", "limit", "cache", "token")

Lines = tuple[str, ...]


@dataclass
class Branch:
    mark: int
    files: dict[str, Lines]
    changed: dict[str, None] = field(default_factory=dict)


class HistoryMaker:
    """Writes a stream for ``git fast-import``."""

    def __init__(self, n_commits: int, n_files: int) -> None:
        self._random = random.Random(n_commits)
        self._n_commits = n_commits
        self._n_files = n_files
        self._mark = 0
        self._clock_s = 1_300_000_000
        self._n_named = 0
        self._names: list[str] = []

    def stream(self) -> Iterator[bytes]:
        main = Branch(0, {})
        for _ in range(self._n_files):
            self._add(main)
        yield self._commit(main, "main", dict.fromkeys(main.files))
        open_branches: list[Branch] = []
        while self._mark < self._n_commits:
            dice = self._random.random()
            if dice < 0.12 and len(open_branches) < 4:
                open_branches.append(Branch(main.mark, dict(main.files)))
            elif dice < 0.27 and open_branches and open_branches[0].changed:
                yield self._merge(main, open_branches.pop(0))
            elif dice < 0.55 and open_branches:
                branch = self._random.choice(open_branches)
                yield self._change(branch, f"side{branch.mark}", n_files=(1, 3))
            else:
                yield self._change(main, "main", n_files=(1, 4))

    def _change(self, branch: Branch, name: str, n_files: tuple[int, int]) -> bytes:
        changes: dict[str, str | None] = {}
        for _ in range(self._random.randint(*n_files)):
            path = self._pick(branch)
            dice = self._random.random()
            if dice < 0.01:
                self._remove(branch, path)
                changes[path] = None
                changes[self._add(branch)] = None
            elif dice < 0.02:
                new = self._rename(branch, path)
                changes[path] = changes[new] = None
            else:
                branch.files[path] = self._edited(branch.files[path])
                changes[path] = None
        branch.changed.update(dict.fromkeys(changes))
        return self._commit(branch, name, changes)

    def _merge(self, main: Branch, side: Branch) -> bytes:
        changes: dict[str, str | None] = {}
        for path in side.changed:
            theirs = side.files.get(path)
            if path in main.changed and path in main.files and theirs is not None:
                if self._random.random() < 0.5:
                    theirs = (*main.files[path][:-1], self._line(), *theirs[-1:])
                else:
                    theirs = main.files[path]
            if theirs is None:
                main.files.pop(path, None)
            else:
                main.files[path] = theirs
            changes[path] = None
        main.changed = dict.fromkeys(list(main.changed)[-2000:])
        return self._commit(main, "main", changes, merged=side.mark)

    def _commit(
        self, branch: Branch, name: str, changes: dict[str, str | None], merged: int | None = None
    ) -> bytes:
        self._mark += 1
        self._clock_s += self._random.randint(60, 5000)
        author = self._random.randrange(40)
        message = f"{self._random.choice(WORDS)} the {self._random.choice(WORDS)} {self._mark}\n"
        out = [
            f"commit refs/heads/{name}\nmark :{self._mark}\n"
            f"author Author {author} <author{author}@example.org> {self._clock_s} +0200\n"
            f"committer Author {author} <author{author}@example.org> {self._clock_s} +0200\n"
            f"data {len(message)}\n{message}"
        ]
        if branch.mark:
            out.append(f"from :{branch.mark}\n")
        if merged:
            out.append(f"merge :{merged}\n")
        for path in changes:
            lines = branch.files.get(path)
            if lines is None:
                out.append(f"D {path}\n")
            else:
                content = "".join(lines)
                mode = 100755 if self._random.random() < 0.01 else 100644
                out.append(f"M {mode} inline {path}\ndata {len(content)}\n{content}\n")
        branch.mark = self._mark
        return "".join(out).encode() + b"\n"

    def _pick(self, branch: Branch) -> str:
        """Choose a file, the first ones far more often."""
        while True:
            place = int(len(self._names) * self._random.random() ** 6)
            if self._names[place] in branch.files:
                return self._names[place]

    def _add(self, branch: Branch) -> str:
        self._n_named += 1
        path = f"src/part{self._n_named % 40}/unit{self._n_named % 7}/file{self._n_named}.py"
        self._names.append(path)
        n_lines = int(self._random.lognormvariate(3.9, 0.8))
        branch.files[path] = tuple(self._line() for _ in range(max(3, min(n_lines, 1500))))
        return path

    def _remove(self, branch: Branch, path: str) -> None:
        del branch.files[path]

    def _rename(self, branch: Branch, path: str) -> str:
        self._n_named += 1
        new = f"src/part{self._n_named % 40}/moved{self._n_named}.py"
        self._names[self._names.index(path)] = new
        lines = branch.files.pop(path)
        branch.files[new] = self._edited(lines) if self._random.random() < 0.5 else lines
        return new

    def _edited(self, lines: Lines) -> Lines:
        at = self._random.randrange(len(lines))
        n_cut = min(self._random.choice((0, 1, 1, 1, 2, 4)), len(lines) - 1)
        new = [self._line() for _ in range(self._random.choice((1, 1, 1, 2, 3)))]
        return (*lines[:at], *new, *lines[at + n_cut :])

    def _line(self) -> str:
        words = " ".join(self._random.choices(WORDS, k=self._random.randint(1, 5)))
        return f"{'    ' * self._random.randint(0, 3)}{words}\n"


def large_history(n_commits: int = 50_500, n_files: int = 5_000) -> Path:
    """Give a bare repository with that history, made on first use."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    folder = cache / "codeintel-benchmarks" / f"history-{VERSION}-{n_commits}-{n_files}.git"
    if folder.is_dir():
        return folder
    draft = folder.with_suffix(".draft")
    subprocess.run(["rm", "-rf", draft], check=True)
    draft.mkdir(parents=True)
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", draft], check=True)
    with subprocess.Popen(
        ["git", "-C", draft, "fast-import", "--quiet"], stdin=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        for part in HistoryMaker(n_commits, n_files).stream():
            process.stdin.write(part)
    # As in a fresh clone: one pack, no commit-graph; merged branches are gone.
    subprocess.run(
        "git for-each-ref --format='delete %(refname)' 'refs/heads/side*' | git update-ref --stdin",
        shell=True,
        check=True,
        cwd=draft,
    )
    subprocess.run(["git", "-c", "core.commitGraph=false", "repack", "-adq"], check=True, cwd=draft)
    draft.rename(folder)
    return folder
