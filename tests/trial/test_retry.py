"""Trials that say nothing about the agent are run again."""

import pytest

from autoloop.errors import ModelError
from autoloop.records import Failure, Outcome, TrialRequest, TrialResult
from autoloop.trial import RetryingRunner
from autoloop.trial.retry import RefusedTrialError
from tests.trial.builders import make_request, make_result


def invalid(kind: str = "EngineError") -> TrialResult:
    failure = Failure(kind=kind, message="The engine is gone.")
    return make_result(outcome=Outcome.INVALID, failure=failure)


class Plan:
    """A runner whose trials end as planned."""

    def __init__(self, *results: TrialResult | Exception) -> None:
        self.left = list(results)

    def run(self, _request: TrialRequest) -> TrialResult:
        result = self.left.pop(0)
        if isinstance(result, Exception):
            raise result
        return result


def test_a_trial_that_counts_is_run_once() -> None:
    scored = make_result(rewards={"reward": 1.0})

    assert RetryingRunner(Plan(scored)).run(make_request()) is scored


def test_an_invalid_trial_is_run_again_after_a_pause() -> None:
    pauses, told = list[float](), list[TrialResult]()
    lost, scored = invalid(), make_result()
    runner = RetryingRunner(Plan(lost, scored), on_invalid=told.append, sleep=pauses.append)

    assert runner.run(make_request()) is scored
    assert told == [lost]
    assert len(pauses) == 1
    assert pauses[0] >= 0


def test_after_three_invalid_trials_the_last_is_returned() -> None:
    last = invalid("ProviderError")
    plan = Plan(invalid(), invalid(), last, make_result())
    told = list[TrialResult]()
    runner = RetryingRunner(plan, on_invalid=told.append, sleep=lambda _s: None)

    assert runner.run(make_request()) is last
    assert len(plan.left) == 1
    assert len(told) == 2


@pytest.mark.parametrize("kind", ["ImageError", "TaskError"])
def test_what_would_fail_again_is_not_tried_again(kind: str) -> None:
    plan = Plan(invalid(kind), make_result())

    assert RetryingRunner(plan).run(make_request()).outcome is Outcome.INVALID
    assert len(plan.left) == 1


def test_a_failed_trial_counts_and_is_not_run_again() -> None:
    crash = Failure(kind="AgentCrashed", message="agent.py failed.")
    plan = Plan(make_result(outcome=Outcome.FAILED, failure=crash), make_result())

    RetryingRunner(plan).run(make_request())

    assert len(plan.left) == 1


def test_a_provider_that_refuses_for_good_ends_it_at_once() -> None:
    plan = Plan(ModelError("The key is not valid."), make_result())

    with pytest.raises(ModelError, match="key"):
        RetryingRunner(plan).run(make_request())

    assert len(plan.left) == 1


def test_what_a_refused_trial_cost_is_told_before_everything_ends() -> None:
    paid = make_result(outcome=Outcome.INVALID)
    plan, told = Plan(RefusedTrialError("The key is gone.", result=paid)), list[TrialResult]()

    with pytest.raises(ModelError, match="gone"):
        RetryingRunner(plan, on_invalid=told.append).run(make_request())

    assert told == [paid]
