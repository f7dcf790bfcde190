"""A clock that goes on when it is told to."""

import threading
from datetime import UTC, datetime, timedelta

THEN = datetime(2026, 1, 1, tzinfo=UTC)


class ManualClock:
    """A `Clock` that stands still until `advance`; any thread may use it."""

    def __init__(self, start: datetime = THEN) -> None:
        self._start = start
        self._passed_s = 0.0
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """The start and what has passed since."""
        return self._start + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        """Seconds that passed since the start."""
        with self._lock:
            return self._passed_s

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        with self._lock:
            self._passed_s += seconds
