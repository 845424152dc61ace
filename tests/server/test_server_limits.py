import pytest

from codeintel.errors import BusyError
from codeintel.server.limits import RateLimit


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_a_burst_is_allowed_and_then_one_at_a_time():
    clock = Clock()
    limit = RateLimit(4, clock)
    for _ in range(4):
        limit.take("ada")
    with pytest.raises(BusyError) as caught:
        limit.take("ada")
    assert caught.value.retry_after_s == 0.25
    clock.now += 0.25
    limit.take("ada")
    with pytest.raises(BusyError):
        limit.take("ada")


def test_less_than_one_a_second_is_possible():
    clock = Clock()
    limit = RateLimit(0.1, clock)
    limit.take("ada")
    with pytest.raises(BusyError) as caught:
        limit.take("ada")
    assert caught.value.retry_after_s == 10


def test_one_principal_does_not_use_up_what_another_has():
    limit = RateLimit(1, Clock())
    limit.take("ada")
    limit.take("bob")


def test_no_limit_is_no_limit():
    limit = RateLimit(0, Clock())
    for _ in range(1000):
        limit.take("ada")


def test_principals_who_are_gone_are_forgotten():
    clock = Clock()
    limit = RateLimit(1, clock)
    for number in range(10_001):
        limit.take(str(number))
    clock.now += 1000
    limit.take("ada")
    assert len(limit._buckets) == 1
