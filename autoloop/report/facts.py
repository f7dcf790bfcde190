"""Pieces that the JSON of climbs and evaluations have in common."""

from collections.abc import Sequence
from dataclasses import asdict

from pydantic import BaseModel, ConfigDict

from autoloop.records import Audit, Flags, Interval, PassRates, TaskRecord, TrialResult
from autoloop.report.integrity import flagged_agents, rules_seen


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


class RuleFacts(Facts):
    """A rule that spoke in some trials."""

    rule: str
    severity: str
    trials: int
    evidence: str
    """Of the first of them."""
    trial: str


class IntegrityFacts(Facts):
    """Trials that are not clean, and why."""

    suspicious_trials: int
    tampered_trials: int
    flagged_candidates: int
    """Versions of agent.py with such a trial."""
    findings: list[RuleFacts]


class AuditFacts(Facts):
    """What the audit says of a candidate."""

    step: int
    commit: str
    verdict: str
    findings: int


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


def integrity_facts(trials: Sequence[TrialResult]) -> IntegrityFacts:
    """What is not clean in trials, for JSON."""
    flags = Flags.of(trial.integrity for trial in trials)
    return IntegrityFacts(
        suspicious_trials=flags.suspicious,
        tampered_trials=flags.tampered,
        flagged_candidates=flagged_agents(trials),
        findings=[RuleFacts(**asdict(seen)) for seen in rules_seen(trials)],
    )


def audit_facts(audit: Audit | None) -> list[AuditFacts]:
    """Verdicts of the audit, for JSON."""
    return [
        AuditFacts(
            step=own.step,
            commit=own.commit,
            verdict=own.verdict.value,
            findings=len(own.findings),
        )
        for own in (audit.candidates if audit else ())
    ]


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
