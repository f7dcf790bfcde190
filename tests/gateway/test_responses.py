"""The real openai SDK at a trial's socket, asking for responses."""

import json

import openai
import pytest
from openai.types.responses import (
    FunctionToolParam,
    ResponseFunctionToolCall,
    ResponseInputParam,
)

from autoloop.errors import AgentError
from autoloop.records import Message, ToolCall, Usage
from autoloop.testing.models import ScriptedModel, reply
from tests.gateway.conftest import OpenTrial

BASH: FunctionToolParam = {
    "type": "function",
    "name": "bash",
    "description": "Run a command.",
    "parameters": {"type": "object", "properties": {"command": {"type": "string"}}},
    "strict": True,
}
LS = ToolCall(id="call_1", name="bash", arguments='{"command": "ls"}')
PWD = ToolCall(id="call_2", name="bash", arguments='{"command": "pwd"}')
USAGE = Usage(calls=1, prompt_tokens=100, completion_tokens=20, cached_tokens=60)


def _said(role: str, content: object) -> dict[str, object]:
    return {"role": role, "content": content}


def test_a_plain_answer_has_text_model_and_usage(open_trial: OpenTrial) -> None:
    trial = open_trial(ScriptedModel([reply("hello", usage=USAGE)], name="vendor/large"))

    with trial.openai() as client:
        answer = client.responses.create(model="gpt-999", input="hi")

    assert (answer.output_text, answer.status, answer.model) == (
        "hello",
        "completed",
        "vendor/large",
    )
    assert answer.usage is not None
    assert (answer.usage.total_tokens, answer.usage.input_tokens_details.cached_tokens) == (120, 60)


def test_the_upstream_sees_instructions_and_every_option(open_trial: OpenTrial) -> None:
    model = ScriptedModel([reply("ok")])
    trial = open_trial(model, seed=42)

    with trial.openai() as client:
        client.responses.create(
            model="any",
            instructions="Be brief.",
            input="hi",
            temperature=0.5,
            top_p=0.9,
            max_output_tokens=50,
        )

    request = model.requests[0]
    assert [m.role for m in request.messages] == ["system", "user"]
    assert (request.seed, request.temperature, request.top_p) == (42, 0.5, 0.9)
    assert request.max_tokens == 50


def test_calls_and_their_results_go_both_ways(open_trial: OpenTrial) -> None:
    model = ScriptedModel([reply("Let me look.", LS, PWD), reply("done")])
    trial = open_trial(model)

    with trial.openai() as client:
        first = client.responses.create(model="m", input="hi", tools=[BASH])
        calls = [item for item in first.output if isinstance(item, ResponseFunctionToolCall)]
        conversation: ResponseInputParam = [{"role": "user", "content": "hi"}]
        conversation += [item.to_dict() for item in first.output]  # type: ignore[misc]
        for call in calls:
            conversation.append(
                {"type": "function_call_output", "call_id": call.call_id, "output": "a.txt"}
            )
        client.responses.create(model="m", input=conversation, tools=[BASH])

    assert model.requests[0].tools[0].name == "bash"
    assert model.requests[1].messages[1:] == (
        Message(role="assistant", content="Let me look.", tool_calls=(LS, PWD)),
        Message(role="tool", content="a.txt", tool_call_id="call_1"),
        Message(role="tool", content="a.txt", tool_call_id="call_2"),
    )


@pytest.mark.parametrize("answer", [reply("hello"), reply("", LS), reply("Look.", LS, PWD)])
def test_a_stream_gives_the_same_answer(open_trial: OpenTrial, answer: object) -> None:
    trial = open_trial(ScriptedModel(lambda _: answer))  # type: ignore[arg-type,return-value]

    with trial.openai() as client:
        whole = client.responses.create(model="m", input="hi")
        with client.responses.stream(model="m", input="hi") as stream:
            kinds = [event.type for event in stream]
            streamed = stream.get_final_response()

    assert kinds[0] == "response.created"
    assert kinds[-1] == "response.completed"
    assert streamed.output_text == whole.output_text
    assert len(streamed.output) == len(whole.output)


def test_text_comes_in_deltas(open_trial: OpenTrial) -> None:
    trial = open_trial(ScriptedModel([reply("hello")]))

    with trial.openai() as client:
        events = client.responses.create(model="m", input="hi", stream=True)
        deltas = [event.delta for event in events if event.type == "response.output_text.delta"]

    assert deltas == ["hello"]


def test_an_answer_that_was_cut_off_is_incomplete(open_trial: OpenTrial) -> None:
    trial = open_trial(ScriptedModel([reply("hel", stop_reason="length")]))

    with trial.openai() as client:
        answer = client.responses.create(model="m", input="hi")

    assert answer.status == "incomplete"
    assert answer.incomplete_details is not None
    assert answer.incomplete_details.reason == "max_output_tokens"


def test_a_schema_is_passed_on_in_the_form_of_chat_completions(open_trial: OpenTrial) -> None:
    model = ScriptedModel([reply("{}"), reply("text")])
    trial = open_trial(model)
    schema = {"type": "json_schema", "name": "answer", "schema": {"type": "object"}}

    trial.post("/v1/responses", {"input": "hi", "text": {"format": schema}})
    trial.post("/v1/responses", {"input": "hi", "text": {"format": {"type": "text"}}})

    assert model.requests[0].response_format == {
        "type": "json_schema",
        "json_schema": {"name": "answer", "schema": {"type": "object"}},
    }
    assert model.requests[1].response_format == {}


def test_images_files_and_reasoning_in_the_input_are_understood(open_trial: OpenTrial) -> None:
    model = ScriptedModel([reply("a cat")])
    trial = open_trial(model)
    content = [
        {"type": "input_text", "text": "What is this?"},
        {"type": "input_image", "image_url": "data:image/png;base64,QQ"},
        {"type": "input_file", "file_data": "QQ", "filename": "a.pdf"},
    ]

    trial.post("/v1/responses", {"input": [_said("user", content), {"type": "reasoning"}]})

    (message,) = model.requests[0].messages
    assert message.content == "What is this?"
    assert [part["type"] for part in message.parts] == ["image_url", "file"]


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({"input": "hi", "previous_response_id": "resp_1"}, "send the conversation in `input`"),
        ({"input": "hi", "background": True}, "background answers are not offered"),
        ({"input": "hi", "tools": [{"type": "web_search"}]}, "'web_search' is not offered"),
        ({"input": [{"type": "item_reference", "id": "x"}]}, "'item_reference' is not supported"),
        ({"input": [_said("user", [{"type": "input_audio"}])]}, "'input_audio' is not supported"),
        ({"input": []}, "invalid at 'input"),
        ({"input": [{"type": "function_call", "name": "f"}]}, "call_id"),
    ],
)
def test_what_is_not_offered_is_refused_with_a_sentence(
    open_trial: OpenTrial, body: dict[str, object], complaint: str
) -> None:
    answer = open_trial(ScriptedModel([])).post("/v1/responses", body)

    assert answer.status == 400
    assert complaint in answer.error


def test_the_choice_of_a_tool_is_passed_on_by_name(open_trial: OpenTrial) -> None:
    model = ScriptedModel([reply("ok")])
    trial = open_trial(model)

    with trial.openai() as client:
        client.responses.create(
            model="m", input="hi", tools=[BASH], tool_choice={"type": "function", "name": "bash"}
        )

    assert model.requests[0].tool_choice == "bash"


def test_a_refused_request_is_an_error_of_the_sdk(open_trial: OpenTrial) -> None:
    trial = open_trial(ScriptedModel([AgentError("Too long.")]))

    with trial.openai() as client, pytest.raises(openai.BadRequestError, match=r"Too long\."):
        client.responses.create(model="m", input="hi")


def test_every_event_is_numbered_in_order(open_trial: OpenTrial) -> None:
    trial = open_trial(ScriptedModel([reply("Look.", LS)]))

    answer = trial.post("/v1/responses", {"input": "hi", "stream": True})

    lines = str(answer.body["error"]).split("\n")
    events = [json.loads(line[6:]) for line in lines if line.startswith("data: ")]
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
