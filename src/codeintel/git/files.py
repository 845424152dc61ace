"""The files of a repository: of its working tree, of a revision, or of a folder without git.

Which files there are is git's own judgement. Paths are relative to the folder that was asked for,
with ``/`` between the parts. A name that is not UTF-8 is skipped as unreadable, shown with
backslash escapes.
"""

import contextlib
import hashlib
import os
import stat
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec import Struct

from codeintel.errors import (
    GitNotInstalledError,
    NotARepositoryError,
    PathNotFoundError,
    RepositoryError,
)
from codeintel.git.ignore import IgnoreRules
from codeintel.git.objects import ObjectReader
from codeintel.git.process import Git
from codeintel.git.repository import Repository
from codeintel.git.tree import Tree
from codeintel.scratch import scratch_folder
from codeintel.types import SkippedFile, SkipReason

IGNORE_FILE = ".codeintelignore"


class SourceFile(Struct, frozen=True):
    """A file that can be read.

    Attributes
    ----------
    stamp
        Changes when the file does: times, size and inode in a working tree, else the blob's id.
    blob
        Git's id of the content where it is known without reading it, else None.
    """

    path: str
    size_bytes: int
    stamp: str
    blob: str | None = None


class Listing(Struct, frozen=True):
    """All files, each in one of two places, both ordered by path."""

    files: tuple[SourceFile, ...]
    skipped: tuple[SkippedFile, ...]


class Source(ABC):
    """Where files come from.

    Attributes
    ----------
    root
        The folder that paths are relative to; None for a bare repository.
    name
        The folder's name.
    commit
        Full sha of the revision, of HEAD for a working tree; None where there is none.
    """

    root: Path | None
    name: str
    commit: str | None

    @abstractmethod
    def list_files(self) -> Listing:
        """List all files, with what is skipped and why."""

    @abstractmethod
    def read(self, file: SourceFile) -> bytes:
        """Read a file of the listing; thread-safe.

        Raises
        ------
        PathNotFoundError
            It is gone since it was listed, or is no regular file any more.
        RepositoryError
            It cannot be read (permission, missing object).
        """

    def _listing(self, files: Iterable[SourceFile], skipped: Iterable[SkippedFile]) -> Listing:
        """Order both, and move what the project's own ignore files name to the skipped ones."""
        ordered = sorted(files, key=lambda file: file.path)
        rules = IgnoreRules()
        for file in ordered:
            folder, _, name = file.path.rpartition("/")
            if name == IGNORE_FILE:
                rules.add(folder, _lines(self.read(file)))
        kept: list[SourceFile] = []
        left_out = list(skipped)
        for file in ordered:
            if rules.excludes(file.path):
                left_out.append(SkippedFile(file.path, SkipReason.EXCLUDED, f"by {IGNORE_FILE}"))
            else:
                kept.append(file)
        return Listing(tuple(kept), tuple(sorted(left_out, key=lambda file: file.path)))

    def close(self) -> None:  # noqa: B027 - most sources hold nothing open
        """End what was opened for reading."""


def open_source(path: Path, *, rev: str | None = None) -> Source:
    """Open the files below a folder.

    Parameters
    ----------
    path
        A repository, a folder inside one (only what lies below it is listed), or any folder.
    rev
        A revision to list instead of the working tree. A bare repository has HEAD by default.

    Raises
    ------
    PathNotFoundError
        There is no such folder.
    UnsafeRepositoryError
        The repository belongs to another user and git was not told to trust it.
    UnknownRevisionError, NoCommitsError
        The revision cannot be resolved.
    """
    try:
        repository = Repository.find(path)
    except (NotARepositoryError, GitNotInstalledError):
        if rev is not None:
            raise
        return FolderSource(path.resolve())
    if rev is not None or repository.work_tree is None:
        return RevisionSource(repository, rev)
    if repository.prefix and is_ignored(repository):
        return FolderSource(repository.folder)
    return WorkTreeSource(repository.folder, repository.git, repository.head())


def open_revision(path: Path, rev: str | None = None) -> "RevisionSource":
    """Open the files of a revision, HEAD by default; raises as `open_source`."""
    return RevisionSource(Repository.find(path), rev)


def blob_id(data: bytes) -> str:
    """Compute the id that git gives to a blob (SHA-1)."""
    header = f"blob {len(data)}\0".encode()
    return hashlib.sha1(header + data, usedforsecurity=False).hexdigest()


class WorkTreeSource(Source):
    """Tracked files, and untracked ones that are not ignored, as they are on the disk."""

    def __init__(self, root: Path, git: Git, commit: str | None) -> None:
        self.root: Path = root
        self.name = root.name
        self.commit = commit
        self._git = git

    def list_files(self) -> Listing:
        """List what git lists and what is there; deleted files are left out."""
        skipped: dict[str, SkippedFile] = {}
        with Tree(self.root) as tree:
            files: dict[str, SourceFile] = {}
            for name, nested in self._names():
                path = _printable(name)
                if nested:
                    skipped[path] = SkippedFile(path, SkipReason.SUBMODULE)
                elif path.encode() != name:
                    skipped[path] = _unreadable(path, "the name is not UTF-8")
                elif path not in files:
                    found = self._look(tree, path)
                    if isinstance(found, SkippedFile):
                        skipped[path] = found
                    elif found is not None:
                        files[path] = found
            top = self._look(tree, IGNORE_FILE)  # counts even where git ignores it
        if isinstance(top, SourceFile):
            files.setdefault(IGNORE_FILE, top)
        return self._listing(files.values(), skipped.values())

    def read(self, file: SourceFile) -> bytes:
        """Read a file without following symbolic links, also not those of its folders."""
        try:
            with Tree(self.root) as tree:
                return tree.read(file.path)
        except PermissionError:
            raise RepositoryError(
                f"The file '{file.path}' cannot be read: permission is missing."
            ) from None
        except OSError:
            raise PathNotFoundError(f"The file '{file.path}' is not there any more.") from None

    def _look(self, tree: Tree, path: str) -> SourceFile | SkippedFile | None:
        """Tell what is at a path; None where no file is."""
        try:
            found = tree.stat(path)
        except OSError as error:
            return _unreadable(path, error.strerror or "")
        if found is None or stat.S_ISDIR(found.st_mode):
            return None
        if stat.S_ISREG(found.st_mode):
            stamp = f"{found.st_mtime_ns:x}-{found.st_ctime_ns:x}-{found.st_size:x}"
            return SourceFile(path, found.st_size, f"{stamp}-{found.st_ino:x}")
        if stat.S_ISLNK(found.st_mode):
            target = os.path.realpath(self.root / path)
            inside = os.path.commonpath([target, self.root]) == os.fspath(self.root)
            where = "inside the repository" if inside else "out of the repository"
            return SkippedFile(path, SkipReason.SYMLINK, f"leads {where}")
        return _unreadable(path, "not a regular file")

    def _names(self) -> Iterator[tuple[bytes, bool]]:
        """Yield each name, and whether it is another repository (a submodule or nested clone)."""
        return _listed(self._git)


class FolderSource(WorkTreeSource):
    """A folder that is in no repository, with the ignore rules it would have in one."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, Git(root), None)

    def _names(self) -> Iterator[tuple[bytes, bool]]:
        try:
            with scratch_folder("ignore") as folder:
                for name in ("objects", "refs"):
                    (folder / name).mkdir()
                (folder / "HEAD").write_text("ref: refs/heads/none\n")
                git = Git(self.root, git_dir=folder, work_tree=self.root)
                yield from list(_listed(git))
        except GitNotInstalledError:
            yield from self._walk("", IgnoreRules())

    def _walk(self, folder: str, rules: IgnoreRules) -> Iterator[tuple[bytes, bool]]:
        """Walk without git."""
        with Tree(self.root) as tree, os.scandir(self.root / folder) as entries:
            with contextlib.suppress(OSError):  # there may be none
                rules.add(folder, _lines(tree.read(_join(folder, ".gitignore"))))
            for entry in entries:
                path = _join(folder, entry.name)
                is_folder = entry.is_dir(follow_symlinks=False)
                if entry.name == ".git" or rules.excludes(path, folder=is_folder):
                    continue
                if not is_folder:
                    yield os.fsencode(path), False
                elif os.path.lexists(self.root / path / ".git"):
                    yield os.fsencode(path), True
                else:
                    yield from self._walk(path, rules)


class RevisionSource(Source):
    """The files of a commit, read from git's objects."""

    def __init__(self, repository: Repository, rev: str | None) -> None:
        self.root = repository.folder if repository.work_tree is not None else None
        self.name = repository.name
        try:
            self.commit: str | None = repository.resolve(rev)
        except RepositoryError:
            if rev is not None:
                raise
            self.commit = None
        self._git = repository.git
        self._prefix = repository.prefix
        self._objects = ObjectReader(repository.git)

    def read_path(self, path: str) -> bytes | None:
        """Read a file of the revision by its path; None where there is none."""
        if self.commit is None or "\n" in path:
            return None
        return self._objects.read(f"{self.commit}:{self._prefix}{path}")

    def list_files(self) -> Listing:
        """List the commit's tree; links and submodules are skipped."""
        if self.commit is None:
            return Listing((), ())
        output = self._git.run("ls-tree", "-r", "-z", "-l", self.commit)
        files: dict[str, SourceFile] = {}
        skipped: list[SkippedFile] = []
        for entry in output.split(b"\0")[:-1]:
            fields, _, name = entry.partition(b"\t")
            mode, _, blob, size = fields.decode().split()
            path = _printable(name)
            if mode == "160000":
                skipped.append(SkippedFile(path, SkipReason.SUBMODULE))
            elif mode == "120000":
                skipped.append(SkippedFile(path, SkipReason.SYMLINK))
            elif path.encode() != name:
                skipped.append(_unreadable(path, "the name is not UTF-8"))
            elif not size.isdigit():
                skipped.append(_unreadable(path, "its content is missing from the repository"))
            else:
                files[path] = SourceFile(path, int(size), blob, blob)
        return self._listing(files.values(), skipped)

    def read(self, file: SourceFile) -> bytes:
        """Read a blob."""
        data = self._objects.read(file.stamp)
        if data is None:
            raise RepositoryError(
                f"The content of '{file.path}' is missing from the repository.",
                cure="A partial clone lacks it: run `git fetch --refetch`.",
            )
        return data

    def close(self) -> None:
        """End the process that reads blobs."""
        self._objects.close()


def _listed(git: Git) -> Iterator[tuple[bytes, bool]]:
    """Yield what git lists of a work tree: names, and whether each is another repository."""
    output = git.run(
        "ls-files", "-z", "-t", "--stage", "--cached", "--others", "--exclude-standard"
    )
    for entry in output.split(b"\0")[:-1]:
        if entry.startswith(b"? "):
            yield entry[2:].rstrip(b"/"), entry.endswith(b"/")
        else:
            fields, _, name = entry.partition(b"\t")
            yield name, fields[2:8] == b"160000"


def is_ignored(repository: Repository) -> bool:
    """Tell whether the repository around a folder ignores that folder."""
    git = Git(
        repository.folder,
        options=("-c", "safe.directory=*"),
        environment={"GIT_LITERAL_PATHSPECS": "0"},  # check-ignore refuses them
    )
    return bool(git.run("check-ignore", "--stdin", stdin=b".\n", accept=(0, 1)))


def _printable(name: bytes) -> str:
    """Decode a name; bytes that are not UTF-8 become backslash escapes."""
    return name.decode("utf-8", "backslashreplace")


def _lines(data: bytes) -> list[str]:
    return data.decode("utf-8", "replace").splitlines()


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _unreadable(path: str, detail: str) -> SkippedFile:
    return SkippedFile(path, SkipReason.UNREADABLE, detail)
