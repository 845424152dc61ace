"""Builds the history index from two passes of ``git log``, and extends it by new commits."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from codeintel.errors import GitCommandError
from codeintel.git.history_graph import NewCommit
from codeintel.git.history_path import ABSENT, LINK, REGULAR, SHOWN, SUBMODULE, pack_touch
from codeintel.git.history_store import HistoryStore
from codeintel.git.process import Git
from codeintel.git.records import first_line
from codeintel.git.shadow import View

# A part of a path's touches is written anew with what is appended, until it has this size.
_PART_BYTES = 8192

# Tips of what is indexed that are told to git as known; older ones are known by their commits.
_MAX_HEADS = 64

_DIFF = ("--raw", "--no-abbrev", "-z", "--no-renames", "--no-show-signature", "--no-notes")
_ORDER = ("--reverse", "--topo-order", "--ignore-missing", "--stdin", "--encoding=UTF-8")
# Commit, parents, committer time, author's name and email, author time and zone, message.
_FORMAT = "--format=%H%x00%P%x00%ct%x00%an%x00%ae%x00%ad%x00%B"

Progress = Callable[[int], None]


class RawChange(NamedTuple):
    """A line of a raw diff; the old mode and blob are the first parent's, zeros for none."""

    old_mode: bytes
    mode: bytes
    old_blob: bytes
    blob: bytes
    path: bytes


class RawCommit(NamedTuple):
    """A commit's fields as the format has them, and its raw diff."""

    fields: list[bytes]
    changes: list[RawChange]


def extend(store: HistoryStore, view: View, head: str, progress: Progress | None = None) -> int:
    """Index what is new up to the commit `head`; give the number of new commits.

    Raises
    ------
    GitCommandError
        Git failed; the index stays as it was.
    """
    while True:
        with store.reading():
            generation, graph, known = store.generation, store.graph, store.heads
        new = _Extension(store, view.git, [head], known)
        if head not in known:
            new.read(progress or (lambda _: None))
        with store.transaction():
            store.refresh()
            if store.generation != generation:
                continue  # another process has extended it meanwhile
            new.write()
            if new.commits or store.mailmap != view.mailmap:
                _map_people(store, view.git)
            heads = [head, *(x for x in known if x != head)][:_MAX_HEADS]
            store.write_state(graph.extended(new.commits), heads, view.mailmap)
        return len(new.commits)


class _Extension:
    """The new rows of one build."""

    def __init__(self, store: HistoryStore, git: Git, heads: list[str], known: list[str]) -> None:
        self._store = store
        self._git = git
        self._stdin = "".join([*(f"{x}\n" for x in heads), *(f"^{x}\n" for x in known)]).encode()
        self._n_known = len(store.graph)
        self._numbers: dict[bytes, int] = {}
        self._paths: dict[bytes, int] = {}
        self._new_paths: list[tuple[int, bytes]] = []
        self._rows: list[tuple[int, bytes, tuple[str, str], int, str, str]] = []
        self._touches: dict[int, bytearray] = {}
        self._renames: list[tuple[int, int, int]] = []
        self.commits: list[NewCommit] = []

    def read(self, progress: Progress) -> None:
        """Read the new commits."""
        shown = self._merges_that_are_shown()
        options = (*_DIFF, *_ORDER, "--diff-merges=first-parent", "--date=raw", _FORMAT)
        with self._git.stream("log", *options, stdin=self._stdin) as output:
            for record in _records(iter(lambda: output.read1(1 << 20), b""), 7):
                self._add(record, shown)
                if len(self.commits) % 1000 == 0:
                    progress(len(self.commits))
        progress(len(self.commits))

    def write(self) -> None:
        """Write the rows."""
        connection = self._store.connection
        people = self._write_people()
        connection.executemany(
            "INSERT INTO commits VALUES(?,?,?,?,?,?)",
            ((number, sha, people[who], *rest) for number, sha, who, *rest in self._rows),
        )
        connection.executemany("INSERT INTO paths VALUES(?,?)", self._new_paths)
        connection.executemany("INSERT INTO renames VALUES(?,?,?)", self._renames)
        for path in sorted(self._touches):
            data = bytes(self._touches[path])
            part, before = connection.execute(
                "SELECT part, data FROM touches WHERE path=? ORDER BY part DESC LIMIT 1", (path,)
            ).fetchone() or (0, b"")
            if len(before) >= _PART_BYTES:
                part, before = part + 1, b""
            connection.execute("REPLACE INTO touches VALUES(?,?,?)", (path, part, before + data))

    def _add(self, record: RawCommit, shown: dict[bytes, set[bytes]]) -> None:
        sha, parents, committed_s, name, email, date, message = record.fields
        if self._n_known and self._store.commit_number(sha.decode()) is not None:
            return
        number = self._n_known + len(self.commits)
        self._numbers[sha] = number
        above = tuple(self._number(parent) for parent in parents.split())
        follow = self._follow(sha, parents.split(), shown) if len(above) > 1 else None
        deletes = False
        for change in record.changes:
            kind = _kind(change.mode)
            deletes = deletes or kind == ABSENT
            self._touches.setdefault(self._path(change.path), bytearray()).extend(
                pack_touch(
                    number,
                    int(change.blob[:16], 16),
                    kind,
                    SHOWN if follow is None else follow(change.path),
                )
            )
        if deletes and len(above) == 1:
            self._renames += [
                (self._path(path), number, self._path(source))
                for path, source in _plain_renames(record.changes)
            ]
        self.commits.append(NewCommit(above, int(committed_s or 0), deletes))
        authored_s, _, zone = date.decode().partition(" ")
        self._rows.append(
            (
                number,
                bytes.fromhex(sha.decode()),
                (name.decode("utf-8", "replace"), email.decode("utf-8", "replace")),
                int(authored_s or 0),
                zone,
                first_line(message.decode("utf-8", "replace")),
            )
        )

    def _merges_that_are_shown(self) -> dict[bytes, set[bytes]]:
        """Give for each new merge the paths that it has otherwise than every parent."""
        options = ("--merges", "-c", *_DIFF, *_ORDER, "--format=%H")
        with self._git.stream("log", *options, stdin=self._stdin) as output:
            return {
                record.fields[0]: {change.path for change in record.changes}
                for record in _records(iter(lambda: output.read1(1 << 20), b""), 1)
            }

    def _follow(
        self, sha: bytes, parents: list[bytes], shown: dict[bytes, set[bytes]]
    ) -> Callable[[bytes], int]:
        """Make the rule that tells which parent of a merge has a path as the merge has it."""
        everywhere = shown.get(sha, set())
        differing: list[set[bytes]] = []
        if len(parents) > 2:
            for parent in parents[1:]:
                output = self._git.run(
                    *("diff-tree", "-r", "-z", "--name-only", "--no-renames"),
                    *(parent.decode(), sha.decode()),
                )
                differing.append(set(output.split(b"\0")))

        def follow(path: bytes) -> int:
            if path in everywhere:
                return SHOWN
            if not differing:
                return 1
            return next(k for k, paths in enumerate(differing, 1) if path not in paths)

        return follow

    def _number(self, sha: bytes) -> int:
        number = self._numbers.get(sha)
        if number is None:
            number = self._store.commit_number(sha.decode())
            if number is None:
                raise GitCommandError(
                    f"`git log` listed a commit before its parent {sha.decode()[:8]}."
                )
            self._numbers[sha] = number
        return number

    def _path(self, name: bytes) -> int:
        number = self._paths.get(name)
        if number is None:
            row = (
                self._store.connection.execute(
                    "SELECT id FROM paths WHERE path=?", (name,)
                ).fetchone()
                if self._n_known
                else None
            )
            if row is None:
                number = self._next_path()
                self._new_paths.append((number, name))
            else:
                number = row[0]
            self._paths[name] = number
        return number

    def _next_path(self) -> int:
        if self._new_paths:
            return self._new_paths[-1][0] + 1
        return (
            int(self._store.connection.execute("SELECT max(id) FROM paths").fetchone()[0] or 0) + 1
        )

    def _write_people(self) -> dict[tuple[str, str], int]:
        """Write the new authors and give the numbers of all."""
        connection = self._store.connection
        connection.executemany(
            "INSERT OR IGNORE INTO people(name, email, mapped_name, mapped_email) VALUES(?,?,?,?)",
            [(*who, *who) for who in {row[2] for row in self._rows}],
        )
        rows = connection.execute("SELECT name, email, id FROM people")
        return {(name, email): number for name, email, number in rows}


def _map_people(store: HistoryStore, git: Git) -> None:
    """Apply the mailmap to all authors anew."""
    people = store.connection.execute("SELECT id, name, email FROM people").fetchall()
    contacts = "".join(f"{name} <{email}>\n" for _, name, email in people)
    output = git.run("check-mailmap", "--stdin", stdin=contacts.encode()).decode("utf-8", "replace")
    for (number, *_), line in zip(people, output.splitlines(), strict=True):
        name, _, email = line.rpartition("<")
        store.connection.execute(
            "UPDATE people SET mapped_name=?, mapped_email=? WHERE id=?",
            (name.rstrip(" "), email.rstrip(">"), number),
        )


def _kind(mode: bytes) -> int:
    if mode == b"000000":
        return ABSENT
    return {b"120000": LINK, b"160000": SUBMODULE}.get(mode, REGULAR)


def _plain_renames(changes: list[RawChange]) -> Iterator[tuple[bytes, bytes]]:
    """Find new files that have the content of just one deleted file, which git takes them from."""
    sources: dict[bytes, list[bytes]] = {}
    for change in changes:
        if _kind(change.mode) == ABSENT and _kind(change.old_mode) == REGULAR:
            sources.setdefault(change.old_blob, []).append(change.path)
    for change in changes:
        if _kind(change.mode) == REGULAR and _kind(change.old_mode) == ABSENT:
            found = sources.get(change.blob, ())
            if len(found) == 1:
                yield change.path, found[0]


def _records(chunks: Iterator[bytes], n_fields: int) -> Iterator[RawCommit]:
    """Parse ``git log --raw -z``: each commit's fields, then its raw lines, each with its path."""
    fields: list[bytes] = []
    changes: list[RawChange] = []
    raw: bytes | None = None
    for token in _tokens(chunks):
        if raw is not None:
            changes.append(_change(raw, token))
            raw = None
        elif len(fields) < n_fields:
            fields.append(token)
        elif (line := token.lstrip(b"\n")).startswith(b":"):
            raw = line
        elif line:  # before the paths of a merge there is an empty one
            yield RawCommit(fields, changes)
            fields, changes = [token], []
    if fields:
        yield RawCommit(fields, changes)


def _change(raw: bytes, path: bytes) -> RawChange:
    """Parse ``:<old mode> <mode> <old blob> <blob> <status>``; a merge has several old ones."""
    n_parents = len(raw) - len(raw.lstrip(b":"))
    parts = raw[n_parents:].split(b" ")
    return RawChange(parts[0], parts[n_parents], parts[n_parents + 1], parts[-2], path)


def _tokens(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Split a stream at its NUL bytes."""
    rest = b""
    for chunk in chunks:
        *complete, rest = (rest + chunk).split(b"\0")
        yield from complete
