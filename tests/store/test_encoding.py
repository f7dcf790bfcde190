"""Records as JSON, also of earlier versions."""

import json
from dataclasses import replace
from pathlib import Path

from autoloop.records import (
    Alternative,
    ChangeKind,
    OpenEdit,
    Origin,
    Ruling,
    StepLesson,
    TaskPrediction,
    Version,
)
from autoloop.store.encoding import STEPS, TRIALS
from tests.store.builders import make_step, make_trial

FILE = Path("run.db")


def test_a_trial_recorded_before_there_were_versions_is_read() -> None:
    record = json.loads(TRIALS.encode(make_trial()))
    del record["version"]

    assert TRIALS.decode(json.dumps(record), file=FILE) == replace(make_trial(), version=Version())


def test_a_step_recorded_before_edits_were_tested_side_by_side_is_read() -> None:
    record = json.loads(STEPS.encode(make_step()))
    for name in ("origin", "base", "parents", "opened", "decided", "ruling"):
        del record[name]

    step = STEPS.decode(json.dumps(record), file=FILE)

    assert (step.origin, step.base, step.parents) == (Origin.META, 0, ())
    assert (step.opened, step.decided, step.ruling) == (None, None, None)


def test_what_was_under_test_when_a_verdict_fell_survives() -> None:
    edits = (OpenEdit(step=1, opened=9, size=70, conflicts=(2,)), OpenEdit(step=2, opened=12))
    step = replace(make_step(), ruling=Ruling(number=3, open=edits))

    assert STEPS.decode(STEPS.encode(step), file=FILE) == step


def test_a_trial_recorded_before_more_was_counted_is_read() -> None:
    record = json.loads(TRIALS.encode(make_trial()))
    for name in ("written_tokens", "thinking_tokens"):
        del record["usage"][name]

    assert TRIALS.decode(json.dumps(record), file=FILE) == make_trial()


def test_a_step_recorded_before_edits_were_predicted_of_is_read() -> None:
    record = json.loads(STEPS.encode(make_step()))
    for name in ("open_usage", "alternative_of", "alternative", "prompts"):
        del record[name]
    for name in ("kind", "predicted", "chance", "alternatives", "written_on", "lesson"):
        del record["proposal"][name]

    step = STEPS.decode(json.dumps(record), file=FILE)

    assert step == make_step()


def test_all_that_is_said_of_an_edit_survives() -> None:
    step = make_step()
    assert step.proposal is not None
    told = replace(
        step.proposal,
        kind=ChangeKind.CONTROL_FLOW,
        predicted=(TaskPrediction(task="csv", chance=0.5), TaskPrediction(task="json")),
        chance=0.25,
        alternatives=(Alternative(source="x = 1", title="Another way", chance=0.1),),
        written_on="x = 0",
        lesson=StepLesson(step=1, text="Words are weak."),
    )
    own = replace(step, proposal=told, alternative_of=2, alternative=1, prompts="standard (1)")

    assert STEPS.decode(STEPS.encode(own), file=FILE) == own


def test_numbers_survive_to_the_last_digit() -> None:
    step = make_step()
    assert step.verdict is not None
    exact = replace(step, verdict=replace(step.verdict, numbers={"gain": 0.1 + 0.2, "p": 1e-17}))

    assert STEPS.decode(STEPS.encode(exact), file=FILE) == exact
