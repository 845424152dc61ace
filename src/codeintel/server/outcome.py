"""What a call led to."""

from dataclasses import dataclass
from typing import Any

import msgspec

from codeintel.effort import Effort
from codeintel.errors import CodeIntelError
from codeintel.server.render import describe_error, render_error


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call led to: an answer, or an error that says what to do.

    Attributes
    ----------
    body
        The answer as JSON; for an error, ``{"error": {"code", "message", …}}``.
    code
        ``ok``, or the code of the error.
    whole
        Whether the answer speaks for all that was asked about, without reservation.
    effort
        What it was allowed to cost.
    """

    text: str
    body: bytes
    code: str = "ok"
    whole: bool = False
    effort: Effort = Effort.FULL

    @property
    def is_error(self) -> bool:
        """Whether the call failed."""
        return self.code != "ok"

    @property
    def structured(self) -> dict[str, Any]:
        """The body as Python values."""
        return msgspec.json.decode(self.body, type=dict[str, Any])


def failed(error: CodeIntelError) -> Outcome:
    """Give the outcome of a call that an error ended."""
    body = msgspec.json.encode({"error": describe_error(error)})
    return Outcome(render_error(error), body, error.code)
