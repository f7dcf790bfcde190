"""Traces that name only what matters."""

from collections.abc import Sequence

from autoloop.diagnosis.grouping import read_signs
from autoloop.ports import TrialCase
from autoloop.records import (
    Feedback,
    Sign,
    Speaker,
    Symptom,
    TraceAnswer,
    TraceCall,
    TraceEntry,
)
from autoloop.testing.traces import TraceFake

WRITING = "sort a > b"
LOOKING = "cat b"


def said(message: str = "", *, speaker: Speaker = "model") -> TraceEntry:
    """Words, and no command."""
    return TraceEntry(number=0, speaker=speaker, message=message)


def asked(command: str, *, seen: str = "[exit code 0]", tool: str = "bash") -> TraceEntry:
    """The model asks for a command and is told what came of it."""
    return TraceEntry(
        number=0,
        speaker="model",
        calls=(TraceCall(id="c", name=tool, arguments={"command": command}),),
        answers=(TraceAnswer(call="c", text=seen),),
    )


def ran(command: str, output: str = "", *, code: int = 0) -> TraceEntry:
    """The host records a command."""
    return TraceEntry(
        number=0,
        speaker="agent.py",
        calls=(TraceCall(id="e", name="env.run", arguments={"command": command}),),
        answers=(TraceAnswer(call="e", text=f"{output}\n[exit code {code}, 0.10 s]"),),
    )


def late(command: str) -> TraceEntry:
    """The host records a command that ran out of time."""
    return TraceEntry(
        number=0,
        speaker="agent.py",
        calls=(TraceCall(id="e", name="env.run", arguments={"command": command}),),
        answers=(TraceAnswer(call="e", text="\n[timed out, 60.00 s]"),),
    )


def numbered(*entries: TraceEntry) -> list[TraceEntry]:
    """Entries as a trace has them."""
    return [
        TraceEntry(
            number=number,
            speaker=entry.speaker,
            message=entry.message,
            calls=entry.calls,
            answers=entry.answers,
            stage=entry.stage,
            at=entry.at,
        )
        for number, entry in enumerate(entries, start=1)
    ]


def case(
    *entries: TraceEntry,
    trial: str = "csv__1",
    task: str = "csv",
    passed: bool = False,
    failure: str = "",
    feedback: Feedback | None = None,
) -> TrialCase:
    trace = TraceFake(numbered(*entries) if entries else "Do it.")
    return TrialCase(
        trial=trial,
        task=task,
        passed=passed,
        trace=lambda: trace,
        failure=failure,
        feedback=feedback or Feedback(),
    )


def signs_of(
    *entries: TraceEntry, failure: str = "", feedback: Feedback | None = None
) -> dict[Symptom, Sign]:
    found = read_signs(case(*entries, failure=failure, feedback=feedback))
    return {sign.symptom: sign for sign in found}


def sound(*between: TraceEntry, end: Sequence[TraceEntry] = ()) -> list[TraceEntry]:
    """A trial without any symptom, with other entries in it."""
    return [
        said("Do it.", speaker="user"),
        *between,
        ran(WRITING),
        ran(LOOKING),
        *(end or [said("Done.")]),
    ]
