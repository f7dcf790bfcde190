"""OpenAI's chat completions: requests in, answers, streams and errors out."""

import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from autoloop.gateway.wire.asked import (
    MAX_MESSAGES,
    MAX_PARTS,
    MAX_TOOLS,
    Asked,
    RequestError,
    WireModel,
    embedded,
    embedded_file,
    read,
    refuse_unless,
)
from autoloop.gateway.wire.native import whole_reply
from autoloop.gateway.wire.reading import Json, plain, rows_at, table_at, text_at
from autoloop.records import (
    ChatReply,
    ChatRequest,
    Effort,
    JsonObject,
    Message,
    Native,
    ReplyStop,
    Role,
    Thought,
    ToolCall,
    ToolSpec,
    Usage,
)

FINISH_REASONS: Mapping[ReplyStop, str] = {
    "stop": "stop",
    "tool_calls": "tool_calls",
    "length": "length",
    "refusal": "content_filter",
}
MAX_CHOICES = 8
_PART_KINDS = ("image_url", "input_audio", "file")


class _CalledFunction(WireModel):
    name: str
    arguments: str = ""


class _Call(WireModel):
    id: str
    type: Literal["function"] = "function"
    function: _CalledFunction


class _Message(WireModel):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | Annotated[list[dict[str, JsonValue]], Field(max_length=MAX_PARTS)] | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    tool_calls: Annotated[list[_Call], Field(max_length=MAX_TOOLS)] | None = None
    tool_call_id: str | None = None


class _Function(WireModel):
    name: str = Field(min_length=1)
    description: str | None = None
    parameters: dict[str, JsonValue] | None = None


class _Tool(WireModel):
    type: Literal["function"] = "function"
    function: _Function


class _NamedFunction(WireModel):
    name: str


class _Choice(WireModel):
    type: Literal["function"]
    function: _NamedFunction


class _StreamOptions(WireModel):
    include_usage: bool | None = None


class _Body(WireModel):
    messages: list[_Message] = Field(min_length=1, max_length=MAX_MESSAGES)
    tools: Annotated[list[_Tool], Field(max_length=MAX_TOOLS)] | None = None
    tool_choice: Literal["auto", "none", "required"] | _Choice | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2, allow_inf_nan=False)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None = None
    n: Annotated[int, Field(ge=1)] | None = None
    reasoning_effort: Effort | None = None
    stop: str | Annotated[list[str], Field(max_length=16)] | None = None
    response_format: dict[str, JsonValue] | None = None
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    logprobs: bool | None = None
    functions: list[JsonValue] | None = None


def read_request(raw: bytes) -> Asked:
    """Translate a request's body.

    Raises:
        RequestError: it is malformed, or asks for something that the gateway does not offer.
    """
    body = read(_Body, raw)
    refuse_unless(
        (body.n or 1) <= MAX_CHOICES, f"n is {body.n}, but at most {MAX_CHOICES} answers are given."
    )
    refuse_unless(not body.logprobs, "logprobs are not offered; leave the key out.")
    refuse_unless(body.functions is None, "functions are not supported; use tools instead.")
    request = ChatRequest(
        messages=tuple(_message(message) for message in body.messages),
        tools=tuple(_tool(tool.function) for tool in body.tools or ()),
        tool_choice=_choice(body.tool_choice),
        max_tokens=body.max_completion_tokens or body.max_tokens,
        temperature=body.temperature,
        top_p=body.top_p,
        stop=(body.stop,) if isinstance(body.stop, str) else tuple(body.stop or ()),
        response_format=_format(body.response_format),
        effort=body.reasoning_effort,
        choices=body.n or 1,
        native=Native(form="chat", body=raw),
    )
    options = body.stream_options
    return Asked(
        request=request,
        stream=bool(body.stream),
        stream_usage=bool(options and options.include_usage),
    )


def _choice(choice: str | _Choice | None) -> str | None:
    return choice.function.name if isinstance(choice, _Choice) else choice


def _format(wanted: dict[str, JsonValue] | None) -> JsonObject:
    return {} if wanted is None or wanted.get("type") == "text" else wanted


def _tool(function: _Function) -> ToolSpec:
    return ToolSpec(
        name=function.name,
        description=function.description or "",
        parameters=function.parameters or {},
    )


def _message(wire: _Message) -> Message:
    role: Role = "system" if wire.role == "developer" else wire.role
    refuse_unless(
        role != "tool" or wire.tool_call_id, "A message of role 'tool' needs its tool_call_id."
    )
    text, parts = _content(wire.content)
    return Message(
        role=role,
        content=text or wire.refusal or "",
        tool_calls=tuple(_call(call) for call in wire.tool_calls or ()),
        tool_call_id=wire.tool_call_id if role == "tool" else None,
        parts=parts,
        thoughts=(Thought(text=wire.reasoning_content),) if wire.reasoning_content else (),
    )


def _call(wire: _Call) -> ToolCall:
    return ToolCall(id=wire.id, name=wire.function.name, arguments=wire.function.arguments)


def _content(
    content: str | list[dict[str, JsonValue]] | None,
) -> tuple[str, tuple[JsonObject, ...]]:
    if content is None or isinstance(content, str):
        return content or "", ()
    texts: list[str] = []
    parts: list[JsonObject] = []
    for part in content:
        kind = part.get("type")
        if kind == "text" or kind == "refusal":
            texts.append(str(part.get(kind, "")))
        elif kind in _PART_KINDS:
            refuse_unless(
                kind != "file" or table_at(part, "file").keys() <= {"file_data", "filename"},
                "Files are sent as file_data; none are stored.",
            )
            _refuse_addresses(part)
            parts.append({key: value for key, value in part.items() if key in {"type", kind}})
        else:
            raise RequestError(f"A content part of type {kind!r} is not supported.")
    return "\n".join(texts), tuple(parts)


def _refuse_addresses(part: Json) -> None:
    if part["type"] == "image_url":
        embedded(text_at(table_at(part, "image_url"), "url"))
    embedded_file(text_at(table_at(part, "file"), "file_data"))
    embedded_file(text_at(table_at(part, "input_audio"), "data"))


def message_json(message: Message) -> dict[str, JsonValue]:
    """A message of ours in OpenAI's form; `read_request` reads it back the same."""
    wire: dict[str, JsonValue] = {"role": message.role, "content": _content_json(message)}
    if message.tool_calls:
        wire["tool_calls"] = [_call_json(call) for call in message.tool_calls]
    if message.tool_call_id is not None:
        wire["tool_call_id"] = message.tool_call_id
    return wire


def _content_json(message: Message) -> JsonValue:
    if message.parts:
        text: list[JsonValue] = [{"type": "text", "text": message.content}]
        return (text if message.content else []) + [plain(part) for part in message.parts]
    return message.content or (None if message.tool_calls else "")


def _call_json(call: ToolCall) -> dict[str, JsonValue]:
    function: dict[str, JsonValue] = {"name": call.name, "arguments": call.arguments}
    return {"id": call.id, "type": "function", "function": function}


def tool_json(tool: ToolSpec) -> dict[str, JsonValue]:
    """A tool of ours in OpenAI's form."""
    function: dict[str, JsonValue] = {
        "name": tool.name,
        "description": tool.description,
        "parameters": plain(tool.parameters) or {"type": "object", "properties": {}},
    }
    return {"type": "function", "function": function}


def usage_json(usage: Usage) -> dict[str, JsonValue]:
    """Tokens in OpenAI's form."""
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.tokens,
        "prompt_tokens_details": {
            "cached_tokens": usage.cached_tokens,
            "cache_write_tokens": usage.written_tokens,
        },
        "completion_tokens_details": {"reasoning_tokens": usage.thinking_tokens},
    }


def reply_json(reply: ChatReply, *, call_id: str, created: int) -> dict[str, JsonValue]:
    """A complete answer: as the provider gave it where it speaks this format, else translated."""
    if (whole := whole_reply(reply.native, "chat")) is not None:
        return whole
    answers = enumerate((reply.message, *reply.others))
    choices: list[JsonValue] = [
        {
            "index": index,
            "message": message_json(message) | {"refusal": None} | _thinking(message),
            "finish_reason": FINISH_REASONS[reply.stop_reason if index == 0 else _stop(message)],
            "logprobs": None,
        }
        for index, message in answers
    ]
    return {
        "id": f"chatcmpl-{call_id}",
        "object": "chat.completion",
        "created": created,
        "model": reply.model,
        "choices": choices,
        "usage": usage_json(reply.usage),
    }


def _thinking(message: Message) -> Json:
    """What a model thought, where servers of this format that show it have it."""
    shown = "\n".join(thought.text for thought in message.thoughts if thought.text)
    return {"reasoning_content": shown} if shown else {}


def _stop(message: Message) -> ReplyStop:
    return "tool_calls" if message.tool_calls else "stop"


def reply_stream(reply: ChatReply, *, call_id: str, created: int, usage: bool) -> str:
    """The same answer as server-sent events."""
    whole = reply_json(reply, call_id=call_id, created=created)
    head: dict[str, JsonValue] = {
        "id": whole.get("id"),
        "object": "chat.completion.chunk",
        "created": whole.get("created"),
        "model": reply.model,
    }
    deltas = [delta for choice in rows_at(whole, "choices") for delta in _deltas(choice)]
    chunks = [head | {"choices": [delta]} for delta in deltas]
    if usage:
        chunks = [chunk | {"usage": None} for chunk in chunks]
        chunks.append(head | {"choices": [], "usage": whole.get("usage")})
    return "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"


def _deltas(choice: Json) -> Iterator[Json]:
    message = table_at(choice, "message")
    rest = {key: value for key, value in message.items() if value not in (None, "", [])}
    rest.pop("role", None)
    calls = rows_at(rest, "tool_calls")
    rest.pop("tool_calls", None)
    yield _delta(choice, {"role": "assistant", "content": ""})
    for key in sorted(rest, key="content".__eq__):
        yield _delta(choice, {key: rest[key]})
    for index, call in enumerate(calls):
        function = table_at(call, "function")
        opened: Json = call | {"index": index, "function": function | {"arguments": ""}}
        yield _delta(choice, {"tool_calls": [opened]})
        written: Json = {"arguments": function.get("arguments")}
        yield _delta(choice, {"tool_calls": [{"index": index, "function": written}]})
    yield _delta(choice, {}) | {"finish_reason": choice.get("finish_reason")}


def _delta(choice: Json, delta: Json) -> Json:
    return {"index": choice.get("index"), "delta": delta, "finish_reason": None}


def error_json(status: int, message: str) -> dict[str, JsonValue]:
    """An error in the form that OpenAI's clients read."""
    kind = {429: "insufficient_quota", 404: "not_found_error"}.get(
        status, "invalid_request_error" if status < 500 else "server_error"
    )
    return {"error": {"message": message, "type": kind, "param": None, "code": None}}
