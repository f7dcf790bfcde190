"""What every strategy must do, whatever it is like inside."""

from dataclasses import replace

import pytest

from autoloop.decision.strategies import AdaptiveStrategy
from autoloop.records import Chance, Decision, Order, Version
from autoloop.testing.searches import (
    CRASH,
    NOTHING,
    SimulatedSearch,
    broken_promises,
    by_heart,
    everywhere,
    tasks,
)
from autoloop.testing.strategies import ScreenStrategy
from tests.decision.strategies.builders import (
    MIXED,
    SEEDS,
    STRATEGIES,
    SURE,
    crowded,
    kept_of,
    make_board,
    play,
    questions,
    quiet,
    said,
    shuffled,
)

every = pytest.mark.parametrize("name", STRATEGIES)
# Seeds upon seeds of what single searches run too: counting the lines would only take more time.
many = pytest.mark.no_cover
FIGURES = {"p_better", "gain", "gain_low", "gain_high", "trials"}


@many
@every
def test_an_edit_that_helps_everywhere_is_kept(name: str) -> None:
    kept = kept_of(name, everywhere(3.0))

    # GEPA's minibatch of four tasks, some of which always pass, turns a good edit away at times.
    assert sum(kept) >= (7 if name == "pareto" else 10)


@pytest.mark.parametrize(
    "name",
    [
        *("factorial", "race", "bayes", "paired"),
    ],
)
def test_a_leap_on_few_tasks_is_kept(name: str) -> None:
    rates = tasks(8, 4, lambda _: 0.3)
    edits = [everywhere(3.0)]

    searches = [
        SimulatedSearch(strategy=STRATEGIES[name], rates=rates, edits=edits, seed=seed).run()
        for seed in SEEDS
    ]

    assert sum(len(search.kept) for search in searches) >= 8


@pytest.mark.parametrize("name", SURE)
def test_the_chance_of_each_edit_is_told_before_its_verdict_falls(name: str) -> None:
    for board in questions(name):
        move = STRATEGIES[name].decide(board)
        verdicts = {} if move.verdicts else said(name, board)

        for step in move.chances.keys() & verdicts.keys():
            numbers = verdicts[step].numbers
            would = Chance(p_better=numbers["p_better"], trials=int(numbers["trials"]))
            assert move.chances[step] == would


@pytest.mark.parametrize("name", [name for name in SURE if name not in {"pareto", "adaptive"}])
def test_there_is_a_chance_for_every_edit_that_waits(name: str) -> None:
    for board in questions(name):
        move = STRATEGIES[name].decide(board)
        waiting = {edit.step for edit in board.open} - move.verdicts.keys()
        assert waiting <= move.chances.keys() <= {edit.step for edit in board.open}


def test_where_edits_are_judged_in_turn_there_is_a_chance_for_the_one_whose_turn_it_is() -> None:
    for board in questions("adaptive"):
        move = STRATEGIES["adaptive"].decide(board)
        steps = [edit.step for edit in board.open]
        assert move.verdicts or steps[0] in move.chances
        assert move.chances.keys() <= set(steps)


def test_in_a_pool_there_is_a_chance_for_those_that_passed_their_minibatch() -> None:
    told = [STRATEGIES["pareto"].decide(board).chances for board in questions("pareto")]

    assert any(told)


def test_a_strategy_of_others_passes_their_chances_on() -> None:
    board = next(board for board in questions("factorial") if len(board.open) > 1)

    assert AdaptiveStrategy().decide(board).chances


@many
@every
def test_an_edit_that_harms_everywhere_is_dropped(name: str) -> None:
    kept = kept_of(name, everywhere(-2.0))

    assert sum(kept) == 0


@many
@every
def test_an_edit_that_crashes_is_dropped_after_a_few_trials(name: str) -> None:
    searches = [play(STRATEGIES[name], CRASH, seed=seed) for seed in SEEDS]

    trials = [sum(bool(s.version.on) for s in search.observations) for search in searches]
    assert not any(search.kept for search in searches)
    assert max(trials) <= (20 if name == "paired" else 12)


@many
@every
def test_what_was_learned_by_heart_is_hardly_ever_kept(name: str) -> None:
    kept = kept_of(name, by_heart("train/t001", "train/t004", "train/t009", "train/t012"))

    assert sum(kept) <= 1


@many
@every
def test_edits_that_change_nothing_are_hardly_ever_kept(name: str) -> None:
    kept = kept_of(name, *[NOTHING] * 6)

    assert sum(kept) <= 4


@every
@pytest.mark.parametrize("seed", range(3))
def test_whatever_it_answers_keeps_to_the_port(name: str, seed: int) -> None:
    search = play(STRATEGIES[name], *MIXED, seed=seed, conflicts=((1, 2), (2, 6), (3, 7)))

    assert search.broken_promises() == []
    assert len(search.verdicts) >= 6


def test_the_fake_keeps_to_the_port_too() -> None:
    search = play(ScreenStrategy(), *MIXED, conflicts=((1, 2), (2, 6)))

    assert search.broken_promises() == []
    assert search.verdicts.keys() == set(range(1, len(MIXED) + 1))


@every
def test_every_open_edit_gets_its_verdict_when_no_trial_can_be_paid_for(name: str) -> None:
    search = play(STRATEGIES[name], *[NOTHING] * 8, trials=70)

    assert search.broken_promises() == []
    assert Decision.UNDECIDED in {verdict.decision for verdict in search.verdicts.values()}


@every
def test_an_edit_without_a_trial_stays_undecided(name: str) -> None:
    move = STRATEGIES[name].decide(make_board(exhausted=True))

    assert move.verdicts[1].decision is Decision.UNDECIDED


@every
def test_an_edit_is_wished_for_when_none_is_under_test(name: str) -> None:
    move = STRATEGIES[name].decide(make_board(edits=()))

    assert move.opening is not None
    assert not move.verdicts


@every
def test_no_edit_is_wished_for_when_none_may_be_made(name: str) -> None:
    boards = [replace(make_board(edits=edits), may_propose=False) for edits in [(), (1,)]]

    assert all(STRATEGIES[name].decide(board).opening is None for board in boards)


@every
def test_it_never_waits_for_nothing(name: str) -> None:
    move = STRATEGIES[name].decide(replace(make_board(), may_propose=False))

    assert move.orders or move.verdicts


@every
def test_no_more_is_ordered_than_workers_are_free(name: str) -> None:
    pending = (Order(version=Version(on=(1,)), task="train/a"),)

    for free in (0, 1, 3, 40):
        board = replace(make_board(free=free), pending=pending)
        assert list(broken_promises(board, STRATEGIES[name].decide(board))) == []


@every
def test_the_same_board_gives_the_same_move(name: str) -> None:
    boards = questions(name)

    first = [STRATEGIES[name].decide(board) for board in boards]
    again = [STRATEGIES[name].decide(replace(board)) for board in reversed(boards)]

    assert first == again[::-1]


@every
def test_what_is_pending_or_free_never_changes_a_verdict(name: str) -> None:
    strategy = STRATEGIES[name]
    for board in questions(name):
        busy, idle = (strategy.decide(one).verdicts for one in (crowded(board), quiet(board)))

        assert busy == idle or (name == "paired" and not busy)


@every
def test_the_order_in_which_trials_arrived_changes_no_verdict(name: str) -> None:
    for seed, board in enumerate(questions(name)[::3]):
        now, then = said(name, board), said(name, shuffled(board, seed))

        assert {s: v.decision for s, v in now.items()} == {s: v.decision for s, v in then.items()}
        for step, verdict in now.items():
            chances = {k: v for k, v in verdict.numbers.items() if k.startswith("p_")}
            assert {k: then[step].numbers[k] for k in chances} == pytest.approx(chances, abs=1e-9)


@pytest.mark.parametrize("name", SURE)
def test_a_verdict_says_its_figures(name: str) -> None:
    search = play(STRATEGIES[name], *MIXED)

    for verdict in search.verdicts.values():
        numbers = verdict.numbers
        assert numbers.keys() >= FIGURES
        assert -1.0 <= numbers["gain_low"] <= numbers["gain"] <= numbers["gain_high"] <= 1.0
        assert 0.0 <= numbers["p_better"] <= 1.0
        assert f"{numbers['trials']:.0f} trials" in verdict.reason
        assert "points" in verdict.reason
