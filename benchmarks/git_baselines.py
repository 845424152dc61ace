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
        encoding="utf-8",
        errors="replace",
    ).stdout
    answer: Answer = []
    sha = author = summary = ""
    for line in output.split("\n"):
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
    form = "%H%x09%aN%x09%aE%x09%aI%x09%B"
    output = subprocess.run(
        ["git", "log", f"-n{limit}", "-z", f"--format={form}", "--", path],
        cwd=repository,
        capture_output=True,
        check=True,
        encoding="utf-8",
        errors="replace",
    ).stdout
    commits = output.removesuffix("\0").split("\0")
    return [tuple(commit.split("\n")[0].split("\t", 4)) for commit in commits if commit]


def gitpython_blame(repository: git.Repo, path: str, first: int, last: int) -> Answer:
    answer: Answer = []
    for entry in repository.blame("HEAD", path, L=f"{first},{last}") or []:
        commit, lines = entry[0], entry[1]
        assert isinstance(commit, git.Commit)
        answer += [(commit.hexsha, str(commit.author), str(commit.summary))] * len(lines or [])
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
        command = ["git", "-c", "core.quotePath=false", *arguments]
        output = subprocess.run(command, cwd=repository, capture_output=True, check=True).stdout
        return output.decode("utf-8", "replace").splitlines()

    head = lines("ls-tree", "-r", "--name-only", "HEAD")
    known = set(head)
    touched = Counter(
        line for line in lines("log", "--name-only", "--format=") if line and line in known
    )
    by_heat = [path for path, _ in touched.most_common()]
    hot = by_heat[:4] + chance.sample(by_heat[4:200], max(1, 8 * n_scale // 10))
    old = chance.sample(by_heat[-len(by_heat) // 4 :], 8 * n_scale // 10)
    renamed = [path for path in head if "moved" in path]  # as the script names them
    if not renamed:
        options = ("-M100%", "--diff-filter=R", "--name-only", "--format=")
        renamed = sorted(known.intersection(lines("log", *options)))
    chosen = [
        *(("hot", path) for path in hot),
        *(("old", path) for path in old),
        *(("renamed", path) for path in chance.sample(renamed, 10 * n_scale // 10)),
        *(("random", path) for path in chance.sample(head, 10 * n_scale // 10)),
    ]
    found = []
    for kind, path in chosen:
        n_lines = count_lines(repository, path)
        if n_lines:
            first = chance.randint(1, max(1, n_lines - 9))
            found.append(Sample(kind, path, first, min(n_lines, first + 9)))
    return found


def count_lines(repository: Path, path: str) -> int:
    """Count the lines of a file of HEAD; 0 for one that nobody blames."""
    command = ["git", "show", f"HEAD:{path}"]
    done = subprocess.run(command, cwd=repository, capture_output=True)
    if done.returncode or b"\0" in done.stdout:
        return 0
    return done.stdout.count(b"\n") + (not done.stdout.endswith(b"\n") and bool(done.stdout))


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
