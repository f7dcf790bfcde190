"""Taking back what was kept: when it is due, which edit, and which part of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import pytest

from autoloop.loop.simplify import PLATEAU, hunks_of, next_out, without
from autoloop.records import (
    Board,
    Budget,
    Decision,
    Move,
    Opening,
    Order,
    Origin,
    Step,
    Verdict,
    Version,
)
from autoloop.testing.proposers import Turn
from tests.loop.builders import RUN, Table, improving, sided

LINES = "".join(f"line {number}\n" for number in range(12))
CHANGED = LINES.replace("line 2\n", "").replace("line 5", "changed").replace("line 9\n", "9\nnew\n")


@dataclass(frozen=True)
class Told:
    """One edit at a time, tried once; keeps the steps that it is told to keep."""

    keeps: Mapping[int, float] = field(default_factory=dict)
    """How sure it is of them."""
    name: str = "told"
    mixes: ClassVar[bool] = False

    def decide(self, board: Board) -> Move:
        if not board.open:
            return Move(opening=Opening() if board.may_propose else None)
        (edit,) = board.open
        if len(board.observations) == edit.opened and not board.exhausted:
            version = Version(base=board.base, on=(edit.step,))
            return Move(orders=(Order(version=version, task="train/t0"),))
        chance = self.keeps.get(edit.step)
        decision = Decision.REVERT if chance is None else Decision.KEEP
        numbers = {"p_better": 0.05 if chance is None else chance}
        return Move(verdicts={edit.step: Verdict(decision=decision, reason="", numbers=numbers)})


def climbed(keeps: Mapping[int, float], *turns: Turn, steps: int, simplify: bool = True) -> Table:
    """A run whose first turns are as told, and all later ones in vain."""
    vain: list[Turn] = [improving(E=number / 100) for number in range(1, steps + 1)]
    table = Table(
        turns=[*turns, *vain],
        baseline=sided(),
        budget=Budget(hours=None, steps=steps),
        strategy=Told(keeps),
        simplify=simplify,
    )
    table.climb()
    return table


def origins(table: Table) -> str:
    """The first letter of who made each step."""
    return "".join(step.origin.value[0] for step in table.store.steps())


def title_of(step: Step) -> str:
    return step.proposal.title if step.proposal else ""


THREE = improving("Three at once", A=0.1, B=0.1, C=0.1)


def test_a_kept_edit_is_taken_back_on_trial_after_six_fruitless_ones() -> None:
    table = climbed({1: 0.9}, improving("Look twice", A=0.3), steps=8)

    last = table.store.steps()[-1]
    assert origins(table) == "m" * 7 + "r"
    assert title_of(last) == 'Revert "Look twice"'
    assert last.takes_back == 1
    assert last.proposal is not None
    assert last.proposal.source == sided()


def test_a_kept_rollback_lands_like_any_edit() -> None:
    table = climbed({1: 0.9, 8: 0.4}, improving("Look twice", A=0.3), steps=8)

    last = table.store.steps()[-1]
    assert table.workspace.source(table.workspace.tip(RUN)) == sided()
    message = table.workspace.commits[last.candidate or ""].message
    assert message.splitlines()[0] == 'Revert "Look twice"'
    assert "Autoloop-Verdict: keep" in message


def test_the_least_certain_edit_is_taken_back_first_and_each_but_once() -> None:
    keeps = {1: 0.95, 2: 0.81}
    turns = (improving("Sure", A=0.3), improving("Doubtful", B=0.3))
    table = climbed(keeps, *turns, steps=2 + 4 * PLATEAU)

    back = [title_of(s) for s in table.store.steps() if s.origin is Origin.ROLLBACK]
    assert back == ['Revert "Doubtful"', 'Revert "Sure"']
    assert origins(table)[: 2 + 2 * PLATEAU + 2] == "mm" + ("m" * PLATEAU + "r") * 2


def test_it_can_be_turned_off() -> None:
    table = climbed({1: 0.9}, improving(A=0.3), steps=9, simplify=False)

    assert origins(table) == "m" * 9


def test_nothing_is_taken_back_where_nothing_was_kept() -> None:
    assert origins(climbed({}, steps=8)) == "m" * 8


def test_an_edit_that_is_missed_is_tried_without_its_parts() -> None:
    keeps = {1: 0.9, 10: 0.5}
    table = climbed(keeps, THREE, steps=13)

    assert origins(table) == "m" * 7 + "r" + "ss" + "m" * 3
    parts = table.store.steps()[8:10]
    assert {title_of(s) for s in parts} == {'Leave out part of "Three at once"'}
    best = table.workspace.source(table.workspace.tip(RUN))
    assert [line for line in best.splitlines() if line.endswith("= 0.1")] == ["A = 0.1"]


def test_a_part_whose_lines_were_changed_since_is_left_and_said_to_be() -> None:
    keeps = {1: 0.9, 2: 0.99}
    table = climbed(keeps, improving("Look twice", A=0.3), improving("Thrice", A=0.4), steps=9)

    last = table.store.steps()[-1]
    assert (last.origin, last.proposal) == (Origin.ROLLBACK, None)
    assert "what was kept later changed the same lines" in last.lesson


@pytest.mark.parametrize(
    ("needed", "left"),
    [({0}, {0}), ({3}, {3}), ({0, 3}, {0, 3}), ({1, 2, 5}, {1, 2, 5}), ({0, 1, 2, 3, 4, 5}, None)],
)
def test_delta_debugging_leaves_what_is_needed(needed: set[int], left: set[int] | None) -> None:
    answers: list[bool] = []
    best = set[int]()
    while (out := next_out(6, answers, lambda _out: True)) is not None:
        answers.append(not out & needed)
        best = set(out) if answers[-1] else best

    assert set(range(6)) - best == (left or set(range(6)))
    assert len(answers) < 30


def test_what_cannot_be_tried_is_passed_over() -> None:
    assert next_out(2, [], lambda out: 0 not in out) == frozenset({1})
    assert next_out(2, [], lambda _out: False) is None


@pytest.mark.parametrize("count", [0, 1])
def test_an_edit_of_one_place_has_no_parts(count: int) -> None:
    assert next_out(count, [], lambda _out: True) is None


def test_hunks_can_be_left_out_one_by_one() -> None:
    hunks = hunks_of(LINES, CHANGED)

    assert len(hunks) == 3
    assert without(CHANGED, hunks, frozenset()) == CHANGED
    assert without(CHANGED, hunks, frozenset({0, 1, 2})) == LINES
    assert without(CHANGED, hunks, frozenset({1})) == CHANGED.replace("changed", "line 5")
