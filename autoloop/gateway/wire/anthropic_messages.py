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
from autoloop.gateway.wire.native import whole_reply
from autoloop.gateway.wire.reading import Json, arguments_object, rows_at, table_at, text_at
from autoloop.gateway.wire.thoughts import carried, effort_of_budget, taken_back
from autoloop.gateway.wire.to_anthropic import read_thought
from autoloop.records import (
    ChatReply,
    ChatRequest,
    Effort,
    JsonObject,
    Message,
    Native,
    ReplyStop,
    Thought,
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


class _Thinking(WireModel):
    type: Literal["enabled", "disabled", "adaptive"]
    budget_tokens: Annotated[int, Field(ge=1)] | None = None


class _OutputConfig(WireModel):
    effort: Effort | None = None
    format: dict[str, JsonValue] | None = None


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
    thinking: _Thinking | None = None
    output_config: _OutputConfig | None = None
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
        response_format=_format(body.output_config),
        effort=_effort(body),
        native=Native(form="anthropic", body=raw),
    )
    return Asked(request=request, stream=bool(body.stream))


def read_count(raw: bytes) -> ChatRequest:
    """Translate the body of a request to count tokens."""
    body = read(_Asking, raw)
    return ChatRequest(messages=_messages(body), tools=_tools(body))


def _effort(body: _Body) -> Effort | None:
    if body.thinking is not None and body.thinking.type == "disabled":
        return "none"
    if body.output_config is not None and body.output_config.effort is not None:
        return body.output_config.effort
    if body.thinking is None:
        return None
    return effort_of_budget(body.thinking.budget_tokens) if body.thinking.budget_tokens else "high"


def _format(config: _OutputConfig | None) -> JsonObject:
    """A form of the answer, as chat completions have it."""
    wanted = config.format if config else None
    if not wanted:
        return {}
    schema: JsonObject = {"name": "answer", "schema": wanted.get("schema"), "strict": True}
    return {"type": "json_schema", "json_schema": schema}


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
    thoughts = tuple(thought for block in rest for thought in _thoughts(block))
    yield from results
    if rest or calls or not results:
        yield Message(
            role=wire.role, content=text, tool_calls=tuple(calls), parts=parts, thoughts=thoughts
        )


def _thoughts(block: Json) -> Iterator[Thought]:
    for thought in read_thought(block):
        if thought.hidden:
            yield thought
        else:
            yield taken_back(thought.text, thought.seal, by="anthropic")


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
    others: list[JsonObject] = []
    for block in blocks:
        kind, source = block.get("type"), table_at(block, "source")
        if kind == "text":
            texts.append(text_at(block, "text"))
        elif kind == "document" and source.get("type") == "text":
            texts.append(text_at(source, "data"))
        elif kind == "document":
            others.append(_document(block, source))
        elif kind == "image" and source:
            others.append({"type": "image_url", "image_url": {"url": data_url(source)}})
        elif kind not in ("thinking", "redacted_thinking"):
            raise RequestError(f"A content block of type {kind!r} is not supported.")
    return "\n".join(texts), tuple(others)


def _document(block: Json, source: Json) -> JsonObject:
    name: Json = {"filename": block["title"]} if text_at(block, "title") else {}
    return {"type": "file", "file": {"file_data": data_url(source), **name}}


def usage_json(usage: Usage) -> dict[str, JsonValue]:
    """Tokens in Anthropic's form, which counts cached ones apart."""
    return {
        "input_tokens": usage.prompt_tokens - usage.cached_tokens - usage.written_tokens,
        "output_tokens": usage.completion_tokens,
        "cache_read_input_tokens": usage.cached_tokens,
        "cache_creation_input_tokens": usage.written_tokens,
        "output_tokens_details": {"thinking_tokens": usage.thinking_tokens},
    }


def reply_json(reply: ChatReply, *, call_id: str) -> dict[str, JsonValue]:
    """A complete answer: as the provider gave it where it speaks this format, else translated."""
    if (whole := whole_reply(reply.native, "anthropic")) is not None:
        return whole
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
    for thought in message.thoughts:
        seal = carried(thought, by="anthropic")
        if thought.hidden and thought.form == "anthropic":
            yield {"type": "redacted_thinking", "data": seal}
        else:
            yield {"type": "thinking", "thinking": thought.text, "signature": seal}
    if message.content:
        yield {"type": "text", "text": message.content}
    for call in message.tool_calls:
        yield {
            "type": "tool_use",
            "id": call.id,
            "name": call.name,
            "input": arguments_object(call.arguments),
        }


def reply_stream(reply: ChatReply, *, call_id: str) -> str:
    """The same answer as server-sent events."""
    events = _events(reply_json(reply, call_id=call_id))
    return "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)


def _events(whole: Json) -> Iterator[Json]:
    usage = table_at(whole, "usage")
    opening: Json = {"content": [], "stop_reason": None, "usage": usage | {"output_tokens": 0}}
    yield {"type": "message_start", "message": whole | opening}
    for index, block in enumerate(rows_at(whole, "content")):
        empty, deltas = _opened(block)
        yield {"type": "content_block_start", "index": index, "content_block": empty}
        for delta in deltas:
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    end: JsonValue = {key: whole.get(key) for key in ("stop_reason", "stop_sequence")}
    yield {"type": "message_delta", "delta": end, "usage": usage}
    yield {"type": "message_stop"}


def _opened(block: Json) -> tuple[Json, list[Json]]:
    """A block as it begins, and the deltas that fill it; blocks of other kinds begin whole."""
    if block["type"] == "text":
        return block | {"text": ""}, [{"type": "text_delta", "text": block["text"]}]
    if block["type"] == "tool_use":
        written = json.dumps(block["input"])
        return block | {"input": {}}, [{"type": "input_json_delta", "partial_json": written}]
    if block["type"] == "thinking":
        shown: Json = {"type": "thinking_delta", "thinking": text_at(block, "thinking")}
        seal: Json = {"type": "signature_delta", "signature": text_at(block, "signature")}
        return block | {"thinking": "", "signature": ""}, [shown, seal]
    return block, []


def error_json(status: int, message: str) -> dict[str, JsonValue]:
    """An error in the form that Anthropic's clients read."""
    kind = _ERROR_KINDS.get(status, "invalid_request_error" if status < 500 else "api_error")
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": None}
