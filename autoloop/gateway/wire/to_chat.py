"""OpenAI's chat completions as its client speaks them: our requests out, its answers in."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from pydantic import JsonValue

from autoloop.gateway.wire.openai_chat import message_json, tool_json
from autoloop.gateway.wire.reading import (
    Json,
    count_at,
    plain,
    read_object,
    rows_at,
    table_at,
    text_at,
)
from autoloop.records import (
    ChatReply,
    ChatRequest,
    Message,
    ReplyStop,
    Thought,
    ToolCall,
    Usage,
)

_STOPS: Mapping[str, ReplyStop] = {
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "length": "length",
    "content_filter": "refusal",
}
_THINKING = ("reasoning_content", "reasoning")
"""Where servers that speak this format put what a model thought; OpenAI's own shows nothing."""


def request_json(request: ChatRequest) -> Json:
    """What is asked, without the model's name and without what differs from model to model."""
    body: Json = {"messages": [*_messages(request.messages)]}
    if request.tools:
        body["tools"] = [tool_json(tool) for tool in request.tools]
        if request.tool_choice:
            body["tool_choice"] = tool_choice(request.tool_choice)
    if request.response_format:
        body["response_format"] = json.loads(json.dumps(request.response_format))
    if request.choices > 1:
        body["n"] = request.choices
    return body


def _messages(messages: Sequence[Message]) -> Iterator[Json]:
    """The messages; results are texts only in this format, so that the rest comes after them."""
    shown: list[JsonValue] = []
    for message in messages:
        if message.role != "tool" and shown:
            yield {"role": "user", "content": shown}
            shown = []
        if message.role == "tool" and message.parts:
            origin: Json = {"type": "text", "text": f"Of the result of {message.tool_call_id}:"}
            shown += [origin, *(plain(part) for part in message.parts)]
            yield message_json(replace(message, parts=()))
        else:
            yield message_json(mended(message))
    if shown:
        yield {"role": "user", "content": shown}


def tool_choice(choice: str) -> JsonValue:
    """Which tool is to be called, in OpenAI's form."""
    if choice in {"auto", "none", "required"}:
        return choice
    return {"type": "function", "function": {"name": choice}}


def mended(message: Message) -> Message:
    """Calls with invalid JSON, which several providers refuse to see again, made valid."""
    calls = tuple(
        call
        if read_object(call.arguments) is not None
        else ToolCall(
            id=call.id, name=call.name, arguments=json.dumps({"invalid_json": call.arguments})
        )
        for call in message.tool_calls
    )
    return replace(message, tool_calls=calls)


def read_reply(whole: Json, *, model: str) -> ChatReply:
    """A complete answer in our own form; it has at least one choice."""
    choices = rows_at(whole, "choices")
    messages = [_read_message(table_at(choice, "message")) for choice in choices]
    stop = _STOPS.get(text_at(choices[0], "finish_reason"), "stop")
    if stop == "stop" and table_at(choices[0], "message").get("refusal"):
        stop = "refusal"
    return ChatReply(
        message=messages[0],
        stop_reason="tool_calls" if messages[0].tool_calls and stop == "stop" else stop,
        model=model,
        usage=read_usage(table_at(whole, "usage")),
        others=tuple(messages[1:]),
    )


def _read_message(message: Json) -> Message:
    thinking = next((text for key in _THINKING if (text := text_at(message, key))), "")
    return Message(
        role="assistant",
        content=text_at(message, "content") or text_at(message, "refusal"),
        tool_calls=tuple(_read_call(call) for call in rows_at(message, "tool_calls")),
        thoughts=(Thought(text=thinking),) if thinking else (),
    )


def _read_call(call: Json) -> ToolCall:
    function = table_at(call, "function")
    return ToolCall(
        id=text_at(call, "id"),
        name=text_at(function, "name"),
        arguments=text_at(function, "arguments"),
    )


def read_usage(usage: Json) -> Usage:
    """What the provider counted; its price is not known here."""
    sent = table_at(usage, "prompt_tokens_details")
    received = table_at(usage, "completion_tokens_details")
    return Usage(
        calls=1,
        prompt_tokens=count_at(usage, "prompt_tokens"),
        completion_tokens=count_at(usage, "completion_tokens"),
        cached_tokens=count_at(sent, "cached_tokens"),
        written_tokens=count_at(sent, "cache_write_tokens")
        or count_at(sent, "cache_creation_tokens"),
        thinking_tokens=count_at(received, "reasoning_tokens"),
        cost_usd=None,
    )


class ChatAssembly:
    """Puts an answer together from the chunks of its stream."""

    def __init__(self) -> None:
        self._head: Json = {}
        self._choices: dict[int, _Choice] = {}
        self._usage: Json = {}

    @property
    def is_complete(self) -> bool:
        """Whether the provider said how every choice ended, or counted an answer without any."""
        if not self._choices:
            return bool(self._usage)
        return all(choice.finish_reason for choice in self._choices.values())

    @property
    def counted(self) -> Json:
        """The usage as the provider counted it so far."""
        return self._usage

    def add(self, event: Json) -> None:
        """Take in the next chunk."""
        self._usage = table_at(event, "usage") or self._usage
        left_out = {"choices", "usage", "object", "obfuscation"}
        self._head |= {key: value for key, value in event.items() if key not in left_out}
        for piece in rows_at(event, "choices"):
            index = count_at(piece, "index")
            self._choices.setdefault(index, _Choice()).add(piece)

    def whole(self) -> Json:
        """The complete answer."""
        choices: list[JsonValue] = [
            choice.whole(index) for index, choice in sorted(self._choices.items())
        ]
        return self._head | {
            "object": "chat.completion",
            "choices": choices,
            "usage": self._usage or None,
        }


class _Choice:
    """One of the answers of a stream."""

    def __init__(self) -> None:
        self.finish_reason = ""
        self._message: Json = {"role": "assistant", "content": None}
        self._calls: dict[int, list[Json]] = {}
        """By their number, which some servers leave out or give to all."""

    def add(self, piece: Json) -> None:
        self.finish_reason = text_at(piece, "finish_reason") or self.finish_reason
        for key, value in table_at(piece, "delta").items():
            if key == "tool_calls":
                for call in rows_at(table_at(piece, "delta"), key):
                    self._grow_call(call)
            elif isinstance(value, str) and key != "role":
                self._message[key] = text_at(self._message, key) + value
            elif value is not None and key != "role":
                self._message[key] = value

    def whole(self, index: int) -> Json:
        calls: list[JsonValue] = [
            call for number in sorted(self._calls) for call in self._calls[number]
        ]
        message = self._message | ({"tool_calls": calls} if calls else {})
        return {
            "index": index,
            "message": message,
            "finish_reason": self.finish_reason or None,
            "logprobs": None,
        }

    def _grow_call(self, piece: Json) -> None:
        call = self._call_of(piece)
        call["id"] = call["id"] or text_at(piece, "id")
        said, written = table_at(piece, "function"), table_at(call, "function")
        call["function"] = {
            "name": text_at(written, "name") or text_at(said, "name"),
            "arguments": text_at(written, "arguments") + text_at(said, "arguments"),
        }

    def _call_of(self, piece: Json) -> Json:
        """The call that a piece belongs to: the one of its id, or the newest of its number.

        A new call has an id and a name: some servers make up an id for every piece.
        """
        held = self._calls.setdefault(count_at(piece, "index"), [])
        key = text_at(piece, "id")
        known = next((call for call in held if key and call["id"] == key), None)
        if known is not None:
            return known
        is_new = key and text_at(table_at(piece, "function"), "name")
        if not held or (is_new and held[-1]["id"]):
            held.append({"id": "", "type": "function", "function": {"name": "", "arguments": ""}})
        return held[-1]
