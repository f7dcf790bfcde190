"""Records that name only what matters to a test."""

from datetime import UTC, datetime, timedelta

from autoloop.records import (
    ArchiveKey,
    Budget,
    Decision,
    Failure,
    Finding,
    Interval,
    Origin,
    Outcome,
    Proposal,
    Purpose,
    Run,
    Span,
    Split,
    SplitScores,
    Step,
    StopReason,
    TrialKey,
    TrialResult,
    Usage,
    Verdict,
    Version,
)

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
SPAN = Span(started_at=NOON, finished_at=NOON + timedelta(seconds=9.5))


def make_key(*, task: str = "csv/sum", attempt: int = 0) -> TrialKey:
    return TrialKey(
        agent="0123456789abcdef",
        task=task,
        task_digest="sha256:00",
        purpose=Purpose.SEARCH,
        attempt=attempt,
    )


def make_archive_key(**changes: str) -> ArchiveKey:
    known = {
        "agent": "0123456789abcdef",
        "task_digest": "sha256:00",
        "image": "sha256:11",
        "model": "openai/gpt-5",
        "conditions": "sha256:22",
    }
    return ArchiveKey(**(known | changes))


def make_trial(
    name: str = "sum__0000001",
    *,
    key: TrialKey | None = None,
    outcome: Outcome = Outcome.SCORED,
    reward: float = 1.0,
    cost_usd: float | None = 0.25,
) -> TrialResult:
    return TrialResult(
        id=name,
        key=key or make_key(),
        step=5,
        version=Version(base=2, on=(3, 5), off=(4,)),
        split=Split.TRAIN,
        outcome=outcome,
        reward=reward,
        rewards={"reward": reward, "style": 0.5},
        failure=Failure(kind="AgentCrashed", message="It fell over: é \U0001f600 \x1b"),
        usage=Usage(calls=2, prompt_tokens=90, completion_tokens=10, cost_usd=cost_usd),
        span=SPAN,
        phases={"verifier": SPAN},
        folder=f"jobs/{name}",
    )


def make_step(index: int = 1, *, decision: Decision | None = Decision.KEEP) -> Step:
    verdict = Verdict(decision=Decision.KEEP, reason="Better.", numbers={"p_value": 0.01})
    if decision is not Decision.KEEP:
        verdict = Verdict(decision=decision or Decision.REVERT, reason="Not better.")
    return Step(
        index=index,
        parent="a" * 40,
        started_at=NOON,
        origin=Origin.SIMPLIFY,
        base=2,
        parents=(3, 4),
        opened=9,
        decided=40,
        proposal=Proposal(
            source="def solve(): ...\n",
            title="Try",
            hypothesis="h",
            expected="e",
            generality="yes",
            findings=(Finding(rule="size", severity="note", message="grew", line=3),),
        ),
        candidate="b" * 40,
        verdict=verdict if decision else None,
        finished_at=NOON if decision else None,
        meta_usage=Usage(calls=1, prompt_tokens=1_000, cost_usd=0.5),
    )


def make_run(*, active_s: float = 0.0) -> Run:
    interval = Interval(mean=0.5, low=0.4, high=0.6, n=12)
    return Run(
        name="r1",
        created_at=NOON,
        seed=7,
        budget=Budget(usd=50.0),
        base="c" * 40,
        splits={"csv/sum": Split.TRAIN},
        task_digests={"csv/sum": "sha256:00"},
        task_model="offline",
        meta_model="offline",
        rule="paired",
        active_s=active_s,
        stop_reason=StopReason.STEPS,
        scores={Split.HOLDOUT: SplitScores(baseline=interval, best=interval, gain=interval)},
    )
