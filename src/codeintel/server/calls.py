"""From a tool's name and raw arguments to its answer: the path that MCP and REST share."""

import difflib
import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from codeintel.effort import Effort, spent
from codeintel.errors import CodeIntelError, InputError, UnsafeRepositoryError
from codeintel.server.auth import Principal
from codeintel.server.cache import AnswerCache
from codeintel.server.door import Door, Lane, SingleFlight
from codeintel.server.limits import RateLimit
from codeintel.server.logs import NO_REQUEST, new_request_id, request_id
from codeintel.server.outcome import Outcome, failed
from codeintel.server.render import render
from codeintel.server.schemas import RepositoryArguments, ScopedArguments
from codeintel.server.tools import TOOLS, Tool
from codeintel.types import Scope, StatusAnswer

if TYPE_CHECKING:
    from codeintel.api import CodeIntel

logger = logging.getLogger(__name__)

_INTERNAL = "internal"
_TRUST_CURE = "Whoever runs the server has to trust it; the server's log says how."
_STATUS_DEADLINE_S = 5.0
CACHE_BYTES = 64 << 20


class UnknownToolError(InputError):
    """No tool has this name."""

    code = "unknown_tool"


class InvalidArgumentsError(InputError):
    """A tool's arguments do not fit its schema."""

    code = "invalid_arguments"


Observer = Callable[[str, Principal, Outcome, float], None]


class Calls:
    """Answers tool calls from one `CodeIntel`, through the door.

    Parameters
    ----------
    cache_bytes
        Size of the answers that are kept for the next who asks the same.
    calls_per_s
        Calls that one principal may make in the long run; 0 for no limit.
    observers
        Each is told of every call: tool, principal, outcome and seconds.
    """

    def __init__(
        self,
        codeintel: "CodeIntel",
        door: Door,
        *,
        cache_bytes: int = CACHE_BYTES,
        calls_per_s: float = 0,
        observers: Sequence[Observer] = (),
    ) -> None:
        self._codeintel = codeintel
        self._door = door
        self._cache = AnswerCache(cache_bytes)
        self._rate = RateLimit(calls_per_s)
        self._flights = SingleFlight()
        self._observers = tuple(observers)

    async def call(
        self, name: str, arguments: Mapping[str, Any] | None, principal: Principal
    ) -> Outcome:
        """Answer one call; never raises but for cancellation."""
        start = time.perf_counter()
        if request_id.get() == NO_REQUEST:
            request_id.set(new_request_id())
        try:
            self._rate.take(principal.name)
            tool = find_tool(name)
            decoded = decode_arguments(tool, arguments)
            outcome = await self._answer(tool, decoded, principal)
        except UnsafeRepositoryError as error:
            # The cure names a folder of this machine, and only whoever runs the server can do it.
            logger.warning("%s", error)
            outcome = failed(UnsafeRepositoryError(error.message, cure=_TRUST_CURE))
        except CodeIntelError as error:
            outcome = failed(error)
        except Exception:
            outcome = _internal(name)
        seconds = time.perf_counter() - start
        for observe in self._observers:
            observe(name if name in TOOLS else "unknown", principal, outcome, seconds)
        return outcome

    async def status(self) -> StatusAnswer:
        """Give the state of all indexes, for probes and metrics.

        Raises
        ------
        CodeIntelError
            There is no answer.
        """
        return await self._flights.run(
            "status",
            lambda: self._door.run(
                Lane.WAIT, self._codeintel.index_status, deadline_s=_STATUS_DEADLINE_S
            ),
        )

    async def _answer(
        self, tool: Tool, arguments: RepositoryArguments, principal: Principal
    ) -> Outcome:
        """Take the answer from the cache, from one who asks the same, or ask."""
        stamp = self._codeintel.stamp if tool.from_index else None
        key = (tool.name, principal.repos, _identity(tool, arguments), stamp)
        outcome = self._cache.get(key, least=self._door.load(tool.lane).effort)
        if outcome is not None or tool.lane is not Lane.CPU:
            await self._door.turn(principal.name)
        if outcome is None:
            outcome = await self._flights.run(key, lambda: self._ask(tool, arguments, principal))
            if tool.from_index and (outcome.whole or outcome.effort < Effort.FULL):
                self._cache.put(key, outcome)
        return outcome

    async def _ask(
        self, tool: Tool, arguments: RepositoryArguments, principal: Principal
    ) -> Outcome:
        def work() -> Outcome:
            visible = self._codeintel
            if principal.repos is not None:
                visible = visible.restricted_to(principal.repos)
            answer = tool.ask(visible, arguments, _scope(visible, arguments))
            text = render(answer, max_tokens=getattr(arguments, "max_tokens", 4000))
            body = msgspec.json.encode(answer)
            whole = spent() is Effort.FULL and _is_whole(answer)
            return Outcome(text, body, whole=whole, effort=spent())

        return await self._door.run(
            tool.lane, work, deadline_s=tool.deadline_s, principal=principal.name
        )


def _is_whole(answer: Any) -> bool:
    """Tell whether an answer has no reservation, such as a search without vectors."""
    about = getattr(answer, "about", ())
    provenances = about if isinstance(about, tuple) else (about,)
    return all(provenance.complete and not provenance.notes for provenance in provenances)


def find_tool(name: str) -> Tool:
    """Give the tool of that name.

    Raises
    ------
    UnknownToolError
        No tool has this name.
    """
    if name in TOOLS:
        return TOOLS[name]
    raise unknown_tool(name)


def unknown_tool(name: str) -> UnknownToolError:
    """Make the error for a name that no tool has."""
    return UnknownToolError(
        f"There is no tool {name[:100]!r}.",
        cure=f"The tools are {', '.join(TOOLS)}.",
        suggestions=difflib.get_close_matches(name[:100], TOOLS, n=3),
    )


def decode_arguments(tool: Tool, arguments: Mapping[str, Any] | None) -> RepositoryArguments:
    """Check raw arguments against the tool's schema; numbers may come as text.

    Raises
    ------
    InvalidArgumentsError
        Names the argument, what it has to be and the names that there are.
    """
    try:
        return msgspec.convert(arguments or {}, tool.arguments, strict=False)
    except (msgspec.ValidationError, UnicodeError, RecursionError) as error:
        fields = tool.arguments.__struct_encode_fields__
        unknown = re.search(r"unknown field `(.*)`", str(error), re.DOTALL)
        raise InvalidArgumentsError(
            f"Arguments of {tool.name}: {_explain(str(error))}",
            cure=f"The arguments are {', '.join(fields)}.",
            suggestions=difflib.get_close_matches(unknown[1][:100], fields) if unknown else (),
        ) from None


def _identity(tool: Tool, arguments: RepositoryArguments) -> bytes:
    """Give what tells one question from another.

    Raises
    ------
    InvalidArgumentsError
        A text has half of a surrogate pair, which JSON can carry but no file or query has.
    """
    try:
        return msgspec.msgpack.encode(arguments)
    except UnicodeEncodeError:
        raise InvalidArgumentsError(
            f"Arguments of {tool.name}: a text is no valid Unicode.",
            cure="Leave out lone surrogates.",
        ) from None


def _explain(message: str) -> str:
    """Name the argument first: ``limit: expected `int` >= 1``."""
    what, _, where = message[:400].partition(" - at `$.")
    return f"{where.rstrip('`')}: {what[0].lower()}{what[1:]}." if where else f"{what}."


def _scope(codeintel: "CodeIntel", arguments: RepositoryArguments) -> Scope:
    """Join `scope_id` with the values beside it, which win."""
    scope = codeintel.resolve_scope(arguments.scope_id) if arguments.scope_id else Scope()
    given: dict[str, Any] = {"repo": arguments.repo}
    if isinstance(arguments, ScopedArguments):
        given["include_globs"] = arguments.include_globs
        given["exclude_globs"] = arguments.exclude_globs
        given["languages"] = arguments.languages
    return msgspec.structs.replace(scope, **{k: v for k, v in given.items() if v})


def _internal(name: str) -> Outcome:
    """Log the exception at hand, and tell the caller no more than the id to look for."""
    incident = request_id.get()
    logger.exception("request %s: tool %r failed", incident, name[:100])
    message = f"Internal error; the server's log has it under request {incident}."
    return Outcome(
        f"Error [{_INTERNAL}]: {message}",
        msgspec.json.encode({"error": {"code": _INTERNAL, "message": message}}),
        _INTERNAL,
    )
