"""Tells which repositories may have changed: by events of the file system, else by looking often.

Events cost nothing while nothing happens, and many changes at once are one. Where there are none
(network file systems, more folders than the kernel watches) every repository is looked at, at a
pace that large ones bear.
"""

import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from threading import Event

from watchfiles import Change, watch

from codeintel.errors import CodeIntelError
from codeintel.git.repository import Repository

logger = logging.getLogger(__name__)

# Changes that follow each other within the step are one batch, which is closed after the other.
_STEP_MS = 50
_BATCH_MS = 400
# Events can be lost, and some changes have none that we look at: git's index, which is written for
# other reasons most of the time (`git add` of an ignored file), the end of a nested repository.
_LOOK_ANYWAY_MS = 60_000
_LEAST_PAUSE_S = 1.0
# Looking takes at most this part of one core: where events say that something changed, or else.
_SHARE_BY_EVENTS = 0.25
_SHARE_BY_LOOKING = 0.1
# The kernel has no events for what other machines write.
_REMOTE = ("nfs", "cifs", "smb", "9p", "afs", "ceph", "fuse", "vboxsf", "virtiofs", "drvfs")
_MOUNTS = Path("/proc/self/mounts")
_NAME_FILES = frozenset(
    (("HEAD",), ("packed-refs",), ("reftable",), ("refs", "heads"), ("info", "exclude"))
)


def changed(
    folders: Mapping[str, Path], ours: Path, stop: Event, *, mounts: Path = _MOUNTS
) -> Iterator[frozenset[str]]:
    """Yield the names of repositories that may have changed, all of them first, until `stop`.

    How long the caller takes to deal with them sets the pace.

    Parameters
    ----------
    folders
        Where each repository is.
    ours
        Folder that we write to ourselves, which is no change.
    mounts
        The table of mounted file systems, as Linux shows it.
    """
    yield frozenset(folders)
    if stop.is_set():
        return
    remote = [folder for folder in folders.values() if is_remote(folder, mounts)]
    if remote:
        logger.info("there are no events for the network file system of %s", remote[0])
    else:
        try:
            yield from _by_events(folders, ours, stop)
        except OSError as error:
            logger.warning("the system does not tell of changes: %s", error)
    while not stop.is_set():
        began_s = time.monotonic()
        yield frozenset(folders)
        stop.wait(max(_LEAST_PAUSE_S, (time.monotonic() - began_s) / _SHARE_BY_LOOKING))


def is_remote(folder: Path, mounts: Path = _MOUNTS) -> bool:
    """Tell whether a folder is on a file system that other machines write to."""
    try:
        lines = mounts.read_text(errors="replace").splitlines()
    except OSError:
        return False
    kinds = {Path(line.split()[1]): line.split()[2] for line in lines if line.count(" ") > 2}
    above = next((at for at in (folder, *folder.parents) if at in kinds), None)
    return above is not None and kinds[above].startswith(_REMOTE)


def _by_events(folders: Mapping[str, Path], ours: Path, stop: Event) -> Iterator[frozenset[str]]:
    """Yield the names of those whose files, branches or HEAD were written."""
    watched = [_Watched(name, folder) for name, folder in folders.items()]

    def matters(_: Change, path: str) -> bool:
        at = Path(path)
        return not at.is_relative_to(ours) and any(each.concerns(at) for each in watched)

    for batch in watch(
        *_outermost(place for each in watched for place in each.places),
        watch_filter=matters,
        debounce=_BATCH_MS,
        step=_STEP_MS,
        stop_event=stop,
        rust_timeout=_LOOK_ANYWAY_MS,
        yield_on_timeout=True,
        raise_interrupt=False,
    ):
        paths = [Path(path) for _, path in batch]
        names = {w.name for w in watched if any(map(w.concerns, paths))}
        # Not by the clock: what is slow on a busy machine must not be late on top of it.
        began_s = time.thread_time()
        yield frozenset(names if batch else folders)
        stop.wait((time.thread_time() - began_s) / _SHARE_BY_EVENTS)


class _Watched:
    """A repository and the places where its changes show."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self._folder = folder.resolve()
        self._git_dirs: tuple[Path, ...] = ()
        try:
            repository = Repository.find(folder)
        except CodeIntelError:
            pass  # a plain folder; that git is missing or distrusts it is told when it is indexed
        else:
            self._git_dirs = tuple(
                {repository.git_dir.resolve(): None, repository.common_dir.resolve(): None}
            )

    @property
    def places(self) -> tuple[Path, ...]:
        return (self._folder, *self._git_dirs)

    def concerns(self, path: Path) -> bool:
        """Tell whether a change of `path` can change what is indexed."""
        inside = [path.relative_to(at) for at in self._git_dirs if path.is_relative_to(at)]
        if inside:
            return path.suffix != ".lock" and any(map(_names_files, inside))
        return path.is_relative_to(self._folder) and ".git" not in path.parts


def _names_files(path: Path) -> bool:
    """Tell whether a file of a git directory says where HEAD is, or which files are ignored."""
    return path.parts[:1] in _NAME_FILES or path.parts[:2] in _NAME_FILES


def _outermost(places: Iterable[Path]) -> list[Path]:
    """Leave out what lies below another; watching looks below by itself."""
    kept: list[Path] = []
    for place in sorted(set(places)):
        if not any(place.is_relative_to(above) for above in kept):
            kept.append(place)
    return kept
