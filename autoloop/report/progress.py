"""How the score moved from step to step, for charts."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from autoloop.records import Agent, Decision, Origin, Purpose, Split, Step, TrialResult, Verdict
from autoloop.report.figures import chances


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One finished step on the chart."""

    step: int
    decision: Decision
    score: float | None
    """Where the candidate stood on train; None when nothing of it was compared."""
    best: float | None
    """Mean train reward of the incumbent after this step."""
    title: str
    low: float | None = None
    """The interval around `score`, where the verdict has one for its gain."""
    high: float | None = None
    chances: str = ""
    """How likely the edit helps, in words; empty where the verdict does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A run's path on the train tasks."""

    baseline: float | None
    points: tuple[Point, ...]
    baseline_agent: str | None
    """Digest of the agent the run started from; None before its first trial."""
    best_agent: str | None
    """Digest of the incumbent now."""


def progress_of(steps: Sequence[Step], trials: Sequence[TrialResult]) -> Progress:
    """Follow the incumbent through all finished steps, with all that is known of it by now.

    A candidate stands at its incumbent's score plus the paired gain of its verdict: the mean of its
    own few trials would depend on which tasks it was tried on.
    """
    baseline = incumbent = _baseline_agent(steps, trials)
    first = best = train_score(baseline, trials)
    known = train_trials(baseline, trials).keys()
    points = []
    for step, verdict in _decided(steps):
        before, numbers = best, verdict.numbers
        score = _plus(before, numbers.get("train_gain", numbers.get("gain")))
        if verdict.decision is Decision.KEEP and step.proposal:
            incumbent = Agent(source=step.proposal.source).digest
            # An edit that was tried together with others may have few trials of its own.
            is_known = known <= train_trials(incumbent, trials).keys()
            best = train_score(incumbent, trials) if is_known or score is None else score
        point = Point(
            step=step.index,
            decision=verdict.decision,
            score=score,
            low=_plus(before, numbers.get("gain_low")),
            high=_plus(before, numbers.get("gain_high")),
            chances=chances(verdict),
            best=best,
            title=step.proposal.title if step.proposal else "",
        )
        points.append(point)
    return Progress(
        baseline=first, points=tuple(points), baseline_agent=baseline, best_agent=incumbent
    )


def train_trials(agent: str | None, trials: Sequence[TrialResult]) -> dict[str, list[TrialResult]]:
    """Counted trials of an agent on train tasks, by task."""
    found: dict[str, list[TrialResult]] = {}
    for trial in trials:
        if trial.key.agent == agent and _is_train_evidence(trial):
            found.setdefault(trial.key.task, []).append(trial)
    return found


def train_score(agent: str | None, trials: Sequence[TrialResult]) -> float | None:
    """Mean over train tasks of an agent's mean reward; None without a counted trial."""
    found = train_trials(agent, trials)
    means = [fmean(trial.reward for trial in own) for own in found.values()]
    return fmean(means) if means else None


def _decided(steps: Sequence[Step]) -> list[tuple[Step, Verdict]]:
    """Finished steps in the order in which they ended."""
    found = [(s.finished_at, s.index, s, s.verdict) for s in steps if s.finished_at and s.verdict]
    return [(step, verdict) for _, _, step, verdict in sorted(found, key=lambda row: row[:2])]


def _baseline_agent(steps: Sequence[Step], trials: Sequence[TrialResult]) -> str | None:
    """The first agent with evidence that no step proposed; one taken back to it is the same."""
    proposed = {
        Agent(source=s.proposal.source).digest
        for s in steps
        if s.proposal and s.origin is Origin.META
    }
    evidence = (t.key.agent for t in trials if _is_train_evidence(t))
    return next((agent for agent in evidence if agent not in proposed), None)


def _is_train_evidence(trial: TrialResult) -> bool:
    train = trial.split is Split.TRAIN and trial.key.purpose is Purpose.SEARCH
    return train and trial.counts


def _plus(score: float | None, gain: float | None) -> float | None:
    return None if score is None or gain is None else min(1.0, max(0.0, score + gain))
