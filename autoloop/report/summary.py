"""The objects that `--json` prints at the end of a climb and of an evaluation."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import fmean

from pydantic import BaseModel, ConfigDict

from autoloop.ports import Estimator
from autoloop.records import (
    Decision,
    Interval,
    Run,
    Split,
    SplitScores,
    Step,
    StepResult,
    Task,
    TaskProblem,
    TrialResult,
)
from autoloop.report.honesty import Sides, expected_worthless, selection_gap, success_rates
from autoloop.report.rewards import means_by_key, means_over_tasks
from autoloop.report.spending import reused_in, spent_on


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


class SuccessFacts(_Facts):
    """Share of trials that reached the full reward."""

    baseline: float | None
    best: float | None
    trials: int
    invalid_trials: int


class GapFacts(_Facts):
    """How much more the tasks show that chose the best than those that did not."""

    best: float
    baseline: float
    """The same before the first edit."""


class WorthlessFacts(_Facts):
    """Kept edits, those whose chance to help is recorded, and how many of these may be in vain."""

    kept: int
    judged: int
    expected: float


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
    reused_trials: int
    """Counted ones that another run had paid for."""
    tokens: int
    cost_usd: float | None
    """None when the price of a model is not known."""
    wall_s: float
    best_commit: str
    scores: dict[Split, SplitFacts]
    success_rate: SuccessFacts | None
    """On holdout, in the trials of the final table."""
    selection_minus_holdout: GapFacts | None
    """Reported (selection) score minus holdout score."""
    expected_worthless: WorthlessFacts
    """Kept edits that are expected to be of no use."""


class StepSummary(_Facts):
    """How an agent did on one step of a task."""

    name: str
    attempts: int
    """Counted trials that came as far as this step."""
    by_key: dict[str, float]
    """Mean of each reward key over these attempts."""


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
    by_key: dict[str, float]
    """Mean of each key that the verifier rewards; an attempt without the key counts as 0."""
    steps: list[StepSummary]
    """Empty unless the task has named steps."""


class EvalSummary(_Facts):
    """What an evaluation found, in one object."""

    run: str
    """Its folder under `runs/`; `eval --add` takes this name."""
    agent: str
    model: str
    tasks: int
    trials: int
    invalid_trials: int
    reused_trials: int
    score: IntervalFacts
    success_rate: float | None
    """Share of counted trials that reached the full reward; None without any."""
    by_key: dict[str, float]
    """Mean of each reward key over the tasks that have it."""
    tokens: int
    cost_usd: float | None
    wall_s: float
    per_task: list[TaskSummary]
    left_out: list[str]
    """Tasks that could not be used: file, key and reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalFacts:
    """What an evaluation knows of itself."""

    run: str
    agent: str
    model: str
    wall_s: float
    problems: tuple[TaskProblem, ...] = ()


def climb_summary(
    run: Run,
    steps: Sequence[Step],
    *,
    trials: Sequence[TrialResult],
    best_commit: str,
    sides: Sides | None = None,
) -> ClimbSummary:
    """Sum up a climb; steps that are not finished do not count.

    Without `sides` it is not known whose the holdout trials are.
    """
    rates = None if sides is None else success_rates(trials, sides)
    gap = selection_gap(run.scores)
    worthless = expected_worthless(step for step in steps if step.finished_at)
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
        reused_trials=reused_in(trials),
        tokens=usage.tokens,
        cost_usd=usage.cost_usd,
        wall_s=round(run.active_s, 3),
        best_commit=best_commit,
        scores={split: _split(scores) for split, scores in run.scores.items()},
        success_rate=None if rates is None else SuccessFacts(**asdict(rates)),
        selection_minus_holdout=None if gap is None else GapFacts(**asdict(gap)),
        expected_worthless=WorthlessFacts(**asdict(worthless)),
    )


def eval_summary(
    tasks: Sequence[Task],
    trials: Sequence[TrialResult],
    *,
    facts: EvalFacts,
    estimator: Estimator,
) -> EvalSummary:
    """Sum up an evaluation of one agent on these tasks."""
    counted = [trial for trial in trials if trial.counts]
    usage = spent_on((), trials)
    per_task = [_task(task, trials) for task in tasks]
    return EvalSummary(
        run=facts.run,
        agent=facts.agent,
        model=facts.model,
        tasks=len(tasks),
        trials=len(counted),
        invalid_trials=len(trials) - len(counted),
        reused_trials=reused_in(trials),
        score=_interval(estimator.score({task.task: task.rewards for task in per_task})),
        success_rate=fmean(trial.passed for trial in counted) if counted else None,
        by_key=means_over_tasks([task.by_key for task in per_task]),
        tokens=usage.tokens,
        cost_usd=usage.cost_usd,
        wall_s=round(facts.wall_s, 3),
        per_task=per_task,
        left_out=[str(problem) for problem in facts.problems],
    )


def _task(task: Task, trials: Sequence[TrialResult]) -> TaskSummary:
    own = sorted((t for t in trials if t.key.task == task.name), key=lambda t: t.key.attempt)
    counted = [trial for trial in own if trial.counts]
    rewards = [trial.reward for trial in counted]
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
        by_key=means_by_key([trial.rewards for trial in counted]),
        steps=_steps(task, counted),
    )


def _steps(task: Task, trials: Sequence[TrialResult]) -> list[StepSummary]:
    """Every step of the task in its order, also those that no attempt reached."""
    found: list[StepSummary] = []
    for step in task.steps if task.is_multi_step else ():
        begun: list[StepResult] = [s for t in trials for s in t.steps if s.name == step.name]
        by_key = means_by_key([result.rewards for result in begun])
        found.append(StepSummary(name=step.name, attempts=len(begun), by_key=by_key))
    return found


def _split(scores: SplitScores) -> SplitFacts:
    gain = scores.gain
    return SplitFacts(
        baseline=_interval(scores.baseline),
        best=_interval(scores.best),
        gain=GainFacts(mean=gain.mean, low=gain.low, high=gain.high),
    )


def _interval(interval: Interval) -> IntervalFacts:
    return IntervalFacts(mean=interval.mean, low=interval.low, high=interval.high, n=interval.n)
