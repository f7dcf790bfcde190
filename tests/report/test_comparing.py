"""Two agents against each other."""

from dataclasses import replace
from datetime import timedelta

import pytest

from autoloop.decision import Estimates
from autoloop.records import Comparison, Interval, Outcome, PairedTest, Purpose, TrialResult, Usage
from autoloop.report import ComparedTrials, compare_trials
from autoloop.report.comparing import sentence
from tests.report.builders import NOON, make_trial


def trials(*rewards: float, purpose: Purpose = Purpose.EVAL, attempt: int = 0) -> list[TrialResult]:
    """One trial of t0, t1, … each."""
    made = [make_trial(f"t{i}", reward=own, attempt=attempt) for i, own in enumerate(rewards)]
    return [replace(t, split=None, key=replace(t.key, purpose=purpose)) for t in made]


def compared(a: list[TrialResult], b: list[TrialResult]) -> Comparison:
    side_a, side_b = (
        ComparedTrials(name=name, agent=name, trials=own, models=("offline",))
        for name, own in (("A", a), ("B", b))
    )
    families = {"t0": "csv", "t1": "csv", "t2": "sql"}
    return compare_trials(side_a, side_b, families=families, estimator=Estimates())


def make_test(mean: float, low: float, high: float, *, p: float) -> PairedTest:
    return PairedTest(gain=Interval(mean=mean, low=low, high=high, n=40), p_value=p, exact=True)


@pytest.mark.parametrize(
    ("test", "said"),
    [
        (
            make_test(0.06, 0.02, 0.10, p=0.004),
            "B is better than A by +6 points, between +2 and +10, on 40 tasks; p = 0.004.",
        ),
        (
            make_test(-0.06, -0.10, -0.02, p=0.004),
            "B is worse than A by -6 points, between -10 and -2, on 40 tasks; p = 0.004.",
        ),
        (
            make_test(0.02, -0.04, 0.08, p=0.5),
            (
                "No difference can be told: B minus A is +2 points, between -4 and +8, on 40"
                " tasks; p = 0.5."
            ),
        ),
    ],
)
def test_a_sentence_says_what_was_found(test: PairedTest, said: str) -> None:
    assert sentence("A", "B", test) == said


def test_only_tasks_of_both_sides_are_compared() -> None:
    found = compared(trials(0, 0, 0, 1), trials(1, 1))

    assert (found.tasks, found.a.tasks, found.b.tasks, found.a.trials) == (2, 4, 2, 2)
    assert found.test.gain.mean == 1.0


def test_a_task_that_was_changed_between_is_another_task() -> None:
    other = trials(1, 1)
    changed = replace(other[0], key=replace(other[0].key, task_digest="sha256:new"))

    assert compared(trials(0, 0), [changed, other[1]]).tasks == 1
    assert compared(trials(0, 0), [other[0], changed, other[1]]).tasks == 2


def test_spot_checks_and_invalid_trials_do_not_count() -> None:
    spot = trials(1, 1, 1, purpose=Purpose.SPOT, attempt=1)
    invalid = [replace(t, outcome=Outcome.INVALID) for t in trials(1, 1, attempt=2)]

    found = compared([*trials(0, 0), *spot, *invalid], trials(1, 0))

    assert (found.tasks, found.a.score.mean, found.only_b) == (2, 0.0, ("t0",))


def test_one_attempt_each_is_mcnemars_case() -> None:
    once = compared(trials(0, 0, 0, 1), trials(1, 1, 1, 0))
    twice = compared([*trials(0), *trials(1, attempt=1)], trials(1))

    assert once.mcnemar is not None
    assert (once.mcnemar.only_a, once.mcnemar.only_b, once.mcnemar.p_value) == (1, 3, 0.625)
    assert once.mcnemar.p_value == pytest.approx(once.test.p_value)
    assert twice.mcnemar is None


def test_tasks_that_one_side_alone_passes_are_named() -> None:
    found = compared(trials(1, 0, 1), [*trials(0, 1, 1), *trials(0, 0, 0, attempt=1)])

    assert (found.only_a, found.only_b) == (("t0",), ("t1",))


def test_families_are_compared_within() -> None:
    found = compared(trials(0, 0, 1, 1), trials(1, 1, 0, 1))

    csv, sql = found.families
    assert (csv.family, csv.gain.mean, csv.gain.n, csv.p_value) == ("csv", 1.0, 2, 0.5)
    assert (sql.family, sql.gain.mean, sql.gain.n) == ("sql", -1.0, 1)


def test_time_and_cost_are_told_for_each_trial() -> None:
    slow = [
        replace(t, usage=Usage(calls=1, cost_usd=1.0), span=replace(t.span, finished_at=end))
        for t, end in zip(
            trials(1, 1), (NOON + timedelta(seconds=s) for s in (10, 14)), strict=True
        )
    ]

    found = compared(trials(1, 1), slow)

    assert (found.a.seconds, found.b.seconds, found.seconds.mean) == (9, 12, 3)
    assert found.cost_usd is not None
    assert found.cost_usd.mean == 0.75


def test_a_price_that_is_not_known_leaves_the_cost_open() -> None:
    unknown = [replace(t, usage=Usage(calls=1, cost_usd=None)) for t in trials(1)]

    found = compared(trials(1), unknown)

    assert (found.b.cost_usd, found.cost_usd, found.a.cost_usd) == (None, None, 0.25)


def test_trials_that_a_climb_decided_by_are_said_to_flatter() -> None:
    searched = compared(trials(0, 0, purpose=Purpose.SEARCH), trials(1, 1))

    assert "Trials on 2 of the tasks" in searched.notes[0]
    assert compared(trials(0), trials(1)).notes == ()
