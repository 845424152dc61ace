"""A private repository that shows the user's objects without the user's configuration.

It is bare, borrows all objects by an alternates entry, and holds what decides the shape of history
(shallow ends, grafts, replacements), a commit-graph of its own, and nothing else. Commands that run
in it write nothing into the user's repository, and nothing that its configuration names is run.

Git has judged the owner of the user's repository before (`Repository.find`): the shadow would
bypass that check.
"""

import hashlib
import os
import shutil
import tempfile
import threading
import weakref
from pathlib import Path

from msgspec import Struct

from codeintel.git.head import Head, stamp
from codeintel.git.objects import ObjectReader
from codeintel.git.process import Git
from codeintel.git.repository import Repository
from codeintel.git.timings import Layer
from codeintel.scratch import make_scratch


class View(Struct, frozen=True):
    """One state of what decides the shape of history.

    Attributes
    ----------
    key
        Names the state: what was computed from another one does not hold in this.
    mailmap
        Names the state of the mailmap.
    git
        Runs commands in the shadow.
    """

    key: str
    mailmap: str
    folder: Path
    git: Git

    @property
    def layer(self) -> Layer:
        """What answers where git does."""
        graph = self.folder / "objects" / "info" / "commit-graphs" / "commit-graph-chain"
        return "commit-graph" if graph.exists() else "git"


class Shadow:
    """The shadow of one repository.

    Parameters
    ----------
    folder
        Where to keep it; a temporary folder where None is given or it cannot be written.
    """

    def __init__(self, repository: Repository, objects: ObjectReader, folder: Path | None) -> None:
        self._repository = repository
        self._objects = objects
        self._head = Head(repository, objects)
        self._head_mailmap: tuple[str | None, str] = (None, "")
        self._lock = threading.Lock()
        self._signature: object = None
        self._view: View | None = None
        self._folder = folder or self._temporary()

    def view(self) -> View:
        """Give the present state; a few file stats where nothing changed."""
        with self._lock:
            signature = self._look()
            if self._view is None or signature != self._signature:
                self._view = self._make()
                self._signature = signature
            return self._view

    def _look(self) -> tuple[object, ...]:
        """Stat everything that a view is made from."""
        common = self._repository.common_dir
        names = ("shallow", "info/grafts", "packed-refs", "refs/replace", "reftable/tables.list")
        mailmap = self._mailmap()
        return (
            *(stamp(common / name) for name in names),
            stamp(common / "objects" / "info" / "alternates"),
            mailmap,
            stamp(Path(mailmap)) if mailmap.startswith("/") else None,
        )

    def _mailmap(self) -> str:
        """Give the work tree's mailmap by path, a bare repository's by blob id, "" without one."""
        tree = self._repository.work_tree
        if tree is not None:
            path = tree / ".mailmap"
            return os.fspath(path) if path.is_file() and not path.is_symlink() else ""
        head = self._head.sha()
        if head != self._head_mailmap[0]:
            info = self._objects.info(f"{head}:.mailmap")
            blob = info.id if info and info.kind == "blob" else ""
            self._head_mailmap = (head, blob)
        return self._head_mailmap[1]

    def _make(self) -> View:
        common = self._repository.common_dir
        format_ = self._repository.object_format
        files = {
            "HEAD": b"ref: refs/heads/none\n",
            "config": _config(format_).encode(),
            "objects/info/alternates": _alternates(common / "objects"),
            "packed-refs": self._replacements(),
            "shallow": _read(common / "shallow"),
            "info/grafts": _read(common / "info" / "grafts"),
        }
        digest = hashlib.blake2b(repr(sorted(files.items())).encode(), digest_size=8)
        folder = self._folder / f"shadow-{digest.hexdigest()}"
        if not folder.is_dir():
            try:
                _write(folder, files)
            except OSError:
                folder = self._temporary() / folder.name
                self._folder = folder.parent
                _write(folder, files)
        mailmap = self._mailmap()
        named = "mailmap.file" if mailmap.startswith("/") else "mailmap.blob"
        content = _read(Path(mailmap)) if mailmap.startswith("/") else mailmap.encode()
        return View(
            digest.hexdigest(),
            hashlib.blake2b(content, digest_size=8).hexdigest(),
            folder,
            Git(
                folder,
                git_dir=folder,
                options=("-c", f"{named}={mailmap}") if mailmap else (),
                environment={"GIT_CONFIG_GLOBAL": os.devnull},
            ),
        )

    def _temporary(self) -> Path:
        folder = make_scratch("shadow")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return folder

    def _replacements(self) -> bytes:
        """List the user's replace refs in the format of packed-refs."""
        refs = self._repository.git.run(
            "for-each-ref", "--format=%(objectname) %(refname)", "refs/replace/"
        )
        return b"# pack-refs with: sorted\n" + refs if refs else b""


def _config(object_format: str) -> str:
    lines = ["[core]", "bare = true", "repositoryformatversion = 1", "[gc]", "auto = 0"]
    if object_format != "sha1":
        lines += ["[extensions]", f"objectformat = {object_format}"]
    return "\n".join(lines) + "\n"


def _alternates(objects: Path) -> bytes:
    """Name the user's object folder, and those that it borrows from by relative paths.

    Git follows absolute ones by itself, but relative ones only from the first folder.
    """
    lines = [os.fspath(objects)]
    for line in _read(objects / "info" / "alternates").decode("utf-8", "surrogateescape").split():
        if line and not line.startswith(("#", '"', "/")):
            lines.append(os.path.normpath(objects / line))
    return b"".join(_quoted(os.fsencode(line)) + b"\n" for line in lines)


def _quoted(path: bytes) -> bytes:
    """Quote a path that holds a line end as git reads it."""
    if b"\n" not in path:
        return path
    escaped = path.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")
    return b'"' + escaped + b'"'


def _write(folder: Path, files: dict[str, bytes]) -> None:
    """Write the shadow aside and move it into place, whole."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".shadow-") as draft:
        made = Path(draft) / "shadow"
        for sub in ("objects/info", "refs", "info"):
            (made / sub).mkdir(parents=True)
        for name, data in files.items():
            if data:
                (made / name).write_bytes(data)
        try:
            os.rename(made, folder)
        except OSError:
            if not folder.is_dir():  # else another process was faster
                raise


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return b""
