"""A small recorded run."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from autoloop.records import (
    Agent,
    Budget,
    Decision,
    Environment,
    Failure,
    Interval,
    Outcome,
    Proposal,
    Purpose,
    Run,
    Severity,
    Span,
    Split,
    SplitScores,
    Step,
    StepResult,
    StopReason,
    Task,
    TaskStep,
    TrialFinding,
    TrialKey,
    TrialResult,
    Usage,
    Verdict,
    Verifier,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
BASELINE = Agent(source="def solve(): 0").digest


def make_run(scores: Mapping[Split, SplitScores] | None = None) -> Run:
    return Run(
        name="calm-otter",
        created_at=NOON,
        seed=0,
        budget=Budget(),
        base="a" * 40,
        splits={"t1": Split.TRAIN, "t2": Split.TRAIN},
        task_digests={},
        task_model="offline",
        meta_model="offline",
        rule="paired",
        active_s=90.0,
        stop_reason=StopReason.STEPS,
        scores=scores or {},
    )


def make_scores() -> SplitScores:
    return SplitScores(
        baseline=Interval(mean=0.35, low=0.2, high=0.5, n=8),
        best=Interval(mean=0.8, low=0.6, high=0.9, n=8),
        gain=Interval(mean=0.45, low=0.1, high=0.7, n=8),
    )


def make_proposal(index: int, title: str = "Check results") -> Proposal:
    return Proposal(
        source=f"def solve(): {index}",
        title=title,
        hypothesis="It stops too early",
        expected="unfinished files",
        generality="yes",
    )


def make_step(
    index: int,
    decision: Decision = Decision.KEEP,
    *,
    title: str = "Check results",
    finished: bool = True,
    gain: float = 0.5,
) -> Step:
    return Step(
        index=index,
        parent="a" * 40,
        started_at=NOON,
        proposal=make_proposal(index, title),
        candidate=f"{index:040x}",
        verdict=Verdict(
            decision=decision, reason="because", numbers={"train_gain": gain, "p_value": 0.01}
        ),
        finished_at=NOON + timedelta(seconds=30) if finished else None,
        meta_usage=Usage(calls=1, prompt_tokens=100, cost_usd=0.5),
    )


def make_trial(
    task: str = "t1",
    *,
    agent: str = BASELINE,
    reward: float = 1.0,
    outcome: Outcome = Outcome.SCORED,
    split: Split = Split.TRAIN,
    attempt: int = 0,
) -> TrialResult:
    failed = outcome is not Outcome.SCORED
    return TrialResult(
        id=f"{task}__{attempt:07}",
        key=TrialKey(
            agent=agent, task=task, task_digest="", purpose=Purpose.SEARCH, attempt=attempt
        ),
        step=1,
        split=split,
        outcome=outcome,
        reward=reward,
        failure=Failure(kind="AgentCrashed", message="It fell over.") if failed else None,
        usage=Usage(calls=1, prompt_tokens=10, completion_tokens=5, cost_usd=0.25),
        span=Span(started_at=NOON, finished_at=NOON + timedelta(seconds=9)),
    )


def flagged(trial: TrialResult, severity: Severity, evidence: str = "It was seen.") -> TrialResult:
    """The same with a finding."""
    own = TrialFinding(rule="shadowing", severity=severity, evidence=evidence)
    return replace(trial, findings=(own,))


def make_trials() -> list[TrialResult]:
    """The baseline passes one of two train tasks, the edit of step 1 both."""
    kept = Agent(source=make_proposal(1).source).digest
    return [
        make_trial("t1", reward=1.0),
        make_trial("t2", reward=0.0),
        make_trial("t1", agent=kept),
        make_trial("t2", agent=kept),
        make_trial("secret", agent=kept, split=Split.VALIDATION),
        make_trial("t2", outcome=Outcome.INVALID, attempt=1),
    ]


def make_task(name: str) -> Task:
    folder = Path("/tasks") / name
    return Task(
        name=name,
        folder=folder,
        digest="sha256:0",
        family="csv",
        difficulty="easy",
        environment=Environment(folder=folder / "environment", dockerfile=None, image="debian"),
        steps=(TaskStep(instruction="Do it.", verifier=Verifier(tests=())),),
    )


def make_steps_task(*names: str) -> Task:
    """A task of named steps, called t1."""
    steps = (TaskStep(name=n, instruction="Do it.", verifier=Verifier(tests=())) for n in names)
    return replace(make_task("t1"), steps=tuple(steps))


def make_steps_trial(*, attempt: int = 0, **rewards: float) -> TrialResult:
    """A trial of t1 that came as far as the steps named, with their rewards."""
    steps = (StepResult(name=name, rewards={"reward": own}) for name, own in rewards.items())
    return replace(make_trial("t1", attempt=attempt), steps=tuple(steps))
