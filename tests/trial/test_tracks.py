"""A trace as deeds and words."""

from dataclasses import replace
from pathlib import Path

import pytest

from autoloop.records import AgentNote, CommandResult, EnvCall, Message, ToolCall
from autoloop.testing.models import reply
from autoloop.trial import read_track
from tests.traces.test_transcript import written
from tests.trial.builders import NOON, asked, ran

TASK = Message(role="user", content="Add it up.")


def failing(command: str, code: int = 1, *, timed_out: bool = False) -> EnvCall:
    result = CommandResult(exit_code=code, stdout="[exit code 0, 0.1 s]", timed_out=timed_out)
    return replace(ran(command), result=result)


def test_commands_and_what_came_back_are_deeds(tmp_path: Path) -> None:
    track = read_track(written(tmp_path, ran("ls", stdout="a.txt")))

    (deed,) = track.deeds
    assert (deed.action, deed.argument, deed.failed) == ("run", "ls", False)
    assert deed.output.startswith("a.txt")
    assert track.trouble == ""


def test_files_that_are_read_and_written_are_deeds(tmp_path: Path) -> None:
    calls = [replace(ran("/app/a"), action=action) for action in ("read", "write")]

    track = read_track(written(tmp_path, *calls))

    assert [(deed.action, deed.argument) for deed in track.deeds] == [
        ("read", "/app/a"),
        ("write", "/app/a"),
    ]


def test_how_a_command_ended_is_what_the_host_says(tmp_path: Path) -> None:
    calls = (failing("a"), failing("b", 0), failing("c", -1, timed_out=True))

    track = read_track(written(tmp_path, *calls))

    assert [deed.failed for deed in track.deeds] == [True, False, True]


def test_a_models_tool_of_the_same_name_is_words_and_no_deed(tmp_path: Path) -> None:
    call = ToolCall(id="env_1", name="env.run", arguments='{"command": "rm -r /"}')
    asking = replace(asked(TASK), reply=reply("I will.", call))

    track = read_track(written(tmp_path, asking))

    assert (track.deeds, track.said) == ((), ("I will.", "rm -r /"))


def test_notes_and_what_the_agent_tells_its_model_are_neither(tmp_path: Path) -> None:
    note = AgentNote(at=NOON, text="env.run ls")
    told = asked(TASK, Message(role="assistant", content="I did it."))

    track = read_track(written(tmp_path, note, told))

    assert (track.deeds, track.said) == ((), ("Fine.",))


def test_calls_over_the_quota_are_counted(tmp_path: Path) -> None:
    over = asked(TASK, answer=None, refusal="This trial has used all of its 3 model calls.")
    broken = asked(TASK, answer=None, refusal="The provider is overloaded.")

    assert read_track(written(tmp_path, over, over, broken)).refused == 2


@pytest.mark.parametrize(
    "text", ["{", "", '{"steps": 3}', "\ud800".encode(errors="replace").decode()]
)
def test_a_damaged_trace_is_trouble_and_no_error(tmp_path: Path, text: str) -> None:
    (written(tmp_path) / "agent" / "trajectory.json").write_text(text)

    assert "cannot be read" in read_track(tmp_path).trouble


def test_a_trace_that_is_gone_is_trouble(tmp_path: Path) -> None:
    assert read_track(tmp_path / "gone").trouble


def test_all_steps_of_a_task_are_read(tmp_path: Path) -> None:
    for name in ("plan", "build"):
        (tmp_path / "steps" / name).mkdir(parents=True)
        written(tmp_path / "steps" / name, ran(name))

    assert {deed.argument for deed in read_track(tmp_path).deeds} == {"plan", "build"}
