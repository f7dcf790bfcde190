"""The trajectory: what was said and done, each thing once, in a form that others can read."""

import json
from dataclasses import replace

import pytest

from autoloop.records import (
    AgentNote,
    ChatReply,
    EnvCall,
    Message,
    ModelCall,
    Thought,
    ToolCall,
    TraceEvent,
    Usage,
)
from autoloop.testing.models import reply
from autoloop.trial.atif import AtifAgent, AtifStep, Trajectory, trajectory
from tests.trial.builders import NOON, asked, ran

AGENT = AtifAgent(name="agent-0123", version="1", model_name="prov/model")
SYSTEM = Message(role="system", content="Be brief.")
TASK = Message(role="user", content="Add it up.")
FINE = Message(role="assistant", content="Fine.")
CALL = ToolCall(id="c1", name="bash", arguments='{"command": "ls"}')


def trace(*events: TraceEvent) -> Trajectory:
    built = trajectory("sum__1", events, agent=AGENT, instruction="Add it up.", at=NOON)
    assert Trajectory.model_validate_json(built.text()) == built
    assert [step.step_id for step in built.steps] == list(range(1, len(built.steps) + 1))
    return built


def said(built: Trajectory) -> list[tuple[str, str]]:
    return [(step.source, step.message) for step in built.steps]


def calling(*calls: ToolCall) -> ModelCall:
    return replace(asked(SYSTEM, TASK), reply=reply("", *calls))


def arguments(text: str) -> dict[str, object]:
    (*_, step) = trace(calling(replace(CALL, arguments=text))).steps
    assert step.tool_calls
    return dict(step.tool_calls[0].arguments)


def test_a_trial_without_events_still_has_the_instruction() -> None:
    assert said(trace()) == [("user", "Add it up.")]


def test_a_model_call_is_what_it_was_told_and_what_it_answered() -> None:
    built = trace(asked(SYSTEM, TASK))

    assert said(built) == [("system", "Be brief."), ("user", "Add it up."), ("agent", "Fine.")]
    assert built.steps[-1].llm_call_count == 1
    assert built.steps[-1].metrics is not None
    assert built.steps[-1].metrics.prompt_tokens == 10


def test_only_what_is_new_in_a_request_is_told_again() -> None:
    more = Message(role="user", content="Are you sure?")

    built = trace(asked(SYSTEM, TASK), asked(SYSTEM, TASK, FINE, more, answer="Yes."))

    assert [text for _, text in said(built)][2:] == ["Fine.", "Are you sure?", "Yes."]


def test_conversations_side_by_side_are_each_told_once() -> None:
    other = Message(role="system", content="You check others.")
    first, again = asked(SYSTEM, TASK), asked(SYSTEM, TASK, FINE, TASK)
    check, recheck = asked(other, TASK), asked(other, TASK, FINE, TASK)

    built = trace(first, check, again, recheck)

    assert len([text for _, text in said(built) if text == "Be brief."]) == 1
    assert len([text for _, text in said(built) if text == "You check others."]) == 1


def test_a_tool_result_joins_the_call_that_it_answers() -> None:
    asking = Message(role="assistant", tool_calls=(CALL,))
    result = Message(role="tool", content="a.txt", tool_call_id="c1")

    built = trace(calling(CALL), asked(SYSTEM, TASK, asking, result))

    step = built.steps[2]
    assert step.tool_calls
    assert step.observation
    assert [(r.source_call_id, r.content) for r in step.observation.results] == [("c1", "a.txt")]


def test_a_shortened_history_does_not_repeat_a_tool_result() -> None:
    asking = Message(role="assistant", tool_calls=(CALL,))
    result = Message(role="tool", content="a.txt", tool_call_id="c1")

    built = trace(calling(CALL), asked(SYSTEM, asking, result), asked(TASK, asking, result))

    assert built.steps[2].observation
    assert len(built.steps[2].observation.results) == 1


def test_the_answer_to_an_unknown_call_is_told_as_the_agents_words() -> None:
    built = trace(asked(TASK, Message(role="tool", content="lost", tool_call_id="c9")))

    assert ("user", "lost") in said(built)


def test_a_refused_call_says_why() -> None:
    built = trace(asked(TASK, answer=None, refusal="No calls are left."))

    assert said(built)[-1] == ("system", "Model call refused: No calls are left.")


def test_a_command_is_a_step_of_agent_py_with_its_output() -> None:
    (step,) = trace(ran("ls", stdout="a.txt\n", stderr="oh")).steps

    assert (step.source, step.llm_call_count, step.metrics) == ("agent", 0, None)
    assert step.tool_calls
    assert step.tool_calls[0].arguments == {"command": "ls"}
    assert step.observation
    assert step.observation.results[0].content == ("a.txt\n\n[stderr]\noh\n[exit code 0, 0.25 s]")


def test_a_command_that_ran_out_of_time_says_so() -> None:
    call = ran()
    slow = replace(call, result=replace(call.result, timed_out=True))

    assert "[timed out, 0.25 s]" in trace(slow).text()


def test_a_file_is_named_by_its_path() -> None:
    read: EnvCall = replace(ran("/app/x"), action="read")

    (step,) = trace(read).steps

    assert step.tool_calls
    assert step.tool_calls[0].function_name == "env.read"
    assert step.tool_calls[0].arguments == {"path": "/app/x"}


def test_a_note_is_marked_as_one() -> None:
    assert said(trace(AgentNote(at=NOON, text="gave up"))) == [("agent", "note: gave up")]


def test_totals_add_up_answered_calls() -> None:
    built = trace(asked(TASK), asked(TASK, answer=None, refusal="no"), asked(SYSTEM))

    assert built.final_metrics is not None
    assert built.final_metrics.total_prompt_tokens == 20
    assert built.final_metrics.total_steps == len(built.steps)


def test_an_unknown_price_is_left_out() -> None:
    answer: ChatReply = reply("Hm.")
    free = replace(answer, usage=replace(answer.usage, cost_usd=None))

    built = trace(replace(asked(TASK), reply=free))

    assert "cost_usd" not in built.text()


def test_what_the_model_thought_and_its_tokens_are_told_beside_the_answer() -> None:
    thoughts = (Thought(text="First,"), Thought(seal="x", hidden=True), Thought(text="then."))
    usage = Usage(calls=1, prompt_tokens=9, written_tokens=4, thinking_tokens=3)
    answer = reply("Fine.", usage=usage)
    answer = replace(answer, message=replace(answer.message, thoughts=thoughts))

    step = trace(replace(asked(SYSTEM, TASK), reply=answer)).steps[-1]

    assert step.reasoning_content == "First,\nthen."
    assert step.metrics is not None
    assert step.metrics.extra == {"cache_written_tokens": 4, "thinking_tokens": 3}


def test_further_answers_of_a_call_are_told_too() -> None:
    both = replace(reply("One."), others=(Message(role="assistant", content="Two."),))

    built = trace(replace(asked(SYSTEM, TASK), reply=both))

    assert said(built)[-2:] == [("agent", "One."), ("agent", "another answer: Two.")]
    assert built.steps[-1].llm_call_count == 0


def test_images_are_counted() -> None:
    picture = Message(role="user", content="See:", parts=({"type": "image_url"},))

    assert ("user", "See:\n[1 parts that are not text]") in said(trace(asked(picture)))


GARBAGE = {
    "no JSON": "{oops",
    "no object": "[1, 2]",
    "nothing": "",
    "NaN": '{"x": NaN}',
    "infinity within": '{"x": [1e999]}',
    "nesting without end": "[" * 100_000,
    "deeper than readers go": '{"x": ' + "[" * 150 + "]" * 150 + "}",
    "half a surrogate pair": r'{"x": "\ud800"}',
    "a number beyond Python": '{"x": ' + "9" * 10_000 + "}",
}


@pytest.mark.parametrize("text", GARBAGE.values(), ids=GARBAGE.keys())
def test_arguments_that_are_no_plain_object_are_kept_as_text(text: str) -> None:
    assert arguments(text) == {"not_an_object": text}


def test_text_that_no_file_can_hold_is_made_to_fit() -> None:
    bad = "half: \ud800"
    call = ToolCall(id=bad, name=bad, arguments=bad)
    asking = replace(asked(Message(role="user", content=bad)), reply=reply(bad, call))

    built = trace(asking, ran(bad, stdout=bad), AgentNote(at=NOON, text=bad))

    assert "half: ?" in built.text()


def test_absent_fields_are_left_out_of_the_file() -> None:
    document = json.loads(trace(asked(TASK)).text())

    assert document["schema_version"] == "ATIF-v1.7"
    assert "metrics" not in document["steps"][0]
    assert set(document["steps"][0]) <= set(AtifStep.model_fields)
