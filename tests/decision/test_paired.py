"""The default keep rule."""

import random
from dataclasses import replace

import pytest

from autoloop.decision import PairedRule
from autoloop.records import Ask, Decision, Evidence, Score, Side, Split, Verdict
from tests.decision.builders import (
    TRAIN,
    VALIDATION,
    Play,
    better_by,
    finish,
    make_evidence,
    scores_of,
    settle,
    spent,
)

RULE = PairedRule()


def noisy(candidate: float, incumbent: float, seed: int = 0) -> Play:
    """Passes by chance, the same for the same attempt whoever asks when."""

    def play(side: Side, task: str, attempt: int) -> float:
        chance = candidate if side is Side.CANDIDATE else incumbent
        return float(random.Random(f"{seed}/{side}/{task}/{attempt}").random() < chance)  # noqa: S311

    return play


def played(rule: PairedRule, play: Play, *, trials: int) -> Evidence:
    """Evidence after so many of the trials that the rule asks for one by one."""
    evidence = make_evidence(free=1)
    for _ in range(trials):
        answer = rule.decide(evidence)
        assert isinstance(answer, Ask)
        evidence = finish(evidence, answer.wants[0], play)
    return evidence


def test_a_clear_gain_on_both_splits_is_kept() -> None:
    verdict, _ = settle(RULE, make_evidence(), better_by(2))

    assert verdict.decision is Decision.KEEP
    assert verdict.reason.startswith("kept: +50 points on 12 train tasks and +50 points on 6 val")
    assert verdict.numbers["train_gain"] == verdict.numbers["validation_gain"] == 0.5


def test_a_gain_that_validation_does_not_see_is_not_kept() -> None:
    verdict, _ = settle(
        RULE, make_evidence(), lambda side, task, _: float(side is Side.CANDIDATE and task in TRAIN)
    )

    assert verdict.decision is not Decision.KEEP
    assert verdict.numbers["validation_gain"] == 0.0


def test_validation_without_room_for_a_gain_confirms_by_losing_nothing() -> None:
    verdict, _ = settle(
        RULE,
        make_evidence(),
        lambda side, task, _: float(side is Side.CANDIDATE or task in VALIDATION),
    )

    assert verdict.decision is Decision.KEEP


def test_without_validation_tasks_train_alone_decides() -> None:
    verdict, _ = settle(RULE, make_evidence(validation=()), better_by(1))

    assert verdict.decision is Decision.KEEP
    assert "validation_gain" not in verdict.numbers


def test_a_broken_edit_is_dropped_before_every_task_was_tried() -> None:
    history = scores_of(Side.INCUMBENT, {t: [1.0, 1.0] for t in TRAIN[:6]})
    rest = scores_of(Side.INCUMBENT, {t: [0.0, 0.0] for t in TRAIN[6:]})
    evidence = replace(make_evidence(free=1), scores=history + rest)

    verdict, after = settle(RULE, evidence, lambda *_: 0.0)

    assert verdict.decision is Decision.REVERT
    assert spent(after, Side.CANDIDATE) < len(TRAIN)


def test_the_order_of_tasks_does_not_depend_on_how_the_incumbent_did() -> None:
    lucky = scores_of(Side.INCUMBENT, {t: [1.0, 1.0] for t in TRAIN[:6]})
    unlucky = scores_of(Side.INCUMBENT, {t: [0.0, 0.0] for t in TRAIN[:6]})

    asked = [RULE.decide(replace(make_evidence(free=4), scores=s)) for s in (lucky, unlucky)]

    assert asked[0] == asked[1]


def test_an_edit_that_changes_nothing_ends_after_one_round_without_validation() -> None:
    verdict, after = settle(RULE, make_evidence(), lambda *_: 1.0)

    assert verdict.decision is Decision.REVERT
    assert spent(after, Side.CANDIDATE) == len(TRAIN)
    assert all(score.split is Split.TRAIN for score in after.scores)


def test_swapping_the_sides_turns_a_keep_into_a_revert() -> None:
    mirrored, _ = settle(
        RULE,
        make_evidence(),
        lambda side, task, n: better_by(2)(
            Side.INCUMBENT if side is Side.CANDIDATE else Side.CANDIDATE, task, n
        ),
    )

    assert mirrored.decision is Decision.REVERT
    assert mirrored.numbers["train_gain"] < 0


@pytest.mark.parametrize(
    ("sizes", "decision"), [((90, 100), Decision.KEEP), ((100, 90), Decision.REVERT)]
)
def test_an_equal_edit_is_kept_only_when_it_is_simpler(
    sizes: tuple[int, int], decision: Decision
) -> None:
    verdict, _ = settle(RULE, make_evidence(sizes=sizes), _equal)

    assert verdict.decision is decision


def _equal(_side: Side, task: str, _attempt: int) -> float:
    return float(int(task[1:]) % 2)


def test_a_simpler_edit_that_loses_is_reverted() -> None:
    verdict, _ = settle(
        RULE,
        make_evidence(sizes=(50, 100)),
        lambda side, task, _: float(side is Side.INCUMBENT or int(task[1:]) % 4 > 0),
    )

    assert verdict.decision is Decision.REVERT


@pytest.mark.parametrize("seed", range(4))
def test_the_order_in_which_scores_arrive_leaves_no_trace(seed: int) -> None:
    evidence = played(RULE, noisy(0.7, 0.4), trials=30)
    mixed = list(evidence.scores)
    random.Random(seed).shuffle(mixed)  # noqa: S311

    assert RULE.decide(replace(evidence, scores=tuple(mixed))) == RULE.decide(evidence)


@pytest.mark.parametrize("trials", [0, 5, 20, 35, 37])
def test_what_is_running_is_never_asked_for_again(trials: int) -> None:
    evidence = played(RULE, noisy(0.8, 0.4), trials=trials)
    alone = RULE.decide(replace(evidence, free=100))
    assert isinstance(alone, Ask)

    again = RULE.decide(replace(evidence, free=100, pending=alone.wants))

    assert again == Ask(wants=())


@pytest.mark.parametrize("free", [1, 3, 8])
def test_it_asks_for_as_many_trials_as_workers_are_free(free: int) -> None:
    answer = RULE.decide(make_evidence(free=free))

    assert isinstance(answer, Ask)
    assert sum(want.count for want in answer.wants) == free


def test_it_asks_for_something_even_when_nobody_is_said_to_be_free() -> None:
    answer = RULE.decide(make_evidence(free=0))

    assert isinstance(answer, Ask)
    assert len(answer.wants) == 1


def test_trials_of_earlier_steps_are_reused() -> None:
    history = scores_of(Side.INCUMBENT, {t: [0.0] * 6 for t in (*TRAIN, *VALIDATION)})

    _, after = settle(RULE, replace(make_evidence(), scores=history), better_by(2))

    assert spent(after, Side.INCUMBENT) == len(history)


def test_the_incumbent_gets_fresh_attempts_beyond_those_that_made_it_incumbent() -> None:
    kept_with = scores_of(Side.INCUMBENT, {t: [1.0] for t in TRAIN})

    _, after = settle(RULE, replace(make_evidence(), scores=kept_with), lambda *_: 1.0)

    assert spent(after, Side.INCUMBENT) == 2 * len(TRAIN)


def test_later_rounds_leave_tasks_alone_on_which_nothing_ever_differed() -> None:
    _, after = settle(RULE, make_evidence(), better_by(6))

    tried = [s.task for s in after.scores if s.side is Side.CANDIDATE]
    assert tried.count("t06") > tried.count("t07") == 1


@pytest.mark.parametrize("seed", range(6))
def test_a_spent_budget_always_gets_a_verdict_and_never_an_unfounded_keep(seed: int) -> None:
    evidence = replace(make_evidence(), exhausted=True)
    for trials in range(0, 30, 6):
        cut = played(RULE, noisy(0.9, 0.3, seed), trials=trials)
        verdict = RULE.decide(replace(cut, exhausted=True))
        assert isinstance(verdict, Verdict)
        assert verdict.decision is not Decision.KEEP
    assert isinstance(RULE.decide(evidence), Verdict)


def test_a_spent_budget_keeps_what_the_tests_already_show() -> None:
    shown = [
        Score(side=side, task=task, split=split, attempt=0, reward=float(side is Side.CANDIDATE))
        for split, tasks in ((Split.TRAIN, TRAIN), (Split.VALIDATION, VALIDATION))
        for task in tasks
        for side in Side
    ]

    verdict = RULE.decide(replace(make_evidence(), scores=tuple(shown), exhausted=True))

    assert isinstance(verdict, Verdict)
    assert verdict.decision is Decision.KEEP


def test_too_few_tasks_are_named_before_anything_is_spent() -> None:
    verdict = RULE.decide(make_evidence(train=("t00", "t01"), validation=("v0",)))

    assert isinstance(verdict, Verdict)
    assert verdict.decision is Decision.UNDECIDED
    assert "too few tasks" in verdict.reason


@pytest.mark.parametrize("seed", range(20))
def test_any_play_of_luck_ends_with_each_task_tried_at_most_three_times(seed: int) -> None:
    chances = random.Random(seed)  # noqa: S311
    play = noisy(chances.random(), chances.random(), seed)

    _, after = settle(RULE, make_evidence(sizes=(100 - seed % 2, 100)), play)

    tried = [s.task for s in after.scores if s.side is Side.CANDIDATE]
    assert max(tried.count(task) for task in tried) <= 3


def test_useless_edits_are_rarely_kept_and_good_ones_mostly() -> None:
    useless = [settle(RULE, make_evidence(), noisy(0.5, 0.5, n))[0] for n in range(60)]
    good = [settle(RULE, make_evidence(), noisy(0.9, 0.4, n))[0] for n in range(30)]

    assert sum(v.decision is Decision.KEEP for v in useless) <= 60 * sum(RULE.alpha)
    assert sum(v.decision is Decision.KEEP for v in good) >= 25
