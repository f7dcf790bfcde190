"""What was done in a trial, by the entries of its trace."""

import pytest

from autoloop.records import Speaker, TraceAnswer, TraceCall, TraceEntry
from autoloop.records.acts import KEPT_CHARS, Act, read_acts
from tests.diagnosis.builders import asked, late, numbered, ran, said


def only(*entries: TraceEntry) -> Act:
    (act,) = read_acts(numbered(*entries))
    return act


def test_what_the_host_recorded_is_told_once() -> None:
    acts = read_acts(numbered(asked("ls"), ran("ls", "a"), asked("pwd"), ran("pwd", "/app")))

    assert [(act.entry, act.tool, act.command) for act in acts] == [
        (2, "env.run", "ls"),
        (4, "env.run", "pwd"),
    ]


def test_without_the_hosts_record_the_models_calls_are_the_acts() -> None:
    assert only(asked("ls", seen="a\n[exit code 2]")).exit_code == 2


def test_the_hosts_record_gives_exit_code_and_time() -> None:
    act = only(ran("make", "boom", code=2))

    assert (act.exit_code, act.seconds, act.failed, act.output) == (2, 0.1, True, "boom\n")


def test_a_command_that_ran_out_of_time_failed() -> None:
    act = only(late("sleep 99"))

    assert (act.timed_out, act.exit_code, act.failed) == (True, None, True)


@pytest.mark.parametrize(
    ("seen", "code"),
    [
        ("[The command completed with exit code 3.]", 3),
        ("Process exited with code 1", 1),
        ("exit status: 127", 127),
        ("all good", None),
        ("exit code 5" + "x" * 400, None),
    ],
)
def test_an_exit_code_is_read_off_the_end_of_what_a_tool_says(seen: str, code: int | None) -> None:
    assert only(asked("x", seen=seen)).exit_code == code


@pytest.mark.parametrize(
    "seen",
    ["bash: foo: command not found", "Traceback (most recent call last):", "ValueError: no"],
)
def test_without_an_exit_code_an_error_is_seen_by_its_words(seen: str) -> None:
    assert only(asked("x", seen=seen)).failed


def test_equal_outputs_are_equal_whatever_time_they_took() -> None:
    slow = ran("ls", "a")
    quick = TraceEntry(
        number=1, speaker="agent.py", calls=slow.calls,
        answers=(TraceAnswer(call="e", text="a\n[exit code 0, 7.00 s]"),),
    )  # fmt: skip

    assert only(slow).digest == only(quick).digest != only(ran("ls", "b")).digest


def test_of_a_long_output_head_and_tail_are_kept() -> None:
    act = only(ran("cat a", "x" * 50_000 + "end"))

    assert len(act.output) <= 2 * KEPT_CHARS + 1
    assert act.output.endswith("end\n")
    assert act.size > 50_000


@pytest.mark.parametrize("name", ["finish", "mark_task_complete", "submit", "think"])
def test_a_tool_that_ends_the_work_or_thinks_is_no_act(name: str) -> None:
    call = TraceCall(id="c", name=name, arguments={"message": "Done."})

    assert read_acts([TraceEntry(number=1, speaker="model", calls=(call,))]) == ()


def test_a_command_that_was_written_in_words_is_an_act_where_it_was_answered() -> None:
    answer = TraceAnswer(call="", text="a.txt")
    spoken = TraceEntry(
        number=1, speaker="model", message="Look:\n```bash\nls -a\n```", answers=(answer,)
    )

    assert only(spoken).command == "ls -a"
    assert read_acts([said("```bash\nls\n```")]) == ()


@pytest.mark.parametrize(
    ("tool", "arguments", "changes"),
    [
        ("env.write", {"path": "/app/a"}, True),
        ("env.read", {"path": "/app/create me"}, False),
        ("env.run", {"command": "echo x > a"}, True),
        ("editor", {"command": "create", "path": "/app/a"}, True),
        ("editor", {"command": "view", "path": "/app/a"}, False),
    ],
)
def test_acts_change_something_or_look(tool: str, arguments: dict[str, str], changes: bool) -> None:  # noqa: FBT001
    call = TraceCall(id="c", name=tool, arguments=arguments)

    speaker: Speaker = "agent.py" if tool.startswith("env.") else "model"

    assert only(TraceEntry(number=1, speaker=speaker, calls=(call,))).changes is changes
