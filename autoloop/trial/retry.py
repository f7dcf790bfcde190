"""Runs a trial again when the machine was at fault."""

from collections.abc import Callable

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_result,
    stop_after_attempt,
    wait_random_exponential,
)
from tenacity.nap import sleep as nap

from autoloop.errors import ModelError
from autoloop.ports import TrialRunner
from autoloop.records import Outcome, TrialRequest, TrialResult

ATTEMPTS = 3
MAX_WAIT_S = 20.0
HOPELESS = frozenset({"ImageError", "TaskError"})
"""Failures that come back however often the trial is run."""


class RefusedTrialError(ModelError):
    """The provider refuses for good, in the middle of a trial that has cost something already."""

    def __init__(self, message: str, *, result: TrialResult) -> None:
        """`result` is the trial's record, invalid."""
        super().__init__(message)
        self.result = result


class RetryingRunner:
    """A `TrialRunner` around another: invalid trials are run again and never counted."""

    def __init__(
        self,
        inner: TrialRunner,
        *,
        on_invalid: Callable[[TrialResult], None] = lambda _result: None,
        sleep: Callable[[float], None] = nap,
    ) -> None:
        """`on_invalid` is told of each invalid trial that is not the result, from any thread."""
        self._inner = inner
        self._on_invalid = on_invalid
        self._sleep = sleep

    def run(self, request: TrialRequest) -> TrialResult:
        """Run until the trial counts; after three invalid ones the last is returned."""
        retrying = Retrying(
            retry=retry_if_result(_worth_another),
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_random_exponential(multiplier=0.5, max=MAX_WAIT_S),
            sleep=self._sleep,
            before_sleep=self._report,
            retry_error_callback=_last_result,
        )
        try:
            return retrying(self._inner.run, request)
        except RefusedTrialError as error:
            # What it has cost is recorded before everything stops.
            self._on_invalid(error.result)
            raise

    def _report(self, state: RetryCallState) -> None:
        self._on_invalid(_last_result(state))


def _worth_another(result: TrialResult) -> bool:
    hopeless = result.failure is not None and result.failure.kind in HOPELESS
    return result.outcome is Outcome.INVALID and not hopeless


def _last_result(state: RetryCallState) -> TrialResult:
    if state.outcome is None:
        raise AssertionError("tenacity calls back only after an attempt")
    result: TrialResult = state.outcome.result()
    return result
