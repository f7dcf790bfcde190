"""Steps, without an engine."""

from pathlib import Path

import pytest

from autoloop.errors import AgentError, ProviderError
from autoloop.records import Failure, Quota, TrialRules, Usage
from autoloop.testing.clocks import ManualClock
from autoloop.trial.box import Survey, Surveys
from autoloop.trial.solvers import Assignment, _left
from autoloop.trial.steps import StepRecord, Steps
from autoloop.trial.verify import Verification
from tests.trial.builders import PaperContainer, make_box, make_plan, make_step, make_task


class Ender:
    """A solver that ends the container, and may have met trouble before."""

    def __init__(self, trouble: Exception | None = None) -> None:
        self.trouble = trouble

    def solve(self, assignment: Assignment) -> Failure | None:
        raise AgentError(f"The container was ended in {assignment.step.name!r}.")

    def leave(self) -> None:
        return


def run(folder: Path, solver: Ender) -> list[StepRecord]:
    """Run a task of two steps."""
    container = PaperContainer()
    task = make_task(folder, steps=(make_step("one"), make_step("two")))
    plan = make_plan(folder, container, task=task, rules=TrialRules())
    records: list[StepRecord] = []
    box = make_box(plan, container)
    survey = Survey(has_tests=False, touched=None)
    verification = Verification(plan, box, Surveys(), survey=survey)
    Steps(plan, box, solver=solver, clock=ManualClock()).run(records, verification)
    return records


def test_an_agent_that_ends_the_container_has_failed_and_nothing_comes_after(
    tmp_path: Path,
) -> None:
    (record,) = run(tmp_path, Ender())

    assert record.failure == Failure(kind="AgentError", message="The container was ended in 'one'.")
    assert record.rewards is None
    assert list(record.phases) == ["agent_execution"]


def test_what_the_machine_did_before_is_to_blame_for_what_the_agent_did_then(
    tmp_path: Path,
) -> None:
    with pytest.raises(ProviderError, match=r"overloaded\. After that: The container was ended"):
        run(tmp_path, Ender(ProviderError("overloaded.")))


def test_a_new_seat_gets_what_earlier_ones_left_of_the_quota() -> None:
    used = Usage(calls=3, prompt_tokens=90, completion_tokens=20, cost_usd=0.5)

    assert _left(Quota(calls=10, tokens=100, usd=2.0), used) == Quota(calls=7, tokens=0, usd=1.5)
    assert _left(Quota(calls=None, tokens=None), used) == Quota(calls=None, tokens=None)
