"""Where an agent stands while a run goes on: its score with interval, and the noise around it."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from autoloop.records import Interval, Purpose, Run, Split, TrialResult
from autoloop.report.figures import points

Rewards = Mapping[str, Sequence[float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """What figures are made with."""

    score: Callable[[Rewards], Interval]
    """Mean reward over tasks with its interval."""
    band: Callable[[Rewards], float | None]
    """By how much two passes of the same agent differ at most; None where that is not known."""


class Standing:
    """Collects what is seen of a run's agents on train and validation tasks.

    An agent has no score before it has tried every task: the mean of some would depend on which.
    """

    def __init__(self, gauge: Gauge | None) -> None:
        self._gauge = gauge
        self._tasks: frozenset[str] = frozenset()
        self._seen: dict[str, dict[str, list[float]]] = {}

    def begin(self, run: Run) -> None:
        """Forget all, and take up this run."""
        self._tasks = frozenset(t for t, own in run.splits.items() if own is not Split.HOLDOUT)
        self._seen = {}

    def add(self, trial: TrialResult) -> None:
        """Take note of a trial, if it is evidence."""
        if trial.counts and trial.key.purpose is Purpose.SEARCH and trial.key.task in self._tasks:
            seen = self._seen.setdefault(trial.key.agent, defaultdict(list))
            seen[trial.key.task].append(trial.reward)

    def first(self) -> str:
        """Score and noise of the agent that the run began with; empty while not known."""
        return self.of(next(iter(self._seen), ""))

    def of(self, agent: str) -> str:
        """Score of an agent with its interval, and the noise band; empty while not known."""
        rewards = self._seen.get(agent, {})
        if self._gauge is None or not self._tasks or rewards.keys() < self._tasks:
            return ""
        score = self._gauge.score(rewards)
        return f"{points(score)} points on {score.n} tasks; {self.noise()}"

    def noise(self) -> str:
        """The noise band in words, from the agent that was tried most; empty while not known."""
        whole = [own for own in self._seen.values() if own.keys() >= self._tasks]
        if self._gauge is None or not whole:
            return ""
        most = max(whole, key=lambda own: sum(map(len, own.values())))
        band = self._gauge.band(most)
        if band is None:
            return ""
        return f"the same agent run twice differs by up to {100 * band:.1f}"
