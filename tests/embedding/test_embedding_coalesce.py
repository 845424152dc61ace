"""Queries of many threads: shared, answered once each, remembered."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import Any

import numpy as np
import pytest

from codeintel.embedding.base import Vectors
from codeintel.embedding.coalesce import QueryCoalescer
from codeintel.errors import EmbeddingRefusedError, EmbeddingUnavailableError


def vector(text: str) -> Vectors:
    return np.array([len(text), float(text.split()[-1])], np.float32)


class Calls:
    """Embeds as a server would and keeps what it was asked."""

    def __init__(self, pause_s: float = 0.0) -> None:
        self.texts: list[list[str]] = []
        self.outcomes: Counter[str] = Counter()
        self.pause_s = pause_s
        self.under_way = 0
        self.most_under_way = 0
        self.lock = threading.Lock()

    def __call__(self, texts: Sequence[str]) -> list[Vectors | Exception]:
        with self.lock:
            self.texts.append(list(texts))
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
        time.sleep(self.pause_s)
        with self.lock:
            self.under_way -= 1
        return [
            EmbeddingRefusedError(text) if text.startswith("bad") else vector(text)
            for text in texts
        ]

    def count(self, outcome: str) -> None:
        self.outcomes[outcome] += 1


def coalescer(calls: Callable[..., Any], **changes: Any) -> QueryCoalescer:
    settings = {"window_s": 0.05, "max_texts": 32, "max_calls": 4, "cache_size": 100}
    count = getattr(calls, "count", lambda outcome: None)
    return QueryCoalescer(calls, count=count, **{**settings, **changes})


def ask_together(queries: QueryCoalescer, texts: list[str]) -> list[Vectors]:
    barrier = threading.Barrier(len(texts))

    def ask(text: str) -> Vectors:
        barrier.wait()
        return queries.get(text)

    with ThreadPoolExecutor(len(texts)) as threads:
        return list(threads.map(ask, texts))


def test_queries_that_arrive_together_share_calls_and_each_gets_its_own_vector() -> None:
    calls = Calls()
    texts = [f"query {i}" for i in range(50)]
    for text, got in zip(texts, ask_together(coalescer(calls), texts), strict=True):
        np.testing.assert_array_equal(got, vector(text))
    assert len(calls.texts) <= 10
    assert max(map(len, calls.texts)) <= 32
    assert sorted(chain.from_iterable(calls.texts)) == sorted(texts)


def test_an_identical_query_is_sent_once() -> None:
    calls = Calls(pause_s=0.05)
    ask_together(coalescer(calls), ["same 1"] * 20)
    assert calls.texts == [["same 1"]]
    assert calls.outcomes["sent"] == 1
    assert calls.outcomes["shared"] + calls.outcomes["cached"] == 19


def test_recent_vectors_are_remembered_read_only_and_old_ones_forgotten() -> None:
    calls = Calls()
    queries = coalescer(calls, window_s=0.0, cache_size=2)
    for text in ["a 1", "b 2", "a 1", "c 3", "a 1", "b 2"]:
        got = queries.get(text)
    assert calls.texts == [["a 1"], ["b 2"], ["c 3"], ["b 2"]]
    with pytest.raises(ValueError, match="read-only"):
        got[0] = 1.0


def test_a_cache_of_size_zero_remembers_nothing() -> None:
    calls = Calls()
    queries = coalescer(calls, window_s=0.0, cache_size=0)
    queries.get("a 1")
    queries.get("a 1")
    assert len(calls.texts) == 2


def test_calls_under_way_are_bounded() -> None:
    calls = Calls(pause_s=0.01)
    queries = coalescer(calls, window_s=0.0, max_texts=2, max_calls=3)
    ask_together(queries, [f"query {i}" for i in range(40)])
    assert calls.most_under_way <= 3


def test_one_bad_query_fails_alone_and_is_asked_again() -> None:
    calls = Calls()
    queries = coalescer(calls)
    with ThreadPoolExecutor(2) as threads:
        bad, good = threads.submit(queries.get, "bad 1"), threads.submit(queries.get, "good 1")
        assert isinstance(bad.exception(), EmbeddingRefusedError)
        np.testing.assert_array_equal(good.result(), vector("good 1"))
    with pytest.raises(EmbeddingRefusedError):
        queries.get("bad 1")


def test_a_failed_call_fails_all_that_share_it_and_nothing_sticks() -> None:
    down = True

    def embed(texts: Sequence[str]) -> list[Vectors | Exception]:
        if down:
            raise EmbeddingUnavailableError("down")
        return [vector(text) for text in texts]

    queries = coalescer(embed)
    with ThreadPoolExecutor(8) as threads:
        calls = [threads.submit(queries.get, f"query {i % 4}") for i in range(8)]
        assert all(isinstance(call.exception(), EmbeddingUnavailableError) for call in calls)
    down = False
    np.testing.assert_array_equal(queries.get("query 1"), vector("query 1"))


def test_an_interrupted_leader_does_not_leave_the_others_waiting() -> None:
    asked = threading.Event()

    def embed(texts: Sequence[str]) -> list[Vectors | Exception]:
        asked.set()
        time.sleep(0.1)
        raise KeyboardInterrupt

    queries = coalescer(embed, window_s=0.0)
    with ThreadPoolExecutor(2) as threads:
        leader = threads.submit(queries.get, "same 1")
        asked.wait()
        follower = threads.submit(queries.get, "same 1")
        assert isinstance(leader.exception(), KeyboardInterrupt)
        assert isinstance(follower.exception(), EmbeddingUnavailableError)
