"""Builds small repositories for tests, with fixed names and dates."""

import os
import subprocess
from pathlib import Path

ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "LC_ALL": "C.UTF-8",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Ann Author",
    "GIT_AUTHOR_EMAIL": "ann@example.org",
    "GIT_COMMITTER_NAME": "Carl Committer",
    "GIT_COMMITTER_EMAIL": "carl@example.org",
}


class TestRepository:
    """A repository in a temporary folder; each commit is a minute after the one before."""

    __test__ = False

    def __init__(self, path: Path, *arguments: str) -> None:
        self.path = path
        self.clock_s = 1_700_000_000
        path.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main", *arguments, ".")

    def git(self, *arguments: str, stdin: bytes = b"", env: dict[str, str] | None = None) -> bytes:
        done = subprocess.run(
            ["git", "-c", "protocol.file.allow=always", *arguments],
            cwd=self.path,
            input=stdin,
            capture_output=True,
            env={
                **ENVIRONMENT,
                "GIT_AUTHOR_DATE": f"{self.clock_s} +0100",
                "GIT_COMMITTER_DATE": f"{self.clock_s} +0100",
                **(env or {}),
            },
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def write(self, name: str, content: str | bytes) -> None:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    def commit(self, message: str = "change", **files: str) -> str:
        """Commit everything; `files` are written before, `__` in a name stands for a dot."""
        for name, content in files.items():
            self.write(name.replace("__", "."), content)
        self.clock_s += 60
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "--allow-empty-message", "-m", message)
        return self.head()

    def head(self) -> str:
        return self.git("rev-parse", "HEAD").decode().strip()
