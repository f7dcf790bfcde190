"""What a trial's steps come to: outcome, rewards, and the one number that counts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from autoloop.records import Failure, Outcome
from autoloop.trial.plan import TrialPlan
from autoloop.trial.rewards import RewardProblem, counted_reward, mean_rewards
from autoloop.trial.steps import StepRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a trial ended, before it becomes a record."""

    outcome: Outcome
    reward: float = 0.0
    rewards: Mapping[str, float] = field(default_factory=dict)
    failure: Failure | None = None

    @classmethod
    def invalid(cls, kind: str, message: str) -> "Ending":
        """The machine's fault."""
        return cls(outcome=Outcome.INVALID, failure=Failure(kind=kind, message=message))

    @classmethod
    def failed(cls, kind: str, message: str) -> "Ending":
        """The agent's fault, or no usable reward."""
        return cls(outcome=Outcome.FAILED, failure=Failure(kind=kind, message=message))


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
    return Ending(outcome=Outcome.SCORED, reward=reward, rewards=rewards, failure=failure)


def _rewards(plan: TrialPlan, records: Sequence[StepRecord]) -> Mapping[str, float] | None:
    if not plan.task.is_multi_step or plan.task.reward_strategy == "final":
        return records[-1].rewards
    given = [record.rewards for record in records if record.rewards is not None]
    if not given:
        return None
    # Harbor leaves out what crashed or was not reached, so that a crash can raise the mean.
    steps = len(given) if plan.rules.harbor_quirks else len(plan.task.steps)
    return mean_rewards(given, steps=steps)
