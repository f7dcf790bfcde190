"""The figure for notebooks."""

from autoloop.records import Decision
from autoloop.report.plot import draw_steps
from tests.report.builders import make_run, make_step, make_trials


def test_kept_and_reverted_edits_are_told_apart() -> None:
    steps = [make_step(1), make_step(2, Decision.REVERT, gain=-0.2)]

    figure = draw_steps(make_run(), steps, make_trials())

    labels = figure.axes[0].get_legend_handles_labels()[1]
    assert labels == ["best so far", "kept", "reverted"]


def test_a_run_without_steps_is_an_empty_figure() -> None:
    figure = draw_steps(make_run(), [], [])

    assert figure.axes[0].get_title() == "calm-otter"
    assert figure.axes[0].get_legend() is None
