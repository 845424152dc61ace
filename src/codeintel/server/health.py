"""Whether the server can answer truthfully."""

from codeintel.errors import CodeIntelError
from codeintel.server.calls import Calls
from codeintel.types import IndexPhase, RepositoryStatus


class Health:
    """Readiness of one server process; `draining` is set when it has been told to stop."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self.draining = False

    async def trouble(self) -> str:
        """Say why the server should get no requests; empty where it should.

        Repositories are counted, not named: probes need no token.
        """
        if self.draining:
            return "The server is stopping."
        try:
            repositories = (await self._calls.status()).repositories
        except CodeIntelError as error:
            return f"The state of the index is unknown: {error.code}."
        for state, count in (
            ("a broken index", sum(r.phase is IndexPhase.BROKEN for r in repositories)),
            ("no index yet", sum(map(_is_unindexed, repositories))),
        ):
            if count:
                return f"{count} of {len(repositories)} repositories have {state}."
        return ""


def _is_unindexed(status: RepositoryStatus) -> bool:
    return status.phase is IndexPhase.MISSING or (
        status.phase is IndexPhase.BUILDING and not status.generation
    )
