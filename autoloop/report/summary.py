"""The objects that `--json` prints at the end of a climb and of an evaluation."""

from collections.abc import Sequence
from statistics import fmean

from pydantic import BaseModel, ConfigDict

from autoloop.ports import Estimator
from autoloop.records import Decision, Interval, Run, Split, SplitScores, Step, Task, TrialResult
from autoloop.report.spending import spent_on


class _Facts(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class IntervalFacts(_Facts):
    """A mean with its 95 % confidence interval over n tasks."""

    mean: float
    low: float
    high: float
    n: int


class GainFacts(_Facts):
    """A paired difference with its 95 % confidence interval."""

    mean: float
    low: float
    high: float


class SplitFacts(_Facts):
    """Baseline against best on one split."""

    baseline: IntervalFacts
    best: IntervalFacts
    gain: GainFacts


class ClimbSummary(_Facts):
    """What a climb did, in one object."""

    run: str
    steps: int
    """Finished ones."""
    kept: int
    reverted: int
    undecided: int
    stop_reason: str | None
    trials: int
    """Counted ones; invalid ones come on top."""
    invalid_trials: int
    tokens: int
    cost_usd: float | None
    """None when the price of a model is not known."""
    wall_s: float
    best_commit: str
    scores: dict[Split, SplitFacts]


class TaskSummary(_Facts):
    """How an agent did on one task."""

    task: str
    family: str
    difficulty: str
    split: Split | None
    attempts: int
    """Counted ones."""
    rewards: list[float]
    mean: float | None
    passed: int
    failures: list[str]
    """Why attempts did not pass, invalid ones included."""


class EvalSummary(_Facts):
    """What an evaluation found, in one object."""

    agent: str
    model: str
    tasks: int
    trials: int
    invalid_trials: int
    score: IntervalFacts
    success_rate: float | None
    """Share of counted trials that reached the full reward; None without any."""
    tokens: int
    cost_usd: float | None
    wall_s: float
    per_task: list[TaskSummary]


def climb_summary(
    run: Run, steps: Sequence[Step], *, trials: Sequence[TrialResult], best_commit: str
) -> ClimbSummary:
    """Sum up a climb; steps that are not finished do not count."""
    decisions = [s.verdict.decision for s in steps if s.verdict and s.finished_at]
    usage = spent_on(steps, trials)
    counted = sum(trial.counts for trial in trials)
    return ClimbSummary(
        run=run.name,
        steps=len(decisions),
        kept=decisions.count(Decision.KEEP),
        reverted=decisions.count(Decision.REVERT),
        undecided=decisions.count(Decision.UNDECIDED),
        stop_reason=run.stop_reason.value if run.stop_reason else None,
        trials=counted,
        invalid_trials=len(trials) - counted,
        tokens=usage.tokens,
        cost_usd=usage.cost_usd,
        wall_s=round(run.active_s, 3),
        best_commit=best_commit,
        scores={split: _split(scores) for split, scores in run.scores.items()},
    )


def eval_summary(
    tasks: Sequence[Task],
    trials: Sequence[TrialResult],
    *,
    agent: str,
    model: str,
    wall_s: float,
    estimator: Estimator,
) -> EvalSummary:
    """Sum up an evaluation of one agent on these tasks."""
    counted = [trial for trial in trials if trial.counts]
    usage = spent_on((), trials)
    per_task = [_task(task, trials) for task in tasks]
    return EvalSummary(
        agent=agent,
        model=model,
        tasks=len(tasks),
        trials=len(counted),
        invalid_trials=len(trials) - len(counted),
        score=_interval(estimator.score({facts.task: facts.rewards for facts in per_task})),
        success_rate=fmean(trial.passed for trial in counted) if counted else None,
        tokens=usage.tokens,
        cost_usd=usage.cost_usd,
        wall_s=round(wall_s, 3),
        per_task=per_task,
    )


def _task(task: Task, trials: Sequence[TrialResult]) -> TaskSummary:
    own = sorted((t for t in trials if t.key.task == task.name), key=lambda t: t.key.attempt)
    rewards = [trial.reward for trial in own if trial.counts]
    return TaskSummary(
        task=task.name,
        family=task.family,
        difficulty=task.difficulty,
        split=own[0].split if own else None,
        attempts=len(rewards),
        rewards=rewards,
        mean=fmean(rewards) if rewards else None,
        passed=sum(trial.passed for trial in own),
        failures=[
            f"{t.failure.kind}: {t.failure.message}" for t in own if t.failure and not t.passed
        ],
    )


def _split(scores: SplitScores) -> SplitFacts:
    gain = scores.gain
    return SplitFacts(
        baseline=_interval(scores.baseline),
        best=_interval(scores.best),
        gain=GainFacts(mean=gain.mean, low=gain.low, high=gain.high),
    )


def _interval(interval: Interval) -> IntervalFacts:
    return IntervalFacts(mean=interval.mean, low=interval.low, high=interval.high, n=interval.n)
