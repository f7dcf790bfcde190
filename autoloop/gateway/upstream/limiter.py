"""One queue before each provider, shared by everything in this process that asks it.

Trials ask from many threads at once. Where each of them met the provider's limit for itself, all of
them would run into it, wait alike, and run into it again.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from autoloop.errors import ProviderError

MOST_AT_ONCE = 256
"""Calls of one provider that are under way at once, while it does not complain."""
_HALF = 0.5


class QueueError(ProviderError):
    """The turn did not come while the provider failed everybody."""


def wait_for(event: threading.Event, timeout_s: float) -> bool:
    """Wait without working; whether the event came."""
    return event.wait(min(timeout_s, threading.TIMEOUT_MAX))


@dataclass(slots=True, eq=False)
class _Waiter:
    """A thread in the queue."""

    begun: float
    woken: threading.Event = field(default_factory=threading.Event)


class Limiter:
    """Lets calls through in the order in which they came, as many at once as the provider bears.

    When the provider complains the number is halved, once for all the calls that were under way;
    every whole round of answers raises it by one. What the provider asks to wait, all wait. Any
    thread may use it.
    """

    def __init__(
        self,
        *,
        most: int = MOST_AT_ONCE,
        monotonic: Callable[[], float] = time.monotonic,
        wait: Callable[[threading.Event, float], bool] = wait_for,
    ) -> None:
        self._most = float(most)
        self._limit = float(most)
        self._monotonic = monotonic
        self._wait = wait
        self._lock = threading.Lock()
        self._queue: deque[_Waiter] = deque()
        self._at_once = 0
        self._paused_until = 0.0
        self._slowed_at = float("-inf")
        self._answered_at = float("-inf")

    @property
    def limit(self) -> int:
        """How many calls may be under way at once now."""
        return int(self._limit)

    @property
    def at_once(self) -> int:
        """How many calls are under way."""
        return self._at_once

    @property
    def waiting(self) -> int:
        """How many threads wait for their turn."""
        return len(self._queue)

    @property
    def pause_s(self) -> float:
        """How long nobody is let through from now on."""
        return max(0.0, self._paused_until - self._monotonic())

    @contextmanager
    def turn(self, *, patience_s: float) -> Iterator["Turn"]:
        """Wait for a turn, and hold it.

        Raises:
            QueueError: nobody has had an answer for so long, and the turn has not come.
        """
        turn = Turn(self, self._enter(patience_s))
        try:
            yield turn
        finally:
            with self._lock:
                self._at_once -= 1
                self._wake()

    def answered(self) -> None:
        """A call was answered: one more at once after a whole round of such calls."""
        with self._lock:
            self._answered_at = self._monotonic()
            if self._limit < self._most:
                self._limit = min(self._most, self._limit + 1 / int(self._limit))
                self._wake()

    def slow_down(self, *, since: float) -> None:
        """The provider has had too much of a call that began at `since`."""
        with self._lock:
            if since < self._slowed_at:
                return  # It was sent before the last time, and says nothing new.
            self._slowed_at = self._monotonic()
            self._limit = max(1.0, min(self._limit, float(self._at_once)) * _HALF)

    def pause(self, seconds: float) -> None:
        """Let nobody through for so long."""
        with self._lock:
            self._paused_until = max(self._paused_until, self._monotonic() + seconds)

    def _enter(self, patience_s: float) -> float:
        with self._lock:
            now = self._monotonic()
            if not self._queue and self._is_open(now):
                self._at_once += 1
                return now
            waiter = _Waiter(now)
            self._queue.append(waiter)
        try:
            while (left := self._left_s(waiter, patience_s)) is not None:
                self._wait(waiter.woken, left)
        finally:
            self._leave_queue(waiter)
        return self._monotonic()

    def _left_s(self, waiter: _Waiter, patience_s: float) -> float | None:
        """How long to wait before looking again; None when it is this waiter's turn.

        Raises:
            QueueError: patience is over.
        """
        with self._lock:
            waiter.woken.clear()
            now, is_first = self._monotonic(), self._queue[0] is waiter
            if is_first and self._is_open(now):
                self._at_once += 1
                return None
            # While others are answered the queue moves, and waiting in it is no failure.
            until = max(waiter.begun, self._answered_at) + patience_s
            if now >= until:
                raise QueueError(
                    f"The provider has answered nobody for {patience_s:.0f} seconds, and"
                    f" {len(self._queue)} calls wait for it."
                )
            if is_first and now < self._paused_until:
                until = min(until, self._paused_until)
            return until - now

    def _leave_queue(self, waiter: _Waiter) -> None:
        with self._lock:
            self._queue.remove(waiter)
            self._wake()

    def _is_open(self, now: float) -> bool:
        return self._at_once < int(self._limit) and now >= self._paused_until

    def _wake(self) -> None:
        """Let the first of the queue look again; whoever gets in wakes the next."""
        if self._queue:
            self._queue[0].woken.set()


@dataclass(frozen=True, slots=True)
class Turn:
    """A call's place among those under way; it says how the call went."""

    limiter: Limiter
    begun: float

    def answered(self) -> None:
        """It was answered."""
        self.limiter.answered()

    def complained(self) -> None:
        """The provider has too much to do."""
        self.limiter.slow_down(since=self.begun)

    def asked_to_wait(self, seconds: float) -> None:
        """The provider said when to come back."""
        self.limiter.pause(seconds)


class Limiters:
    """The limiters of this process, one for each provider and address. Any thread may use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[tuple[str, str], Limiter] = {}

    def of(self, provider: str, base: str | None) -> Limiter:
        """The limiter of a provider at an address; the same for the same."""
        place = (base or "").rstrip("/").removesuffix("/v1")
        with self._lock:
            return self._found.setdefault((provider, place), Limiter())


SHARED = Limiters()
"""Trials and meta-agent of one process ask the same accounts."""
