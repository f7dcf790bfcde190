"""No edit is kept that tampers; others are told apart from it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from autoloop.decision.strategies.evidence import evidence_of
from autoloop.decision.strategies.incorruptible import TAMPERED, Incorruptible
from autoloop.records import Board, Decision, Move, Observation, Verdict, Version
from tests.decision.strategies.builders import (
    STRATEGIES,
    SURE,
    TRAIN,
    VALIDATION,
    make_board,
    seen,
)

KEPT = Verdict(decision=Decision.KEEP, reason="kept")


@dataclass(frozen=True)
class Keeper:
    """Keeps every edit at once."""

    name: str = "keeper"
    mixes: bool = False
    asked: list[Board] = field(default_factory=list)

    def decide(self, board: Board) -> Move:
        self.asked.append(board)
        return Move(verdicts={edit.step: KEPT for edit in board.open}, notice="drift")


def tampered(*on: int, base: int = 0) -> Observation:
    return replace(seen(Version(base=base, on=on), TRAIN[0], 0.0), tampered=True)


def decisions(*trials: Observation, edits: tuple[int, ...] = (1, 2, 3)) -> dict[int, Decision]:
    move = Incorruptible(Keeper()).decide(make_board(*trials, edits=edits))
    return {step: verdict.decision for step, verdict in move.verdicts.items()}


def test_without_tampering_the_other_strategy_decides() -> None:
    board = make_board(seen(Version(on=(1,)), TRAIN[0], 1.0))

    move = Incorruptible(Keeper()).decide(board)

    assert move == Keeper().decide(board)
    assert Incorruptible(Keeper()).name == "keeper"
    assert Incorruptible(Keeper(mixes=True)).mixes


def test_an_edit_that_tampers_alone_is_ended_at_once() -> None:
    move = Incorruptible(Keeper()).decide(make_board(tampered(2), edits=(1, 2, 3)))

    assert {s: v.decision for s, v in move.verdicts.items()} == {2: Decision.REVERT}
    assert move.verdicts[2].numbers == {TAMPERED: 1.0}
    assert "tampered with the score in 1 trial" in move.verdicts[2].reason


def test_who_was_on_in_every_such_trial_is_the_guilty_one() -> None:
    assert decisions(tampered(1, 2), tampered(2, 3)) == {2: Decision.REVERT}


def test_while_it_is_unclear_no_suspect_is_kept() -> None:
    assert decisions(tampered(1, 2)) == {
        1: Decision.REVERT,
        2: Decision.REVERT,
        3: Decision.KEEP,
    }


def test_two_who_tamper_are_both_found() -> None:
    assert decisions(tampered(1), tampered(1, 2), tampered(2, 3), tampered(2)) == {
        1: Decision.REVERT,
        2: Decision.REVERT,
    }


def test_two_who_tamper_apart_are_not_kept_while_nothing_tells_them() -> None:
    assert decisions(tampered(1, 3), tampered(2, 4), edits=(1, 2, 3, 4, 5)) == {
        **dict.fromkeys((1, 2, 3, 4), Decision.REVERT),
        5: Decision.KEEP,
    }


def test_what_was_seen_before_an_edit_joined_does_not_count_against_it() -> None:
    board = make_board(tampered(1), edits=(1,))
    later = replace(board, open=(replace(board.open[0], opened=len(board.observations)),))

    assert Incorruptible(Keeper()).decide(later).verdicts == {1: KEPT}


@pytest.mark.parametrize(
    ("trial", "is_told"),
    [(tampered(), True), (tampered(base=7), False), (tampered(1), False)],
    ids=["incumbent", "an earlier one", "edit"],
)
def test_a_person_hears_of_an_incumbent_that_tampers(
    trial: Observation,
    is_told: bool,  # noqa: FBT001 - a case of the table
) -> None:
    notice: Callable[[Board], str] = lambda b: Incorruptible(Keeper()).decide(b).notice  # noqa: E731

    assert ("autoloop audit" in notice(make_board(trial, edits=(2,)))) is is_told


def chances(name: str, *trials: Observation) -> dict[int, float]:
    """How sure a strategy is of two edits that seem to help, once such trials are in, too."""
    plain = [seen(Version(on=on), task, 1.0) for on in ((1,), (2,)) for task in (*TRAIN, *TRAIN)]
    mixed = [
        seen(Version(on=(one,), off=(3 - one,)), task, 1.0) for one in (1, 2) for task in VALIDATION
    ]
    board = make_board(*plain, *mixed, *trials, edits=(1, 2), exhausted=True)
    verdicts = STRATEGIES[name].decide(board).verdicts
    return {step: verdict.numbers["p_better"] for step, verdict in verdicts.items()}


@pytest.mark.parametrize("name", SURE)
@pytest.mark.parametrize(
    "version", [Version(), Version(off=(1,)), Version(off=(1, 2)), Version(on=(2,), off=(1,))]
)
def test_trials_with_tampering_help_nobody_who_was_not_on(name: str, version: Version) -> None:
    trials = [replace(seen(version, task, 0.0), tampered=True) for task in (*TRAIN, *TRAIN)]

    before, after = chances(name), chances(name, *trials)

    innocent = before.keys() - {*version.on}
    assert innocent
    assert all(after[step] <= before[step] + 1e-9 for step in innocent)


def test_tampering_of_the_incumbent_is_no_point_for_a_candidate() -> None:
    trial = replace(seen(Version(off=(1,)), TRAIN[0], 0.0), tampered=True, cost=9.0)
    board = make_board(trial, edits=(1,))

    (score,) = (s for s in evidence_of(board, board.open[0]).scores if s.step == 1)

    assert (score.reward, score.weight, score.cost) == (1.0, 0.0, None)
