"""Verdicts from records equal those that fell live, in the real loop."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from autoloop.decision import BayesRule
from autoloop.decision.strategies import ParetoStrategy
from autoloop.loop import Replayed, replay
from autoloop.ports import ReviewCase, ReviewOutcome
from autoloop.records import Budget
from autoloop.testing.proposers import Turn
from autoloop.testing.reviewers import NO, ScriptedReviewer
from tests.decision.strategies.builders import STRATEGIES, SURE
from tests.loop.builders import Table, improving, sided

TURNS: Sequence[Turn] = (
    improving("Look twice", A=0.5),
    improving("Be hasty", B=-0.2),
    improving("Plan first", C=0.2),
    improving("Look thrice", A=0.6),
    improving("Do nothing", D=0.0001),
)
CLASHING: Sequence[Turn] = (
    improving("Look twice", A=0.3),
    improving("Be hasty", B=-0.2),
    improving("Look thrice", A=0.35),
    improving("Plan first", C=0.2),
    improving("Plan again", C=0.25),
    improving("Look around", A=0.28),
    improving("Ask back", D=0.1),
    improving("Ask twice", D=0.12),
)
ANEW: Mapping[int, Turn] = {
    1: improving("Look anew", A=0.4),
    3: improving("Look anew and thrice", A=0.45),
    4: improving("Plan anew", C=0.3),
    5: improving("Plan anew and again", C=0.31),
    6: improving("Look anew and around", A=0.44),
    7: improving("Ask anew", D=0.2),
    8: improving("Ask anew and twice", D=0.22),
}


class SecondLook(ScriptedReviewer):
    """Refuses whatever it is shown for a second time, made anew."""

    def review(self, case: ReviewCase) -> ReviewOutcome:
        is_anew = any(own.step == case.step for own in self.cases)
        outcome = super().review(case)
        return replace(outcome, review=NO) if is_anew else outcome


def climbed(
    name: str,
    *,
    workers: int,
    turns: Sequence[Turn] = TURNS,
    trials: int = 260,
    refuses: bool = False,
) -> Table:
    table = Table(
        turns=turns,
        again=ANEW,
        baseline=sided(0.2),
        budget=Budget(hours=None, steps=len(turns), trials=trials),
        workers=workers,
        strategy=STRATEGIES[name],
        simplify=False,
        reviewer=SecondLook() if refuses else None,
        reviewer_binds=refuses,
    )
    table.climb()
    return table


def replayed_from(table: Table) -> list[Replayed]:
    assert table.strategy is not None
    return list(replay(table.work().records(), table.strategy))


def assert_all_are_the_same(table: Table) -> None:
    replayed = replayed_from(table)
    own = [step.index for step in table.store.steps() if step.asked_validation]
    assert sorted(one.step.index for one in replayed) == own
    assert len(replayed) >= 3
    assert [one.step.index for one in replayed if one.recorded != one.replayed] == []


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("name", SURE)
def test_every_verdict_can_be_replayed_from_the_records(name: str, workers: int) -> None:
    assert_all_are_the_same(climbed(name, workers=workers))


@pytest.mark.no_cover  # The same loop and replay run above and below.
@pytest.mark.parametrize("name", ["adaptive", "factorial", "race", "pareto"])
@pytest.mark.parametrize("refuses", [False, True])
def test_verdicts_among_edits_in_conflict_and_made_anew_can_be_replayed(
    *, name: str, refuses: bool
) -> None:
    table = climbed(name, workers=3, turns=CLASHING, trials=400, refuses=refuses)

    assert any(desk.rebase for desk in table.proposer.desks)
    assert ("empty" in table.decisions()) is refuses
    assert_all_are_the_same(table)


def test_a_line_of_edits_that_landed_whole_can_be_replayed() -> None:
    table = Table(
        turns=[improving(A=0.3), improving("Check it", B=0.3), improving("Plan first", C=0.2)],
        baseline=sided(0.1),
        budget=Budget(hours=None, steps=3, trials=300),
        workers=1,
        seed=8,
        strategy=ParetoStrategy(pool=2, rule=BayesRule(keep=0.95)),
        simplify=False,
    )

    table.climb()

    _, parent, child = table.store.steps()
    assert parent.ruling is not None
    assert parent.ruling == child.ruling
    assert {edit.step: edit.parents for edit in parent.ruling.open} == {2: (), 3: (2,)}
    assert table.decisions() == ["undecided", "keep", "keep"]
    assert_all_are_the_same(table)


def test_runs_from_before_it_was_recorded_what_was_under_test_can_be_replayed() -> None:
    table = climbed("factorial", workers=3)
    for step in table.store.steps():
        table.store.save_step(replace(step, ruling=None))

    assert_all_are_the_same(table)


def test_a_run_of_an_earlier_version_that_was_gone_on_with_can_be_replayed() -> None:
    table = climbed("bayes", workers=3)
    first, *others = table.store.steps()
    table.store.save_step(replace(first, ruling=None))

    assert_all_are_the_same(table)
    assert all(step.ruling is not None for step in others)
