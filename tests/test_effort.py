"""What work is told by those who wait for it."""

import threading

import pytest

from codeintel.effort import Effort, Wish, checkpoint, effort, wished
from codeintel.errors import DeadlineExceededError


def test_work_that_nobody_wished_anything_of_takes_all_the_effort():
    checkpoint()
    assert effort() is Effort.FULL


def test_a_wish_holds_for_its_own_thread_and_time():
    seen = []
    with wished(Wish(Effort.WORDS, unwanted=True)):
        thread = threading.Thread(target=lambda: seen.append(effort()))
        thread.start()
        thread.join()
        assert effort() is Effort.WORDS
    checkpoint()
    assert seen == [Effort.FULL]


def test_work_ends_where_it_asks_once_nobody_waits():
    wish = Wish()
    with wished(wish):
        checkpoint()
        wish.unwanted = True
        with pytest.raises(DeadlineExceededError):
            checkpoint()
