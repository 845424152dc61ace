"""What HEAD is now, without asking git again while no file that decides it has changed."""

import os
from pathlib import Path

from codeintel.git.objects import ObjectReader
from codeintel.git.repository import Repository


class Head:
    """The commit that HEAD names; a few file stats a call."""

    def __init__(self, repository: Repository, objects: ObjectReader) -> None:
        self._git_dir = repository.git_dir
        self._common_dir = repository.common_dir
        self._objects = objects
        self._known: tuple[object, str | None] = (None, None)

    def sha(self) -> str | None:
        """Give the full sha; None without commits."""
        signature = self._look()
        known_signature, sha = self._known
        if signature is None or signature != known_signature:
            info = self._objects.info("HEAD^{commit}")
            sha = info.id if info else None
            self._known = (signature, sha)
        return sha

    def _look(self) -> object:
        """Stat what decides HEAD; None where a branch only points to another one."""
        try:
            text = (self._git_dir / "HEAD").read_text()
        except (OSError, ValueError):
            return None
        branch = self._common_dir / text.removeprefix("ref:").strip()
        try:
            if branch.read_text().startswith("ref:"):
                return None
        except (OSError, ValueError):
            pass  # a detached HEAD, a packed branch, or one without commits
        return (
            text,
            *(stamp(self._common_dir / name) for name in ("packed-refs", "reftable/tables.list")),
            stamp(branch),
            stamp(self._git_dir / "reftable" / "tables.list"),
        )


def stamp(path: Path) -> tuple[int, int, int] | None:
    """Give what changes with a file: time, size and inode; None without one."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
