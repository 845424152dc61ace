"""Answers blame and log from the fastest layer that is ready; all give git's own answer."""

from itertools import islice

from codeintel.git import commands
from codeintel.git.process import Git
from codeintel.git.question import HistoryQuestion
from codeintel.git.records import Blame, Commit
from codeintel.git.shadow import Shadow


class Layers:
    """The layers of one repository; paths are from the top of the repository."""

    def __init__(self, shadow: Shadow) -> None:
        self._shadow = shadow

    @property
    def git(self) -> Git:
        """Git, in the shadow."""
        return self._shadow.view().git

    def blame(self, sha: str, path: str, first: int, last: int) -> Blame:
        """Blame lines that the file has at that commit."""
        return commands.blame(self.git, sha, path, first, last)

    def log(self, sha: str, question: HistoryQuestion, skip: int, limit: int) -> list[Commit]:
        """List at most `limit` wanted commits after the first `skip` wanted ones."""
        git = self.git
        if not question.filters:
            return list(
                commands.log(
                    git, sha, question.path, follow=question.follow, limit=limit, skip=skip
                )
            )
        commits = commands.log(git, sha, question.path, follow=question.follow)
        try:
            return list(islice(filter(question.wants, commits), skip, skip + limit))
        finally:
            commits.close()
