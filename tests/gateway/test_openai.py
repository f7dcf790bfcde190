"""The real openai SDK at a trial's socket."""

import json
from contextlib import ExitStack
from dataclasses import replace

import openai
import pydantic
import pytest
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolParam

from autoloop.errors import AgentError, ModelError, ProviderError
from autoloop.records import Message, ModelCall, ToolCall, Usage
from autoloop.testing.models import ScriptedModel, reply
from tests.gateway.conftest import OpenTrial

HELLO: list[ChatCompletionMessageParam] = [{"role": "user", "content": "hi"}]
BASH: ChatCompletionToolParam = {
    "type": "function",
    "function": {
        "name": "bash",
        "description": "Run a command.",
        "parameters": {"type": "object", "properties": {"command": {"type": "string"}}},
    },
}
CALL = ToolCall(id="call_1", name="bash", arguments='{"command": "ls"}')
RESULT: ChatCompletionMessageParam = {
    "role": "tool",
    "tool_call_id": "call_1",
    "content": "a.txt",
}
USAGE = Usage(calls=1, prompt_tokens=100, completion_tokens=20, cached_tokens=60)


def test_a_plain_answer_has_text_model_and_usage(open_trial: OpenTrial) -> None:
    trial = open_trial(ScriptedModel([reply("hello", usage=USAGE)], name="vendor/large"))

    with trial.openai() as client:
        answer = client.chat.completions.create(model="gpt-999", messages=HELLO)

    assert answer.choices[0].message.content == "hello"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.model == "vendor/large"
    assert answer.usage is not None
    assert answer.usage.prompt_tokens_details is not None
    assert answer.usage.prompt_tokens_details.cached_tokens == 60
    assert answer.usage.total_tokens == 120


def test_the_upstream_sees_the_seed_of_the_trial_and_every_option(open_trial: OpenTrial) -> None:
    model = ScriptedModel([reply("ok")])
    trial = open_trial(model, seed=42)

    with trial.openai() as client:
        client.chat.completions.create(
            model="any", messages=HELLO, temperature=0.5, top_p=0.9, max_tokens=50, stop=["END"]
        )

    request = model.requests[0]
    assert (request.seed, request.temperature, request.top_p) == (42, 0.5, 0.9)
    assert (request.max_tokens, request.stop) == (50, ("END",))


def test_tools_and_their_results_go_both_ways(open_trial: OpenTrial) -> None:
    model = ScriptedModel([reply("Let me look.", CALL), reply("done")])
    trial = open_trial(model)

    with trial.openai() as client:
        first = client.chat.completions.create(model="m", messages=HELLO, tools=[BASH])
        said = first.choices[0].message.to_dict()
        client.chat.completions.create(model="m", messages=[*HELLO, said, RESULT])  # type: ignore[list-item]

    assert first.choices[0].finish_reason == "tool_calls"
    assert model.requests[0].tools[0].name == "bash"
    assert model.requests[1].messages[1].tool_calls == (CALL,)
    assert model.requests[1].messages[2].tool_call_id == "call_1"


def test_the_choice_of_a_tool_is_passed_on_by_name(open_trial: OpenTrial) -> None:
    model = ScriptedModel([reply("ok")])
    trial = open_trial(model)

    with trial.openai() as client:
        client.chat.completions.create(
            model="m",
            messages=HELLO,
            tools=[BASH],
            tool_choice={"type": "function", "function": {"name": "bash"}},
        )

    assert model.requests[0].tool_choice == "bash"


def test_a_stream_carries_text_and_usage(open_trial: OpenTrial) -> None:
    trial = open_trial(ScriptedModel([reply("hello", usage=USAGE)]))

    with trial.openai() as client:
        chunks = list(
            client.chat.completions.create(
                model="m", messages=HELLO, stream=True, stream_options={"include_usage": True}
            )
        )

    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == "hello"
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.total_tokens == 120


def test_the_streaming_helper_builds_the_same_answer_with_tool_calls(open_trial: OpenTrial) -> None:
    other = ToolCall(id="call_2", name="bash", arguments='{"command": "pwd"}')
    trial = open_trial(ScriptedModel([reply("Looking.", CALL, other)]))

    with trial.openai() as client:
        chat = client.chat.completions
        with chat.stream(model="m", messages=HELLO, tools=[BASH]) as stream:
            message = stream.get_final_completion().choices[0].message

    calls = message.tool_calls or ()
    assert message.content == "Looking."
    assert [call.id for call in calls] == ["call_1", "call_2"]
    assert [call.function.arguments for call in calls] == [CALL.arguments, other.arguments]


def test_an_image_reaches_the_upstream_as_a_part(open_trial: OpenTrial) -> None:
    model = ScriptedModel([reply("a cat")])
    trial = open_trial(model)
    image: ChatCompletionMessageParam = {
        "role": "user",
        "content": [
            {"type": "text", "text": "What is it?"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
        ],
    }

    with trial.openai() as client:
        client.chat.completions.create(model="m", messages=[image])

    assert model.requests[0].messages[0].content == "What is it?"
    assert model.requests[0].messages[0].parts[0]["type"] == "image_url"


class _Answer(pydantic.BaseModel):
    number: int


def test_structured_answers_are_asked_for_and_parsed(open_trial: OpenTrial) -> None:
    model = ScriptedModel([reply('{"number": 7}')])
    trial = open_trial(model)

    with trial.openai() as client:
        answer = client.chat.completions.parse(model="m", messages=HELLO, response_format=_Answer)

    assert answer.choices[0].message.parsed == _Answer(number=7)
    assert model.requests[0].response_format["type"] == "json_schema"


def test_a_few_answers_per_call_are_given_and_recorded(open_trial: OpenTrial) -> None:
    both = replace(reply("one"), others=(Message(role="assistant", content="two"),))
    trial = open_trial(ScriptedModel([both]))

    with trial.openai() as client:
        given = client.chat.completions.create(model="m", messages=HELLO, n=2)

    (call,) = trial.session.events
    assert [choice.message.content for choice in given.choices] == ["one", "two"]
    assert isinstance(call, ModelCall)
    assert call.reply is not None
    assert [message.content for message in call.reply.others] == ["two"]


def test_a_crowd_of_answers_per_call_is_refused(open_trial: OpenTrial) -> None:
    model = ScriptedModel([])
    trial = open_trial(model)

    with (
        trial.openai() as client,
        pytest.raises(openai.BadRequestError, match="at most 8 answers"),
    ):
        client.chat.completions.create(model="m", messages=HELLO, n=9)

    assert model.requests == ()


@pytest.mark.parametrize(
    ("error", "status", "is_trouble"),
    [
        (ProviderError("The provider is overloaded."), 503, True),
        (ModelError("The key is refused."), 502, True),
        (AgentError("The prompt is too long."), 400, False),
    ],
)
def test_a_failure_upstream_is_told_once_and_blamed_on_whom_it_belongs(
    open_trial: OpenTrial, error: Exception, status: int, *, is_trouble: bool
) -> None:
    model = ScriptedModel([error])
    trial = open_trial(model)

    with trial.openai() as client, pytest.raises(openai.APIStatusError) as caught:
        client.chat.completions.create(model="m", messages=HELLO)

    assert caught.value.status_code == status
    assert str(error) in caught.value.message
    assert (trial.session.trouble is error) is is_trouble
    assert len(model.requests) == 1


def test_a_failed_call_is_recorded_and_counted(open_trial: OpenTrial) -> None:
    trial = open_trial(ScriptedModel([ProviderError("Overloaded.")]))

    assert trial.chat().status == 503

    event = trial.session.events[0]
    assert isinstance(event, ModelCall)
    assert (event.reply, event.refusal) == (None, "Overloaded.")
    assert trial.session.usage == Usage(calls=1)


def test_the_models_are_one_whatever_is_asked(open_trial: OpenTrial) -> None:
    trial = open_trial(ScriptedModel([], name="vendor/large"))

    with trial.openai() as client:
        names = [model.id for model in client.models.list()]
        one = client.models.retrieve("gpt-5")

    assert names == ["vendor/large"]
    assert one.id == "vendor/large"


def test_other_routes_of_the_api_do_not_exist(open_trial: OpenTrial, stack: ExitStack) -> None:
    client = stack.enter_context(open_trial(ScriptedModel([])).openai())

    with pytest.raises(openai.NotFoundError, match="/v1/embeddings"):
        client.embeddings.create(model="m", input="hi")
    with pytest.raises(openai.NotFoundError, match="/v1/batches"):
        client.batches.list()


def test_an_answer_with_invalid_arguments_is_passed_on_as_written(open_trial: OpenTrial) -> None:
    broken = ToolCall(id="c", name="bash", arguments='{"command": ')
    trial = open_trial(ScriptedModel([reply("", broken)]))

    answer = trial.chat()

    message = answer.body["choices"][0]["message"]
    assert json.loads(json.dumps(message))["tool_calls"][0]["function"]["arguments"] == (
        '{"command": '
    )
