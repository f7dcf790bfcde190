"""How long messages are for the model, and what of old ones can go."""

import json

import pytest

from autoloop.meta.length import CUT, DROPPED, length_of, shortened
from autoloop.records import Message, Thought, ToolCall


def calling(arguments: str) -> Message:
    call = ToolCall(id="1", name="submit", arguments=arguments)
    return Message(role="assistant", content="So.", tool_calls=(call,))


def test_everything_that_is_sent_counts() -> None:
    thought = Thought(text="Hm, hm.", seal="ab")
    message = Message(
        role="assistant",
        content="So.",
        tool_calls=(ToolCall(id="1", name="look", arguments="{}"),),
        thoughts=(thought,),
    )

    assert length_of([message, Message(role="user", content="Go")]) == 3 + 6 + 9 + 2


def test_a_tools_answer_is_dropped_where_that_saves_room() -> None:
    short, long = Message(role="tool", content="ok"), Message(role="tool", content="x" * 900)

    assert shortened(short) == short
    assert shortened(long).content == DROPPED


def test_of_a_call_only_long_values_go() -> None:
    (call,) = shortened(calling(json.dumps({"title": "T", "source": "x" * 900}))).tool_calls

    assert json.loads(call.arguments) == {"title": "T", "source": CUT}


@pytest.mark.parametrize("arguments", ["[" * 20_000, '"' + "x" * 900 + '"', "x" * 900])
def test_what_is_no_object_becomes_an_empty_one(arguments: str) -> None:
    (call,) = shortened(calling(arguments)).tool_calls

    assert call.arguments == "{}"


def test_short_calls_and_what_people_said_stay() -> None:
    asked = Message(role="user", content="x" * 900)

    assert shortened(asked) == asked
    assert shortened(calling('{"a": 1}')) == calling('{"a": 1}')
