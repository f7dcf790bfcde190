"""The path of the score."""

from autoloop.records import Decision
from autoloop.report import progress_of
from tests.report.builders import BASELINE, make_step, make_trials


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
