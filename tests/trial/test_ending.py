"""What the steps of a trial come to."""

from pathlib import Path
from typing import Literal

import pytest

from autoloop.records import Failure, Outcome, TrialRules
from autoloop.trial.ending import Ending, ending_of
from autoloop.trial.steps import StepRecord
from tests.trial.builders import PaperContainer, make_plan, make_step, make_task

CRASH = Failure(kind="AgentCrashed", message="agent.py failed.")
QUIRKS = TrialRules(harbor_quirks=True)
NAMES = ("one", "two", "three")


def end(
    *given: dict[str, float] | Failure,
    strategy: Literal["mean", "final"] = "mean",
    rules: TrialRules | None = None,
) -> Ending:
    """The end of a trial of three steps, of which so many were begun."""
    steps = tuple(make_step(name) for name in NAMES)
    plan = make_plan(
        Path(), PaperContainer(), task=make_task(steps=steps, strategy=strategy), rules=rules
    )
    records = [
        StepRecord(step=step, failure=each)
        if isinstance(each, Failure)
        else StepRecord(step=step, rewards=each)
        for step, each in zip(steps, given, strict=False)
    ]
    return ending_of(plan, records)


def test_what_crashed_or_was_not_reached_counts_zero_in_the_mean() -> None:
    ended = end({"reward": 0.9}, CRASH)

    assert ended.outcome is Outcome.SCORED
    assert ended.reward == pytest.approx(0.3)
    assert ended.failure == CRASH


def test_in_harbor_it_drops_out_of_the_mean() -> None:
    assert end({"reward": 0.9}, CRASH, rules=QUIRKS).reward == pytest.approx(0.9)


def test_a_key_that_a_step_does_not_have_is_zero_there() -> None:
    ended = end({"a": 0.9}, {"b": 0.3}, {"a": 0.3, "b": 0.3})

    assert ended.rewards == pytest.approx({"a": 0.4, "b": 0.2})
    assert ended.reward == pytest.approx(0.3)


def test_the_last_step_alone_counts_where_the_task_says_so() -> None:
    ended = end({"reward": 1.0}, {"reward": 0.5}, {"reward": 0.25}, strategy="final")

    assert (ended.reward, ended.rewards) == (0.25, {"reward": 0.25})


def test_a_last_step_that_failed_is_a_trial_that_failed() -> None:
    ended = end({"reward": 1.0}, CRASH, strategy="final")

    assert (ended.outcome, ended.failure, ended.reward) == (Outcome.FAILED, CRASH, 0.0)


def test_a_trial_without_any_reward_has_failed() -> None:
    assert end(CRASH) == Ending(outcome=Outcome.FAILED, failure=CRASH)


def test_a_key_that_is_not_there_is_a_failure_beside_the_rewards() -> None:
    ended = end({"acc": 0.5}, rules=TrialRules(reward="style"))

    assert ended.outcome is Outcome.FAILED
    assert ended.failure is not None
    assert "'style'" in ended.failure.message
    assert set(ended.rewards) == {"acc"}
