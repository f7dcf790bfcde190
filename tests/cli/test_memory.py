"""What the meta-agent predicted and left behind, on the command line."""

from dataclasses import replace
from pathlib import Path

import pytest

from autoloop import Optimizer
from autoloop.records import Alternative, ChangeKind, Proposal, TaskPrediction
from autoloop.store import SqliteStore
from tests.app.builders import RUN
from tests.cli.conftest import Command


@pytest.fixture
def predicted(recorded: Path) -> Path:
    """The recorded run, whose first edit was kept and whose second was not."""
    with SqliteStore.open(recorded / "runs" / RUN) as store:
        for step, chance in zip(store.steps(), (0.9, 0.6), strict=True):
            assert step.proposal is not None
            told = _telling(step.proposal, chance)
            store.save_step(
                replace(step, proposal=told, prompts="standard (1234)", lesson="A lesson.")
            )
    return recorded


def _telling(proposal: Proposal, chance: float) -> Proposal:
    return replace(
        proposal,
        kind=ChangeKind.TOOL,
        chance=chance,
        predicted=(TaskPrediction(task="amber", chance=0.5),),
        alternatives=(Alternative(source="x = 1", title="Another way"),),
    )


def test_a_log_ends_with_how_good_the_predictions_were(predicted: Path, run: Command) -> None:
    assert predicted.is_dir()

    said = run("log").out

    lines = [line.split() for line in said.splitlines()]
    assert ["all", "2", "50", "%", "0.185", "0", "-", "-"] in lines
    assert ["tool", "2", "50", "%", "0.185", "0", "-", "-"] in lines


def test_without_predictions_a_log_says_nothing_of_them(recorded: Path, run: Command) -> None:
    assert recorded.is_dir()

    assert "Predictions" not in run("log").out


def test_predictions_are_listed_step_by_step(predicted: Path, run: Command) -> None:
    assert predicted.is_dir()

    lines = [line.split() for line in run("log", "--predictions").out.splitlines()]

    assert ["1", "tool", "90", "%", "yes", "-"] in lines
    assert ["2", "tool", "60", "%", "no", "-"] in lines


def test_the_json_of_a_log_has_what_became_of_predictions(predicted: Path, run: Command) -> None:
    assert predicted.is_dir()

    steps = run("log", "--json").json
    told = run("log", "--predictions", "--json").json

    assert [step["scored"]["kept"] for step in steps] == [True, False]
    assert steps[0]["proposal"]["kind"] == "tool"
    assert told["record"]["overall"]["kept"]["brier"] == pytest.approx((0.1**2 + 0.6**2) / 2)
    assert [score["kind"] for score in told["record"]["kinds"]] == ["tool"]
    assert [one["step"] for one in told["steps"]] == [1, 2]


def test_show_tells_predictions_lesson_and_prompts(predicted: Path, run: Command) -> None:
    assert predicted.is_dir()

    said = run("show", 1).out

    for words in (
        "Kind of change: tool.",
        "Predicted: kept with a chance of 90 %.",
        "Predicted: amber is cured, with a chance of 50 %.",
        "Alternative 1: Another way",
        "Lesson: A lesson.",
        "Prompts: standard (1234)",
    ):
        assert words in said


def test_the_same_is_had_in_python(predicted: Path) -> None:
    record = Optimizer(predicted).run().predictions().record

    assert record.overall.kept.count == 2
    assert record.overall.kept.hit_rate == 0.5
