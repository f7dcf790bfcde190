"""The one place where model calls are tried again."""

import random
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import parsedate_to_datetime

from tenacity import RetryCallState, Retrying, retry_if_exception

from autoloop.errors import AgentError, AutoloopError, ProviderError
from autoloop.gateway.payer import pays_on
from autoloop.gateway.upstream.limiter import Limiter, QueueError, Turn
from autoloop.records import ChatReply, Usage, charge, charged

FEW = 3
"""Attempts where another one seldom helps."""
_NUMBER = r"(\d{1,9}(?:\.\d{1,9})?)"
_IN_WORDS = re.compile(
    rf"(?:retry|try again) in (?=\d)(?:{_NUMBER}h)?(?:{_NUMBER}m(?!s))?(?:{_NUMBER}s)?"
    rf"(?:{_NUMBER}ms)?\b",
    re.IGNORECASE,
)
_UNITS_S = (3_600.0, 60.0, 1.0, 0.001)
"""Of its groups."""


class PassingError(ProviderError):
    """A failure that may pass, and what is known of it."""

    def __init__(
        self,
        message: str,
        *,
        retry_after_s: float | None = None,
        overloaded: bool = False,
        lost: bool = False,
        attempts: int | None = None,
    ) -> None:
        """What the provider asks for, and what the call may have cost.

        Args:
            message: the sentence for a person.
            retry_after_s: the wait that the provider asks for.
            overloaded: whether it has too much to do, so that fewer calls at once would help.
            lost: whether the request was sent and no answer told how it ended, so that nobody
                here can know whether it is paid.
            attempts: how often it is met at most, where that is less than usual.
        """
        super().__init__(message)
        self.retry_after_s = retry_after_s
        self.overloaded = overloaded
        self.lost = lost
        self.attempts = attempts


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How often and how long a provider's passing failures are borne."""

    attempts: int = 8
    total_s: float = 600.0
    """No further attempt begins so long after the first, whatever wait the provider asks for."""
    first_wait_s: float = 1.0
    longest_wait_s: float = 60.0
    jitter: Callable[[], float] = random.random
    """A number from 0 to 1; waits are shortened by as much of them, so that trials spread out."""
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic
    limiter: Limiter | None = None
    """The queue that every attempt waits in; None: there is none."""

    def bear(self, ask: Callable[[], ChatReply], *, stops: bool = False) -> ChatReply:
        """Ask until there is an answer.

        What failed attempts consumed is part of the reply's usage, or of the error's. Where it is
        something, another one follows only as far as who pays for the call has it.

        Args:
            ask: one attempt.
            stops: whether the request names texts to stop at, so that a paid answer with nothing
                in it is what was asked for: the first that is written may be one of them.

        Raises:
            ProviderError: the last failure, when patience ran out. Other errors pass at once.
        """
        call = _Call(self, ask, believes=1 if stops else FEW)
        retrying = Retrying(
            retry=retry_if_exception(_may_pass),
            stop=call.is_over,
            wait=self.wait_s,
            sleep=self.sleep,
            reraise=True,
        )
        try:
            reply: ChatReply = retrying(call.attempt)
        except AutoloopError as error:
            charge(error, call.spent)
            raise
        return replace(reply, usage=reply.usage + call.spent)

    def wait_s(self, state: RetryCallState) -> float:
        """How long to wait after a failed attempt: full jitter, and no less than is asked for."""
        error = _failure(state)
        asked = error.retry_after_s if isinstance(error, PassingError) else None
        usual = min(self.longest_wait_s, self.first_wait_s * 2.0 ** (state.attempt_number - 1))
        return max(asked or 0.0, usual * (1 - self.jitter()))


class _Call:
    """One call with all its attempts."""

    def __init__(self, patience: Patience, ask: Callable[[], ChatReply], *, believes: int) -> None:
        """`believes`: how many empty answers in which the model wrote something convince."""
        self.spent = Usage()
        """What attempts that failed consumed, as far as the provider said."""
        self._patience = patience
        self._ask = ask
        self._believes = believes
        self._began: float | None = None
        self._empty = 0
        self._stubborn = 0
        """Failures that seldom pass."""

    def attempt(self) -> ChatReply:
        """Try once, when the turn has come."""
        limiter = self._patience.limiter
        try:
            if limiter is None:
                return self._try()
            longest_s = self._patience.total_s
            with limiter.turn(patience_s=longest_s) as turn:
                return _told(turn, self._try, longest_s=longest_s)
        except AutoloopError as error:
            lost = isinstance(error, PassingError) and error.lost
            self.spent += charged(error) + Usage(lost=int(lost))
            raise

    def is_over(self, state: RetryCallState) -> bool:
        """Whether patience ends here."""
        error, patience = _failure(state), self._patience
        if isinstance(error, PassingError) and error.attempts is not None:
            self._stubborn += 1
            if self._stubborn >= error.attempts:
                return True
        if state.attempt_number >= patience.attempts:
            return True
        since = patience.monotonic() if self._began is None else self._began
        if patience.monotonic() + state.upcoming_sleep - since > patience.total_s:
            return True
        return self.spent.tokens > 0 and not pays_on(self.spent)

    def _try(self) -> ChatReply:
        # Counted from here: waiting in the queue while others are answered is no failure.
        if self._began is None:
            self._began = self._patience.monotonic()
        reply = self._ask()
        if not _is_empty(reply):
            return reply
        self._empty += 1
        if self._empty >= self._believes and reply.usage.completion_tokens:
            # The model wrote something, and nothing of it for us: that is its answer.
            return reply
        error = empty(reply.model)
        charge(error, replace(reply.usage, calls=0))
        raise error


def empty(model: str) -> PassingError:
    """The failure of an answer with nothing in it."""
    return PassingError(f"The provider of {model!r} gives empty answers.", attempts=FEW)


def _is_empty(reply: ChatReply) -> bool:
    message = reply.message
    said = message.content.strip() or message.tool_calls or message.parts or reply.others
    return reply.stop_reason == "stop" and not said


def _told(turn: Turn, ask: Callable[[], ChatReply], *, longest_s: float) -> ChatReply:
    """Do it, and let everybody who waits for the same provider profit from how it went."""
    try:
        reply = ask()
    except PassingError as error:
        if error.overloaded:
            turn.complained()
        if error.retry_after_s:
            turn.asked_to_wait(min(error.retry_after_s, longest_s))
        raise
    except AgentError:
        turn.answered()
        raise
    turn.answered()
    return reply


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, ProviderError) and not isinstance(error, QueueError)


def _failure(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


def retry_after_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """The wait that an answer's headers ask for: seconds, milliseconds, or a date.

    A date is the server's, and is compared with what the server says the time is.
    """
    named = {name.lower(): value for name, value in headers.items()}
    if (milliseconds := _number(named.get("retry-after-ms"))) is not None:
        return milliseconds / 1000
    value = named.get("retry-after", "")
    if (seconds := _number(value)) is not None:
        return seconds
    if (then := _date(value)) is None:
        return None
    return max(0.0, (then - (_date(named.get("date", "")) or now)).total_seconds())


def wait_in_words(text: str) -> float | None:
    """The wait that a sentence asks for, as in `Please retry in 1m20.04s`."""
    found = _IN_WORDS.search(text)
    if found is None:
        return None
    return sum(float(n or 0) * s for n, s in zip(found.groups(), _UNITS_S, strict=True))


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return date if date.tzinfo else None


def _number(text: str | None) -> float | None:
    try:
        number = float(text) if text else None
    except ValueError:
        return None
    return number if number is not None and 0 <= number < float("inf") else None
