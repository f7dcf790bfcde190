"""Trials without containers: a runner that draws lots, and an engine that runs at once."""

import hashlib
import random
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field

from autoloop.errors import AutoloopError
from autoloop.ports import TrialRunner
from autoloop.records import (
    Failure,
    Outcome,
    Span,
    TrialRequest,
    TrialResult,
    Usage,
)
from autoloop.testing.clocks import ManualClock

SMALL = Usage(calls=1, prompt_tokens=90, completion_tokens=10, cost_usd=0.01)


def _never(request: TrialRequest) -> bool:
    del request
    return False


@dataclass(slots=True, kw_only=True)
class SimulatedRunner:
    """A `TrialRunner` that draws each result from the request's seed: equal requests end equally.

    A trial takes `trial_s` seconds of `clock` and none of ours. Any thread may use it.
    """

    chance: Callable[[str, str], float]
    """Chance that a source passes a task, by name."""
    invalid: Callable[[TrialRequest], bool] = _never
    """Whether the machine fails in this trial."""
    usage: Usage = SMALL
    """What each trial takes."""
    clock: ManualClock = field(default_factory=ManualClock)
    trial_s: float = 1.0
    requests: list[TrialRequest] = field(default_factory=list)
    """The trials it was asked to run so far."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, request: TrialRequest) -> TrialResult:
        """Draw how the trial ends."""
        with self._lock:
            self.requests.append(request)
            number = len(self.requests)
        began = self.clock.now()
        self.clock.advance(self.trial_s)
        chance = self.chance(request.agent.source, request.task.name)
        passes = random.Random(request.seed).random() < chance  # noqa: S311 - no secret
        broken = self.invalid(request)
        name = f"{request.key}{number}"
        return TrialResult(
            id=f"{request.task.name[:32]}__{hashlib.sha256(name.encode()).hexdigest()[:7]}",
            key=request.key,
            step=request.step,
            version=request.version,
            split=request.split,
            outcome=Outcome.INVALID if broken else Outcome.SCORED,
            reward=float(passes),
            failure=Failure(kind="EngineError", message="It went away.") if broken else None,
            usage=self.usage,
            span=Span(started_at=began, finished_at=self.clock.now()),
        )


class InlineEngine:
    """An `Engine` without threads: a trial has ended when `submit` returns."""

    def __init__(self, runner: TrialRunner, *, workers: int = 1) -> None:
        self._runner = runner
        self._workers = workers

    @property
    def workers(self) -> int:
        """How many trials may be submitted before their results are taken."""
        return self._workers

    def submit(self, request: TrialRequest) -> Future[TrialResult]:
        """Run a trial."""
        future: Future[TrialResult] = Future()
        try:
            future.set_result(self._runner.run(request))
        except AutoloopError as error:
            future.set_exception(error)
        return future

    def close(self, *, now: bool = False) -> None:
        """Nothing is ever running."""
