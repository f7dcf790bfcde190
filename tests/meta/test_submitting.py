"""A submission: what is predicted of it, other edits for its hypothesis, a lesson."""

from dataclasses import replace

import pytest

from autoloop.meta.bench import Bench
from autoloop.records import ChangeKind, Decision, Finding, Proposal, StepLesson, TaskPrediction
from autoloop.testing.desk import DeskFake
from tests.meta.builders import PLEADING, SOURCE, TOOLS, ask, desk, step

DRAFT = SOURCE.replace("Solve it.", "Solve it well.")
WELL, BETTER = "Solve it well.", "Solve it better."


def edited(own: DeskFake | None = None, *, alternatives: int = 2) -> Bench:
    bench = Bench(own or desk(), alternatives=alternatives)
    assert ask(bench, "edit_agent", old="Solve it.", new=WELL).startswith("Done")
    return bench


def submitted(bench: Bench, **more: object) -> Proposal:
    assert ask(bench, "submit", **{**PLEADING, **more}) == "Done: submitted."
    assert bench.proposal is not None
    return bench.proposal


def other(title: str = "In other words", **more: object) -> dict[str, object]:
    return {"title": title, "edits": [{"old": WELL, "new": BETTER}], **more}


def test_a_submission_carries_its_kind_and_what_is_predicted() -> None:
    cures = [{"task": "csv", "chance": 0.7}, {"task": "logs"}]

    proposal = submitted(edited(), kind="control flow", chance=0.25, predicted=cures)

    assert (proposal.kind, proposal.chance) == (ChangeKind.CONTROL_FLOW, 0.25)
    assert proposal.predicted == (
        TaskPrediction(task="csv", chance=0.7),
        TaskPrediction(task="logs"),
    )


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"kind": "magic"}, "kind"),
        ({"chance": 1.5}, "chance"),
        ({"chance": None}, "chance"),
        ({"predicted": [{"task": "csv", "chance": -1}]}, "predicted.0.chance"),
        ({"predicted": [{"task": "hidden"}]}, "'hidden' in `predicted` is no train task"),
        ({"alternatives": [other(), other(), other()]}, "3 alternatives are too many; 2 is"),
        ({"alternatives": [{"title": "Nothing here"}]}, "alternative 1 needs either `edits`"),
        ({"alternatives": [other(source="x = 1\n")]}, "alternative 1 needs either `edits`"),
        ({"alternatives": [other(), other()]}, "alternative 2 does nothing that the edits before"),
        (
            {"alternatives": [{"title": "No such", "edits": [{"old": "nowhere", "new": "x"}]}]},
            "alternative 1: `old` is not in the draft",
        ),
        (
            {"alternatives": [{"title": "As it was", "source": SOURCE}]},
            "alternative 1 does nothing",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(
    wrong: dict[str, object], reason: str
) -> None:
    bench = edited()

    said = ask(bench, "submit", **{**PLEADING, **wrong})

    assert said.startswith("Refused:")
    assert reason in said
    assert bench.proposal is None


def test_alternatives_are_edits_of_the_draft_or_whole_files() -> None:
    whole = {"title": "All anew", "source": "def solve(*_):\n    return 1\n", "chance": 0.1}

    proposal = submitted(edited(), alternatives=[other(), whole])

    first, second = proposal.alternatives
    assert first.source == DRAFT.replace(WELL, BETTER)
    assert (second.source, second.chance) == (whole["source"], 0.1)
    assert (proposal.source, proposal.written_on) == (DRAFT, SOURCE)


def test_an_alternative_that_a_guard_blocks_comes_back_with_the_reason() -> None:
    own = desk()
    block = Finding(rule="words", severity="block", message="No 'better', please.")
    own.guard = lambda _before, after: (block,) if "better" in after else ()
    bench = edited(own)

    said = ask(bench, "submit", **{**PLEADING, "alternatives": [other()]})

    assert said.startswith("Refused: the guards block alternative 1")
    assert "No 'better', please." in said
    assert bench.objections == 1


def test_how_many_alternatives_there_may_be_is_a_setting() -> None:
    bench = edited(alternatives=0)

    assert "0 is the most" in ask(bench, "submit", **{**PLEADING, "alternatives": [other()]})


def test_an_edit_that_is_made_again_brings_no_alternatives() -> None:
    own = desk()
    own.rebase = "-A\n+B"
    bench = edited(own)

    assert "0 is the most" in ask(bench, "submit", **{**PLEADING, "alternatives": [other()]})


def test_a_lesson_is_about_the_last_step_that_is_decided() -> None:
    own = desk(steps=[step(1), step(2, decision=Decision.KEEP)])
    own.steps = [*own.steps, EARLIER_OPEN]

    proposal = submitted(edited(own), lesson="Words  help\nafter all.")

    assert proposal.lesson == StepLesson(step=2, text="Words help after all.")


def test_a_lesson_before_any_step_is_decided_is_left_out() -> None:
    assert submitted(edited(), lesson="Nothing yet.").lesson is None


def test_the_schema_refers_to_nothing_and_lists_the_kinds() -> None:
    (schema,) = (spec.parameters for spec in TOOLS.specs if spec.name == "submit")

    text = str(schema)
    assert "$ref" not in text
    assert "$defs" not in text
    assert "context handling" in text
    properties = schema["properties"]
    assert isinstance(properties, dict)
    assert "title" in properties


EARLIER_OPEN = replace(step(3), decision="open")
