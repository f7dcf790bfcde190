"""The one place where model calls are tried again."""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    stop_before_delay,
)

from autoloop.errors import ProviderError

T = TypeVar("T")


class PassingError(ProviderError):
    """A failure that may pass, with the wait that the provider asks for."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How often and how long a provider's passing failures are borne."""

    attempts: int = 6
    total_s: float = 600.0
    """No further attempt begins after this, however long the provider asks to wait."""
    first_wait_s: float = 1.0
    longest_wait_s: float = 60.0
    jitter: Callable[[], float] = random.random
    """A number from 0 to 1; waits are shortened by up to a half, so that trials spread out."""
    sleep: Callable[[float], None] = time.sleep

    def bear(self, action: Callable[[], T]) -> T:
        """Do it until it succeeds.

        Raises:
            ProviderError: the last failure, when patience ran out. Other errors pass at once.
        """
        retrying = Retrying(
            retry=retry_if_exception_type(ProviderError),
            stop=stop_after_attempt(self.attempts) | stop_before_delay(self.total_s),
            wait=self._wait_s,
            sleep=self.sleep,
            reraise=True,
        )
        return retrying(action)

    def _wait_s(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after_s if isinstance(error, PassingError) else None
        usual = min(self.longest_wait_s, self.first_wait_s * 2.0 ** (state.attempt_number - 1))
        return max(asked or 0.0, usual * (1 - self.jitter() / 2))


def retry_after_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """The wait that an answer's headers ask for: seconds, milliseconds, or a date."""
    named = {name.lower(): value for name, value in headers.items()}
    if (milliseconds := _number(named.get("retry-after-ms"))) is not None:
        return milliseconds / 1000
    value = named.get("retry-after", "")
    if (seconds := _number(value)) is not None:
        return seconds
    try:
        return max(0.0, (parsedate_to_datetime(value) - now).total_seconds())
    except (TypeError, ValueError):
        return None


def _number(text: str | None) -> float | None:
    try:
        number = float(text) if text else None
    except ValueError:
        return None
    return number if number is not None and 0 <= number < float("inf") else None
