"""Finds the repository around a folder, and resolves revisions in it."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from codeintel.errors import (
    GitCommandError,
    GitNotInstalledError,
    NoCommitsError,
    NotARepositoryError,
    PathNotFoundError,
    RepositoryError,
    UnknownRevisionError,
)
from codeintel.git.process import Git

if TYPE_CHECKING:
    import git


@dataclass(frozen=True)
class Repository:
    """A git repository as seen from one folder of it.

    Attributes
    ----------
    folder
        The folder it was found from, resolved; in it or above it lies the repository.
    git_dir, common_dir
        The git directory, and the one that holds the objects (another one in a linked worktree).
    work_tree
        Top of the work tree; None for a bare repository.
    prefix
        Path of `folder` below the work tree: empty, or ending in ``/``.
    object_format
        ``sha1`` or ``sha256``.
    git
        Runs commands in `folder`.
    """

    folder: Path
    git_dir: Path
    common_dir: Path
    work_tree: Path | None
    prefix: str
    object_format: str
    git: Git = field(repr=False)

    @classmethod
    def find(cls, path: Path) -> "Repository":
        """Find the repository that `path` lies in, searching parent directories.

        Raises
        ------
        PathNotFoundError
            There is no such folder.
        NotARepositoryError
            It is in no repository.
        UnsafeRepositoryError
            The repository belongs to another user and git was not told to trust it.
        GitNotInstalledError
            There is no git.
        """
        folder = path.resolve()
        if not folder.is_dir():
            raise PathNotFoundError(
                f"There is no folder '{path}'.", cure="Give the folder of a repository."
            )
        # The system's configuration may declare directories safe, so this one command reads it.
        # Git has then judged the owner, once for all commands that follow.
        answer = Git(folder, environment={"GIT_CONFIG_NOSYSTEM": "0"}).run(
            "rev-parse",
            "--absolute-git-dir",
            "--git-common-dir",
            "--is-inside-work-tree",
            "--show-object-format",
            "--show-prefix",
        )
        git_dir, common_dir, in_work_tree, object_format, prefix = os.fsdecode(answer).split("\n")[
            :5
        ]
        if in_work_tree == "true":
            depth = prefix.count("/")
            work_tree = folder.parents[depth - 1] if depth else folder
        else:
            work_tree = None
        return cls(
            folder=folder,
            git_dir=Path(git_dir),
            common_dir=(folder / common_dir).resolve(),
            work_tree=work_tree,
            prefix=prefix,
            object_format=object_format,
            git=Git(folder, options=("-c", "safe.directory=*")),
        )

    @property
    def name(self) -> str:
        """Name of the folder (for a bare repository without ``.git``)."""
        return self.folder.name.removesuffix(".git") or self.folder.parent.name

    def head(self) -> str | None:
        """Give the full sha of HEAD; None without commits."""
        answer = self.git.run("rev-parse", "--verify", "--quiet", "HEAD^{commit}", accept=(0, 1))
        return answer.decode().strip() or None

    def resolve(self, rev: str | None = None) -> str:
        """Give the full sha of the commit that a revision names, HEAD by default.

        Raises
        ------
        UnknownRevisionError
            Git cannot resolve it to one commit.
        NoCommitsError, RepositoryError
            HEAD was asked, and there are no commits yet, or its commit is gone.
        """
        unknown = UnknownRevisionError(
            f"Git knows no commit '{rev}'.", cure="Give a branch, a tag or a commit's sha."
        )
        if rev is not None and (not rev.strip() or "\0" in rev or "\n" in rev):
            raise unknown
        name = rev or "HEAD"
        try:
            answer = self.git.run(
                *("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"),
                accept=(0, 1),
            )
        except NotARepositoryError:
            raise
        except GitCommandError as error:
            raise unknown from error
        sha = answer.decode().split("\n")[0]
        if not sha and name == "HEAD":
            raise self.headless()
        if not sha:
            raise unknown
        return sha

    def headless(self) -> RepositoryError:
        """Make the error for a HEAD that names no commit: none yet, or one that is gone."""
        try:
            head = (self.git_dir / "HEAD").read_text().strip()
        except (OSError, ValueError):
            head = ""
        branch = self.common_dir / head.removeprefix("ref:").strip()
        if head.startswith("ref:") and not branch.is_file():
            return NoCommitsError(
                f"The repository '{self.name}' has no commits yet.", cure="Commit something first."
            )
        return RepositoryError(
            f"HEAD of the repository '{self.name}' names no commit that is there.",
            cure="See `git reflog` and `git fsck`, and commit nothing before it is mended.",
        )


def open_with_gitpython(folder: Path) -> "git.Repo":
    """Open the repository that a folder lies in with GitPython.

    Raises
    ------
    NotARepositoryError, GitNotInstalledError
        GitPython finds no repository, or no git.
    """
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    import git

    try:
        return git.Repo(folder, search_parent_directories=True)
    except git.GitCommandNotFound as error:
        raise GitNotInstalledError("The program 'git' was not found on the PATH.") from error
    except (git.InvalidGitRepositoryError, git.NoSuchPathError) as error:
        raise NotARepositoryError(f"The folder '{folder.name}' is in no git repository.") from error
