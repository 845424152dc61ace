"""The checks of `codeintel doctor`; each gives findings and raises nothing."""

import platform
import re
import shutil
import subprocess
from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from codeintel.cli.target import Target

_LEAST_GIT = (2, 25)  # the first with everything that the git layer asks of it


class Finding(Struct, frozen=True):
    """What one check found."""

    subject: str
    state: Literal["ok", "warning", "error"]
    detail: str
    cure: str = ""


def checkup(target: Target) -> Iterator[Finding]:
    """Check the machine, then each repository."""
    yield Finding("python", "ok", f"{platform.python_version()} on {platform.system()}")
    yield _git()


def _git() -> Finding:
    program = shutil.which("git")
    cure = f"Install git {'.'.join(map(str, _LEAST_GIT))} or newer."
    if program is None:
        return Finding("git", "error", "The program 'git' is not on the PATH.", cure)
    answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    version = re.search(r"(\d+)\.(\d+)", answer.stdout)
    if version is None or answer.returncode:
        return Finding("git", "error", f"'{program} --version' does not work.", cure)
    if (int(version[1]), int(version[2])) < _LEAST_GIT:
        return Finding("git", "error", f"{answer.stdout.strip()} is too old.", cure)
    return Finding("git", "ok", answer.stdout.strip())
