"""What is said beside scores."""

from dataclasses import replace

import pytest

from autoloop.records import (
    CONFLICT,
    LOSS,
    Decision,
    Interval,
    Origin,
    Outcome,
    Purpose,
    Split,
    SplitScores,
    Step,
    TrialResult,
    Verdict,
)
from autoloop.report import (
    Sides,
    claimed_gain,
    expected_worthless,
    few_tasks_sentence,
    gap_sentence,
    queries_sentence,
    selection_gap,
    success_rates,
    success_sentence,
    worthless_sentence,
)
from tests.report.builders import BASELINE, make_step, make_trial

BEST = "b" * 16


def scores(baseline: float, best: float, n: int) -> SplitScores:
    def interval(mean: float) -> Interval:
        return Interval(mean=mean, low=mean - 0.1, high=mean + 0.1, n=n)

    return SplitScores(
        baseline=interval(baseline), best=interval(best), gain=interval(best - baseline)
    )


def kept(index: int, chance: float | None, **changes: object) -> Step:
    numbers = {} if chance is None else {"p_better": chance}
    verdict = Verdict(decision=Decision.KEEP, reason="", numbers=numbers)
    return replace(make_step(index), verdict=verdict, **changes)  # type: ignore[arg-type]


def final(agent: str, *, reward: float, **changes: object) -> TrialResult:
    trial = make_trial("h1", agent=agent, reward=reward, split=Split.HOLDOUT)
    key = replace(trial.key, purpose=Purpose.FINAL)
    return replace(trial, key=key, **changes)  # type: ignore[arg-type]


TABLE = {
    Split.TRAIN: scores(0.2, 0.8, 20),
    Split.VALIDATION: scores(0.5, 0.5, 10),
    Split.HOLDOUT: scores(0.25, 0.4, 10),
}


def test_kept_edits_are_expected_to_be_worthless_by_what_their_verdicts_lack() -> None:
    found = expected_worthless([kept(1, 0.9), kept(2, 0.7), kept(3, None)])

    assert (found.kept, found.judged) == (3, 2)
    assert found.expected == pytest.approx(0.4)
    assert worthless_sentence(found) == (
        "Expected worthless edits among the kept ones: 0.4 of 2 (1 more have no chance recorded)."
    )


def test_reverted_edits_and_what_the_loop_takes_out_are_none_of_them() -> None:
    steps = [
        make_step(1, Decision.REVERT),
        kept(2, 0.9, origin=Origin.ROLLBACK, takes_back=1),
        kept(3, 0.1, origin=Origin.SIMPLIFY, takes_back=1),
    ]

    assert worthless_sentence(expected_worthless(steps)) == ""


def test_an_edit_that_was_taken_back_is_kept_no_more() -> None:
    back = kept(3, 0.4, origin=Origin.ROLLBACK, takes_back=1)
    missed = replace(make_step(4, Decision.REVERT), origin=Origin.ROLLBACK, takes_back=2)

    found = expected_worthless([kept(1, 0.6), kept(2, 0.9), back, missed])

    assert (found.kept, found.judged) == (1, 1)
    assert found.expected == pytest.approx(0.1)


def test_an_edit_with_a_part_left_out_is_still_one_of_them() -> None:
    part = kept(2, 0.1, origin=Origin.SIMPLIFY, takes_back=1)

    assert expected_worthless([kept(1, 0.8), part]).expected == pytest.approx(0.2)


def test_an_edit_kept_for_its_virtue_is_in_vain_when_it_loses_after_all() -> None:
    numbers = {"p_better": 0.1, LOSS: 0.03}
    simpler = Verdict(decision=Decision.KEEP, reason="", numbers=numbers)

    found = expected_worthless([replace(make_step(1), verdict=simpler)])

    assert (found.kept, found.judged) == (1, 1)
    assert found.expected == pytest.approx(0.03)


def test_a_rule_that_gives_no_chances_is_said_to_give_none() -> None:
    assert "gives no chances" in worthless_sentence(expected_worthless([kept(1, None)]))


def test_the_reported_score_is_that_of_all_tasks_that_chose_the_best() -> None:
    gap = selection_gap(TABLE)

    assert gap is not None
    assert gap.best == pytest.approx(0.3)
    assert gap.baseline == pytest.approx(0.05)
    assert gap_sentence(gap) == (
        "Reported (selection) score minus holdout score: +30.0 points; for the baseline, which"
        " nothing was selected for, +5.0."
    )
    assert claimed_gain(TABLE) == pytest.approx(0.4)


def test_without_a_final_table_there_is_no_gap() -> None:
    assert selection_gap({}) is None
    assert claimed_gain({}) is None
    assert gap_sentence(None) == ""


def test_success_rates_are_those_of_the_final_trials_of_both_agents() -> None:
    trials = [
        final(BASELINE, reward=0.5),
        final(BEST, reward=1.0),
        final(BEST, reward=0.0),
        final(BEST, reward=0.0, outcome=Outcome.INVALID),
        final("c" * 16, reward=1.0),
        make_trial("t1", agent=BEST),
    ]

    found = success_rates(trials, Sides(baseline=BASELINE, best=BEST))

    assert found is not None
    assert (found.baseline, found.best) == (0.0, 0.5)
    assert success_sentence(found) == (
        "Success rate on holdout: baseline 0 %, best 50 % of 3 trials (1 invalid)."
    )


def test_before_the_holdout_is_opened_there_is_no_success_rate() -> None:
    assert success_rates([make_trial()], Sides(baseline=BASELINE, best=BEST)) is None
    assert success_sentence(None) == ""


def test_verdicts_that_validation_had_a_part_in_are_counted() -> None:
    conflict = Verdict(decision=Decision.REVERT, reason="", numbers={CONFLICT: 1.0})
    empty = make_step(3, Decision.EMPTY)
    steps = [make_step(1), replace(make_step(2), verdict=conflict), empty]

    assert queries_sentence(steps).startswith("Validation was asked for 1 verdict;")
    assert "for 2 verdicts;" in queries_sentence([*steps, make_step(4, Decision.REVERT)])
    assert queries_sentence([empty, replace(make_step(5), verdict=None)]) == ""


def test_with_few_train_tasks_it_is_said_that_little_can_be_known() -> None:
    others = [Split.VALIDATION] * 9

    eight = few_tasks_sentence([*[Split.TRAIN] * 8, *others])

    assert eight.startswith("With 8 train tasks little can be known: five tasks have to")
    assert few_tasks_sentence([Split.TRAIN]).startswith("With 1 train task little can be known")
    assert few_tasks_sentence([Split.TRAIN] * 9) == ""
