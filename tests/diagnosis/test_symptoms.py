"""Each symptom, where it shows and where it does not."""

import pytest

from autoloop.records import CheckResult, Feedback, Symptom
from tests.diagnosis.builders import LOOKING, WRITING, asked, late, ran, said, signs_of, sound

TASK = said("Do it.", speaker="user")
CRASH = (
    "AgentCrashed: agent.py failed: Traceback (most recent call last):\n"
    '  File "/harness/main.py", line 54, in play\n    solve(x)\n'
    '  File "/tmp/x/agent.py", line 12, in solve\n    run()\n'
    '  File "/tmp/x/agent.py", line 40, in run\n    d["a"]\n'
    "KeyError: 'a'\n"
)


def test_a_sound_trial_shows_nothing() -> None:
    assert signs_of(*sound()) == {}


def test_the_time_limit_names_what_was_going_on() -> None:
    failure = "AgentTimeoutError: agent.py was ended when its 60 s were over"

    found = signs_of(TASK, ran("make all"), failure=failure)[Symptom.TIME_LIMIT]

    assert found.detail == "last: make all"
    assert found.entries == (2,)


@pytest.mark.parametrize(
    ("refusal", "symptom"),
    [
        ("This trial has used all of its 6 model calls.", Symptom.TURN_LIMIT),
        ("This trial has used 99 of its 100 tokens; a prompt of about 5 more", Symptom.TOKEN_QUOTA),
        ("This trial has used all of its 0.5 USD for model calls.", Symptom.MONEY_QUOTA),
        ("The provider failed: 503", Symptom.PROVIDER),
        ("prompt is too long: 210000 tokens > 200000 maximum", Symptom.CONTEXT_FULL),
    ],
)
def test_a_refused_model_call_says_why(refusal: str, symptom: Symptom) -> None:
    refused = said(f"Model call refused: {refusal}", speaker="system")

    found = signs_of(*sound(end=[refused]))

    assert set(found) == {symptom}
    assert found[symptom].entries == (4,)


def test_a_quota_that_agent_py_did_not_survive_is_a_quota() -> None:
    failure = (
        "QuotaExceededError: agent.py failed when its quota was used up. This trial has used all of"
        " its 6 model calls. It ended with: Traceback"
    )

    assert set(signs_of(*sound(), failure=failure)) == {Symptom.TURN_LIMIT}


def test_a_command_after_which_the_model_is_not_asked_again_is_a_limit_of_turns() -> None:
    found = signs_of(TASK, asked(WRITING), ran(WRITING), asked(LOOKING), ran(LOOKING))

    assert set(found) == {Symptom.TURN_LIMIT}
    assert found[Symptom.TURN_LIMIT].entries == (4,)


def test_an_agent_that_reads_commands_out_of_words_has_limits_too() -> None:
    last = said(f"```bash\n{WRITING}\n```")

    assert Symptom.TURN_LIMIT in signs_of(TASK, last, ran(WRITING))


def test_a_check_that_agent_py_runs_itself_is_no_limit() -> None:
    assert signs_of(*sound(end=[said("Done."), ran("test -s b")])) == {}


def test_a_crash_is_named_by_exception_and_line() -> None:
    found = signs_of(*sound(), failure=CRASH)[Symptom.CRASH]

    assert found.detail == "KeyError at line 40 of agent.py: 'a'"


def test_a_crash_without_a_traceback_is_told_as_it_is() -> None:
    failure = "AgentCrashed: agent.py failed: its process ended (exit code 137)"

    assert "exit code 137" in signs_of(*sound(), failure=failure)[Symptom.CRASH].detail


def test_who_tampered_is_told_so() -> None:
    assert Symptom.TAMPERED in signs_of(*sound(), failure="Tampered: reward-write")


def test_tests_without_a_verdict_are_told_where_they_may_be() -> None:
    failure = "RewardFileNotFoundError: no reward was written"

    assert set(signs_of(*sound(), failure=failure)) == {Symptom.NO_VERDICT}


@pytest.mark.parametrize(
    ("words", "symptom"),
    [
        ("I'm sorry, but I can't help with that.", Symptom.REFUSAL),
        ("I must decline this request.", Symptom.REFUSAL),
        ("I could not find the file, so I stop here.", Symptom.GAVE_UP),
        ("I give up.", Symptom.GAVE_UP),
    ],
)
def test_last_words_may_decline_or_give_up(words: str, symptom: Symptom) -> None:
    found = signs_of(*sound(end=[said(words)]))

    assert set(found) == {symptom}
    assert found[symptom].entries == (4,)


def test_whoever_ends_after_a_failed_command_gave_up() -> None:
    failed = ran("cat c", "cat: c: Is a directory", code=1)

    assert set(signs_of(*sound(end=[failed, said("Done.")]))) == {Symptom.GAVE_UP}


def test_an_answer_without_a_word_is_empty() -> None:
    assert signs_of(*sound(said(" \n")))[Symptom.EMPTY_ANSWER].entries == (2,)


@pytest.mark.parametrize(
    "entry",
    [
        asked("x", seen="Previous response had parsing errors: ERROR: no JSON"),
        asked("x", seen="Unknown tool: bsh"),
    ],
)
def test_an_answer_that_nobody_could_parse_is_unreadable(entry: object) -> None:
    assert signs_of(*sound(entry))[Symptom.BAD_CALL].entries == (2,)  # type: ignore[arg-type]


def test_a_command_that_gives_the_same_three_times_is_repeated() -> None:
    found = signs_of(*sound(*(ran("ls  -l", "a") for _ in range(3))))

    assert found[Symptom.REPEATED].entries == (2, 3, 4)
    assert found[Symptom.REPEATED].detail == "3 times: ls  -l"


def test_a_command_whose_output_changes_is_not_repeated() -> None:
    assert signs_of(*sound(*(ran("wc -l log", f"{n}") for n in range(9)))) == {}


def test_three_failures_in_a_row_are_told() -> None:
    failing = [ran(f"make {n}", f"Error {n}", code=2) for n in range(3)]

    assert signs_of(*sound(*failing))[Symptom.FAILING].entries == (2, 3, 4)


def test_the_same_error_is_told_though_other_commands_are_between() -> None:
    entries = []
    for n in range(3):
        entries += [ran(f"a{n}", f"line {n}: KeyError: 'x'", code=1), ran(f"b{n}", f"{n}")]

    found = signs_of(*sound(*entries))[Symptom.FAILING]

    assert found.entries == (2, 4, 6)
    assert found.detail == "3 times, first: line 0: KeyError: 'x'"


def test_two_failures_are_nothing_to_tell() -> None:
    assert signs_of(*sound(*(ran("make", "Error", code=2) for _ in range(2)))) == {}


def test_a_command_that_ran_out_of_time_is_told() -> None:
    assert signs_of(*sound(late("sleep 999")))[Symptom.SLOW_COMMAND].detail == "sleep 999"


def test_a_path_that_is_not_there_is_told() -> None:
    wrong = ran("cat /app/x", "cat: /app/x: No such file or directory", code=1)

    found = signs_of(*sound(wrong))

    assert set(found) == {Symptom.WRONG_PATH}
    assert found[Symptom.WRONG_PATH].detail == "cat: /app/x: No such file or directory"


def test_only_what_the_model_saw_counts_as_cut() -> None:
    cut = "[... 99 characters cut ...]"

    assert set(signs_of(*sound(asked("cat a", seen=cut)))) == {Symptom.TRUNCATED}
    assert signs_of(*sound(ran("cat a", cut))) == {}


def test_work_that_nobody_looked_at_is_unchecked() -> None:
    found = signs_of(TASK, ran(LOOKING), ran(WRITING), said("Done."))

    assert set(found) == {Symptom.UNCHECKED}
    assert found[Symptom.UNCHECKED].entries == (3,)


def test_a_command_that_ends_with_a_look_is_checked() -> None:
    assert signs_of(TASK, ran(f"{WRITING} && cat b"), said("Done.")) == {}


def test_a_look_that_failed_saw_nothing() -> None:
    failed = ran("cat c", "cat: c: Is a directory", code=1)

    assert Symptom.UNCHECKED in signs_of(TASK, ran(WRITING), failed, said("Done."))


def test_a_trial_that_changed_nothing_is_told() -> None:
    assert set(signs_of(TASK, ran("ls"), said("Done."))) == {Symptom.NOTHING_DONE}


@pytest.mark.parametrize(
    ("name", "symptom"),
    [
        ("test_header", Symptom.WRONG_FORMAT),
        ("test_output_is_valid_json", Symptom.WRONG_FORMAT),
        ("test_file_exists", Symptom.MISSING_RESULT),
    ],
)
def test_names_of_failed_checks_tell_of_form_and_absence(name: str, symptom: Symptom) -> None:
    failed = Feedback(checks=(CheckResult(name=name, passed=False),))
    passed = Feedback(checks=(CheckResult(name=name, passed=True),))

    assert signs_of(*sound(), feedback=failed)[symptom].detail == name
    assert signs_of(*sound(), feedback=passed) == {}


def test_a_check_of_anything_else_tells_nothing() -> None:
    feedback = Feedback(checks=(CheckResult(name="test_total_of_keynote", passed=False),))

    assert signs_of(*sound(), feedback=feedback) == {}


def test_what_a_verifier_printed_tells_of_form() -> None:
    feedback = Feedback(output="E json.decoder.JSONDecodeError: Expecting value")

    assert set(signs_of(*sound(), feedback=feedback)) == {Symptom.WRONG_FORMAT}


def test_a_trial_that_left_no_trace_did_nothing() -> None:
    assert set(signs_of()) == {Symptom.NOTHING_DONE}
