"""Labelled questions, read from a file."""

from pathlib import Path

import msgspec
from msgspec import Struct

from codeintel.errors import InputError
from codeintel.evaluation.metrics import Target


class Question(Struct, frozen=True, kw_only=True):
    """A query with what it should find; `secondary` targets count like `relevant` ones.

    A target is a path, or an object with `path` and perhaps `start_line` and `end_line`.
    """

    query: str
    relevant: tuple[str | Target, ...]
    secondary: tuple[str | Target, ...] = ()
    category: str = ""

    @property
    def targets(self) -> list[Target]:
        """All targets."""
        return [
            Target(target) if isinstance(target, str) else target
            for target in (*self.relevant, *self.secondary)
        ]


class RepositoryQuestions(Struct, frozen=True, kw_only=True):
    """The questions about one repository; `name` is its folder below the corpora."""

    name: str
    queries: tuple[Question, ...]
    language: str = ""


class QuestionFile(Struct, frozen=True):
    """A file of questions."""

    repositories: tuple[RepositoryQuestions, ...]


def read_questions(path: Path) -> QuestionFile:
    """Read questions; fields that are not known here are passed over.

    Raises
    ------
    InputError
        The file cannot be read, or has not the form of `QuestionFile`.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=QuestionFile)
    except OSError as error:
        raise InputError(f"The questions '{path}' cannot be read: {error.strerror}.") from error
    except msgspec.DecodeError as error:
        raise InputError(
            f"The questions '{path}' have not the right form: {error}.",
            cure='They are {"repositories": [{"name", "queries": [{"query", "relevant"}]}]}.',
        ) from error
