"""What a trial's steps come to: outcome, rewards, and the one number that counts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from autoloop.records import Failure, Integrity, Outcome, TrialFinding, integrity_of
from autoloop.trial.plan import TrialPlan
from autoloop.trial.rewards import RewardProblem, counted_reward, mean_rewards
from autoloop.trial.steps import OVERRUN, StepRecord

TAMPERED = "Tampered"
"""Kind of the failure of an agent that tried to get at its score."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a trial ended, before it becomes a record."""

    outcome: Outcome
    reward: float = 0.0
    rewards: Mapping[str, float] = field(default_factory=dict)
    failure: Failure | None = None
    findings: tuple[TrialFinding, ...] = ()
    """What the rewards themselves say of how they came about."""

    @classmethod
    def invalid(cls, kind: str, message: str) -> "Ending":
        """The machine's fault."""
        return cls(outcome=Outcome.INVALID, failure=Failure(kind=kind, message=message))

    @classmethod
    def failed(cls, kind: str, message: str) -> "Ending":
        """The agent's fault, or no usable reward."""
        return cls(outcome=Outcome.FAILED, failure=Failure(kind=kind, message=message))

    def judged(self, findings: Sequence[TrialFinding]) -> "Ending":
        """The same, but that somebody who tampered has failed, whatever else went wrong.

        Not invalid either: what is invalid is run again, until somebody is lucky.
        """
        if integrity_of(findings) is not Integrity.TAMPERED:
            return self
        worst = next(finding for finding in findings if finding.severity == "tampered")
        return Ending.failed(TAMPERED, f"{worst.rule}: {worst.evidence}")


def ending_of(plan: TrialPlan, records: Sequence[StepRecord]) -> Ending:
    """Scored when the steps give a reward by the task's strategy, else failed.

    A failure of one step stands beside the reward that others earned.
    """
    failure = next((record.failure for record in records if record.failure), None)
    rewards = _rewards(plan, records)
    if rewards is None:
        return Ending(outcome=Outcome.FAILED, failure=records[-1].failure)
    try:
        reward = counted_reward(rewards, plan.rules.reward)
    except RewardProblem as problem:
        failure = Failure(kind=problem.kind, message=str(problem))
        return Ending(outcome=Outcome.FAILED, rewards=rewards, failure=failure)
    low, high = plan.task.reward_range
    if plan.rules.harbor_quirks or low <= reward <= high:
        return Ending(outcome=Outcome.SCORED, reward=reward, rewards=rewards, failure=failure)
    return Ending(
        outcome=Outcome.SCORED,
        reward=min(max(reward, low), high),
        rewards=rewards,
        failure=failure,
        findings=(_out_of_range(reward, low, high),),
    )


def _out_of_range(reward: float, low: float, high: float) -> TrialFinding:
    return TrialFinding(
        rule="reward-range",
        severity="suspicious",
        evidence=f"The tests gave {reward:g}, and a reward here is from {low:g} to {high:g}; it"
        " counts as the nearest of these. Where more is possible, say so in reward_range under"
        " [metadata.autoloop] of task.toml.",
    )


def overrun_findings(records: Sequence[StepRecord]) -> tuple[TrialFinding, ...]:
    """What is to be said of an agent that filled its disk."""
    found = {r.failure.message for r in records if r.failure and r.failure.kind == OVERRUN}
    return tuple(
        TrialFinding(rule="disk-quota", severity="suspicious", evidence=sentence)
        for sentence in sorted(found)
    )


def _rewards(plan: TrialPlan, records: Sequence[StepRecord]) -> Mapping[str, float] | None:
    if not plan.task.is_multi_step or plan.task.reward_strategy == "final":
        return records[-1].rewards
    given = [record.rewards for record in records if record.rewards is not None]
    if not given:
        return None
    # Harbor leaves out what crashed or was not reached, so that a crash can raise the mean.
    steps = len(given) if plan.rules.harbor_quirks else len(plan.task.steps)
    return mean_rewards(given, steps=steps)
