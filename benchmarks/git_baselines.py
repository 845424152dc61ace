"""The old ways to ask git: a process for each call, and GitPython."""

import os
import random
import re
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import git

Answer = list[tuple[str, ...]]

_HEADER = re.compile(r"^([0-9a-f]{40}) (\d+) (\d+)")


def subprocess_blame(repository: Path, path: str, first: int, last: int) -> Answer:
    """Do what the design note did: one process, regular expressions over porcelain."""
    output = subprocess.run(
        ["git", "blame", "--line-porcelain", f"-L{first},{last}", "HEAD", "--", path],
        cwd=repository,
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    answer: Answer = []
    sha = author = summary = ""
    for line in output.splitlines():
        if match := _HEADER.match(line):
            sha = match[1]
        elif line.startswith("author "):
            author = line[7:]
        elif line.startswith("summary "):
            summary = line[8:]
        elif line.startswith("\t"):
            answer.append((sha, author, summary))
    return answer


def subprocess_history(repository: Path, path: str, limit: int) -> Answer:
    output = subprocess.run(
        ["git", "log", f"-n{limit}", "--format=%H%x09%aN%x09%aE%x09%aI%x09%s", "--", path],
        cwd=repository,
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    return [tuple(line.split("\t")) for line in output.splitlines()]


def gitpython_blame(repository: git.Repo, path: str, first: int, last: int) -> Answer:
    answer: Answer = []
    for commit, lines in repository.blame("HEAD", path, L=f"{first},{last}") or []:
        assert isinstance(commit, git.Commit)
        for _ in lines or []:
            answer.append((commit.hexsha, str(commit.author), str(commit.summary)))
    return answer


def gitpython_history(repository: git.Repo, path: str, limit: int) -> Answer:
    return [
        (
            commit.hexsha,
            str(commit.author.name),
            str(commit.author.email),
            commit.authored_datetime.isoformat(),
            str(commit.summary),
        )
        for commit in repository.iter_commits("HEAD", paths=path, max_count=limit)
    ]


@dataclass(frozen=True)
class Sample:
    """A question: a path and ten of its lines."""

    kind: str
    path: str
    first: int
    last: int


def samples(repository: Path, n_scale: int) -> list[Sample]:
    """Choose hot, old, renamed and random files, `n_scale` tenths of 40."""
    chance = random.Random(7)

    def lines(*arguments: str) -> list[str]:
        output = subprocess.run(
            ["git", *arguments], cwd=repository, capture_output=True, check=True, text=True
        ).stdout
        return output.splitlines()

    head = lines("ls-tree", "-r", "--name-only", "HEAD")
    known = set(head)
    touched = Counter(
        line for line in lines("log", "--name-only", "--format=") if line and line in known
    )
    by_heat = [path for path, _ in touched.most_common()]
    hot = by_heat[:4] + chance.sample(by_heat[4:200], max(1, 8 * n_scale // 10))
    old = chance.sample(by_heat[-len(by_heat) // 4 :], 8 * n_scale // 10)
    renamed = [path for path in head if "moved" in path]
    chosen = [
        *(("hot", path) for path in hot),
        *(("old", path) for path in old),
        *(("renamed", path) for path in chance.sample(renamed, 10 * n_scale // 10)),
        *(("random", path) for path in chance.sample(head, 10 * n_scale // 10)),
    ]
    found = []
    for kind, path in chosen:
        n_lines = len(lines("show", f"HEAD:{path}"))
        first = chance.randint(1, max(1, n_lines - 9))
        found.append(Sample(kind, path, first, min(n_lines, first + 9)))
    return found


def drop_from_page_cache(*folders: Path) -> None:
    """Make the next reads come from the disk."""
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file():
                handle = os.open(path, os.O_RDONLY)
                try:
                    os.fdatasync(handle)
                    os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
                finally:
                    os.close(handle)
