"""An edit is reviewed before it is tried: advice by default, binding where that is wished."""

import pytest

from autoloop.errors import InfraError, ModelError
from autoloop.loop.desk import Desk
from autoloop.ports import ProposalOutcome
from autoloop.records import Budget, Purpose, Review, StopReason, Usage, charge
from autoloop.testing.proposers import edit
from autoloop.testing.reviewers import NO, YES, ScriptedReviewer
from tests.loop.builders import Table, agent

PAID = Usage(calls=1, prompt_tokens=50, cost_usd=0.5)


def reviewed(reviewer: ScriptedReviewer, *, binds: bool = False, steps: int = 1) -> Table:
    turns = [edit(agent(1.0), "One"), edit(agent(0.5), "Two"), edit(agent(0.9), "Three")]
    budget = Budget(hours=None, steps=steps)
    return Table(turns=turns, budget=budget, reviewer=reviewer, reviewer_binds=binds)


def test_a_review_is_recorded_with_its_step_and_charged() -> None:
    reviewer = ScriptedReviewer(usage=PAID)
    table = reviewed(reviewer)

    table.climb()

    (step,) = table.store.steps()
    assert (step.review, step.meta_usage) == (YES, PAID)
    (case,) = reviewer.cases
    assert (case.proposal.title, case.before) == ("One", agent(0.0))
    assert case.tasks == tuple(f"train/t{n}" for n in range(6))


def test_advice_does_not_keep_an_edit_from_its_trials() -> None:
    table = reviewed(ScriptedReviewer({1: NO}))

    table.climb()

    assert table.decisions() == ["keep"]
    assert table.store.steps()[0].review == NO


def test_a_binding_no_ends_the_step_before_anything_is_spent() -> None:
    table = reviewed(ScriptedReviewer({1: NO}), binds=True, steps=2)

    table.climb()

    first, second = table.store.steps()
    assert table.decisions()[0] == "empty"
    assert first.lesson == "empty: the reviewer refuses it: It knows one task."
    assert first.candidate is None
    assert not [t for t in table.trials(Purpose.SEARCH) if t.step == 1]
    assert second.candidate is not None


@pytest.mark.parametrize("answer", [YES, Review(worthwhile="unsure")])
def test_only_a_no_is_binding(answer: Review) -> None:
    table = reviewed(ScriptedReviewer({1: answer}), binds=True)

    table.climb()

    assert table.decisions() == ["keep"]


@pytest.mark.parametrize("error", [ModelError("no such key"), InfraError("overloaded")])
def test_advice_that_cannot_be_had_ends_nothing(error: Exception) -> None:
    table = reviewed(ScriptedReviewer({1: error}))

    table.climb()

    review = table.store.steps()[0].review
    assert review is not None
    assert (review.worthwhile, f"{error}" in review.reason) == ("unsure", True)
    assert table.decisions() == ["keep"]


def test_a_binding_review_that_cannot_be_had_stops_the_run_until_it_can() -> None:
    table = reviewed(ScriptedReviewer({1: ModelError("no such key")}), binds=True)
    assert table.climb().stop_reason is StopReason.MODEL
    made = len(table.proposer.desks)

    table.reviewer = ScriptedReviewer()
    table.climb()

    assert table.decisions() == ["keep"]
    assert len(table.proposer.desks) == made


def test_the_meta_agent_is_told_what_the_reviewer_said() -> None:
    table = reviewed(ScriptedReviewer({1: NO}))
    table.climb()
    work = table.work()

    (told,) = Desk(work, step=2, source=work.tip().source).history()

    assert told.review == NO


def test_who_has_no_reviewer_has_no_reviews() -> None:
    table = Table(turns=[edit(agent(1.0))])

    table.climb()

    assert table.store.steps()[0].review is None


@pytest.mark.parametrize("binds", [False, True])
def test_what_a_review_cost_that_cannot_be_had_is_charged(*, binds: bool) -> None:
    error = ModelError("no such key")
    charge(error, PAID)
    table = reviewed(ScriptedReviewer({1: error}), binds=binds)

    table.climb()

    assert table.store.steps()[0].meta_usage == PAID


def test_a_binding_review_is_paid_for_each_time_that_it_was_asked_for() -> None:
    error = ModelError("no such key")
    charge(error, PAID)
    table = reviewed(ScriptedReviewer({1: error}), binds=True)
    table.climb()

    table.reviewer = ScriptedReviewer(usage=PAID)
    table.climb()

    assert table.store.steps()[0].meta_usage == PAID + PAID


@pytest.mark.parametrize(("binds", "decision"), [(False, "undecided"), (True, "empty")])
def test_nobody_is_asked_once_the_budget_is_spent(*, binds: bool, decision: str) -> None:
    dear = Usage(calls=1, prompt_tokens=5_000)
    reviewer = ScriptedReviewer(usage=PAID)
    table = reviewed(reviewer, binds=binds)
    table.turns = [ProposalOutcome(proposal=edit(agent(1.0)), usage=dear)]
    table.budget = Budget(hours=None, tokens=4_000)
    table.__post_init__()

    table.climb()

    (step,) = table.store.steps()
    reason = "the reviewer was not asked: tokens budget spent"
    assert (reviewer.cases, step.meta_usage) == ([], dear)
    assert step.review == Review(worthwhile="unsure", reason=reason)
    assert table.decisions() == [decision]
    assert (step.candidate is None) is binds
    assert step.verdict is not None
    assert (step.verdict.reason == reason) is binds
