"""What helps a single train task is kept only when validation bears it out."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from autoloop.decision import BayesRule, PairedRule
from autoloop.decision.strategies import Corroborated, SingleStrategy, strategy_by_name
from autoloop.loop import replay
from autoloop.records import (
    NARROW,
    Board,
    Budget,
    Chance,
    Decision,
    Move,
    Observation,
    Verdict,
    Version,
)
from autoloop.testing.proposers import edit
from autoloop.testing.searches import broken_promises
from tests.decision.strategies.builders import TRAIN, VALIDATION, make_board, play, seen
from tests.loop.builders import Table, agent

ON, OFF = Version(on=(1,)), Version(off=(1,))
KEPT = Verdict(decision=Decision.KEEP, reason="kept", numbers={"p_better": 0.9})


@dataclass(frozen=True)
class Keeper:
    """Keeps every edit at once."""

    verdict: Verdict = KEPT
    name: str = "keeper"
    mixes: bool = False

    def decide(self, board: Board) -> Move:
        return Move(verdicts={edit.step: self.verdict for edit in board.open})


@dataclass(frozen=True)
class FewTrials:
    """Keeps an edit after its first trials on train tasks, as the rule of other tools does."""

    inner: SingleStrategy = field(default_factory=lambda: SingleStrategy(rule=PairedRule()))
    name: str = "few"
    mixes: bool = False

    def decide(self, board: Board) -> Move:
        move = self.inner.decide(board)
        tried = {one.task for one in board.observations if 1 in one.version.on}
        if board.open and tried >= set(board.train):
            return Move(verdicts={edit.step: KEPT for edit in board.open})
        return move


def test_the_chance_of_an_edit_is_told_while_validation_is_asked() -> None:
    sure = replace(KEPT, numbers={"p_better": 0.9, "trials": 6.0})

    move = Corroborated(Keeper(sure)).decide(make_board(*narrow()))

    assert move.chances == {1: Chance(p_better=0.9, trials=6)}


def both(task: str, on: float, off: float = 0.0, *, times: int = 1) -> list[Observation]:
    return [seen(v, task, r) for _ in range(times) for v, r in ((ON, on), (OFF, off))]


def narrow() -> list[Observation]:
    return [*both(TRAIN[0], 1.0), *both(TRAIN[1], 0.0), *both(TRAIN[2], 0.0)]


def broad() -> list[Observation]:
    return [one for task in TRAIN for one in both(task, 1.0)]


def decided(trials: Sequence[Observation], *, exhausted: bool = False) -> Verdict | None:
    board = make_board(*trials, exhausted=exhausted)
    move = Corroborated(Keeper()).decide(board)
    assert not list(broken_promises(board, move))
    return move.verdicts.get(1)


def shown(gain: float, *, times: int) -> list[Observation]:
    """Validation trials with a loss or gain on every task."""
    pair = (1.0, 0.0) if gain > 0 else (0.0, 1.0)
    return [one for task in VALIDATION for one in both(task, *pair, times=times)]


def test_a_broad_edit_is_left_to_the_other_strategy() -> None:
    board = make_board(*broad())

    assert Corroborated(Keeper()).decide(board) == Keeper().decide(board)
    assert Corroborated(Keeper()).name == "keeper"
    assert Corroborated(Keeper(mixes=True)).mixes


def test_a_narrow_edit_is_kept_when_validation_shows_its_gain() -> None:
    verdict = decided([*narrow(), *shown(1.0, times=3)])

    assert verdict is not None
    assert (verdict.decision, verdict.numbers[NARROW]) == (Decision.KEEP, 1.0)
    assert verdict.reason.startswith("kept; its gain on train tasks hangs on a single one")


def test_a_narrow_edit_is_reverted_when_validation_shows_a_loss() -> None:
    verdict = decided([*narrow(), *shown(-1.0, times=3)])

    assert verdict is not None
    assert (verdict.decision, verdict.numbers[NARROW]) == (Decision.REVERT, 1.0)
    assert verdict.reason.startswith("reverted: its gain on train tasks hangs on a single one")


def test_where_validation_is_silent_it_is_asked() -> None:
    board = make_board(*narrow(), free=4)

    move = Corroborated(Keeper()).decide(board)

    assert not move.verdicts
    assert not list(broken_promises(board, move))
    assert {order.task for order in move.orders} == set(VALIDATION)
    assert [bool(order.version.on) for order in move.orders].count(True) == 2


def test_after_so_many_rounds_without_an_answer_it_is_reverted() -> None:
    level = [one for task in VALIDATION for r in (0.0, 1.0) for one in both(task, r, r, times=4)]

    verdict = decided([*narrow(), *level])

    assert verdict is not None
    assert verdict.decision is Decision.REVERT


def test_without_trials_left_it_stays_undecided() -> None:
    verdict = decided(narrow(), exhausted=True)

    assert verdict is not None
    assert verdict.decision is Decision.UNDECIDED


@pytest.mark.parametrize("decision", [Decision.REVERT, Decision.UNDECIDED])
def test_what_is_not_kept_needs_no_proof(decision: Decision) -> None:
    board, verdict = make_board(*narrow()), replace(KEPT, decision=decision)

    assert Corroborated(Keeper(verdict)).decide(board).verdicts == {1: verdict}


def test_what_is_kept_as_simpler_or_cheaper_needs_no_gain_to_prove() -> None:
    board = make_board(*narrow())
    smaller = replace(board, open=(replace(board.open[0], size=90),))
    cheaper = replace(KEPT, numbers={"p_better": 0.4})

    assert Corroborated(Keeper()).decide(smaller).verdicts == {1: KEPT}
    assert Corroborated(Keeper(cheaper)).decide(board).verdicts == {1: cheaper}


def test_strategies_of_runs_ask_for_proof() -> None:
    board = make_board(*narrow(), exhausted=True)

    assert strategy_by_name("climb/passed").decide(board).verdicts[1].decision is not Decision.KEEP


def test_a_search_over_edits_by_heart_keeps_its_promises() -> None:
    def only_one(task: str) -> float:
        return 6.0 if task == "train/t001" else 0.0

    strategy = Corroborated(SingleStrategy(rule=BayesRule()))
    search = play(strategy, *[only_one] * 4, trials=900)

    assert search.broken_promises() == []
    assert search.kept == ()


@pytest.mark.parametrize("trials", [40, 200])
def test_a_narrow_verdict_is_the_same_when_it_is_replayed(trials: int) -> None:
    table = Table(
        turns=[edit(agent(1.0))],
        strategy=Corroborated(FewTrials()),
        budget=Budget(hours=None, steps=1, trials=trials),
        workers=3,
        simplify=False,
    )
    table.runner.chance = lambda source, task: float(source == agent(1.0) and task == "train/t1")

    table.climb()

    (again,) = replay(table.work().records(), Corroborated(FewTrials()))
    assert again.recorded.decision is not Decision.KEEP
    assert again.recorded.numbers[NARROW] == 1.0
    assert again.recorded == again.replayed
