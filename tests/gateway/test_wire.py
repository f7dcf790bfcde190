"""What is translated from a wire format and back stays the same."""

import json
import random

import pytest

from autoloop.gateway.wire import anthropic_messages, openai_chat
from autoloop.gateway.wire.asked import RequestError
from autoloop.harness.door import Json
from autoloop.records import ChatReply, ChatRequest, JsonObject, Message, ReplyStop, ToolCall
from autoloop.records import ToolSpec as Tool
from autoloop.testing.models import reply

WORDS = ["", "ls -la", "Grüße 🎉", '{"a": 1}', "line\nline", "\u2028", "</script>", "data: [DONE]"]


def _some_message(chance: random.Random, number: int) -> Message:
    text = chance.choice(WORDS)
    kind = chance.randrange(4)
    if kind == 0:
        return Message(role="tool", content=text, tool_call_id=f"c{number}")
    if kind == 1:
        arguments = json.dumps({"command": chance.choice(WORDS), "n": chance.random()})
        calls = (ToolCall(id=f"c{number}", name="bash", arguments=arguments),)
        return Message(role="assistant", content=text, tool_calls=calls)
    if kind == 2:
        image: JsonObject = {"type": "image_url", "image_url": {"url": "data:image/png;base64,QQ"}}
        return Message(role="user", content=text, parts=(image,))
    return Message(role=chance.choice(["system", "user", "assistant"]), content=text)


@pytest.mark.parametrize("seed", range(50))
def test_openai_messages_and_tools_survive_the_round_trip(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - seeded examples
    messages = tuple(_some_message(chance, number) for number in range(1, 8))
    tools = (Tool(name="bash", description="Run.", parameters={"type": "object", "x": [1, None]}),)
    wire = {
        "messages": [openai_chat.message_json(message) for message in messages],
        "tools": [openai_chat.tool_json(tool) for tool in tools],
    }

    asked = openai_chat.read_request(json.dumps(wire).encode())

    assert asked.request == ChatRequest(messages=messages, tools=tools)


def _events(stream: str) -> list[Json]:
    lines = [line[6:] for line in stream.split("\n") if line.startswith("data: ")]
    return [json.loads(line) for line in lines if line != "[DONE]"]


def _some_reply(seed: int) -> ChatReply:
    chance = random.Random(seed)  # noqa: S311 - seeded examples
    calls = tuple(
        ToolCall(id=f"c{n}", name="bash", arguments=json.dumps({"command": chance.choice(WORDS)}))
        for n in range(chance.randrange(3))
    )
    return reply(chance.choice(WORDS), *calls)


@pytest.mark.parametrize("seed", range(30))
def test_an_openai_stream_says_what_the_plain_answer_says(seed: int) -> None:
    answer = _some_reply(seed)

    chunks = _events(openai_chat.reply_stream(answer, call_id="1", created=0, usage=False))

    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    calls: dict[int, str] = {}
    for delta in deltas:
        for call in delta.get("tool_calls", ()):
            calls[call["index"]] = calls.get(call["index"], "") + call["function"]["arguments"]
    assert "".join(delta.get("content", "") for delta in deltas) == answer.message.content
    assert list(calls.values()) == [call.arguments for call in answer.message.tool_calls]


@pytest.mark.parametrize("seed", range(30))
def test_anthropics_answer_sent_back_is_the_same_message(seed: int) -> None:
    answer = _some_reply(seed)
    body = anthropic_messages.reply_json(answer, call_id="1")
    wire = {
        "max_tokens": 5,
        "messages": [{"role": "assistant", "content": body["content"] or answer.message.content}],
    }

    asked = anthropic_messages.read_request(json.dumps(wire).encode())

    assert asked.request.messages == (answer.message,)


@pytest.mark.parametrize(
    ("stop", "openai", "anthropic"),
    [
        ("stop", "stop", "end_turn"),
        ("tool_calls", "tool_calls", "tool_use"),
        ("length", "length", "max_tokens"),
        ("refusal", "content_filter", "refusal"),
    ],
)
def test_stop_reasons_have_each_formats_name(stop: ReplyStop, openai: str, anthropic: str) -> None:
    assert openai_chat.FINISH_REASONS[stop] == openai
    assert anthropic_messages.STOP_REASONS[stop] == anthropic


def test_system_blocks_become_one_system_message() -> None:
    wire = {
        "max_tokens": 5,
        "system": [
            {"type": "text", "text": "One.", "cache_control": {"type": "ephemeral"}},
            {"type": "text", "text": "Two."},
        ],
        "messages": [{"role": "user", "content": "hi"}],
    }

    request = anthropic_messages.read_request(json.dumps(wire).encode()).request

    assert request.messages[0] == Message(role="system", content="One.\nTwo.")


def test_a_developer_message_is_a_system_message() -> None:
    wire = {"messages": [{"role": "developer", "content": "Be brief."}]}

    request = openai_chat.read_request(json.dumps(wire).encode()).request

    assert request.messages == (Message(role="system", content="Be brief."),)


@pytest.mark.parametrize("key", ["logprobs", "functions"])
def test_what_is_not_offered_is_refused_by_name(key: str) -> None:
    wire: Json = {
        "messages": [{"role": "user", "content": "hi"}],
        key: True if key == "logprobs" else [{}],
    }

    with pytest.raises(RequestError, match=key):
        openai_chat.read_request(json.dumps(wire).encode())
