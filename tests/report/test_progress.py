"""The path of the score."""

from dataclasses import replace
from datetime import timedelta

from autoloop.records import Decision
from autoloop.report import progress_of
from tests.report.builders import BASELINE, NOON, make_step, make_trials


def test_the_line_moves_with_kept_edits_only() -> None:
    steps = [make_step(2, Decision.REVERT, gain=-0.25), make_step(1)]

    progress = progress_of(steps, make_trials())

    assert (progress.baseline, progress.baseline_agent) == (0.5, BASELINE)
    assert [(p.step, p.best, p.score) for p in progress.points] == [(1, 1.0, 1.0), (2, 1.0, 0.75)]


def test_nothing_recorded_is_no_progress() -> None:
    progress = progress_of([], [])

    assert (progress.baseline, progress.points, progress.best_agent) == (None, (), None)


def test_steps_at_work_are_not_on_the_chart() -> None:
    assert progress_of([make_step(1, finished=False)], make_trials()).points == ()


def test_edits_count_in_the_order_in_which_they_were_decided() -> None:
    first = make_step(1)
    late = replace(first, finished_at=(first.finished_at or NOON) + timedelta(hours=9))

    progress = progress_of([late, make_step(2, Decision.REVERT, gain=-0.25)], make_trials())

    assert [point.step for point in progress.points] == [2, 1]


def test_an_incumbent_with_no_trials_of_its_own_stands_at_its_gain() -> None:
    progress = progress_of([make_step(7, gain=0.25)], make_trials())

    assert [(p.best, p.score) for p in progress.points] == [(0.75, 0.75)]
