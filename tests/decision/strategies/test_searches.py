"""The search that tests play, and the check of a strategy's answers that users may call."""

from dataclasses import dataclass, replace
from typing import ClassVar

import pytest

from autoloop.decision.strategies import FactorialStrategy
from autoloop.records import Board, Decision, Move, OpenEdit, Opening, Order, Verdict, Version
from autoloop.testing.searches import broken_promises, everywhere
from tests.decision.strategies.builders import MIXED, make_board, play

KEEP = Verdict(decision=Decision.KEEP, reason="kept")
CLASH = replace(
    make_board(edits=()),
    open=(
        OpenEdit(step=1, opened=5, conflicts=(2,)),
        OpenEdit(step=2, opened=5, conflicts=(1,)),
        OpenEdit(step=3, opened=5, parents=(1,)),
    ),
)


def ordering(*versions: Version, task: str = "train/a") -> Move:
    return Move(orders=tuple(Order(version=version, task=task) for version in versions))


@pytest.mark.parametrize(
    ("move", "said"),
    [
        (Move(verdicts={7: KEEP}), "step 7, which is not under test"),
        (Move(verdicts={1: replace(KEEP, reason="")}), "no reason for the verdict of step 1"),
        (ordering(*[Version()] * 5), "5 trials ordered, but 4 workers are free"),
        (ordering(Version(), task="holdout/h"), "'holdout/h' is not visible"),
        (ordering(Version(base=3)), "not of the incumbent, which step 0 made"),
        (ordering(Version(on=(9,))), "names steps that are not under test"),
        (ordering(Version(on=(1,), off=(1,))), "or one twice"),
        (ordering(Version(on=(1, 2))), "has steps 1 and 2 on, which conflict"),
        (ordering(Version(on=(3,))), "has step 3 on without what it was written on"),
        (Move(opening=Opening(parents=(8,))), "on top of steps [8], which are not under test"),
    ],
)
def test_a_broken_promise_is_told(move: Move, said: str) -> None:
    (problem,) = broken_promises(CLASH, move)

    assert said in problem


def test_a_wish_at_the_end_and_silence_at_the_end_are_told() -> None:
    end = replace(CLASH, exhausted=True, may_propose=False)

    assert list(broken_promises(end, Move(opening=Opening()))) == [
        "no verdict although no trial can be paid for",
        "an edit wished for although no step may begin",
    ]


def test_a_sound_answer_breaks_nothing() -> None:
    move = ordering(Version(on=(1, 3), off=(2,)), Version(), Version(off=(1,)))

    assert list(broken_promises(CLASH, move)) == []


def test_the_same_search_is_the_same_again() -> None:
    one, other = (play(FactorialStrategy(), *MIXED, seed=4) for _ in range(2))

    assert [move for _, move in one.moves] == [move for _, move in other.moves]
    assert one.verdicts == other.verdicts


def test_kept_edits_raise_what_later_trials_score() -> None:
    search = play(FactorialStrategy(), everywhere(3.0), *[everywhere(0.0)] * 5)

    before = [s.reward for s in search.observations if s.version == Version()]
    after = [s.reward for s in search.observations if s.version.base == 1]
    assert search.kept == (1,)
    assert sum(after) / len(after) > sum(before) / len(before) + 0.2


@dataclass(frozen=True)
class Silent:
    """Opens an edit and says no more."""

    name: str = "silent"
    mixes: ClassVar[bool] = False

    def decide(self, board: Board) -> Move:
        return Move(opening=None if board.open else Opening())


def test_a_strategy_that_never_decides_is_found_out() -> None:
    search = play(Silent(), everywhere(1.0))

    assert search.broken_promises() == [
        "no verdict although no trial can be paid for",
        "step 1 got no verdict",
    ]
