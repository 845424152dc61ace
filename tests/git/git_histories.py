"""Random histories with everything that makes blame and log hard, and git's own answers."""

import random
import subprocess
from pathlib import Path

from git_repos import TestRepository

WORDS = ["a\n", "b\n", "c\n", "{\n", "}\n", "\n", "a\r\n", "x y z\n"]
MODES = ["100644", "100644", "100644", "100755", "120000"]
NAMES = ["f", "g", "d/f", "d/e/g", "D", "é", "d", "f/x", "g x"]

Tree = dict[str, tuple[str, str]]


class RandomHistory:
    """A repository made by one `git fast-import` from a seed.

    Merges take each path from any parent or edit it; parents are any earlier commits, so there are
    criss-cross and octopus merges and unrelated roots. Times jump back and repeat.
    """

    def __init__(self, path: Path, seed: int) -> None:
        self.repository = TestRepository(path)
        self.random = random.Random(seed)
        self.trees: list[Tree] = []
        self.names: set[str] = set()
        self.n_commits = self.random.randint(2, 24)
        self.skew_s = self.random.choice([0, 0, 1, 500])
        stream = "".join(self.commit(n) for n in range(self.n_commits))
        self.repository.git("fast-import", "--quiet", stdin=stream.encode())
        marks = self.repository.git("for-each-ref", "--format=%(objectname)", "refs/heads/c")
        self.shas = marks.decode().split()
        self.checkout(self.shas[-1])

    def checkout(self, sha: str) -> None:
        """Move HEAD without a working tree being there."""
        self.repository.git("update-ref", "--no-deref", "HEAD", sha)

    def commit(self, n: int) -> str:
        parents = self.parents(n)
        tree: Tree = dict(self.trees[parents[0]]) if parents else {}
        for other in parents[1:]:
            for name in self.names:
                if self.random.random() < 0.4:
                    tree.pop(name, None)
                    if name in self.trees[other]:
                        self.put(tree, name, *self.trees[other][name])
        n_changes = self.random.choice([0, 1, 1, 1, 2, 3] if parents else [3])
        for _ in range(n_changes if len(parents) < 2 else self.random.choice([0, 0, 1])):
            self.change(tree)
        self.trees.append(tree)
        self.names |= set(tree)
        time_s = 1_600_000_000 + 100 * n + self.random.randint(-self.skew_s, 0) * 3
        if self.random.random() < 0.3:
            time_s -= time_s % 400
        who = f"{self.random.choice(['Ann', 'Böb', ''])} <x@y> {time_s} -0330"
        message = self.random.choice(["one", "two\nlines", "", "\n\n late \n", "para\ngraph\n\nx"])
        data = message.encode()
        lines = [f"commit refs/heads/c/{n:03}\nmark :{n + 1}\ncommitter {who}\n"]
        lines.append(f"data {len(data)}\n{message}\n")
        lines += [f"{'merge' if k else 'from'} :{p + 1}\n" for k, p in enumerate(parents)]
        lines.append("deleteall\n")
        for name, (mode, content) in tree.items():
            lines.append(f"M {mode} inline {name}\ndata {len(content.encode())}\n{content}\n")
        return "".join(lines)

    def parents(self, n: int) -> list[int]:
        if n == 0 or self.random.random() < 0.03:
            return []
        recent = list(range(max(0, n - 5), n))
        count = self.random.choice([1, 1, 1, 2, 2, 3, 4])
        chosen = self.random.sample(recent, min(count, len(recent)))
        return chosen if self.random.random() < 0.8 else [self.random.randrange(n)]

    def change(self, tree: Tree) -> None:
        names = list(tree)
        dice = self.random.random()
        name = self.random.choice(names) if names else ""
        if not names or dice < 0.25:
            content = "".join(self.random.choices(WORDS, k=self.random.randint(0, 12)))
            self.put(tree, self.random.choice(NAMES), "100644", content)
        elif dice < 0.32:
            del tree[name]
        elif dice < 0.47:  # rename, often with an edit
            mode, content = tree.pop(name)
            content = self.edited(content) if self.random.random() < 0.5 else content
            self.put(tree, self.random.choice(NAMES), mode, content)
        elif dice < 0.52:
            self.put(tree, self.random.choice(NAMES), *tree[name])
        elif dice < 0.58:
            tree[name] = (self.random.choice(MODES), tree[name][1] or "a\n")
        elif dice < 0.62:
            tree[name] = (tree[name][0], tree[name][1].replace("\n", "\r\n"))
        else:
            tree[name] = (tree[name][0], self.edited(tree[name][1]))

    def put(self, tree: Tree, name: str, mode: str, content: str) -> None:
        """Set a path and remove what a file and a folder cannot both be."""
        for other in list(tree):
            if other.startswith(name + "/") or name.startswith(other + "/"):
                del tree[other]
        tree[name] = (mode, content)

    def edited(self, content: str) -> str:
        lines = content.splitlines(keepends=True)
        for _ in range(self.random.randint(1, 3)):
            at = self.random.randint(0, len(lines))
            n_cut = self.random.choice([0, 1, 1, 3])
            lines[at : at + n_cut] = self.random.choices(WORDS, k=self.random.randint(0, 3))
        return "".join(lines)


def git_log(path: Path, sha: str, name: str) -> list[str]:
    """Ask git for the commits of a path."""
    output = _git(path, "--literal-pathspecs", "log", "--format=%H", sha, "--", name)
    return output.decode().split()


def git_blame(path: Path, sha: str, name: str) -> list[tuple[str, int, str, str, str, bool]]:
    """Ask git for each line's sha, original line, path, summary, previous and boundary."""
    output = _git(path, "blame", "--line-porcelain", "--encoding=UTF-8", sha, "--", name)
    found = []
    facts: dict[str, str] = {}
    for line in output.decode("utf-8", "surrogateescape").split("\n"):
        if line.startswith("\t"):
            head = facts["head"].split()
            found.append(
                (
                    head[0],
                    int(head[1]),
                    facts["filename"],
                    facts["summary"],
                    facts.get("previous", ""),
                    "boundary" in facts,
                )
            )
            facts = {}
        elif not facts:
            facts["head"] = line
        else:
            key, _, value = line.partition(" ")
            facts[key] = value
    return found


def _git(path: Path, *arguments: str) -> bytes:
    command = ["git", "-c", "core.quotePath=false", *arguments]
    return subprocess.run(command, cwd=path, capture_output=True, check=True).stdout
