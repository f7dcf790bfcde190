"""The same program is never evaluated twice, and few that differ in constants alone."""

from autoloop.loop.desk import Desk
from autoloop.ports import ProposalOutcome, StepDesk
from autoloop.records import Budget, Purpose
from autoloop.testing.proposers import Turn, edit
from tests.loop.builders import Table, agent

WORSE = agent(0.1)
RENAMED = WORSE.replace("env", "box").replace("\n\n\n", "\n\n# the same\n", 1)


def climbed(*turns: Turn, variants: int | None = 100, skill: float = 0.9) -> Table:
    table = Table(
        turns=turns,
        skill=skill,
        variants=variants,
        budget=Budget(hours=None, steps=len(turns)),
        simplify=False,
    )
    table.climb()
    return table


def reasons(table: Table) -> list[str]:
    return [s.verdict.reason if s.verdict else "" for s in table.store.steps()]


def test_a_program_that_was_tried_is_refused_with_the_step_that_tried_it() -> None:
    table = climbed(edit(WORSE), edit(RENAMED))

    assert table.decisions() == ["revert", "empty"]
    assert "Step 1 tried this very program" in reasons(table)[1]
    assert {t.step for t in table.trials(Purpose.SEARCH)} == {0, 1}


def test_the_desk_says_so_before_anything_is_submitted() -> None:
    said: list[str] = []

    def look(desk: StepDesk) -> ProposalOutcome:
        said.extend(found.message for found in desk.check(RENAMED) if found.severity == "block")
        return ProposalOutcome(proposal=None)

    climbed(edit(WORSE), look)

    assert len(said) == 1
    assert said[0].startswith("Step 1 tried this very program")


def test_what_was_kept_and_the_beginning_of_the_run_are_no_news_either() -> None:
    table = climbed(edit(agent(1.0)), edit(f"{agent(1.0)}# more\n"), edit(agent(0.0)), skill=0.0)

    assert table.decisions() == ["keep", "empty", "empty"]
    assert "The edit is the agent.py that it was written on" in reasons(table)[1]
    assert "The run began with this very program" in reasons(table)[2]


def test_after_so_many_variants_the_next_one_is_refused() -> None:
    answers = [edit(agent(n / 100)) for n in range(1, 5)]

    table = climbed(*answers, edit(agent(0.5)), variants=4)

    assert table.decisions()[:4] == ["revert"] * 4
    assert table.decisions()[4] == "empty"
    assert "4 edits of this run, the last in step 4, differ" in reasons(table)[4]


def test_a_change_of_what_the_program_does_is_no_variant() -> None:
    other = agent(0.2).replace("return SKILL", "return SKILL if env else None")

    table = climbed(edit(agent(0.1)), edit(agent(0.3)), edit(other), variants=2)

    assert table.decisions() == ["revert"] * 3


def test_a_calibration_may_try_the_same_program_again() -> None:
    table = climbed(edit(WORSE), edit(RENAMED), variants=None)

    assert "empty" not in table.decisions()


def test_an_edit_does_not_stand_in_its_own_way() -> None:
    table = climbed(edit(WORSE))

    desk = Desk(table.work(), step=1, source=table.baseline)

    assert desk.check(RENAMED) == ()
