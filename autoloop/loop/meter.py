"""Holds a run to its budget: reserved before a trial starts, settled after it ended."""

from collections.abc import Iterable
from dataclasses import dataclass

from autoloop.errors import UserError
from autoloop.ports import Clock
from autoloop.records import Budget, Step, StopReason, TrialResult, Usage

SECONDS_PER_HOUR = 3600.0


@dataclass(slots=True)
class _Mean:
    """A running mean of non-negative numbers."""

    total: float = 0.0
    count: int = 0

    def add(self, value: float) -> None:
        self.total += value
        self.count += 1

    @property
    def value(self) -> float:
        return self.total / self.count if self.count else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """What is left of a budget for more than what is reserved; None: there is no limit."""

    tokens: float | None = None
    usd: float | None = None
    hours: float | None = None


class Meter:
    """What a run has spent, what is in flight, and whether more may start. One thread only.

    A trial in flight is reserved at the mean of the trials so far, so that no limit is overshot by
    more than what is in flight. What the final table will take is kept back from the search. A
    conversation with the meta-agent is charged as it goes on.
    """

    def __init__(self, budget: Budget, clock: Clock, *, active_s: float, workers: int) -> None:
        """`active_s`: seconds that earlier sessions of the run have used."""
        self._budget = budget
        self._clock = clock
        self._began = clock.monotonic() - active_s
        self._kept_back = 0
        self._workers = workers
        self._in_flight = 0
        self._tokens, self._usd, self._seconds = _Mean(), _Mean(), _Mean()
        self.trials = 0
        self.usage = Usage()
        self.talk = Usage()
        """Of the conversation that goes on; no part of `usage` until it ends."""

    def recall(self, trials: Iterable[TrialResult], steps: Iterable[Step]) -> None:
        """Count what earlier sessions of the run have spent."""
        for trial in trials:
            self.count(trial)
        for step in steps:
            self.spend(step.meta_usage)
            self.talk += step.open_usage

    @property
    def active_s(self) -> float:
        """Seconds the run has been worked on, over all sessions."""
        return self._clock.monotonic() - self._began

    def start(self) -> None:
        """Reserve one trial."""
        self._in_flight += 1

    def release(self) -> None:
        """Give back the reservation of a trial that ended without a result."""
        self._in_flight -= 1

    def settle(self, result: TrialResult) -> None:
        """Replace a reservation by what the trial really took."""
        self._in_flight -= 1
        self.count(result)

    def count(self, result: TrialResult) -> None:
        """Count what a trial took; an invalid one costs, but is none of the trials.

        A reused one was paid for by another run: it is none of this budget, and no measure of what
        the next trial takes.
        """
        if result.reused_from:
            return
        self.trials += result.counts
        self._tokens.add(result.usage.tokens)
        self._usd.add(result.usage.cost_usd or 0.0)
        self._seconds.add(result.span.seconds)
        self.spend(result.usage)

    def spend(self, usage: Usage) -> None:
        """Count model calls that belong to no trial."""
        self.usage += usage
        self._check_price()

    def _check_price(self) -> None:
        if self.spent.cost_usd is None and self._budget.usd is not None:
            raise UserError(
                f"The budget names usd: {self._budget.usd:g}, but the price of a model in use is"
                " not known. Say it in models.prices, limit the run by tokens instead, or take usd"
                " out of the budget."
            )

    def hear(self, usage: Usage) -> None:
        """Take in what the conversation that goes on has taken so far, all of it."""
        self.talk = usage
        self._check_price()

    def end_talk(self, usage: Usage) -> None:
        """Count a conversation that ended, in place of what was heard of it."""
        self.talk = Usage()
        self.spend(usage)

    def rest(self) -> Rest:
        """What is left beside trials in flight, the final table and the conversation so far."""
        budget, ahead, spent = self._budget, self._kept_back + self._in_flight, self.spent
        tokens = spent.tokens + ahead * self._tokens.value
        usd = (spent.cost_usd or 0.0) + ahead * self._usd.value
        hours = self._seconds_used() / SECONDS_PER_HOUR
        return Rest(
            tokens=None if budget.tokens is None else budget.tokens - tokens,
            usd=None if budget.usd is None else budget.usd - usd,
            hours=None if budget.hours is None else budget.hours - hours,
        )

    @property
    def spent(self) -> Usage:
        """All model calls so far, those of the conversation that goes on included."""
        return self.usage + self.talk

    def keep_back(self, trials: int) -> None:
        """From now on so many trials are for the final table alone; 0 while it is made."""
        self._kept_back = trials

    def refusal(self, *, steps: int = 0) -> StopReason | None:
        """The limit that forbids to start another trial now; None if it may start.

        `steps` is the number of finished steps, to be given where a new step would start.
        """
        ahead = self._kept_back + self._in_flight
        budget, rest = self._budget, self.rest()
        limits = (
            (StopReason.STEPS, None if budget.steps is None else budget.steps - steps),
            (
                StopReason.TRIALS,
                None if budget.trials is None else budget.trials - self.trials - ahead,
            ),
            (StopReason.TOKENS, rest.tokens),
            (StopReason.USD, rest.usd),
            (StopReason.HOURS, rest.hours),
        )
        return next((why for why, left in limits if left is not None and left <= 0), None)

    def _seconds_used(self) -> float:
        """Seconds worked on, and those that the final table will take."""
        return self.active_s + self._kept_back * self._seconds.value / self._workers

    def left(self, steps: int) -> str:
        """What is left, in words; but for steps only roughly.

        Exact figures would tell what trials on hidden tasks took, which agent.py can choose.
        """
        budget, usage = self._budget, self.spent
        exact = [] if budget.steps is None else [f"{budget.steps - steps} of {budget.steps} steps"]
        rows = (
            (budget.hours, self.active_s / SECONDS_PER_HOUR, "hours"),
            (budget.trials, self.trials, "trials"),
            (budget.tokens, usage.tokens, "tokens"),
            (budget.usd, usage.cost_usd or 0.0, "dollars"),
        )
        rough = [
            f"about {_tenths(1.0 - used / most)} % of {most:g} {what}"
            for most, used, what in rows
            if most is not None
        ]
        return ", ".join([*exact, *rough]) or "no limit"


def _tenths(share: float) -> int:
    """A share in percent, as a multiple of ten."""
    return 10 * round(10 * max(share, 0.0))
