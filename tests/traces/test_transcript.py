"""A trace as text."""

from dataclasses import replace
from pathlib import Path

import pytest

from autoloop.errors import StorageError
from autoloop.records import AgentNote, Message, ToolCall, TraceEvent
from autoloop.testing.models import reply
from autoloop.traces import read_transcript
from autoloop.trial.atif import AtifAgent, trajectory
from tests.trial.builders import NOON, asked, ran

TASK = Message(role="user", content="Add it up.")


def written(folder: Path, *events: TraceEvent) -> Path:
    agent = AtifAgent(name="a", version="1")
    (folder / "agent").mkdir()
    text = trajectory("t", events, agent=agent, instruction="Do.", at=NOON).text()
    (folder / "agent" / "trajectory.json").write_text(text, encoding="utf-8")
    return folder


def test_everybody_who_spoke_is_named(tmp_path: Path) -> None:
    note = AgentNote(at=NOON, text="odd")

    text = read_transcript(written(tmp_path, asked(TASK), ran("ls", stdout="a.txt"), note))

    assert text == (
        "--- 1 user\nAdd it up.\n\n"
        "--- 2 model\nFine.\n\n"
        "--- 3 agent.py\n> env.run (env_3)\ncommand: ls\n"
        "< env_3\na.txt\n[exit code 0, 0.25 s]\n\n"
        "--- 4 agent.py\nnote: odd"
    )


def test_tool_calls_of_the_model_show_their_arguments(tmp_path: Path) -> None:
    call = ToolCall(id="c1", name="bash", arguments='{"command": "ls", "wait": 3}')
    asking = replace(asked(TASK), reply=reply("", call))

    assert "> bash (c1)\ncommand: ls\nwait: 3" in read_transcript(written(tmp_path, asking))


def test_a_trial_whose_folder_was_removed_says_so(tmp_path: Path) -> None:
    assert "is gone: it was removed" in read_transcript(tmp_path / "../old/jobs/a")


def test_a_trial_that_left_no_trace_says_so(tmp_path: Path) -> None:
    assert "ended before the agent did anything" in read_transcript(tmp_path)


def test_steps_are_shown_in_the_order_in_which_they_were_run(tmp_path: Path) -> None:
    for name, command in (("two", "ls"), ("one", "pwd")):
        (tmp_path / "steps" / name).mkdir(parents=True)
        written(tmp_path / "steps" / name, ran(command))
    (tmp_path / "result.json").write_text(
        '{"step_results": [{"step_name": "two"}, {"step_name": "one"}]}'
    )

    text = read_transcript(tmp_path)

    assert text.startswith("=== step two\n--- 1 agent.py\n> env.run (env_1)\ncommand: ls")
    assert "\n\n=== step one\n--- 2 agent.py\n> env.run (env_1)\ncommand: pwd" in text


def test_steps_of_a_trial_without_a_result_are_shown_by_name(tmp_path: Path) -> None:
    for name in ("02", "01"):
        (tmp_path / "steps" / name).mkdir(parents=True)

    assert read_transcript(tmp_path).startswith("=== step 01\n--- 1 host\nThe trial ended")


def test_a_damaged_trace_is_named(tmp_path: Path) -> None:
    written(tmp_path)
    (tmp_path / "agent" / "trajectory.json").write_text('{"steps": [')

    with pytest.raises(StorageError, match=r"trajectory\.json is damaged"):
        read_transcript(tmp_path)
