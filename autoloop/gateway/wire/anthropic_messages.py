"""Anthropic's messages: requests in, answers, streams and errors out."""

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
    Wire,
    WireModel,
    data_url,
    read,
)
from autoloop.records import (
    ChatReply,
    ChatRequest,
    JsonObject,
    Message,
    ReplyStop,
    ToolCall,
    ToolSpec,
    Usage,
)

STOP_REASONS: Mapping[ReplyStop, str] = {
    "stop": "end_turn",
    "tool_calls": "tool_use",
    "length": "max_tokens",
    "refusal": "refusal",
}
_CHOICES = {"auto": "auto", "any": "required", "none": "none"}
_ERROR_KINDS = {
    400: "invalid_request_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
}

_Blocks = Annotated[list[dict[str, JsonValue]], Field(max_length=MAX_PARTS)]


class _Message(WireModel):
    role: Literal["user", "assistant", "system"]
    content: str | _Blocks


class _Tool(WireModel):
    name: str = Field(min_length=1)
    type: Literal["custom"] | None = None
    description: str | None = None
    input_schema: dict[str, JsonValue]


class _Choice(WireModel):
    type: Literal["auto", "any", "none", "tool"]
    name: str | None = None


class _Asking(WireModel):
    system: str | _Blocks | None = None
    messages: list[_Message] = Field(min_length=1, max_length=MAX_MESSAGES)
    tools: Annotated[list[_Tool], Field(max_length=MAX_TOOLS)] | None = None
    tool_choice: _Choice | None = None


class _Body(_Asking):
    max_tokens: int = Field(ge=1)
    temperature: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None = None
    stop_sequences: Annotated[list[str], Field(max_length=64)] | None = None
    stream: bool | None = None


class _ToolUse(WireModel):
    id: str
    name: str
    input: dict[str, JsonValue]


class _ToolResult(WireModel):
    tool_use_id: str
    content: str | _Blocks | None = None
    is_error: bool | None = None


def read_request(raw: bytes) -> Asked:
    """Translate a request's body.

    Raises:
        RequestError: it is malformed, or asks for something that the gateway does not offer.
    """
    body = read(_Body, raw)
    request = ChatRequest(
        messages=_messages(body),
        tools=_tools(body),
        tool_choice=_choice(body.tool_choice),
        max_tokens=body.max_tokens,
        temperature=body.temperature,
        top_p=body.top_p,
        stop=tuple(body.stop_sequences or ()),
    )
    return Asked(request=request, stream=bool(body.stream))


def read_count(raw: bytes) -> ChatRequest:
    """Translate the body of a request to count tokens."""
    body = read(_Asking, raw)
    return ChatRequest(messages=_messages(body), tools=_tools(body))


def _tools(body: _Asking) -> tuple[ToolSpec, ...]:
    return tuple(
        ToolSpec(name=tool.name, description=tool.description or "", parameters=tool.input_schema)
        for tool in body.tools or ()
    )


def _choice(choice: _Choice | None) -> str | None:
    if choice is None:
        return None
    if choice.type != "tool":
        return _CHOICES[choice.type]
    if not choice.name:
        raise RequestError("tool_choice of type 'tool' needs the tool's name.")
    return choice.name


def _messages(body: _Asking) -> tuple[Message, ...]:
    system = Message(role="system", content=_text_only(body.system, where="system"))
    head = (system,) if body.system else ()
    return head + tuple(message for wire in body.messages for message in _expand(wire))


def _text_only(content: str | list[dict[str, JsonValue]] | None, *, where: str) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    text, parts = _text_and_images(content)
    if parts:
        raise RequestError(f"{where} may hold text only.")
    return text


def _expand(wire: _Message) -> Iterator[Message]:
    """The messages that one of Anthropic's stands for: results of tools become their own."""
    if isinstance(wire.content, str):
        yield Message(role=wire.role, content=wire.content)
        return
    calls = [_call(block) for block in wire.content if block.get("type") == "tool_use"]
    results = [_result(block) for block in wire.content if block.get("type") == "tool_result"]
    rest = [b for b in wire.content if b.get("type") not in ("tool_use", "tool_result")]
    text, parts = _text_and_images(rest)
    yield from results
    if rest or calls or not results:
        yield Message(role=wire.role, content=text, tool_calls=tuple(calls), parts=parts)


def _call(block: Mapping[str, JsonValue]) -> ToolCall:
    use = _block(_ToolUse, block)
    return ToolCall(id=use.id, name=use.name, arguments=json.dumps(use.input))


def _result(block: Mapping[str, JsonValue]) -> Message:
    result = _block(_ToolResult, block)
    if isinstance(result.content, list):
        text, parts = _text_and_images(result.content)
    else:
        text, parts = result.content or "", ()
    if result.is_error:
        text = f"Error: {text}"
    return Message(role="tool", content=text, parts=parts, tool_call_id=result.tool_use_id)


def _block(kind: type[Wire], block: Mapping[str, JsonValue]) -> Wire:
    return read(kind, json.dumps(block).encode())


def _text_and_images(
    blocks: list[dict[str, JsonValue]],
) -> tuple[str, tuple[JsonObject, ...]]:
    texts: list[str] = []
    images: list[JsonObject] = []
    for block in blocks:
        kind, source = block.get("type"), block.get("source")
        if kind == "text":
            texts.append(str(block.get("text", "")))
        elif kind == "image" and isinstance(source, dict):
            images.append({"type": "image_url", "image_url": {"url": data_url(source)}})
        elif kind not in ("thinking", "redacted_thinking"):
            raise RequestError(f"A content block of type {kind!r} is not supported.")
    return "\n".join(texts), tuple(images)


def usage_json(usage: Usage) -> dict[str, JsonValue]:
    """Tokens in Anthropic's form, which counts cached ones apart."""
    return {
        "input_tokens": usage.prompt_tokens - usage.cached_tokens,
        "output_tokens": usage.completion_tokens,
        "cache_read_input_tokens": usage.cached_tokens,
        "cache_creation_input_tokens": 0,
    }


def reply_json(reply: ChatReply, *, call_id: str) -> dict[str, JsonValue]:
    """A complete answer."""
    blocks: list[JsonValue] = list(_blocks(reply.message))
    return {
        "id": f"msg_{call_id}",
        "type": "message",
        "role": "assistant",
        "model": reply.model,
        "content": blocks,
        "stop_reason": STOP_REASONS[reply.stop_reason],
        "stop_sequence": None,
        "usage": usage_json(reply.usage),
    }


def _blocks(message: Message) -> Iterator[dict[str, JsonValue]]:
    if message.content:
        yield {"type": "text", "text": message.content}
    for call in message.tool_calls:
        yield {
            "type": "tool_use",
            "id": call.id,
            "name": call.name,
            "input": arguments_object(call.arguments),
        }


def arguments_object(arguments: str) -> dict[str, JsonValue]:
    """Arguments as an object; what is no JSON object stands whole under `invalid_json`."""
    try:
        value = json.loads(arguments or "{}")
    except (ValueError, RecursionError):
        value = None
    return value if isinstance(value, dict) else {"invalid_json": arguments}


def reply_stream(reply: ChatReply, *, call_id: str) -> str:
    """The same answer as server-sent events."""
    events = _events(reply, call_id)
    return "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)


def _events(reply: ChatReply, call_id: str) -> Iterator[dict[str, JsonValue]]:
    whole = reply_json(reply, call_id=call_id)
    usage = usage_json(reply.usage)
    opening: dict[str, JsonValue] = {
        "content": [],
        "stop_reason": None,
        "usage": usage | {"output_tokens": 0},
    }
    yield {"type": "message_start", "message": whole | opening}
    for index, block in enumerate(_blocks(reply.message)):
        empty, delta = _opened(block)
        yield {"type": "content_block_start", "index": index, "content_block": empty}
        yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    end: JsonValue = {"stop_reason": STOP_REASONS[reply.stop_reason], "stop_sequence": None}
    yield {"type": "message_delta", "delta": end, "usage": usage}
    yield {"type": "message_stop"}


def _opened(block: dict[str, JsonValue]) -> tuple[dict[str, JsonValue], dict[str, JsonValue]]:
    """A block as it begins, and the one delta that fills it."""
    if block["type"] == "text":
        return block | {"text": ""}, {"type": "text_delta", "text": block["text"]}
    written = json.dumps(block["input"])
    return block | {"input": {}}, {"type": "input_json_delta", "partial_json": written}


def error_json(status: int, message: str) -> dict[str, JsonValue]:
    """An error in the form that Anthropic's clients read."""
    kind = _ERROR_KINDS.get(status, "invalid_request_error" if status < 500 else "api_error")
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": None}
