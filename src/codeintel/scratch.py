"""Folders in the system's temporary folder that do not outlive their process for long."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def make_scratch(purpose: str) -> Path:
    """Make an empty folder; those of the same purpose whose processes were killed go.

    Its maker removes it.
    """
    prefix = f"codeintel-{purpose}-"
    for left in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        maker = left.name.removeprefix(prefix).partition("-")[0]
        if maker.isdigit() and not lives(int(maker)):
            shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{prefix}{os.getpid()}-"))


@contextmanager
def scratch_folder(purpose: str) -> Iterator[Path]:
    """Make such a folder, and remove it at the end."""
    folder = make_scratch(purpose)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def lives(pid: int) -> bool:
    """Tell whether a process of this number runs, whoever's it is."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
