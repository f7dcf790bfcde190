"""Which tasks are flaky, impossible or too easy."""

from dataclasses import replace

import pytest

from autoloop.decision import Estimates
from autoloop.records import Outcome, TaskRecord, TaskState, TrialResult
from autoloop.report import task_records
from tests.report.builders import make_trial


def tried(agent: str, *rewards: float) -> list[TrialResult]:
    return [make_trial(agent=agent, reward=own, attempt=i) for i, own in enumerate(rewards)]


def record(trials: list[TrialResult]) -> TaskRecord:
    (found,) = task_records(trials, Estimates())
    return found


@pytest.mark.parametrize(
    ("trials", "state"),
    [
        (tried("a", 1, 0), TaskState.FLAKY),
        (tried("a", 1, 1) + tried("b", 0, 0), TaskState.MIXED),
        (tried("a", 1, 1) + tried("b", 1), TaskState.ALWAYS),
        (tried("a", 0) + tried("b", 0.9), TaskState.NEVER),
    ],
)
def test_a_task_is_what_its_trials_show(trials: list[TrialResult], state: TaskState) -> None:
    assert record(trials).state is state


def test_rewards_that_differ_below_the_full_one_make_no_task_flaky() -> None:
    assert record(tried("a", 0.2, 0.7)).state is TaskState.NEVER


def test_a_task_that_nobody_solved_says_how_often_it_could_be_solved_at_most() -> None:
    found = record(tried("a", 0, 0, 0) + tried("b", 0, 0))

    assert (found.passed, found.trials, found.agents) == (0, 5, 2)
    assert found.rate.high == pytest.approx(0.5218, abs=1e-4)
    assert found.hint.startswith("at most 52 % of trials can pass: is it possible?")


def test_a_task_that_all_solved_tells_no_agents_apart() -> None:
    found = record(tried("a", 1, 1, 1, 1))

    assert found.hint == "at least 40 % of trials pass: it tells no agents apart"


def test_one_or_two_trials_that_went_alike_are_no_reason_to_look() -> None:
    assert record(tried("a", 0, 0)).hint == record(tried("a", 1)).hint == ""


def test_agents_that_wavered_are_counted() -> None:
    found = record(tried("a", 1, 0) + tried("b", 0, 1) + tried("c", 1, 1))

    assert (found.agents, found.flaky_agents) == (3, 2)


def test_invalid_trials_say_nothing() -> None:
    broken = make_trial(outcome=Outcome.INVALID, reward=0.0, attempt=7)

    assert record([*tried("a", 1, 1), broken]).state is TaskState.ALWAYS
    assert task_records([broken], Estimates()) == ()


def test_trials_before_a_task_was_changed_do_not_count() -> None:
    before = make_trial(reward=0.0)
    after = replace(make_trial(), key=replace(before.key, task_digest="sha256:new"))

    assert record([before, after]).trials == 1
