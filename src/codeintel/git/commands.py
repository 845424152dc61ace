"""Blame and log by git itself: always exact, and the layer that all faster ones are checked by."""

from collections.abc import Generator, Iterator
from itertools import islice

from codeintel.errors import GitCommandError
from codeintel.git.process import Git
from codeintel.git.records import Blame, Commit, LineRun, first_line, iso_date, join_runs, unquote

# Committer time, author's name and email after the mailmap, author time and zone, whole message.
LOG_FORMAT = "%H%x00%ct%x00%aN%x00%aE%x00%ad%x00%B"
LOG_OPTIONS = (
    *("--no-show-signature", "--no-notes", "--no-color", "--no-decorate"),
    *("--encoding=UTF-8", "--date=raw", "-z"),
)


def blame(git: Git, sha: str, path: str, first: int = 0, last: int = 0) -> Blame:
    """Blame a file at a commit, or some of its lines.

    Raises
    ------
    GitCommandError
        Git knows no such path there, or the lines are not in the file.
    """
    arguments = ["blame", "--no-textconv", "--no-progress", "--incremental", "--encoding=UTF-8"]
    if first:
        arguments.append(f"-L{first},{last}")
    output = git.run(*arguments, sha, "--", path)
    commits: dict[str, Commit] = {}
    runs: list[LineRun] = []
    head: list[bytes] = []
    facts: dict[bytes, bytes] = {}
    for line in output.split(b"\n")[:-1]:
        if not head:
            head = line.split()
            continue
        key, _, value = line.partition(b" ")
        facts[key] = value
        if key == b"filename":
            origin = head[0].decode()
            if origin not in commits:
                commits[origin] = _commit_of_blame(origin, facts)
            previous_sha, _, previous_path = facts.get(b"previous", b"").partition(b" ")
            runs.append(
                LineRun(
                    int(head[2]),
                    int(head[3]),
                    origin,
                    _path(value),
                    int(head[1]),
                    previous_sha.decode(),
                    _path(previous_path),
                )
            )
            head, facts = [], {}
    return Blame(join_runs(runs), commits)


def log(
    git: Git, sha: str, path: str, *, follow: bool = False, limit: int | None = None, skip: int = 0
) -> Generator[Commit, None, None]:
    """Yield the commits up to `sha` that changed a path, in git's order.

    `follow` goes on across renames as git's heuristic finds them.
    """
    arguments = ["log", *LOG_OPTIONS, f"--format={LOG_FORMAT}"]
    arguments.append("--follow" if follow else "--no-follow")
    if limit is not None:
        arguments.append(f"-n{limit}")
    if skip:
        arguments.append(f"--skip={skip}")
    if limit is not None:
        yield from parse_log(iter([git.run(*arguments, sha, "--", path)]))
        return
    with git.stream(*arguments, sha, "--", path) as output:
        yield from parse_log(iter(lambda: output.read1(1 << 16), b""))


def log_of_lines(git: Git, sha: str, path: str, lines: range, limit: int) -> list[Commit]:
    """List the commits that changed a range of lines, as git's ``log -L`` follows it back."""
    output = git.run(
        *("log", *LOG_OPTIONS, f"--format={LOG_FORMAT}", "--no-patch", f"-n{limit}"),
        *(f"-L{lines[0]},{lines[-1]}:{path}", sha),
    )
    return list(parse_log(iter([output])))


def changed_paths(git: Git, shas: list[str]) -> list[set[str]]:
    """Give the paths that each commit changes; none for merges."""
    output = git.run(
        *("diff-tree", "--stdin", "--always", "--root", "-r", "-z", "--name-only", "--no-renames"),
        stdin="".join(f"{sha}\n" for sha in shas).encode(),
    )
    found: list[set[str]] = []
    wanted = iter([*shas, ""])
    following = next(wanted)
    for token in output.decode("utf-8", "surrogateescape").split("\0")[:-1]:
        if token == following:
            found.append(set())
            following = next(wanted)
        else:
            found[-1].add(token)
    return found


def parse_log(chunks: Iterator[bytes]) -> Iterator[Commit]:
    """Parse what `LOG_FORMAT` prints."""
    tokens = _tokens(chunks)
    while fields := [x.decode("utf-8", "replace") for x in islice(tokens, 6)]:
        if len(fields) < 6:
            raise GitCommandError("`git log` broke off in the middle of a commit.")
        yield commit_of_log(fields)


def commit_of_log(fields: list[str]) -> Commit:
    """Make a commit from the six fields of `LOG_FORMAT`."""
    sha, committed_s, author, email, date, message = fields
    epoch_s, _, zone = date.partition(" ")
    return Commit(
        sha,
        author,
        email,
        iso_date(int(epoch_s or 0), zone),
        first_line(message) or f"({sha})",
        False,
        int(committed_s or 0),
    )


def _tokens(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Split a stream at its NUL bytes."""
    rest = b""
    for chunk in chunks:
        *complete, rest = (rest + chunk).split(b"\0")
        yield from complete


def _commit_of_blame(sha: str, facts: dict[bytes, bytes]) -> Commit:
    def text(key: bytes) -> str:
        return facts.get(key, b"").decode("utf-8", "replace")

    return Commit(
        sha,
        text(b"author"),
        text(b"author-mail")[1:-1],
        iso_date(int(text(b"author-time") or 0), text(b"author-tz")),
        text(b"summary"),
        b"boundary" in facts,
        int(text(b"committer-time") or 0),
    )


def _path(name: bytes) -> str:
    return unquote(name).decode("utf-8", "surrogateescape")
