"""Time as an argument."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Time as an argument."""

    def now(self) -> datetime:
        """Current time in UTC, timezone-aware."""

    def monotonic(self) -> float:
        """Seconds that only ever grow."""
