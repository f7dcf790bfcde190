"""The pool: who joins, on whom the next edit is built, and what lands together."""

from dataclasses import replace

from autoloop.decision import BayesRule
from autoloop.decision.strategies import ParetoStrategy
from autoloop.decision.strategies.evidence import reading_of
from autoloop.records import (
    Board,
    ClosedEdit,
    Decision,
    Objective,
    Observation,
    OpenEdit,
    Side,
    Version,
)
from autoloop.testing.searches import CRASH, everywhere
from tests.decision.strategies.builders import RATES, SEEDS, TRAIN, make_board, play, seen

ON, OFF = Version(on=(1,)), Version(off=(1,))
TASKS = tuple(RATES)


def a_pass(version: Version, number: int, *, cost: float = 1.0) -> list[Observation]:
    """One trial on every task, of which every second passes; the other half next time."""
    return [
        replace(seen(version, task, (number + place) % 2.0), cost=cost)
        for place, task in enumerate(TASKS)
    ]


def as_good(*, cost: float) -> Board:
    """An edit that passes as often as the incumbent and takes this part of its dollars."""
    first = [*a_pass(Version(), 0), *a_pass(Version(), 1)]
    both = [o for n in range(6) for o in (*a_pass(ON, n, cost=cost), *a_pass(OFF, n))]
    return replace(
        make_board(),
        train=TASKS[:20],
        validation=TASKS[20:],
        observations=(*first, *both),
        open=(OpenEdit(step=1, opened=len(first), size=100),),
    )


def test_an_edit_as_good_and_cheaper_is_kept_where_that_is_asked_for() -> None:
    objective = Objective(second="cost", margin=0.1)
    frugal = ParetoStrategy(rule=BayesRule(keep=0.9, objective=objective))

    cheaper, plain = frugal.decide(as_good(cost=0.5)), ParetoStrategy().decide(as_good(cost=0.5))

    assert cheaper.verdicts[1].decision is Decision.KEEP
    assert "50 % cheaper" in cheaper.verdicts[1].reason
    assert plain.verdicts[1].decision is Decision.REVERT


def test_whoever_comes_last_gets_its_minibatch() -> None:
    search = play(ParetoStrategy(pool=3), *[everywhere(-0.4)] * 12)

    ended = [s for s, v in search.verdicts.items() if v.decision is Decision.REVERT]
    tried = [sum(step in s.version.on for s in search.observations) for step in ended]
    assert len(ended) >= 6
    assert min(tried) >= 4


def test_nothing_is_built_on_what_is_not_likely_better() -> None:
    searches = [play(ParetoStrategy(), CRASH, *[everywhere(-1.5)] * 6, seed=s) for s in SEEDS]

    moves = [move for search in searches for _, move in search.moves]
    assert not any(move.opening.parents for move in moves if move.opening)


def pool(*lines: tuple[int, ...], seed: int = 0) -> Board:
    """Lines of edits, of which each but the last passes every second task, the last one all."""
    first = [*a_pass(Version(), 0), *a_pass(Version(), 1)]
    *others, best = lines
    tried = [one for line in others for one in a_pass(Version(on=line), 0)]
    tried += [seen(Version(on=best), task, 1.0) for task in TASKS]
    edits = [OpenEdit(step=line[-1], opened=60, size=100, parents=line[:-1]) for line in lines]
    return replace(
        make_board(),
        train=TASKS[:20],
        validation=TASKS[20:],
        observations=(*first, *tried),
        open=tuple(edits),
        seed=seed,
    )


def test_the_next_edit_is_built_on_a_member_that_leads() -> None:
    strategy = ParetoStrategy(rule=BayesRule(keep=0.9999))

    openings = [strategy.decide(pool((1,), seed=seed)).opening for seed in SEEDS]

    assert {opening.parents for opening in openings if opening} == {(1,)}


def test_a_line_of_edits_lands_whole() -> None:
    verdicts = ParetoStrategy().decide(pool((1,), (1, 2))).verdicts

    assert {step: one.decision for step, one in verdicts.items()} == {
        1: Decision.KEEP,
        2: Decision.KEEP,
    }


def test_trials_of_a_later_incumbent_are_none_of_the_baseline() -> None:
    board = make_board(seen(Version(base=1), "train/a", 1.0), edits=(2,))
    landed = ClosedEdit(step=1, opened=5, closed=5, kept=True)
    board = replace(board, closed=(landed,), base=1, open=(OpenEdit(step=2, opened=6),))

    baseline = reading_of(board).evidence((2,)).history.chapters[0]

    assert len(baseline.scores) == 5


def test_trials_of_a_line_that_landed_are_those_of_the_incumbent() -> None:
    line = [seen(Version(on=(1, 2)), task, 1.0) for task in TRAIN]
    board = make_board(*line, edits=(3,))
    landed = [ClosedEdit(step=step, opened=5, closed=8, kept=True) for step in (1, 2)]
    board = replace(board, closed=tuple(landed), base=2, open=(OpenEdit(step=3, opened=8),))

    evidence = reading_of(board).evidence((3,))

    _, chapter = evidence.history.chapters
    assert [score.side for score in chapter.scores] == [Side.CANDIDATE] * 3
    assert sum(score.side is Side.INCUMBENT for score in evidence.scores) == 3
