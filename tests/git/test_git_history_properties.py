import tempfile
from pathlib import Path

from git_histories import RandomHistory, git_blame, git_log
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codeintel.git.client import GitClient
from codeintel.git.worker import Worker

MANY = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)


def silent(n_done: int, n_total: int) -> None:
    pass


def check(history: RandomHistory, client: GitClient, n: int) -> None:
    """Compare all that is known of one commit with git's own answers."""
    path, sha = history.repository.path, history.shas[n]
    for name in sorted(history.names):
        log = git_log(path, sha, name)
        if log:
            found = [entry.full_sha for entry in client.file_history(name, 1000, rev=sha)]
            assert found == log, name
        if name in history.trees[n]:
            assert [
                (
                    entry.full_sha,
                    entry.original_line,
                    entry.original_path,
                    entry.message,
                    f"{entry.previous_sha} {entry.previous_path}".strip(),
                    entry.boundary,
                )
                for entry in client.blame_range(name, rev=sha)
            ] == git_blame(path, sha, name), name


@MANY
@given(st.integers(0, 1 << 32))
def test_the_index_answers_as_git_does(seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        history = RandomHistory(Path(folder) / "project", seed)
        cache = Path(folder) / "cache"
        n = history.random.randrange(history.n_commits)
        for head in (n, history.n_commits - 1):  # the second build extends the first
            history.checkout(history.shas[head])
            worker = Worker(history.repository.path, cache)
            worker.extend(silent)
            if history.random.random() < 0.5:
                worker.blame(silent)
            worker.close()
        with GitClient(history.repository.path, cache_dir=cache) as client:
            check(history, client, history.n_commits - 1)
            check(history, client, n)
            check(history, client, history.n_commits - 1)  # now from the cache


@settings(MANY, max_examples=6)
@given(st.integers(0, 1 << 32), st.sampled_from(["shallow", "graft", "replace", "filters"]))
def test_a_changed_shape_of_history_is_seen_by_every_layer(seed: int, how: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        history = RandomHistory(Path(folder) / "project", seed)
        repository = history.repository
        cache = Path(folder) / "cache"
        last = history.n_commits - 1
        with GitClient(repository.path, cache_dir=cache) as client:
            for _ in range(2):
                worker = Worker(repository.path, cache)
                if how == "filters":
                    worker.graph(silent)
                else:
                    worker.extend(silent)
                worker.close()
                check(history, client, last)
                victim = history.random.choice(history.shas)
                if how == "shallow":
                    (repository.path / ".git/shallow").write_text(f"{victim}\n")
                elif how == "graft":
                    other = history.shas[0] if victim != history.shas[0] else ""
                    (repository.path / ".git/info/grafts").write_text(f"{victim} {other}\n")
                elif how == "replace" and repository.git("rev-list", "--max-parents=0", victim) != (
                    f"{victim}\n".encode()
                ):
                    repository.git("replace", "--graft", "-f", victim)
                check(history, client, last)
