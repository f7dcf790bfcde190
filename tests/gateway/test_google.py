"""Google's generateContent at a trial's socket."""

import json
from collections.abc import Mapping

import pytest

from autoloop.errors import ModelError
from autoloop.gateway.wire.google_generate import read_request
from autoloop.harness.door import Answer
from autoloop.records import Message, ToolCall, Usage
from autoloop.testing.models import ScriptedModel, reply
from tests.gateway.conftest import OpenTrial, Trial

USAGE = Usage(calls=1, prompt_tokens=100, completion_tokens=20, cached_tokens=60)
LS = ToolCall(id="call_1", name="bash", arguments='{"command": "ls"}')
HI = {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}


def ask(trial: Trial, body: Mapping[str, object], *, method: str = "generateContent") -> Answer:
    return trial.post(f"/v1beta/models/vendor/any:{method}", dict(body))


def test_a_plain_answer_has_text_model_and_usage(open_trial: OpenTrial) -> None:
    trial = open_trial(ScriptedModel([reply("hello", usage=USAGE)], name="vendor/large"))

    answer = ask(trial, HI).body

    (candidate,) = answer["candidates"]
    assert candidate["content"] == {"role": "model", "parts": [{"text": "hello"}]}
    assert candidate["finishReason"] == "STOP"
    assert answer["modelVersion"] == "vendor/large"
    assert answer["usageMetadata"] == {
        "promptTokenCount": 100,
        "candidatesTokenCount": 20,
        "cachedContentTokenCount": 60,
        "totalTokenCount": 120,
    }


def test_the_upstream_sees_instructions_tools_and_every_option(open_trial: OpenTrial) -> None:
    model = ScriptedModel([reply("ok")])
    function = {
        "name": "bash",
        "description": "Run it.",
        "parameters": {"type": "OBJECT", "properties": {"command": {"type": "STRING"}}},
    }

    ask(
        open_trial(model, seed=42),
        HI
        | {
            "systemInstruction": {"parts": [{"text": "Be brief."}]},
            "tools": [{"functionDeclarations": [function]}],
            "toolConfig": {"functionCallingConfig": {"mode": "ANY"}},
            "generationConfig": {
                "temperature": 0.5,
                "topP": 0.9,
                "maxOutputTokens": 50,
                "stopSequences": ["END"],
                "responseMimeType": "application/json",
                "responseJsonSchema": {"type": "object"},
                "thinkingConfig": {"includeThoughts": True},
            },
        },
    )

    (seen,) = model.requests
    assert seen.messages[0] == Message(role="system", content="Be brief.")
    assert seen.messages[1] == Message(role="user", content="hi")
    assert seen.tools[0].parameters == {
        "type": "object",
        "properties": {"command": {"type": "string"}},
    }
    assert (seen.tool_choice, seen.temperature, seen.top_p) == ("required", 0.5, 0.9)
    assert (seen.max_tokens, seen.stop, seen.seed) == (50, ("END",), 42)
    assert seen.response_format["type"] == "json_schema"


def test_calls_and_their_results_keep_together_without_ids(open_trial: OpenTrial) -> None:
    model = ScriptedModel([reply("ok")])
    call = {"functionCall": {"name": "bash", "args": {"command": "ls"}}}
    results = [
        {"functionResponse": {"name": "bash", "response": {"output": "a"}}},
        {"functionResponse": {"name": "bash", "response": {"output": "b"}}},
    ]
    contents = [
        {"role": "user", "parts": [{"text": "hi"}]},
        {
            "role": "model",
            "parts": [{"text": "hm", "thought": True}, {"text": "I look"}, call, call],
        },
        {"role": "user", "parts": results},
    ]

    ask(open_trial(model), {"contents": contents})

    _, said, first, second = model.requests[0].messages
    assert said.content == "I look"
    assert [c.arguments for c in said.tool_calls] == ['{"command": "ls"}'] * 2
    assert [first.tool_call_id, second.tool_call_id] == [c.id for c in said.tool_calls]
    assert (first.content, second.content) == ('{"output": "a"}', '{"output": "b"}')


@pytest.mark.timeout(30)
@pytest.mark.parametrize("has_ids", [True, False])
def test_tens_of_thousands_of_calls_find_their_results_each_at_once(*, has_ids: bool) -> None:
    called = [
        {"name": "bash", "id": str(number)} if has_ids else {"name": f"bash_{number % 2}"}
        for number in range(37_000)
    ]
    contents = [
        {"role": "model", "parts": [{"functionCall": one} for one in called[at : at + 1_000]]}
        for at in range(0, len(called), 1_000)
    ]
    answered = called[::-1]
    contents += [
        {"parts": [{"functionResponse": one} for one in answered[at : at + 1_000]]}
        for at in range(0, len(answered), 1_000)
    ]

    messages = read_request(json.dumps({"contents": contents}).encode()).messages

    ids = [call.id for message in messages for call in message.tool_calls]
    results = [message.tool_call_id or "" for message in messages if message.role == "tool"]
    assert results == ids[::-1] if has_ids else sorted(results) == sorted(ids)


def test_a_result_without_an_id_answers_the_first_call_that_no_id_answered() -> None:
    calls = [{"name": "bash", "id": "a"}, {"name": "bash", "id": "b"}, {"name": "bash", "id": "c"}]
    results = [{"name": "bash", "id": "b"}, {"name": "bash"}, {"name": "bash"}]
    contents = [
        {"role": "model", "parts": [{"functionCall": call} for call in calls]},
        {"parts": [{"functionResponse": result} for result in results]},
    ]

    _, *messages = read_request(json.dumps({"contents": contents}).encode()).messages

    assert [message.tool_call_id for message in messages] == ["b", "a", "c"]


def test_a_call_of_a_tool_comes_as_a_part_with_its_id(open_trial: OpenTrial) -> None:
    trial = open_trial(ScriptedModel([reply("", LS)]))

    (candidate,) = ask(trial, HI).body["candidates"]

    called = {"id": "call_1", "name": "bash", "args": {"command": "ls"}}
    assert candidate["content"]["parts"] == [{"functionCall": called}]


def test_a_stream_is_one_event_with_everything(open_trial: OpenTrial) -> None:
    trial = open_trial(ScriptedModel([reply("hello", usage=USAGE)]))

    answer = ask(trial, HI, method="streamGenerateContent?alt=sse")

    raw = str(answer.body["error"])
    event = json.loads(raw.removeprefix("data: "))
    assert event["candidates"][0]["content"]["parts"] == [{"text": "hello"}]


def test_pictures_reach_the_upstream(open_trial: OpenTrial) -> None:
    model = ScriptedModel([reply("ok")])
    picture = {"inlineData": {"mimeType": "image/png", "data": "QUJD"}}

    ask(open_trial(model), {"contents": [{"role": "user", "parts": [picture]}]})

    url = {"url": "data:image/png;base64,QUJD"}
    assert model.requests[0].messages[0].parts == ({"type": "image_url", "image_url": url},)


def test_tokens_are_estimated_without_the_model(open_trial: OpenTrial) -> None:
    model = ScriptedModel([])

    answers = [
        ask(open_trial(model), body, method="countTokens")
        for body in (HI, {"generateContentRequest": HI})
    ]

    assert [answer.body["totalTokens"] > 0 for answer in answers] == [True, True]
    assert model.requests == ()


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"contents": []}, "invalid at 'contents'"),
        (HI | {"tools": [{"googleSearch": {}}]}, "Only tools with functionDeclarations"),
        (
            {"contents": [{"parts": [{"functionResponse": {"name": "x", "response": {}}}]}]},
            "answers no functionCall",
        ),
        (
            {"contents": [{"parts": [{"inlineData": {"mimeType": "audio/wav", "data": ""}}]}]},
            "images are",
        ),
    ],
)
def test_what_is_not_offered_is_refused_in_googles_form(
    open_trial: OpenTrial, body: Mapping[str, object], sentence: str
) -> None:
    answer = ask(open_trial(ScriptedModel([])), body)

    error = answer.body["error"]
    assert (answer.status, error["code"], error["status"]) == (400, 400, "INVALID_ARGUMENT")
    assert sentence in error["message"]


def test_a_failure_of_the_provider_is_told_in_googles_form(open_trial: OpenTrial) -> None:
    answer = ask(open_trial(ScriptedModel([ModelError("The key is wrong.")])), HI)

    assert (answer.status, answer.body["error"]["status"]) == (502, "UNAVAILABLE")
