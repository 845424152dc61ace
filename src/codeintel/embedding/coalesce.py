"""Lets queries that arrive together share one request, and remembers recent ones."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future

from codeintel.embedding.base import Vectors
from codeintel.embedding.metrics import QueryOutcome
from codeintel.errors import EmbeddingUnavailableError

EmbedTogether = Callable[[Sequence[str]], Sequence[Vectors | Exception]]


class _Group:
    """Queries that will go in one request."""

    def __init__(self) -> None:
        self.futures: dict[str, Future[Vectors]] = {}
        self.full = threading.Event()


class QueryCoalescer:
    """Turns single queries of many threads into few requests.

    The first query of a group leads: it waits for the window, or until the group is full, then
    for a free slot, and sends the group. While it waits, others join. A text that is under way
    already is not sent twice.

    Parameters
    ----------
    embed
        Embeds several texts; gives a vector or an error for each.
    count
        Told what became of each query.
    """

    def __init__(
        self,
        embed: EmbedTogether,
        *,
        window_s: float,
        max_texts: int,
        max_calls: int,
        cache_size: int,
        count: Callable[[QueryOutcome], None],
    ) -> None:
        self._embed = embed
        self._window_s = window_s
        self._max_texts = max_texts
        self._slots = threading.BoundedSemaphore(max_calls)
        self._cache_size = cache_size
        self._count = count
        self._lock = threading.Lock()
        self._gathering: _Group | None = None
        self._under_way: dict[str, Future[Vectors]] = {}
        self._cache: OrderedDict[str, Vectors] = OrderedDict()

    def get(self, text: str) -> Vectors:
        """Give the vector of one text, read-only; raises what `embed` gave or raised for it."""
        led: _Group | None = None
        with self._lock:
            known = self._cache.get(text)
            if known is not None:
                self._cache.move_to_end(text)
                self._count("cached")
                return known
            future = self._under_way.get(text)
            if future is None:
                self._count("sent")
                future, led = self._join(text)
            else:
                self._count("shared")
        if led is not None:
            self._lead(led)
        return future.result()

    def _join(self, text: str) -> tuple[Future[Vectors], _Group | None]:
        """Add a text to the gathering group; gives the group too if this opened it."""
        opened = None
        if self._gathering is None:
            self._gathering = opened = _Group()
        group = self._gathering
        future: Future[Vectors] = Future()
        group.futures[text] = self._under_way[text] = future
        if len(group.futures) == self._max_texts:
            group.full.set()
            self._gathering = None
        return future, opened

    def _lead(self, group: _Group) -> None:
        """Send a group and hand out what came back, whatever happens."""
        given_up = EmbeddingUnavailableError("The query's shared request was given up.")
        results: Sequence[Vectors | Exception] | None = None
        try:
            group.full.wait(self._window_s)
            with self._slots:
                results = self._embed(self._close_group(group))
        except Exception as error:
            results = [error] * len(self._close_group(group))
        finally:
            texts = self._close_group(group)
            self._hand_out(group, [given_up] * len(texts) if results is None else results)

    def _close_group(self, group: _Group) -> list[str]:
        """Let no further queries join a group; gives its texts."""
        with self._lock:
            if self._gathering is group:
                self._gathering = None
            return list(group.futures)

    def _hand_out(self, group: _Group, results: Sequence[Vectors | Exception]) -> None:
        """Give each query its vector or its error."""
        with self._lock:
            for (text, future), result in zip(group.futures.items(), results, strict=True):
                del self._under_way[text]
                if isinstance(result, Exception):
                    future.set_exception(result)
                else:
                    result.setflags(write=False)
                    self._remember(text, result)
                    future.set_result(result)

    def _remember(self, text: str, vector: Vectors) -> None:
        self._cache[text] = vector
        while len(self._cache) > self._cache_size:
            self._cache.popitem(last=False)
