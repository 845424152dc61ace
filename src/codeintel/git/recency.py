"""Tells when the files of a revision changed last, as far as its newest commits tell."""

from codeintel.git.repository import Repository

N_COMMITS = 2_000
"""Newest commits that are looked at: git lists them in a fraction of a second."""


def last_changes(repository: Repository, rev: str = "HEAD") -> dict[str, int]:
    """Give the time, in seconds since 1970, of the newest commit that changed each path.

    Paths are relative to the repository's folder. Merges do not count, and what changed before the
    newest `N_COMMITS` is left out.

    Raises
    ------
    GitCommandError
        Git cannot list the commits of `rev`, e.g. because there are none.
    """
    output = repository.git.run(
        *("log", f"--max-count={N_COMMITS}", "--no-merges", "--no-renames", "--diff-filter=d"),
        *("-z", "--name-only", "--relative", "--format=%x01%ct", rev, "--", "."),
    )
    changes: dict[str, int] = {}
    for entry in output.decode("utf-8", "surrogateescape").split("\x01")[1:]:
        time_s, _, paths = entry.partition("\0")
        for path in filter(None, paths.lstrip("\n").split("\0")):
            changes[path] = max(changes.get(path, 0), int(time_s))
    return changes


def blobs_of(repository: Repository, rev: str) -> dict[str, str]:
    """Give the blob of each path of a revision, relative to the repository's folder.

    Raises
    ------
    GitCommandError
        Git cannot list the files of `rev`.
    """
    output = repository.git.run("ls-tree", "-r", "-z", rev).decode("utf-8", "surrogateescape")
    entries = (entry.partition("\t") for entry in output.split("\0") if entry)
    return {path: facts.split(" ")[2] for facts, _, path in entries}
