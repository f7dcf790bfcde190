"""A step goes on from whatever stage it had reached."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from autoloop.ports import ProposalOutcome
from autoloop.records import Budget, Decision, Purpose, Step, Usage, Verdict
from autoloop.testing.proposers import Turn, edit
from tests.loop.builders import RUN, Table, agent

UNPARSABLE = "def solve(instruction, env, model):\n  return (\n"


@dataclass(frozen=True)
class _Stage:
    """What was stored of a step when its process died."""

    name: str
    keeps: Callable[[Step], Step]


def _undecided(step: Step) -> Step:
    return replace(step, verdict=None, decided=None, ruling=None, finished_at=None, lesson="")


STAGES = (
    _Stage("proposed", lambda s: replace(_undecided(s), candidate=None)),
    _Stage("committed", _undecided),
    _Stage("judged", lambda s: replace(s, finished_at=None, lesson="")),
)


def _timeless(step: Step) -> Step:
    """A step without when it was taken."""
    return replace(step, finished_at=None, opened=None, decided=None, ruling=None)


def taken(table: Table) -> Step:
    """Climb; the newest step afterwards."""
    table.climb()
    return table.store.steps()[-1]


@pytest.mark.parametrize("skill", [1.0, 0.0], ids=["kept", "reverted"])
@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_a_step_goes_on_from_where_it_was(stage: _Stage, skill: float) -> None:
    table = Table(turns=[edit(agent(skill))], skill=0.5)
    step = taken(table)
    tip, ref, ran = table.workspace.tip(RUN), table.workspace.refs[RUN, 1], table.runner.requests
    table.store.save_step(stage.keeps(step))
    runs = len(ran)

    again = taken(table)

    assert _timeless(again) == _timeless(step)
    assert (table.workspace.tip(RUN), table.workspace.refs[RUN, 1]) == (tip, ref)
    assert len(table.proposer.desks) == 1
    assert len(table.runner.requests) == runs or stage.name == "proposed"


def test_a_finished_step_is_followed_by_a_new_one() -> None:
    budget = Budget(hours=None, steps=2)
    table = Table(turns=[edit(agent(1.0)), edit(agent(0.1))], budget=budget)

    table.climb()

    first, second = table.store.steps()
    assert (first.index, second.index) == (1, 2)
    assert second.parent == first.candidate == table.workspace.tip(RUN)
    assert (first.base, second.base) == (0, 1)


def test_every_stage_is_stored_before_the_next_one_acts() -> None:
    table = Table(turns=[edit(agent(1.0))])
    stored: list[Step] = []
    save = table.store.save_step

    def save_and_note(step: Step) -> None:
        stored.append(step)
        save(step)

    table.store.save_step = save_and_note  # type: ignore[method-assign]
    taken(table)

    assert [
        (
            s.proposal is not None,
            s.candidate is not None,
            s.verdict is not None,
            s.finished_at is None,
        )
        for s in stored
    ] == [
        (False, False, False, True),
        (True, False, False, True),
        (True, True, False, True),
        (True, True, True, True),
        (True, True, True, False),
    ]


@pytest.mark.parametrize(
    ("turn", "reason"),
    [
        (ProposalOutcome(proposal=None), "nothing was submitted"),
        (ProposalOutcome(proposal=None, reason="asked in vain"), "asked in vain"),
        (edit(agent(0.5)), "the edit changes nothing"),
        (edit(UNPARSABLE), "line 2"),
        (edit("x = 1\n"), "solve"),
    ],
    ids=["nothing", "reason", "unchanged", "unparsable", "no solve"],
)
def test_what_cannot_be_evaluated_makes_an_empty_step_and_no_trial(turn: Turn, reason: str) -> None:
    table = Table(turns=[turn], skill=0.5)

    step = taken(table)

    assert step.verdict is not None
    assert (step.verdict.decision, step.proposal) == (Decision.EMPTY, None)
    assert reason in step.verdict.reason
    assert step.finished_at is not None
    assert {trial.step for trial in table.trials(Purpose.SEARCH)} == {0}
    assert table.workspace.refs == {}


def test_an_empty_step_that_was_not_finished_is_finished_before_the_run_ends() -> None:
    table = Table()
    nothing = Verdict(decision=Decision.EMPTY, reason="no idea")
    step = Step(index=1, parent=table.begun().base, started_at=table.clock.now(), verdict=nothing)
    table.store.save_step(step)

    table.climb()

    (stored,) = table.store.steps()
    assert stored.finished_at is not None
    assert stored.lesson == "empty: no idea"


def test_a_step_whose_edit_was_not_made_is_made_later() -> None:
    table = Table(turns=[edit(agent(1.0))])
    step = Step(index=1, parent=table.begun().base, started_at=table.clock.now(), opened=9)
    table.store.save_step(step)

    table.climb()

    assert (len(table.proposer.desks), table.decisions()) == (1, ["keep"])


def test_the_meta_agents_usage_is_recorded_and_charged() -> None:
    usage = Usage(calls=3, prompt_tokens=1_000, cost_usd=0.25)
    turns = [ProposalOutcome(proposal=edit(agent(1.0)), usage=usage)]
    table = Table(turns=turns, budget=Budget(hours=None, tokens=1_500))

    step = taken(table)

    assert step.meta_usage == usage
    assert (step.verdict and step.verdict.decision) is Decision.UNDECIDED


def test_git_tells_what_became_of_each_edit() -> None:
    budget = Budget(hours=None, steps=2)
    turns = [edit(agent(1.0), "Think twice"), edit(agent(0.1), "Be hasty")]
    table = Table(turns=turns, budget=budget)

    table.climb()

    kept, reverted = table.store.steps()
    messages = [table.workspace.commits[step.candidate or ""].message for step in (kept, reverted)]
    assert [message.splitlines()[0] for message in messages] == ["Think twice", "Be hasty"]
    assert "Autoloop-Verdict: keep" in messages[0]
    assert "Autoloop-Verdict: revert" in messages[1]
    assert table.workspace.refs == {(RUN, 1): kept.candidate, (RUN, 2): reverted.candidate}
    assert table.workspace.tip(RUN) == kept.candidate
