"""Tells how recently each file of a generation changed, for those who prefer recent code."""

from codeintel.api.scoping import Selection
from codeintel.git.recency import blobs_of, last_changes
from codeintel.git.repository import Repository

# Chosen on commit messages of 15 projects (docs/retrieval.md): 7 to 90 days do about as well.
_HALF_LIFE_S = 30 * 86_400


def recency(selection: Selection) -> dict[str, float]:
    """Give each path 1 for the newest change of all, half of it for each 30 days before that.

    A change is the newest commit of the indexed revision, or the file's own time where its content
    is not committed; files that only older commits changed than git was asked for are left out.

    Raises
    ------
    GitCommandError
        Git does not know the indexed revision any more.
    """
    return selection.snapshot.cached("recency", lambda: _recency(selection))


def _recency(selection: Selection) -> dict[str, float]:
    """Work the values out, once a generation."""
    commit = selection.snapshot.manifest.commit
    times_s: dict[str, float] = {}
    committed: dict[str, str] = {}
    if commit is not None:
        repository = Repository.find(selection.repository.path)
        times_s |= last_changes(repository, commit)
        committed = blobs_of(repository, commit)
    for document in selection.snapshot.catalog.documents:
        # A stamp of the work tree begins with the time of the file (`git.files.SourceFile`).
        time_ns, in_work_tree, _ = document.stamp.partition("-")
        if in_work_tree and committed.get(document.path) != document.blob:
            times_s[document.path] = int(time_ns, 16) / 1e9
    newest_s = max(times_s.values(), default=0.0)
    return {path: 0.5 ** ((newest_s - time_s) / _HALF_LIFE_S) for path, time_s in times_s.items()}
