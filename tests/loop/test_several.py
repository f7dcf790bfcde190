"""Several edits under test at once: landing together, moving, conflicts, replay."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import ClassVar

import pytest

from autoloop.decision.strategies import SingleStrategy
from autoloop.engines import LocalEngine
from autoloop.loop import replay
from autoloop.ports import ProposalOutcome, StepDesk, Strategy
from autoloop.records import (
    CONFLICT,
    Board,
    Budget,
    Decision,
    Move,
    Notice,
    Opening,
    Order,
    Purpose,
    Step,
    StopReason,
    TrialStarted,
    Usage,
    Verdict,
    Version,
)
from autoloop.testing.clocks import THEN
from autoloop.testing.proposers import Turn
from autoloop.testing.strategies import ScreenStrategy
from autoloop.testing.trials import SMALL
from tests.loop.builders import RUN, Table, improving, sided

TURNS: tuple[Turn, ...] = (
    improving("Look twice", A=0.3),
    improving("Be hasty", B=-0.2),
    improving("Plan first", C=0.3),
    improving("Plan and check", D=0.2),
    improving("Look thrice", A=0.4),
)
KEEP = Verdict(decision=Decision.KEEP, reason="kept", numbers={"p_better": 0.9})
REVERT = Verdict(decision=Decision.REVERT, reason="reverted")


@dataclass(frozen=True)
class Pairs:
    """Opens two edits, tries each once with the other, and gives the verdicts it was told."""

    verdicts: Mapping[int, Verdict]
    builds: bool = False
    """The second is written on top of the first."""
    name: str = "pairs"
    mixes: ClassVar[bool] = True

    def decide(self, board: Board) -> Move:
        count = len(board.open) + len(board.closed)
        if count < 2:
            parents = (1,) if count and self.builds else ()
            return Move(opening=Opening(parents=parents) if board.may_propose else None)
        due = {edit.step: edit for edit in board.open if edit.step in self.verdicts}
        seen = board.observations[max((edit.opened for edit in due.values()), default=0) :]
        if due and (seen or board.exhausted):
            return Move(verdicts={step: self.verdicts[step] for step in due})
        on = tuple(edit.step for edit in board.open)
        return Move(orders=(Order(version=Version(base=board.base, on=on), task="train/t1"),))


def several(
    *turns: Turn,
    strategy: Strategy | None = None,
    again: Mapping[int, Turn] | None = None,
    workers: int = 1,
) -> Table:
    return Table(
        turns=turns,
        again=again or {},
        baseline=sided(),
        budget=Budget(hours=None, steps=len(turns)),
        workers=workers,
        strategy=strategy or ScreenStrategy(enough=12),
        simplify=False,
    )


def parts_of(table: Table) -> dict[str, float]:
    """What the parts of the best agent.py are set to, where they are not zero."""
    lines = table.workspace.source(table.workspace.tip(RUN)).splitlines()
    pairs = [line.split(" = ") for line in lines if line[1:4] == " = "]
    return {name: float(value) for name, value in pairs if float(value)}


def verdict_of(table: Table, step: int) -> Verdict:
    verdict = table.store.steps()[step - 1].verdict
    assert verdict is not None
    return verdict


def test_good_edits_land_one_after_the_other_and_all_are_in_the_best() -> None:
    table = several(*TURNS)

    run = table.climb()

    assert run.stop_reason is StopReason.STEPS
    assert table.decisions() == ["keep", "revert", "revert", "keep", "keep"]
    assert parts_of(table) == {"A": 0.4, "D": 0.2}
    assert all(step.finished_at is not None for step in table.store.steps())


def test_trials_say_which_edits_were_on_and_which_could_have_been() -> None:
    table = several(*TURNS)

    table.climb()

    trials = table.trials(Purpose.SEARCH)
    versions = {trial.version for trial in trials}
    assert {Version(), Version(on=(1, 2), off=(3,)), Version(base=1, on=(4,), off=(5,))} <= versions
    assert all(trial.step == max(trial.version.on or trial.version.off or (0,)) for trial in trials)
    requested = {r.version for r in table.runner.requests if r.purpose is not Purpose.SEARCH}
    assert requested == {Version()}


def test_a_mixed_version_has_all_its_edits_in_it() -> None:
    table = several(*TURNS[:2], strategy=Pairs({1: REVERT, 2: REVERT}))

    table.climb()

    (mixed,) = [r for r in table.runner.requests if r.version.on == (1, 2)]
    assert mixed.agent.source == sided().replace("A = 0.0", "A = 0.3").replace(
        "B = 0.0", "B = -0.2"
    )


def test_edits_kept_together_land_in_order() -> None:
    table = several(*TURNS[:2], strategy=Pairs({1: KEEP, 2: KEEP}))

    table.climb()

    first, second = table.store.steps()
    assert first.parent == table.begun().base
    assert second.parent == first.candidate
    assert second.candidate == table.workspace.tip(RUN)
    assert parts_of(table) == {"A": 0.3, "B": -0.2}
    assert table.workspace.refs == {(RUN, 1): first.candidate, (RUN, 2): second.candidate}


def test_of_two_kept_edits_of_one_place_the_first_lands() -> None:
    turns = (improving(A=0.3), improving(A=0.4))
    table = several(*turns, strategy=Pairs({1: KEEP, 2: KEEP}))

    table.climb()

    assert parts_of(table) == {"A": 0.3}
    assert verdict_of(table, 2).decision is Decision.REVERT
    assert verdict_of(table, 2).reason == "reverted: it conflicts with step 1, which was kept"
    assert verdict_of(table, 2).numbers == {CONFLICT: 1.0}


def test_an_edit_that_no_longer_fits_is_made_anew() -> None:
    asked: list[StepDesk] = []

    def again(desk: StepDesk) -> ProposalOutcome:
        asked.append(desk)
        return improving("Look anew", A=0.5)(desk)

    turns = (improving(A=0.3), improving("Look thrice", A=0.4))
    table = several(*turns, strategy=Pairs({1: KEEP, 2: KEEP}), again={2: again})

    table.climb()

    (desk,) = asked
    assert "-A = 0.0\n+A = 0.4" in desk.rebase
    assert "-A = 0.0\n+A = 0.3" in desk.rebase
    assert table.decisions() == ["keep", "keep"]
    assert parts_of(table) == {"A": 0.5}
    assert table.store.steps()[1].opened == table.store.steps()[0].decided


def test_an_edit_whose_change_was_kept_with_another_ends() -> None:
    turns = (improving(A=0.3), improving(A=0.3))
    table = several(*turns, strategy=Pairs({1: KEEP, 2: KEEP}))
    table.variants = None

    table.climb()

    assert verdict_of(table, 2).reason == "reverted: step 1, which was kept, holds the same change"


def test_what_cannot_be_merged_is_known_to_the_strategy() -> None:
    boards: list[Board] = []

    class Watching(Pairs):
        def decide(self, board: Board) -> Move:
            boards.append(board)
            return super().decide(board)

    turns = (improving(A=0.3), improving(A=0.4))
    several(*turns, strategy=Watching({1: REVERT, 2: REVERT})).climb()

    both = next(board for board in boards if len(board.open) == 2)
    assert [edit.conflicts for edit in both.open] == [(2,), (1,)]
    assert len({edit.size for edit in both.open} | {both.incumbent_size}) == 1


def test_an_edit_that_a_version_cannot_hold_is_left_out_and_said_to_be() -> None:
    turns = (improving(A=0.3), improving(A=0.4))
    table = several(*turns, strategy=Pairs({1: REVERT, 2: REVERT}))

    table.climb()

    (trial,) = [t for t in table.trials(Purpose.SEARCH) if t.step]
    assert trial.version == Version(on=(1,))


@pytest.mark.parametrize("first", [KEEP, REVERT], ids=["kept", "reverted"])
def test_an_edit_on_top_of_another_stands_by_itself_once_that_is_decided(first: Verdict) -> None:
    table = several(*TURNS[:2], strategy=Pairs({1: first, 2: KEEP}, builds=True))
    written_on: list[str] = []

    def second(desk: StepDesk) -> ProposalOutcome:
        written_on.append(desk.source)
        return improving(B=-0.2)(desk)

    table.proposer._turns = [TURNS[0], second]

    table.climb()

    assert "A = 0.3" in written_on[0]
    kept = {"A": 0.3, "B": -0.2} if first is KEEP else {"B": -0.2}
    assert parts_of(table) == kept


@pytest.mark.parametrize("strategy", [ScreenStrategy(enough=12), ScreenStrategy(enough=4)])
def test_every_verdict_can_be_replayed_from_the_records(strategy: ScreenStrategy) -> None:
    table = several(*TURNS, strategy=strategy)
    table.climb()

    replayed = list(replay(table.work().records(), strategy))

    own = [s for s in table.store.steps() if s.verdict and CONFLICT not in s.verdict.numbers]
    assert sorted(r.step.index for r in replayed) == [step.index for step in own]
    assert all(r.recorded == r.replayed for r in replayed)


def test_verdicts_of_a_keep_rule_can_be_replayed_too() -> None:
    table = Table(
        turns=TURNS, baseline=sided(), budget=Budget(hours=None, steps=5, trials=120), workers=3
    )
    table.climb()

    replayed = list(replay(table.work().records(), SingleStrategy(rule=table.rule)))

    assert [r.step.index for r in replayed] == [1, 2, 3, 4, 5][: len(replayed)]
    assert len(replayed) == len(table.decisions()) >= 2
    assert all(r.recorded == r.replayed for r in replayed)


def test_another_strategy_may_decide_otherwise_or_not_yet() -> None:
    table = several(*TURNS[:2], strategy=Pairs({1: KEEP, 2: REVERT}))
    table.climb()

    one, other = replay(table.work().records(), Pairs({1: REVERT}))

    assert (one.recorded, one.replayed) == (KEEP, REVERT)
    assert (other.recorded, other.replayed) == (REVERT, None)


def test_edits_under_test_when_the_budget_ends_get_their_verdicts() -> None:
    table = several(*TURNS)
    table.budget = Budget(hours=None, trials=24)

    run = table.climb()

    assert run.stop_reason is StopReason.TRIALS
    assert table.decisions() == ["undecided"] * 3


def test_edits_under_test_stay_open_when_the_run_is_interrupted() -> None:
    table = several(*TURNS)

    class Stopping(ScreenStrategy):
        def decide(self, board: Board) -> Move:
            if len(board.observations) > 20:
                table.store.request_stop()
            return super().decide(board)

    table.strategy = Stopping(enough=12)
    table.climb()
    steps = table.store.steps()
    assert [step.verdict for step in steps] == [None] * 3
    table.strategy = ScreenStrategy(enough=12)
    table.store._stop_requested = False
    table.climb()

    fresh = several(*TURNS)
    fresh.climb()
    ended = [[_timeless(step) for step in one.store.steps()] for one in (table, fresh)]
    assert ended[0] == ended[1]


def test_a_notice_is_told_once_in_a_row() -> None:
    table = several(*TURNS[:3])

    table.climb()

    told = [notice.text for notice in table.observer.of(Notice)]
    assert told[:2] == ["2 edits are under test", "3 edits are under test"]
    assert all(one != other for one, other in pairwise(told))


def test_six_empty_steps_end_a_run_when_nothing_is_under_test_any_more() -> None:
    nothing = ProposalOutcome(proposal=None, reason="no idea")
    table = several(TURNS[0], *[nothing] * 6, TURNS[2])

    run = table.climb()

    assert run.stop_reason is StopReason.NO_PROPOSALS
    assert table.decisions() == ["keep", *["empty"] * 6]


def test_trials_go_on_while_the_meta_agent_thinks() -> None:
    running: list[int] = []

    def thinking(desk: StepDesk) -> ProposalOutcome:
        running.append(len(table.observer.of(TrialStarted)))
        return improving(B=0.1)(desk)

    table = several(TURNS[0], thinking, workers=3)
    with_threads = LocalEngine(table.runner, workers=3)
    table.engine = with_threads

    table.climb()

    with_threads.close()
    assert running == [9 + 3]
    assert len(table.decisions()) == 2


def test_a_strategy_that_never_decides_is_found_out() -> None:
    table = several(*TURNS[:2], strategy=Pairs({}))
    table.budget = Budget(hours=None, trials=30)

    with pytest.raises(AssertionError, match="must decide"):
        table.climb()


def _timeless(step: Step) -> Step:
    return replace(step, started_at=THEN, finished_at=None)


class KilledError(Exception):
    """The process is gone, and with it the trial under way."""


def test_a_step_there_was_no_room_for_when_resumed_comes_before_another() -> None:
    paid = Usage(calls=1, prompt_tokens=50)

    def cut_off(desk: StepDesk) -> ProposalOutcome:
        desk.charge(paid)
        raise KilledError

    table = several(TURNS[0], cut_off, TURNS[2], strategy=ScreenStrategy(edits=2, enough=9))
    with pytest.raises(KilledError):
        table.climb()
    made = len(table.store.trials())
    ahead = table.plan().holdout_trials + len(table.plan().visible)
    # There is room for one more trial; while it is under way, for nothing else.
    room = (made + ahead) * SMALL.tokens + paid.tokens + SMALL.tokens // 2
    table.budget = Budget(hours=None, steps=2, tokens=room)
    done = improving("Be hasty", B=-0.2)
    table.turns = (TURNS[0], lambda desk: replace(done(desk), usage=paid), TURNS[2])
    table.__post_init__()
    table.runner.usage = Usage()

    table.climb()

    assert [desk.step for desk in table.proposer.desks] == [2]
    assert [step.usage for step in table.store.steps()] == [Usage(), paid]
    assert [trial.usage for trial in table.store.trials()][made] == Usage()
