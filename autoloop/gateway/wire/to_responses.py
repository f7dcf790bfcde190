"""OpenAI's responses as its client speaks them: our requests out, its answers in."""

from collections.abc import Iterator, Mapping

from pydantic import JsonValue

from autoloop.gateway.wire.reading import Json, count_at, plain, rows_at, table_at, text_at
from autoloop.gateway.wire.to_chat import mended
from autoloop.records import (
    ChatReply,
    ChatRequest,
    JsonObject,
    Message,
    ReplyStop,
    Thought,
    ToolCall,
    ToolSpec,
    Usage,
)

_REASONS: Mapping[str, ReplyStop] = {"max_output_tokens": "length", "content_filter": "refusal"}
_ENDS = ("response.completed", "response.incomplete", "response.failed")
SEALED = "reasoning.encrypted_content"
"""What has to be asked for, so that thoughts can be sent back when nothing is stored."""


def request_json(request: ChatRequest) -> Json:
    """What is asked, without the model's name and without what differs from model to model."""
    body: Json = {
        "input": [item for message in request.messages for item in _items(mended(message))]
    }
    if request.tools:
        body["tools"] = [_tool(tool) for tool in request.tools]
        if request.tool_choice:
            body["tool_choice"] = _choice(request.tool_choice)
    if request.response_format:
        body["text"] = {"format": _format(request.response_format)}
    return body


def _tool(tool: ToolSpec) -> Json:
    return {
        "type": "function",
        "name": tool.name,
        "description": tool.description,
        "parameters": plain(tool.parameters) or {"type": "object", "properties": {}},
        "strict": False,
    }


def _choice(choice: str) -> JsonValue:
    return (
        choice if choice in {"auto", "none", "required"} else {"type": "function", "name": choice}
    )


def _format(wanted: JsonObject) -> JsonValue:
    """A form of the answer; chat completions have its schema one level deeper."""
    schema = wanted.get("json_schema")
    if wanted.get("type") != "json_schema" or not isinstance(schema, Mapping):
        return plain(wanted)
    return {"type": "json_schema"} | {key: plain(value) for key, value in schema.items()}


def _items(message: Message) -> Iterator[Json]:
    if message.role == "tool":
        yield {
            "type": "function_call_output",
            "call_id": message.tool_call_id or "",
            "output": _output(message),
        }
        return
    for thought in message.thoughts:
        if thought.form == "responses" and thought.seal:
            yield _thought(thought)
    if content := [*_content(message)]:
        yield {"type": "message", "role": message.role, "content": [*content]}
    for call in message.tool_calls:
        yield {
            "type": "function_call",
            "call_id": call.id,
            "name": call.name,
            "arguments": call.arguments,
        }


def _output(message: Message) -> JsonValue:
    return [*_content(message)] if message.parts else message.content


def _thought(thought: Thought) -> Json:
    summary: list[JsonValue] = [{"type": "summary_text", "text": thought.text}]
    return {
        "type": "reasoning",
        "id": thought.id,
        "summary": summary if thought.text else [],
        "encrypted_content": thought.seal,
    }


def _content(message: Message) -> Iterator[Json]:
    kind = "output_text" if message.role == "assistant" else "input_text"
    if message.content or not (message.parts or message.tool_calls):
        yield {"type": kind, "text": message.content}
    for part in message.parts:
        yield _part(part)


def _part(part: JsonObject) -> Json:
    told = plain(part)
    wire = told if isinstance(told, dict) else {}
    if wire.get("type") == "image_url":
        image = table_at(wire, "image_url")
        detail = text_at(image, "detail") or "auto"
        return {"type": "input_image", "image_url": text_at(image, "url"), "detail": detail}
    if wire.get("type") == "file":
        return {"type": "input_file"} | table_at(wire, "file")
    return {"type": "input_text", "text": f"[a part of type {wire.get('type')!r} is left out]"}


def read_reply(whole: Json, *, model: str) -> ChatReply:
    """A complete answer in our own form."""
    items = rows_at(whole, "output")
    calls = tuple(_read_call(item) for item in items if item.get("type") == "function_call")
    said = [part for item in items if item.get("type") == "message" for part in _parts(item)]
    return ChatReply(
        message=Message(
            role="assistant",
            content="".join(said),
            tool_calls=calls,
            thoughts=tuple(thought for item in items for thought in read_thought(item)),
        ),
        stop_reason=_stop(whole, called=bool(calls)),
        model=model,
        usage=read_usage(table_at(whole, "usage")),
    )


def _stop(whole: Json, *, called: bool) -> ReplyStop:
    reason = text_at(table_at(whole, "incomplete_details"), "reason")
    if reason in _REASONS:
        return _REASONS[reason]
    parts = [p for item in rows_at(whole, "output") for p in rows_at(item, "content")]
    if any(part.get("type") == "refusal" for part in parts):
        return "refusal"
    return "tool_calls" if called else "stop"


def _parts(item: Json) -> list[str]:
    return [text_at(part, "text") or text_at(part, "refusal") for part in rows_at(item, "content")]


def _read_call(item: Json) -> ToolCall:
    return ToolCall(
        id=text_at(item, "call_id"),
        name=text_at(item, "name"),
        arguments=text_at(item, "arguments"),
    )


def read_thought(item: Json) -> Iterator[Thought]:
    """The thought that an item holds, if it holds one."""
    if item.get("type") == "reasoning":
        texts = [text_at(part, "text") for part in rows_at(item, "summary")]
        yield Thought(
            text="\n".join(texts),
            seal=text_at(item, "encrypted_content"),
            form="responses",
            id=text_at(item, "id"),
        )


def read_usage(usage: Json) -> Usage:
    """What the provider counted; its price is not known here."""
    sent = table_at(usage, "input_tokens_details")
    received = table_at(usage, "output_tokens_details")
    return Usage(
        calls=1,
        prompt_tokens=count_at(usage, "input_tokens"),
        completion_tokens=count_at(usage, "output_tokens"),
        cached_tokens=count_at(sent, "cached_tokens"),
        written_tokens=count_at(sent, "cache_write_tokens"),
        thinking_tokens=count_at(received, "reasoning_tokens"),
        cost_usd=None,
    )


class ResponseAssembly:
    """Waits for the event of a stream that has the whole answer."""

    def __init__(self) -> None:
        self._whole: Json = {}
        self._ended = False

    @property
    def is_complete(self) -> bool:
        """Whether the provider said that this was all."""
        return self._ended

    @property
    def counted(self) -> Json:
        """The usage as the provider counted it so far."""
        return table_at(self._whole, "usage")

    def add(self, event: Json) -> None:
        """Take in the next event."""
        if whole := table_at(event, "response"):
            self._whole = whole
        self._ended |= event.get("type") in _ENDS

    def whole(self) -> Json:
        """The complete answer."""
        return self._whole
