"""Looks at the files below a folder without following any symbolic link."""

import os
import stat
from pathlib import Path


class Tree:
    """An open folder; paths are relative to it, with ``/``. To be used in a ``with`` block."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folders = {"": True}

    def __enter__(self) -> "Tree":
        self._handle = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY)
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._handle)

    def stat(self, path: str) -> os.stat_result | None:
        """Stat what is at a path itself; None where nothing is, or only through a linked folder.

        Raises
        ------
        OSError
            It cannot be looked at.
        """
        try:
            if not self._is_folder(path.rpartition("/")[0]):
                return None
            return os.stat(path, dir_fd=self._handle, follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def read(self, path: str) -> bytes:
        """Read a regular file.

        Raises
        ------
        OSError
            It is not there, not a regular file, not readable, or a link stands in the way.
        """
        *parents, name = path.split("/")
        handles = [self._handle]
        try:
            for parent in parents:
                flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
                handles.append(os.open(parent, flags, dir_fd=handles[-1]))
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
            with open(os.open(name, flags, dir_fd=handles[-1]), "rb") as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise FileNotFoundError(path)
                return file.read()
        finally:
            for handle in handles[1:]:
                os.close(handle)

    def _is_folder(self, folder: str) -> bool:
        """Tell whether a folder and all above it are folders and not links to some."""
        known = self._folders.get(folder)
        if known is None:
            known = self._is_folder(folder.rpartition("/")[0]) and stat.S_ISDIR(
                os.stat(folder, dir_fd=self._handle, follow_symlinks=False).st_mode
            )
            self._folders[folder] = known
        return known
