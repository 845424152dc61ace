"""Balancing and breakers, with a clock that the test turns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeintel.embedding.endpoints import BreakerState, Endpoint, Endpoints
from codeintel.errors import EmbeddingUnavailableError


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def servers(n: int = 2, clock: Clock | None = None) -> Endpoints:
    urls = tuple(f"http://s{i}" for i in range(n))
    return Endpoints(urls, failures=3, rest_s=1.0, clock=clock or Clock())


def picked(endpoints: Endpoints) -> Endpoint:
    endpoint = endpoints.pick()
    assert isinstance(endpoint, Endpoint)
    return endpoint


def test_the_least_busy_server_is_asked() -> None:
    endpoints = servers(3)
    first, second, third = (picked(endpoints) for _ in range(3))
    assert len({first.url, second.url, third.url}) == 3
    with endpoints.lease(second):
        pass
    assert picked(endpoints) is second


def test_a_paused_server_is_avoided_and_waited_for_where_there_is_no_other() -> None:
    clock = Clock()
    endpoints = servers(2, clock)
    first = picked(endpoints)
    endpoints.pause(first, 5.0)
    second = picked(endpoints)
    assert second is not first
    assert picked(endpoints) is second
    endpoints.pause(second, 2.0)
    assert endpoints.pick() == pytest.approx(2.0)
    clock.now += 2.0
    assert picked(endpoints) is second


def fail(endpoints: Endpoints, times: int) -> None:
    for _ in range(times):
        endpoint = picked(endpoints)
        with endpoints.lease(endpoint):
            endpoints.failed(endpoint, "no answer")


def test_a_breaker_opens_after_failures_in_a_row_and_names_the_reason() -> None:
    endpoints = servers(1)
    fail(endpoints, 2)
    endpoint = picked(endpoints)
    with endpoints.lease(endpoint):
        endpoints.succeeded(endpoint)
    fail(endpoints, 3)
    with pytest.raises(EmbeddingUnavailableError, match="http://s0: no answer"):
        endpoints.pick()


def test_one_trial_decides_whether_an_open_breaker_closes() -> None:
    clock = Clock()
    endpoints = servers(1, clock)
    fail(endpoints, 3)
    clock.now += 1.0
    trial = picked(endpoints)
    with endpoints.lease(trial):
        assert endpoints.states() == {"http://s0": BreakerState.HALF_OPEN}
        assert isinstance(endpoints.pick(), float)
        endpoints.succeeded(trial)
    assert picked(endpoints) is trial


def test_each_failed_trial_doubles_the_rest() -> None:
    clock = Clock()
    endpoints = servers(1, clock)
    fail(endpoints, 3)
    for rest_s in (1.0, 2.0, 4.0, 8.0, 16.0, 16.0):
        clock.now += rest_s - 0.01
        with pytest.raises(EmbeddingUnavailableError):
            endpoints.pick()
        clock.now += 0.02
        fail(endpoints, 1)


def test_a_trial_that_is_given_up_leaves_room_for_another() -> None:
    clock = Clock()
    endpoints = servers(1, clock)
    fail(endpoints, 3)
    clock.now += 1.0
    with endpoints.lease(picked(endpoints)):
        pass
    assert isinstance(endpoints.pick(), Endpoint)


@given(st.lists(st.tuples(st.sampled_from(["ok", "fail", "pause", "drop"]), st.floats(0, 5))))
def test_whatever_happens_a_server_is_asked_again_in_the_end(
    events: list[tuple[str, float]],
) -> None:
    clock = Clock()
    endpoints = servers(2, clock)
    for kind, seconds in events:
        clock.now += seconds
        try:
            endpoint = endpoints.pick()
        except EmbeddingUnavailableError:
            continue
        if isinstance(endpoint, float):
            assert endpoint > 0
            continue
        with endpoints.lease(endpoint):
            if kind == "ok":
                endpoints.succeeded(endpoint)
            elif kind == "fail":
                endpoints.failed(endpoint, "no answer")
            elif kind == "pause":
                endpoints.pause(endpoint, seconds)
        assert endpoint.outstanding == 0
    clock.now += 60.0
    assert isinstance(endpoints.pick(), Endpoint)
