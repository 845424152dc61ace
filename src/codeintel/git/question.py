"""A question for history: path and filters, and the cursor that continues its answer."""

import base64
import binascii
import hashlib
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from codeintel.errors import InvalidCursorError, InvalidQueryError
from codeintel.git.records import Commit


class HistoryQuestion(Struct, frozen=True):
    """What is asked about a path; times are committer times in seconds, both included."""

    path: str
    follow: bool = False
    since_s: float | None = None
    until_s: float | None = None
    author: str | None = None

    @property
    def filters(self) -> bool:
        """Whether some commits of the path are not wanted."""
        return (self.since_s, self.until_s, self.author) != (None, None, None)

    def wants(self, commit: Commit) -> bool:
        """Tell whether a commit passes the filters."""
        return (
            (self.since_s is None or commit.committed_s >= self.since_s)
            and (self.until_s is None or commit.committed_s <= self.until_s)
            and (
                self.author is None or self.author in f"{commit.author} <{commit.email}>".casefold()
            )
        )

    def cursor(self, sha: str, n_given: int) -> str:
        """Make the cursor that continues after `n_given` commits from `sha`."""
        text = f"{sha}:{n_given}:{self._key()}"
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    def position(self, cursor: str) -> tuple[str, int]:
        """Give the sha and number of commits that a cursor stands for.

        Raises
        ------
        InvalidCursorError
            It was not made for this question.
        """
        try:
            padded = cursor + "=" * (-len(cursor) % 4)
            sha, n_given, key = base64.urlsafe_b64decode(padded).decode("ascii").split(":")
            if key == self._key() and len(sha) in (40, 64) and int(sha, 16) >= 0:
                return sha, int(n_given)
        except (ValueError, binascii.Error):
            pass
        raise InvalidCursorError(
            f"The cursor '{cursor[:80]}' does not belong to this question.",
            cure="Repeat the other arguments of the first page, or ask without a cursor.",
        )

    def _key(self) -> str:
        return hashlib.blake2b(repr(self).encode(), digest_size=6).hexdigest()


def parse_time(name: str, value: str | None, *, end: bool = False) -> float | None:
    """Parse an ISO 8601 date or time (UTC without a zone); a date is its first or last moment.

    Raises
    ------
    InvalidQueryError
        The value is none.
    """
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        raise InvalidQueryError(
            f"The {name} '{value[:80]}' is no date.", cure="Write it as 2026-01-31."
        ) from None
    if end and len(value.strip()) <= len("2026-01-31"):
        moment += timedelta(days=1, seconds=-1)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
