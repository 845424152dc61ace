"""Durable file operations, with the operating system's errors translated once."""

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from codeintel.errors import StorageError

_CURES = {
    errno.ENOSPC: ("The disk is full.", "Free some space; the old index still answers."),
    errno.EFBIG: ("A file would become too large.", "Raise the limit, or index less."),
    errno.EDQUOT: ("The disk quota is used up.", "Free some space; the old index still answers."),
    errno.EROFS: ("The file system is read-only.", "Choose another index folder."),
    errno.ENOENT: ("A folder above it does not exist.", "Choose another index folder."),
    errno.ENOTDIR: ("A part of its path is no folder.", "Choose another index folder."),
    errno.EEXIST: ("A file stands in its place.", "Choose another index folder."),
    errno.EACCES: ("Permission is missing.", "Choose another index folder, or mend its owner."),
    errno.EPERM: ("Permission is missing.", "Choose another index folder, or mend its owner."),
}


@contextmanager
def storage_errors(what: str) -> Iterator[None]:
    """Translate the operating system's storage errors into `StorageError`.

    Parameters
    ----------
    what
        The thing being written, for the message ("the index folder 'x'").

    Raises
    ------
    StorageError
        The disk is full or read-only, or permission is missing.
    """
    try:
        yield
    except OSError as error:
        reason, cure = _CURES.get(error.errno or 0, ("", ""))
        if not reason:
            raise
        raise StorageError(f"Cannot write {what}: {reason}", cure=cure) from error


def fsync_path(path: Path) -> None:
    """Force a file's or folder's content to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_atomically(path: Path, data: bytes, *, mode: int = 0o666) -> None:
    """Replace `path` by `data`, so that a crash leaves the old or the new content, whole.

    The new file has the permissions `mode`, less the process's umask.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    fsync_path(path.parent)


def checksum(path: Path) -> str:
    """Hash a file's content: blake2b of 16 bytes, as hex."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
