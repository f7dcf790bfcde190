"""OpenAI's responses: requests in, answers and streams out. Nothing is kept between two of them."""

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
    read,
    refuse_unless,
)
from autoloop.records import (
    ChatReply,
    ChatRequest,
    JsonObject,
    Message,
    ReplyStop,
    Role,
    ToolCall,
    ToolSpec,
    Usage,
)

INCOMPLETE: Mapping[ReplyStop, str] = {"length": "max_output_tokens", "refusal": "content_filter"}
_TEXTS = {"input_text": "text", "output_text": "text", "text": "text", "refusal": "refusal"}

_Json = dict[str, JsonValue]
_Parts = Annotated[list[_Json], Field(max_length=MAX_PARTS)]


class _Said(WireModel):
    role: Literal["system", "developer", "user", "assistant"]
    content: str | _Parts


class _Called(WireModel):
    call_id: str
    name: str
    arguments: str = ""


class _Returned(WireModel):
    call_id: str
    output: str | _Parts


class _Tool(WireModel):
    type: str
    name: str | None = None
    description: str | None = None
    parameters: _Json | None = None


class _Choice(WireModel):
    type: Literal["function"]
    name: str


class _Text(WireModel):
    format: _Json | None = None


class _Body(WireModel):
    input: str | Annotated[list[_Json], Field(min_length=1, max_length=MAX_MESSAGES)]
    instructions: str | None = None
    tools: Annotated[list[_Tool], Field(max_length=MAX_TOOLS)] | None = None
    tool_choice: Literal["auto", "none", "required"] | _Choice | None = None
    max_output_tokens: Annotated[int, Field(ge=1)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2, allow_inf_nan=False)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None = None
    text: _Text | None = None
    stream: bool | None = None
    background: bool | None = None
    previous_response_id: str | None = None
    conversation: JsonValue = None
    prompt: JsonValue = None


def read_request(raw: bytes) -> Asked:
    """Translate a request's body.

    Raises:
        RequestError: it is malformed, or asks for something that the gateway does not offer.
    """
    body = read(_Body, raw)
    for key in ("previous_response_id", "conversation", "prompt"):
        refuse_unless(
            getattr(body, key) is None,
            f"{key} is not offered, since no answers are kept: send the conversation in `input`.",
        )
    refuse_unless(not body.background, "background answers are not offered; leave the key out.")
    choice = body.tool_choice
    request = ChatRequest(
        messages=tuple(_conversation(body)),
        tools=tuple(_tool(tool) for tool in body.tools or ()),
        tool_choice=choice.name if isinstance(choice, _Choice) else choice,
        max_tokens=body.max_output_tokens,
        temperature=body.temperature,
        top_p=body.top_p,
        response_format=_format(body.text.format if body.text else None),
    )
    return Asked(request=request, stream=bool(body.stream))


def _format(wanted: _Json | None) -> JsonObject:
    """A text format, in the form it has in chat completions."""
    if wanted is None or wanted.get("type") == "text":
        return {}
    if wanted.get("type") != "json_schema":
        return wanted
    schema = {key: value for key, value in wanted.items() if key != "type"}
    return {"type": "json_schema", "json_schema": schema}


def _tool(tool: _Tool) -> ToolSpec:
    if tool.type != "function" or not tool.name:
        raise RequestError(
            f"A tool of type {tool.type!r} is not offered; functions with a name are."
        )
    return ToolSpec(
        name=tool.name, description=tool.description or "", parameters=tool.parameters or {}
    )


def _conversation(body: _Body) -> Iterator[Message]:
    """The messages; calls of tools are items of their own here and belong to what was said."""
    if body.instructions:
        yield Message(role="system", content=body.instructions)
    if isinstance(body.input, str):
        yield Message(role="user", content=body.input)
        return
    open_answer: Message | None = None
    for message in (one for item in body.input for one in _messages(item)):
        if open_answer is not None and message.role == "assistant" and not message.content:
            open_answer = _joined(open_answer, message)
            continue
        if open_answer is not None:
            yield open_answer
        open_answer = message if message.role == "assistant" else None
        if open_answer is None:
            yield message
    if open_answer is not None:
        yield open_answer


def _joined(answer: Message, calls: Message) -> Message:
    return Message(
        role="assistant",
        content=answer.content,
        tool_calls=answer.tool_calls + calls.tool_calls,
        parts=answer.parts,
    )


def _messages(item: _Json) -> Iterator[Message]:
    kind = item.get("type", "message")
    if kind == "message":
        said = _item(_Said, item)
        role: Role = "system" if said.role == "developer" else said.role
        text, parts = _content(said.content)
        yield Message(role=role, content=text, parts=parts)
    elif kind == "function_call":
        called = _item(_Called, item)
        call = ToolCall(id=called.call_id, name=called.name, arguments=called.arguments)
        yield Message(role="assistant", tool_calls=(call,))
    elif kind == "function_call_output":
        returned = _item(_Returned, item)
        text, parts = _content(returned.output)
        yield Message(role="tool", content=text, tool_call_id=returned.call_id, parts=parts)
    elif kind != "reasoning":
        raise RequestError(f"An input item of type {kind!r} is not supported.")


def _item(kind: type[Wire], item: _Json) -> Wire:
    return read(kind, json.dumps(item).encode())


def _content(content: str | list[_Json]) -> tuple[str, tuple[JsonObject, ...]]:
    if isinstance(content, str):
        return content, ()
    texts: list[str] = []
    parts: list[JsonObject] = []
    for part in content:
        kind = part.get("type")
        if isinstance(kind, str) and kind in _TEXTS:
            texts.append(str(part.get(_TEXTS[kind], "")))
        elif kind == "input_image" and isinstance(part.get("image_url"), str):
            parts.append({"type": "image_url", "image_url": {"url": part["image_url"]}})
        elif kind == "input_file" and isinstance(part.get("file_data"), str):
            file: JsonObject = {key: part[key] for key in ("file_data", "filename") if key in part}
            parts.append({"type": "file", "file": file})
        else:
            raise RequestError(f"A content part of type {kind!r} is not supported.")
    return "\n".join(texts), tuple(parts)


def reply_json(reply: ChatReply, *, call_id: str, created: int) -> _Json:
    """A complete answer."""
    reason = INCOMPLETE.get(reply.stop_reason)
    output: list[JsonValue] = list(_output(reply.message, call_id))
    return _head(reply, call_id=call_id, created=created) | {
        "status": "incomplete" if reason else "completed",
        "incomplete_details": {"reason": reason} if reason else None,
        "output": output,
        "usage": usage_json(reply.usage),
    }


def usage_json(usage: Usage) -> _Json:
    """Tokens in the form that responses have them."""
    return {
        "input_tokens": usage.prompt_tokens,
        "input_tokens_details": {"cached_tokens": usage.cached_tokens},
        "output_tokens": usage.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": usage.tokens,
    }


def _head(reply: ChatReply, *, call_id: str, created: int) -> _Json:
    return {
        "id": f"resp_{call_id}",
        "object": "response",
        "created_at": created,
        "status": "in_progress",
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "model": reply.model,
        "output": [],
        "parallel_tool_calls": True,
        "temperature": None,
        "tool_choice": "auto",
        "tools": [],
        "top_p": None,
        "usage": None,
    }


def _output(message: Message, call_id: str) -> Iterator[_Json]:
    if message.content or not message.tool_calls:
        yield {
            "type": "message",
            "id": f"msg_{call_id}",
            "role": "assistant",
            "status": "completed",
            "content": [_text(message.content)],
        }
    for index, call in enumerate(message.tool_calls):
        yield {
            "type": "function_call",
            "id": f"fc_{call_id}_{index}",
            "call_id": call.id,
            "name": call.name,
            "arguments": call.arguments,
            "status": "completed",
        }


def _text(text: str) -> _Json:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def reply_stream(reply: ChatReply, *, call_id: str, created: int) -> str:
    """The same answer as server-sent events."""
    whole = reply_json(reply, call_id=call_id, created=created)
    head = _head(reply, call_id=call_id, created=created)
    events = [
        _event("response.created", response=head),
        _event("response.in_progress", response=head),
    ]
    for index, item in enumerate(_output(reply.message, call_id)):
        place: _Json = {"output_index": index, "item_id": item["id"]}
        events.append(_event("response.output_item.added", output_index=index, item=_begun(item)))
        written = _written_text if item["type"] == "message" else _written_arguments
        events += [event | place for event in written(reply.message, item)]
        events.append(_event("response.output_item.done", output_index=index, item=item))
    events.append(_event(f"response.{whole['status']}", response=whole))
    numbered = (event | {"sequence_number": number} for number, event in enumerate(events))
    return "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in numbered)


def _event(kind: str, **fields: JsonValue) -> _Json:
    return {"type": kind, **fields}


def _begun(item: _Json) -> _Json:
    empty: _Json = {"content": []} if item["type"] == "message" else {"arguments": ""}
    return item | empty | {"status": "in_progress"}


def _written_text(message: Message, _item: _Json) -> Iterator[_Json]:
    text = message.content
    yield _event("response.content_part.added", content_index=0, part=_text(""))
    yield _event("response.output_text.delta", content_index=0, delta=text, logprobs=[])
    yield _event("response.output_text.done", content_index=0, text=text, logprobs=[])
    yield _event("response.content_part.done", content_index=0, part=_text(text))


def _written_arguments(_message: Message, item: _Json) -> Iterator[_Json]:
    written, name = item["arguments"], item["name"]
    yield _event("response.function_call_arguments.delta", delta=written)
    yield _event("response.function_call_arguments.done", arguments=written, name=name)
