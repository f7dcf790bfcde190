"""Pieces that the JSON of climbs and evaluations have in common."""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from autoloop.records import Interval, PassRates, TaskRecord


class Facts(BaseModel):
    """A frozen JSON object with the keys that are documented, and no others."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class IntervalFacts(Facts):
    """A mean with its 95 % confidence interval over n tasks."""

    mean: float
    low: float
    high: float
    n: int


class PassFacts(Facts):
    """What k attempts at a task are good for."""

    k: int
    any: IntervalFacts
    """pass@k: at least one of k attempts passes."""
    all: IntervalFacts
    """pass^k: all of k attempts pass."""


class GroupFacts(Facts):
    """How an agent did on tasks that belong together."""

    name: str
    tasks: int
    """With counted trials."""
    trials: int
    score: IntervalFacts
    success: IntervalFacts
    """Share of counted trials that reached the full reward, with its interval over tasks."""
    passes: list[PassFacts]
    """For every k from 1 to the least number of attempts that a task has."""


class SuccessFacts(Facts):
    """Share of trials that reached the full reward."""

    baseline: float | None
    best: float | None
    trials: int
    invalid_trials: int


class GapFacts(Facts):
    """How much more the tasks show that chose the best than those that did not."""

    best: float
    baseline: float
    """The same before the first edit."""


class WorthlessFacts(Facts):
    """Kept edits, those whose chance to help is recorded, and how many of these may be in vain."""

    kept: int
    judged: int
    expected: float


class TaskStateFacts(Facts):
    """What all counted trials of a task say about it."""

    task: str
    state: str
    trials: int
    passed: int
    agents: int
    flaky_agents: int
    rate: IntervalFacts
    """Share of trials that passed; Clopper-Pearson, `n` counts trials."""
    hint: str


def interval_facts(interval: Interval) -> IntervalFacts:
    """An interval for JSON."""
    return IntervalFacts(mean=interval.mean, low=interval.low, high=interval.high, n=interval.n)


def pass_facts(rates: PassRates) -> list[PassFacts]:
    """Pass rates for JSON."""
    return [
        PassFacts(k=at.k, any=interval_facts(at.any), all=interval_facts(at.all)) for at in rates.at
    ]


def task_state_facts(records: Sequence[TaskRecord]) -> list[TaskStateFacts]:
    """What trials say about tasks, for JSON."""
    return [
        TaskStateFacts(
            task=own.task,
            state=own.state.value,
            trials=own.trials,
            passed=own.passed,
            agents=own.agents,
            flaky_agents=own.flaky_agents,
            rate=interval_facts(own.rate),
            hint=own.hint,
        )
        for own in records
    ]
