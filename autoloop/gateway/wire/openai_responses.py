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
    embedded,
    embedded_file,
    read,
    refuse_unless,
)
from autoloop.gateway.wire.native import whole_reply
from autoloop.gateway.wire.reading import rows_at, text_at
from autoloop.gateway.wire.thoughts import carried, taken_back
from autoloop.gateway.wire.to_responses import read_thought
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


class _Reasoning(WireModel):
    effort: Effort | None = None


class _Body(WireModel):
    input: str | Annotated[list[_Json], Field(min_length=1, max_length=MAX_MESSAGES)]
    instructions: str | None = None
    tools: Annotated[list[_Tool], Field(max_length=MAX_TOOLS)] | None = None
    tool_choice: Literal["auto", "none", "required"] | _Choice | None = None
    max_output_tokens: Annotated[int, Field(ge=1)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2, allow_inf_nan=False)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None = None
    text: _Text | None = None
    reasoning: _Reasoning | None = None
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
        effort=body.reasoning.effort if body.reasoning else None,
        native=Native(form="responses", body=raw),
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
        if (
            open_answer is not None
            and message.role == "assistant"
            and _continues(open_answer, message)
        ):
            open_answer = _joined(open_answer, message)
            continue
        if open_answer is not None:
            yield open_answer
        open_answer = message if message.role == "assistant" else None
        if open_answer is None:
            yield message
    if open_answer is not None:
        yield open_answer


def _continues(answer: Message, more: Message) -> bool:
    """Whether an item belongs to the answer that is open: thoughts, then text, then calls."""
    if more.thoughts:
        return not (answer.content or answer.tool_calls)
    return not more.content or not (answer.content or answer.tool_calls)


def _joined(answer: Message, more: Message) -> Message:
    return Message(
        role="assistant",
        content=answer.content or more.content,
        tool_calls=answer.tool_calls + more.tool_calls,
        parts=answer.parts + more.parts,
        thoughts=answer.thoughts + more.thoughts,
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
    elif kind == "reasoning":
        if thoughts := tuple(_thoughts(item)):
            yield Message(role="assistant", thoughts=thoughts)
    else:
        raise RequestError(f"An input item of type {kind!r} is not supported.")


def _thoughts(item: _Json) -> Iterator[Thought]:
    for thought in read_thought(item):
        if thought.text or thought.seal:
            yield taken_back(thought.text, thought.seal, by="responses", id_=thought.id)


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
            url = embedded(text_at(part, "image_url"))
            parts.append({"type": "image_url", "image_url": {"url": url}})
        elif kind == "input_file" and isinstance(part.get("file_data"), str):
            embedded_file(text_at(part, "file_data"))
            file: JsonObject = {key: part[key] for key in ("file_data", "filename") if key in part}
            parts.append({"type": "file", "file": file})
        else:
            raise RequestError(f"A content part of type {kind!r} is not supported.")
    return "\n".join(texts), tuple(parts)


def reply_json(reply: ChatReply, *, call_id: str, created: int) -> _Json:
    """A complete answer: as the provider gave it where it speaks this format, else translated."""
    if (whole := whole_reply(reply.native, "responses")) is not None:
        return whole
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
        "input_tokens_details": {
            "cached_tokens": usage.cached_tokens,
            "cache_write_tokens": usage.written_tokens,
        },
        "output_tokens": usage.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.thinking_tokens},
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
    for index, thought in enumerate(message.thoughts):
        summary: list[JsonValue] = [{"type": "summary_text", "text": thought.text}]
        own = thought.id if thought.form == "responses" else ""
        yield {
            "type": "reasoning",
            "id": own or f"rs_{call_id}_{index}",
            "summary": summary if thought.text else [],
            "encrypted_content": carried(thought, by="responses") or None,
        }
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
    begun: _Json = {"status": "in_progress", "incomplete_details": None, "output": []}
    head = whole | begun | {"usage": None}
    events = [
        _event("response.created", response=head),
        _event("response.in_progress", response=head),
    ]
    for index, item in enumerate(rows_at(whole, "output")):
        place: _Json = {"output_index": index, "item_id": item.get("id")}
        events.append(_event("response.output_item.added", output_index=index, item=_begun(item)))
        events += [event | place for event in _written(item)]
        events.append(_event("response.output_item.done", output_index=index, item=item))
    events.append(_event(f"response.{whole['status']}", response=whole))
    numbered = (event | {"sequence_number": number} for number, event in enumerate(events))
    return "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in numbered)


def _event(kind: str, **fields: JsonValue) -> _Json:
    return {"type": kind, **fields}


def _begun(item: _Json) -> _Json:
    """An item as it begins; items of other kinds begin whole."""
    empty: Mapping[str, _Json] = {"message": {"content": []}, "function_call": {"arguments": ""}}
    return item | empty.get(text_at(item, "type"), {}) | {"status": "in_progress"}


def _written(item: _Json) -> Iterator[_Json]:
    if item["type"] == "message":
        for index, part in enumerate(rows_at(item, "content")):
            yield from (event | {"content_index": index} for event in _written_part(part))
    elif item["type"] == "function_call":
        written, name = item["arguments"], item["name"]
        yield _event("response.function_call_arguments.delta", delta=written)
        yield _event("response.function_call_arguments.done", arguments=written, name=name)


def _written_part(part: _Json) -> Iterator[_Json]:
    kind = "refusal" if part.get("type") == "refusal" else "text"
    event = f"response.{'refusal' if kind == 'refusal' else 'output_text'}"
    more: _Json = {} if kind == "refusal" else {"logprobs": []}
    text = text_at(part, kind)
    yield _event("response.content_part.added", part=part | {kind: ""})
    yield _event(f"{event}.delta", delta=text) | more
    yield _event(f"{event}.done") | {kind: text} | more
    yield _event("response.content_part.done", part=part)
