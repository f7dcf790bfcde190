"""The objects that `--json` prints at the end of a climb and of an evaluation."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from statistics import fmean

from autoloop.ports import Estimator
from autoloop.records import (
    Audit,
    Decision,
    Purpose,
    Run,
    Split,
    SplitScores,
    Step,
    StepResult,
    Task,
    TaskProblem,
    TaskRecord,
    TrialResult,
)
from autoloop.report.facts import (
    AuditFacts,
    Facts,
    GapFacts,
    GroupFacts,
    IntegrityFacts,
    IntervalFacts,
    PassFacts,
    SuccessFacts,
    TaskStateFacts,
    WorthlessFacts,
    audit_facts,
    integrity_facts,
    interval_facts,
    task_state_facts,
)
from autoloop.report.groups import by_difficulty, by_family, group_facts
from autoloop.report.honesty import Sides, expected_worthless, selection_gap, success_rates
from autoloop.report.progress import progress_of
from autoloop.report.rewards import means_by_key, means_over_tasks
from autoloop.report.spending import reused_in, spent_on
from autoloop.report.task_records import task_records, untried

REFERENCES = ("oracle", "nop")
"""Agents whose results say nothing about what to do with a task; `tasks check` judges them."""


class GainFacts(Facts):
    """A paired difference with its 95 % confidence interval."""

    mean: float
    low: float
    high: float


class SplitFacts(Facts):
    """Baseline against best on one split."""

    baseline: IntervalFacts
    best: IntervalFacts
    gain: GainFacts


class BestFacts(Facts):
    """How the best candidate did on the tasks of one split, by the trials it was scored by."""

    all: GroupFacts
    families: list[GroupFacts]
    """Empty where the tasks are not there any more."""
    difficulties: list[GroupFacts]


class ClimbSummary(Facts):
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
    lost_calls: int
    """Model calls that broke off, for which the provider may have counted more than it said."""
    wall_s: float
    best_commit: str
    scores: dict[Split, SplitFacts]
    success_rate: SuccessFacts | None
    """On holdout, in the trials of the final table."""
    selection_minus_holdout: GapFacts | None
    """Reported (selection) score minus holdout score."""
    expected_worthless: WorthlessFacts
    """Kept edits that are expected to be of no use."""
    integrity: IntegrityFacts
    audit: list[AuditFacts]
    """The first agent and the kept edits; empty before there is an audit."""
    best: dict[Split, BestFacts]
    """Train and validation chose it, and flatter it."""
    tasks: list[TaskStateFacts]
    """What the trials of all candidates say about each task."""


class StepSummary(Facts):
    """How an agent did on one step of a task."""

    name: str
    attempts: int
    """Counted trials that came as far as this step."""
    by_key: dict[str, float]
    """Mean of each reward key over these attempts."""


class TaskSummary(Facts):
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
    rate: IntervalFacts
    """Share of attempts that passed; Clopper-Pearson, `n` counts attempts."""
    state: str
    """`flaky`, `never solved`, `always solved` or `untried`, by these attempts."""
    hint: str
    """What to do about the task, where something should be done."""
    failures: list[str]
    """Why attempts did not pass, invalid ones included."""
    by_key: dict[str, float]
    """Mean of each key that the verifier rewards; an attempt without the key counts as 0."""
    steps: list[StepSummary]
    """Empty unless the task has named steps."""


class EvalSummary(Facts):
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
    success: IntervalFacts
    """The same with its interval over tasks."""
    passes: list[PassFacts]
    """pass@k and pass^k for every k from 1 to the least number of attempts that a task has."""
    families: list[GroupFacts]
    difficulties: list[GroupFacts]
    by_key: dict[str, float]
    """Mean of each reward key over the tasks that have it."""
    integrity: IntegrityFacts
    tokens: int
    cost_usd: float | None
    lost_calls: int
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ClimbFacts:
    """What is known beside the records of a run."""

    best_commit: str
    estimator: Estimator
    sides: Sides | None = None
    """Without them it is not known whose the holdout trials are."""
    audit: Audit | None = None
    tasks: tuple[Task, ...] = ()
    """For families and difficulties; those that are gone are left out of them."""


def climb_summary(
    run: Run, steps: Sequence[Step], *, trials: Sequence[TrialResult], facts: ClimbFacts
) -> ClimbSummary:
    """Sum up a climb; steps that are not finished do not count."""
    rates = None if facts.sides is None else success_rates(trials, facts.sides)
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
        lost_calls=usage.lost,
        wall_s=round(run.active_s, 3),
        best_commit=facts.best_commit,
        scores={split: _split(scores) for split, scores in run.scores.items()},
        success_rate=None if rates is None else SuccessFacts(**asdict(rates)),
        selection_minus_holdout=None if gap is None else GapFacts(**asdict(gap)),
        expected_worthless=WorthlessFacts(**asdict(worthless)),
        integrity=integrity_facts(trials),
        audit=audit_facts(facts.audit),
        best=best_by_split(steps, trials, facts=facts),
        tasks=task_state_facts(task_records(trials, facts.estimator)),
    )


def best_by_split(
    steps: Sequence[Step], trials: Sequence[TrialResult], *, facts: ClimbFacts
) -> dict[Split, BestFacts]:
    """The best candidate on each split that has trials of it; spot checks do not count."""
    best = progress_of(steps, trials).best_agent
    counted = [t for t in trials if t.key.agent == best and t.counts]
    found = {}
    for split in Split:
        purpose = Purpose.FINAL if split is Split.HOLDOUT else Purpose.SEARCH
        own = [t for t in counted if t.split is split and t.key.purpose is purpose]
        tasks = [task for task in facts.tasks if any(t.key.task == task.name for t in own)]
        if own:
            found[split] = BestFacts(
                all=group_facts(split.value, own, facts.estimator),
                families=by_family(tasks, own, facts.estimator),
                difficulties=by_difficulty(tasks, own, facts.estimator),
            )
    return found


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
    records = {record.task: record for record in task_records(trials, estimator)}
    if facts.agent in REFERENCES:
        records = {name: replace(record, hint="") for name, record in records.items()}
    per_task = [
        _task(task, trials, records.get(task.name) or untried(task.name, estimator))
        for task in tasks
    ]
    everything = group_facts("all", trials, estimator)
    return EvalSummary(
        run=facts.run,
        agent=facts.agent,
        model=facts.model,
        tasks=len(tasks),
        trials=len(counted),
        invalid_trials=len(trials) - len(counted),
        reused_trials=reused_in(trials),
        score=everything.score,
        success_rate=fmean(trial.passed for trial in counted) if counted else None,
        success=everything.success,
        passes=everything.passes,
        families=by_family(tasks, trials, estimator),
        difficulties=by_difficulty(tasks, trials, estimator),
        by_key=means_over_tasks([task.by_key for task in per_task]),
        integrity=integrity_facts(trials),
        tokens=usage.tokens,
        cost_usd=usage.cost_usd,
        lost_calls=usage.lost,
        wall_s=round(facts.wall_s, 3),
        per_task=per_task,
        left_out=[str(problem) for problem in facts.problems],
    )


def _task(task: Task, trials: Sequence[TrialResult], record: TaskRecord) -> TaskSummary:
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
        passed=record.passed,
        rate=interval_facts(record.rate),
        state=record.state.value,
        hint=record.hint,
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
        baseline=interval_facts(scores.baseline),
        best=interval_facts(scores.best),
        gain=GainFacts(mean=gain.mean, low=gain.low, high=gain.high),
    )
