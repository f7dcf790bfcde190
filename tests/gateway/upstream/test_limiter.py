"""The queue before a provider: order, number at once, common pauses, and its end."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue

import pytest

from autoloop.errors import ProviderError
from autoloop.gateway.upstream.limiter import SHARED, Limiter, Limiters, Turn


class Time:
    """Time that passes only where a thread waits for it; threads that are woken wait in truth."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waits: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        """Let the whole time pass at once, unless the event is there."""
        if not event.is_set():
            self.waits.append(timeout_s)
            self.now += timeout_s
        return event.is_set()


def _limiter(time: Time, *, most: int = 16) -> Limiter:
    return Limiter(most=most, monotonic=time.monotonic, wait=time.wait)


def _hold(limiter: Limiter, number: int) -> list[Turn]:
    """So many turns, taken and never given back."""
    contexts = [limiter.turn(patience_s=1.0) for _ in range(number)]
    KEPT.extend(contexts)
    return [context.__enter__() for context in contexts]


KEPT: list[object] = []
"""Contexts that must not be collected, which would end them."""


def test_a_complaint_halves_what_is_under_way_once_for_all_of_it() -> None:
    time = Time()
    limiter = _limiter(time, most=256)
    turns = _hold(limiter, 12)

    for turn in turns:
        time.now += 0.1
        turn.complained()

    assert limiter.limit == 6


def test_a_complaint_about_a_later_call_halves_again() -> None:
    time = Time()
    limiter = _limiter(time)
    first = _hold(limiter, 8)[0]
    first.complained()
    time.now += 1.0

    Turn(limiter, time.now).complained()

    assert limiter.limit == 2


def test_every_round_of_answers_lets_one_more_through_up_to_the_most() -> None:
    time = Time()
    limiter = _limiter(time, most=4)
    _hold(limiter, 4)[0].complained()
    limits = []

    for _ in range(8):
        limiter.answered()
        limits.append(limiter.limit)

    assert limits == [2, 3, 3, 3, 4, 4, 4, 4]


def test_nobody_is_let_through_before_the_common_pause_is_over() -> None:
    time = Time()
    limiter = _limiter(time)
    limiter.pause(30.0)

    with limiter.turn(patience_s=600.0) as turn:
        assert turn.begun == 30.0

    assert time.waits == [30.0]


def test_a_shorter_pause_does_not_end_a_longer_one() -> None:
    time = Time()
    limiter = _limiter(time)
    limiter.pause(30.0)
    limiter.pause(5.0)

    assert limiter.pause_s == 30.0


def test_patience_ends_when_nobody_is_answered() -> None:
    time = Time()
    limiter = _limiter(time, most=1)
    _hold(limiter, 1)

    with pytest.raises(ProviderError, match="answered nobody for 600 seconds, and 1 calls wait"):
        limiter.turn(patience_s=600.0).__enter__()

    assert limiter.waiting == 0


def test_patience_ends_in_a_pause_that_never_ends() -> None:
    time = Time()
    limiter = _limiter(time)
    limiter.pause(86_400.0)

    with pytest.raises(ProviderError, match="answered nobody"):
        limiter.turn(patience_s=600.0).__enter__()

    assert time.now == 600.0


def test_turns_are_given_in_the_order_of_coming() -> None:
    queued: SimpleQueue[None] = SimpleQueue()
    order: list[int] = []

    def wait(event: threading.Event, timeout_s: float) -> bool:
        queued.put(None)
        return event.wait(timeout_s)

    def come(number: int) -> None:
        with limiter.turn(patience_s=60.0):
            order.append(number)

    limiter = Limiter(most=1, wait=wait)
    pool = ThreadPoolExecutor(32)
    with pool, limiter.turn(patience_s=60.0):
        for number in range(32):
            pool.submit(come, number)
            queued.get()  # Now it waits, and the next may come.

    assert order == list(range(32))


def test_no_more_than_allowed_are_under_way_in_a_crowd() -> None:
    limiter, seen, lock = Limiter(most=5), list[int](), threading.Lock()

    def work() -> None:
        with limiter.turn(patience_s=60.0) as turn:
            with lock:
                seen.append(limiter.at_once)
            turn.answered()

    with ThreadPoolExecutor(40) as pool:
        done: list[Future[None]] = [pool.submit(work) for _ in range(2_000)]

    assert all(one.exception() is None for one in done)
    assert max(seen) <= 5
    assert (limiter.at_once, limiter.waiting) == (0, 0)


def test_those_who_wait_while_others_are_answered_lose_no_patience() -> None:
    time = Time()
    limiter = _limiter(time, most=1)
    holder = limiter.turn(patience_s=600.0)
    turn = holder.__enter__()
    passed: list[float] = []

    def wait(event: threading.Event, timeout_s: float) -> bool:
        # Ten minutes pass in all, and somebody else is answered in every one of them.
        passed.append(timeout_s)
        time.now += 60.0
        turn.answered()
        if len(passed) == 15:
            holder.__exit__(None, None, None)
        return event.is_set()

    limiter._wait = wait
    with limiter.turn(patience_s=600.0):
        pass

    assert len(passed) == 15
    assert set(passed) == {600.0}


def test_one_provider_at_one_address_has_one_queue() -> None:
    limiters = Limiters()

    assert limiters.of("openai", "http://a/v1") is limiters.of("openai", "http://a/")
    assert limiters.of("openai", "http://a") is not limiters.of("anthropic", "http://a")
    assert limiters.of("openai", None) is not limiters.of("openai", "http://a")
    assert SHARED.of("openai", None) is SHARED.of("openai", None)
