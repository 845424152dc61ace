from codeintel.effort import Effort
from codeintel.server.cache import AnswerCache
from codeintel.server.outcome import Outcome


def answer(n_bytes):
    return Outcome("", b"x" * n_bytes, whole=True)


def test_the_answers_unused_for_longest_go_first():
    cache = AnswerCache(5000)
    for key in "abc":
        cache.put(key, answer(1000))
    assert cache.get("a") is not None
    cache.put("d", answer(1000))
    assert cache.get("b") is None
    assert cache.get("a") is not None
    assert cache.get("d") is not None


def test_an_answer_larger_than_the_cache_is_not_kept():
    cache = AnswerCache(1000)
    cache.put("a", answer(2000))
    assert cache.get("a") is None


def test_a_cache_of_no_size_keeps_nothing():
    cache = AnswerCache(0)
    cache.put("a", answer(0))
    assert cache.get("a") is None


def test_an_answer_put_twice_counts_once():
    cache = AnswerCache(2000)
    for _ in range(10):
        cache.put("a", answer(1000))
    assert cache.get("a") is not None


def test_an_answer_of_less_effort_is_for_those_who_would_get_no_better_one():
    cache = AnswerCache(5000)
    reduced = Outcome("few", b"{}", effort=Effort.FEWER)
    cache.put("a", reduced)
    assert cache.get("a") is None
    assert cache.get("a", least=Effort.FEWER) is reduced
    assert cache.get("a", least=Effort.WORDS) is reduced
    cache.put("a", Outcome("words", b"{}", effort=Effort.WORDS))
    assert cache.get("a", least=Effort.FEWER) is None
    cache.put("a", answer(10))
    assert cache.get("a") is not None


def test_an_answer_of_less_effort_is_kept_for_less_time(monkeypatch):
    now_s = 0.0
    monkeypatch.setattr("time.monotonic", lambda: now_s)
    cache = AnswerCache(5000)
    cache.put("a", answer(10))
    cache.put("b", Outcome("few", b"{}", effort=Effort.FEWER))
    now_s = 50.0
    assert cache.get("b", least=Effort.FEWER) is not None
    now_s = 100.0
    assert cache.get("b", least=Effort.FEWER) is None
    assert cache.get("a") is not None
    now_s = 400.0
    assert cache.get("a") is None
