"""Generations: immutable folders of index files, and the one manifest that names the current one.

::

    index folder/
        manifest.json                 the current generation; replaced by one atomic rename
        writer.lock                   held by the one writer; the kernel frees it if that dies
        catalog.sqlite                rows carry the generations that they live in
        generations/00000007/…        files of a generation; never changed once published

A draft is filled aside, starting from hard links to the files that do not change. Publishing makes
it durable, gives it its name and swaps the manifest. A crash before the swap leaves the old
generation current and a draft that the next writer removes.
"""

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from stat import S_ISREG

import msgspec

from codeintel.errors import IndexCorruptError, IndexLockedError, IndexVersionError
from codeintel.store.files import checksum, fsync_path, storage_errors, write_atomically

FORMAT_VERSION = 1
# How often a writer that waits for another looks whether that has finished.
_LOOK_S = 0.05
_N_FLUSHES = 8
_REBUILD = "Run `codeintel index --full` to write it anew."


class FileRecord(msgspec.Struct, frozen=True):
    """A file of a generation, by its path below the generation's folder."""

    path: str
    size_bytes: int
    checksum: str


class EmbedderRecord(msgspec.Struct, frozen=True):
    """The embedder whose vectors a generation holds."""

    name: str
    dim: int
    fingerprint: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What one generation is.

    Attributes
    ----------
    source
        The indexed folder or repository, as given to the writer.
    commit
        Full sha of the revision that was indexed (HEAD for a working tree), None without commits.
    pipeline
        Fingerprint of everything that decides chunks and tokens.
    counts
        Numbers of files, chunks, symbols and pending vectors.
    notes
        Facts for people, such as the plan of the vector index and its reason.
    """

    generation: int
    source: str
    commit: str | None
    pipeline: str
    embedder: EmbedderRecord
    counts: dict[str, int] = {}
    notes: dict[str, str] = {}
    created_at: str = ""
    files: tuple[FileRecord, ...] = ()
    format_version: int = FORMAT_VERSION


class Draft:
    """A generation that is being written; `path` is its folder."""

    def __init__(self, path: Path, generation: int, previous: Path | None) -> None:
        self.path = path
        self.generation = generation
        self._previous = previous

    def part(self, name: str) -> Path:
        """Give the empty folder of a part, made on first use."""
        folder = self.path / name
        folder.mkdir(exist_ok=True)
        return folder

    def link_part(self, name: str) -> Path:
        """Give the folder of a part, filled with hard links to the current generation's files.

        Linked files must be replaced or removed, never written to: readers share their content.
        """
        folder = self.part(name)
        source = self._previous / name if self._previous else None
        if source and source.is_dir():
            with storage_errors(f"the index folder '{folder}'"):
                for file in source.iterdir():
                    os.link(file, folder / file.name)
        return folder


class GenerationStore:
    """The generations below one index folder.

    Reading needs no lock. Writing (`draft`, `publish`) is for the holder of `lock`.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.manifest_path = root / "manifest.json"
        self._generations = root / "generations"

    def manifest(self) -> Manifest | None:
        """Read the current manifest; None where nothing was published yet.

        Raises
        ------
        IndexCorruptError
            The manifest cannot be read, or an older version of CodeIntel wrote it.
        IndexVersionError
            A newer version of CodeIntel wrote it.
        """
        try:
            data = self.manifest_path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        try:
            facts = msgspec.json.decode(data, type=dict[str, object])
            version = facts.get("format_version", FORMAT_VERSION)
            if isinstance(version, int) and version > FORMAT_VERSION:
                raise IndexVersionError(
                    f"The index has format {version}; this CodeIntel reads up to {FORMAT_VERSION}.",
                    cure="Update CodeIntel, or choose another index folder.",
                )
            if version != FORMAT_VERSION:
                raise IndexCorruptError(
                    f"The index has format {version}; this CodeIntel reads {FORMAT_VERSION}.",
                    cure=_REBUILD,
                )
            return msgspec.json.decode(data, type=Manifest)
        except msgspec.DecodeError as error:
            raise IndexCorruptError(
                "The index file 'manifest.json' is broken.", cure=_REBUILD
            ) from error

    def folder(self, generation: int) -> Path:
        """Give the folder of a published generation."""
        return self._generations / f"{generation:08d}"

    def verify(self, manifest: Manifest, *, deep: bool = False, ignored: str = "") -> None:
        """Check that every file of a generation is there with its size, and if `deep` its content.

        Parameters
        ----------
        ignored
            Path of a file that may be broken.

        Raises
        ------
        IndexCorruptError
            Names the first file that is missing, truncated or changed.
        """
        folder = self.folder(manifest.generation)
        for record in manifest.files:
            if record.path == ignored:
                continue
            path = folder / record.path
            try:
                size_bytes = path.stat().st_size
            except FileNotFoundError:
                raise IndexCorruptError(
                    f"The index file '{record.path}' is missing.", cure=_REBUILD
                ) from None
            if size_bytes != record.size_bytes:
                raise IndexCorruptError(
                    f"The index file '{record.path}' has {size_bytes} bytes"
                    f" instead of {record.size_bytes}.",
                    cure=_REBUILD,
                )
            if deep and checksum(path) != record.checksum:
                raise IndexCorruptError(
                    f"The content of the index file '{record.path}' has changed.", cure=_REBUILD
                )

    @contextmanager
    def lock(self, name: str = "writer.lock", *, patience_s: float = 0.0) -> Iterator[None]:
        """Be the one writer of this index folder, which is made if it is not there.

        Parameters
        ----------
        name
            The file to lock; other files stand for other work that only one may do.
        patience_s
            How long to wait for another process that is the writer.

        Raises
        ------
        IndexLockedError
            Another process is the writer.
        StorageError
            The folder cannot be made or written.
        """
        with storage_errors(f"the index folder '{self.root}'"):
            self.root.mkdir(parents=True, exist_ok=True)
            if not (self.root / ".gitignore").exists():  # it may lie in what is indexed
                (self.root / ".gitignore").write_text("*\n")
            handle = os.open(self.root / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            _lock(handle, patience_s)
            yield
        finally:
            os.close(handle)

    def draft(self) -> Draft:
        """Begin the next generation, in an empty folder; what a dead writer left is removed."""
        current = self.manifest()
        number = current.generation + 1 if current else 1
        with storage_errors(f"the index folder '{self.root}'"):
            self._generations.mkdir(exist_ok=True)
            self._remove_unpublished(current.generation if current else 0)
            path = self._generations / f".draft-{number:08d}"
            path.mkdir()
        return Draft(path, number, self.folder(current.generation) if current else None)

    def publish(self, draft: Draft, manifest: Manifest) -> Manifest:
        """Make a draft durable and current; returns the manifest with its files and time.

        Raises
        ------
        StorageError
            The disk is full or read-only; the current generation stays as it was.
        """
        with storage_errors(f"the index folder '{self.root}'"):
            manifest = msgspec.structs.replace(
                manifest,
                generation=draft.generation,
                created_at=datetime.now(UTC).isoformat(timespec="seconds"),
                files=tuple(self._seal(draft)),
            )
            target = self.folder(draft.generation)
            os.rename(draft.path, target)
            fsync_path(self._generations)
            self._make_current(manifest)
        return manifest

    def note_commit(self, manifest: Manifest, commit: str | None) -> Manifest:
        """Say that the current generation is of another commit, which has the same files.

        Raises
        ------
        StorageError
            The disk is full or read-only.
        """
        manifest = msgspec.structs.replace(manifest, commit=commit)
        with storage_errors(f"the index folder '{self.root}'"):
            self._make_current(manifest)
        return manifest

    def collect(self, keep: int = 2) -> None:
        """Remove all but the newest `keep` generations; readers keep what they have mapped."""
        current = self.manifest()
        if current is None:
            return
        for folder in self._generations.iterdir():
            if folder.name.isdigit() and int(folder.name) <= current.generation - keep:
                shutil.rmtree(folder, ignore_errors=True)

    def clear(self) -> None:
        """Remove all generations and the manifest, for a writer that begins anew."""
        self.manifest_path.unlink(missing_ok=True)
        shutil.rmtree(self._generations, ignore_errors=True)

    def size_bytes(self) -> int:
        """Sum up what the index folder takes on disk; files shared by generations count once."""
        sizes = {}
        # A writer's files and folders may go meanwhile; `walk` passes over such folders.
        for folder, _, names in os.walk(self.root):
            for name in names:
                with suppress(FileNotFoundError):
                    stat = os.lstat(os.path.join(folder, name))
                    if S_ISREG(stat.st_mode):
                        sizes[stat.st_ino] = stat.st_size
        return sum(sizes.values())

    def _make_current(self, manifest: Manifest) -> None:
        """Let readers find this manifest from now on."""
        write_atomically(self.manifest_path, msgspec.json.format(msgspec.json.encode(manifest)))

    def _seal(self, draft: Draft) -> list[FileRecord]:
        """Flush the draft's new files to the disk; linked ones keep the record they have."""
        current = self.manifest()
        known = {record.path: record for record in current.files} if current else {}
        previous = self.folder(current.generation) if current else None

        def seal(path: Path) -> FileRecord:
            name = path.relative_to(draft.path).as_posix()
            record = known.get(name)
            if record and previous and _same_file(path, previous / name):
                return record
            fsync_path(path)
            return FileRecord(name, path.stat().st_size, checksum(path))

        paths = sorted(draft.path.rglob("*"))
        # Side by side: a file system writes down together what is flushed at the same time.
        with ThreadPoolExecutor(_N_FLUSHES, "codeintel-flush") as pool:
            folders = pool.map(fsync_path, [draft.path, *(p for p in paths if p.is_dir())])
            records = list(pool.map(seal, (p for p in paths if p.is_file())))
            list(folders)
        return records

    def _remove_unpublished(self, current: int) -> None:
        """Remove drafts, and generations that were renamed but never became current."""
        for folder in self._generations.iterdir():
            if folder.name.startswith(".draft-") or int(folder.name) > current:
                shutil.rmtree(folder)


def _same_file(path: Path, other: Path) -> bool:
    """Tell whether two paths are links to one file; the other may be gone."""
    return other.exists() and os.path.samefile(path, other)


def _lock(handle: int, patience_s: float) -> None:
    """Lock an open file, looking again until patience ends."""
    deadline_s = time.monotonic() + patience_s
    while True:
        try:
            return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline_s:
                raise IndexLockedError(
                    "Another process is writing this index.", cure="Wait until it has finished."
                ) from None
        time.sleep(_LOOK_S)
