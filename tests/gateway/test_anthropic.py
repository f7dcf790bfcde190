"""The real anthropic SDK at a trial's socket."""

import anthropic
import pytest
from anthropic.types import MessageParam, ToolParam

from autoloop.errors import ProviderError
from autoloop.records import Message, Quota, ToolCall, Usage
from autoloop.testing.models import ScriptedModel, reply
from tests.gateway.conftest import OpenTrial

HELLO: list[MessageParam] = [{"role": "user", "content": "hi"}]
BASH: ToolParam = {
    "name": "bash",
    "description": "Run a command.",
    "input_schema": {"type": "object", "properties": {"command": {"type": "string"}}},
}
CALL = ToolCall(id="toolu_1", name="bash", arguments='{"command": "ls"}')
RESULT: MessageParam = {
    "role": "user",
    "content": [
        {"type": "tool_result", "tool_use_id": "toolu_1", "content": "a.txt"},
        {"type": "text", "text": "Go on."},
    ],
}
IMAGE: MessageParam = {
    "role": "user",
    "content": [
        {
            "type": "image",
            "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"},
        }
    ],
}
USAGE = Usage(calls=1, prompt_tokens=100, completion_tokens=20, cached_tokens=60)


def test_a_plain_answer_has_text_stop_reason_and_usage(open_trial: OpenTrial) -> None:
    model = ScriptedModel([reply("hello", usage=USAGE)])
    trial = open_trial(model)

    with trial.anthropic() as client:
        answer = client.messages.create(
            model="claude-any", max_tokens=100, system="Be kind.", messages=HELLO
        )

    assert answer.content[0].type == "text"
    assert answer.content[0].text == "hello"
    assert answer.stop_reason == "end_turn"
    assert (answer.usage.input_tokens, answer.usage.cache_read_input_tokens) == (40, 60)
    assert model.requests[0].messages[0] == Message(role="system", content="Be kind.")
    assert model.requests[0].max_tokens == 100


def test_tool_use_and_results_go_both_ways(open_trial: OpenTrial) -> None:
    model = ScriptedModel([reply("Looking.", CALL), reply("done")])
    trial = open_trial(model)

    with trial.anthropic() as client:
        first = client.messages.create(model="m", max_tokens=9, messages=HELLO, tools=[BASH])
        said: MessageParam = {"role": "assistant", "content": first.content}
        client.messages.create(model="m", max_tokens=9, messages=[*HELLO, said, RESULT])

    assert first.stop_reason == "tool_use"
    assert model.requests[1].messages[1:] == (
        Message(role="assistant", content="Looking.", tool_calls=(CALL,)),
        Message(role="tool", content="a.txt", tool_call_id="toolu_1"),
        Message(role="user", content="Go on."),
    )


def test_a_failed_tool_is_told_as_an_error(open_trial: OpenTrial) -> None:
    model = ScriptedModel([reply("I see.")])
    trial = open_trial(model)
    result: MessageParam = {
        "role": "user",
        "content": [
            {"type": "tool_result", "tool_use_id": "t", "content": "no file", "is_error": True}
        ],
    }

    with trial.anthropic() as client:
        client.messages.create(model="m", max_tokens=9, messages=[result])

    assert model.requests[0].messages[0].content == "Error: no file"


def test_any_tool_becomes_required(open_trial: OpenTrial) -> None:
    model = ScriptedModel([reply("", CALL)])
    trial = open_trial(model)

    with trial.anthropic() as client:
        client.messages.create(
            model="m", max_tokens=9, messages=HELLO, tools=[BASH], tool_choice={"type": "any"}
        )

    assert model.requests[0].tool_choice == "required"


def test_the_streaming_helper_builds_the_same_message(open_trial: OpenTrial) -> None:
    trial = open_trial(ScriptedModel([reply("Looking.", CALL, usage=USAGE)]))

    with (
        trial.anthropic() as client,
        client.messages.stream(model="m", max_tokens=9, messages=HELLO, tools=[BASH]) as stream,
    ):
        text = "".join(stream.text_stream)
        final = stream.get_final_message()

    assert text == "Looking."
    assert final.content[1].type == "tool_use"
    assert final.content[1].input == {"command": "ls"}
    assert final.stop_reason == "tool_use"
    assert (final.usage.input_tokens, final.usage.output_tokens) == (40, 20)


def test_invalid_arguments_become_an_object_that_shows_them(open_trial: OpenTrial) -> None:
    broken = ToolCall(id="t", name="bash", arguments='{"command": ')
    trial = open_trial(ScriptedModel([reply("", broken)]))

    with trial.anthropic() as client:
        answer = client.messages.create(model="m", max_tokens=9, messages=HELLO)

    assert answer.content[0].type == "tool_use"
    assert answer.content[0].input == {"invalid_json": '{"command": '}


def test_an_image_reaches_the_upstream_as_a_data_url(open_trial: OpenTrial) -> None:
    model = ScriptedModel([reply("a cat")])
    trial = open_trial(model)

    with trial.anthropic() as client:
        client.messages.create(model="m", max_tokens=9, messages=[IMAGE])

    part = model.requests[0].messages[0].parts[0]
    assert part["image_url"] == {"url": "data:image/png;base64,AAAA"}


def test_over_quota_is_anthropics_rate_limit_and_is_not_retried(open_trial: OpenTrial) -> None:
    trial = open_trial(ScriptedModel([reply("one")]), quota=Quota(calls=1))

    with trial.anthropic() as client:
        client.messages.create(model="m", max_tokens=9, messages=HELLO)
        with pytest.raises(anthropic.RateLimitError, match="all of its 1 model calls"):
            client.messages.create(model="m", max_tokens=9, messages=HELLO)

    assert len(trial.session.events) == 2


def test_errors_have_anthropics_shape(open_trial: OpenTrial) -> None:
    trial = open_trial(ScriptedModel([ProviderError("Overloaded.")]))

    answer = trial.post("/v1/messages", {"max_tokens": 5, "messages": HELLO})

    assert answer.status == 503
    assert answer.body == {
        "type": "error",
        "error": {"type": "api_error", "message": "Overloaded."},
        "request_id": None,
    }


def test_a_block_that_is_not_supported_is_named(open_trial: OpenTrial) -> None:
    trial = open_trial(ScriptedModel([]))
    odd = [{"role": "user", "content": [{"type": "hologram"}]}]

    answer = trial.post("/v1/messages", {"max_tokens": 5, "messages": odd})

    assert answer.status == 400
    assert "'hologram' is not supported" in answer.error


def test_tokens_can_be_counted_without_asking_a_model(open_trial: OpenTrial) -> None:
    model = ScriptedModel([])
    trial = open_trial(model)

    with trial.anthropic() as client:
        counted = client.messages.count_tokens(model="m", messages=HELLO, system="x" * 400)

    assert counted.input_tokens > 100
    assert model.requests == ()


def test_the_models_can_be_listed(open_trial: OpenTrial) -> None:
    trial = open_trial(ScriptedModel([], name="vendor/large"))

    with trial.anthropic() as client:
        names = [model.id for model in client.models.list()]

    assert names == ["vendor/large"]
