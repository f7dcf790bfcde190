"""Anthropic's messages as its client speaks them: our requests out, its answers in."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping

from pydantic import JsonValue

from autoloop.gateway.wire.reading import (
    Json,
    arguments_object,
    arguments_text,
    count_at,
    data_url_parts,
    plain,
    rows_at,
    table_at,
    text_at,
)
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

_STOPS: Mapping[str, ReplyStop] = {
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "refusal",
}
_CHOICES = {"auto": "auto", "required": "any", "none": "none"}
_NO_ID = re.compile(r"[^A-Za-z0-9_-]")
_EMPTY = "(empty)"
_CACHED: Json = {"type": "ephemeral"}


def request_json(request: ChatRequest) -> Json:
    """What is asked, without the model's name and without what differs from model to model."""
    opening = _opening(request.messages)
    tools: list[Json] = [_tool(tool) for tool in request.tools or _called(request.messages)]
    choice = request.tool_choice if request.tools else "none"
    system = _texts(message.content for message in opening)
    turns = list(_turns(request.messages[len(opening) :]))
    if not turns:
        # The format has no conversation without a question.
        system, turns = [], [{"role": "user", "content": [*system]}]
    _mark_stable(tools, system, turns)
    body: Json = {"messages": list(turns)}
    if system:
        body["system"] = list(system)
    if tools:
        body["tools"] = list(tools)
        if choice:
            body["tool_choice"] = _choice(choice)
    if stops := [text for text in request.stop if text.strip()]:
        body["stop_sequences"] = list(stops)
    return body


def _called(messages: tuple[Message, ...]) -> tuple[ToolSpec, ...]:
    """Tools by the calls that were made: calls without tools are refused."""
    names = dict.fromkeys(call.name for message in messages for call in message.tool_calls)
    return tuple(ToolSpec(name=name) for name in names)


def _opening(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """The system messages that come before anything else."""
    end = next((n for n, m in enumerate(messages) if m.role != "system"), len(messages))
    return messages[:end]


def _mark_stable(tools: list[Json], system: list[Json], turns: list[Json]) -> None:
    """Say where the prompt's cache may end: after tools, after system, after the last questions.

    The last question but one is where the request before this one ended, so that its cache is
    found. A single question without tools or history is not worth what writing a cache costs.
    """
    asked = [turn for turn in turns if turn["role"] == "user"]
    goes_on = bool(tools) or len(turns) > 1
    last = [rows_at(turn, "content") for turn in asked[-2:]] if goes_on else []
    for blocks in (tools, system, *last):
        if blocks:
            blocks[-1]["cache_control"] = dict(_CACHED)


def _tool(tool: ToolSpec) -> Json:
    schema = plain(tool.parameters)
    described: Json = {"description": tool.description} if tool.description else {}
    return {
        "name": tool.name,
        **described,
        "input_schema": schema or {"type": "object", "properties": {}},
    }


def _choice(choice: str) -> Json:
    if choice in _CHOICES:
        return {"type": _CHOICES[choice]}
    return {"type": "tool", "name": choice}


def _turns(messages: Iterable[Message]) -> Iterator[Json]:
    """The messages, with those of one side that follow each other as one."""
    role, blocks = "", list[JsonValue]()
    for message in messages:
        side = "assistant" if message.role == "assistant" else "user"
        if side != role and blocks:
            yield {"role": role, "content": blocks}
            blocks = []
        role = side
        blocks += _blocks(message)
    if blocks:
        yield {"role": role, "content": blocks}


def _blocks(message: Message) -> list[Json]:
    if message.role == "tool":
        return [_result(message)]
    thoughts = thoughts_json(message)
    said = _texts([message.content]) + [_part(part) for part in message.parts]
    calls = [_call(call) for call in message.tool_calls]
    return thoughts + (said or ([] if calls else _texts([_EMPTY]))) + calls


def _texts(texts: Iterable[str]) -> list[Json]:
    """Blocks of text; the format has none without letters."""
    return [{"type": "text", "text": text} for text in texts if text.strip()]


def _result(message: Message) -> Json:
    content: list[JsonValue] = [*_texts([message.content]), *(_part(p) for p in message.parts)]
    result: Json = {"type": "tool_result", "tool_use_id": _id(message.tool_call_id or "")}
    return result | ({"content": content} if content else {})


def thoughts_json(message: Message) -> list[Json]:
    """What Anthropic's model thought before a message, to be given back to it."""
    own = (one for one in message.thoughts if one.form == "anthropic" and one.seal)
    return [
        {"type": "redacted_thinking", "data": one.seal}
        if one.hidden
        else {"type": "thinking", "thinking": one.text, "signature": one.seal}
        for one in own
    ]


def _call(call: ToolCall) -> Json:
    given = arguments_object(call.arguments)
    return {"type": "tool_use", "id": _id(call.id), "name": call.name, "input": given}


def _id(text: str) -> str:
    """The id of a call, in the letters that the format allows."""
    return _NO_ID.sub("_", text) or "_"


def _part(part: JsonObject) -> Json:
    """An image or a document; what the format does not have becomes a note of it."""
    told = plain(part)
    wire = told if isinstance(told, dict) else {}
    file = table_at(wire, "file")
    if source := _source(text_at(table_at(wire, "image_url"), "url")):
        return {"type": "image", "source": source}
    if source := _source(text_at(file, "file_data")):
        title: Json = {"title": file["filename"]} if text_at(file, "filename") else {}
        return {"type": "document", "source": source, **title}
    return {"type": "text", "text": f"[a part of type {wire.get('type')!r} is left out]"}


def _source(url: str) -> Json:
    parts = data_url_parts(url)
    return {"type": "base64", "media_type": parts[0], "data": parts[1]} if parts else {}


def read_reply(whole: Json, *, model: str) -> ChatReply:
    """A complete answer in our own form."""
    blocks = rows_at(whole, "content")
    return ChatReply(
        message=Message(
            role="assistant",
            content="".join(text_at(b, "text") for b in blocks if b.get("type") == "text"),
            tool_calls=tuple(_read_call(b) for b in blocks if b.get("type") == "tool_use"),
            thoughts=tuple(thought for b in blocks for thought in read_thought(b)),
        ),
        stop_reason=_STOPS.get(text_at(whole, "stop_reason"), "stop"),
        model=model,
        usage=read_usage(table_at(whole, "usage")),
    )


def read_thought(block: Json) -> Iterator[Thought]:
    """The thought that a block holds, if it holds one."""
    if block.get("type") == "thinking":
        yield Thought(
            text=text_at(block, "thinking"), seal=text_at(block, "signature"), form="anthropic"
        )
    elif block.get("type") == "redacted_thinking":
        yield Thought(seal=text_at(block, "data"), form="anthropic", hidden=True)


def _read_call(block: Json) -> ToolCall:
    return ToolCall(
        id=text_at(block, "id"),
        name=text_at(block, "name"),
        arguments=arguments_text(table_at(block, "input")),
    )


def read_usage(usage: Json) -> Usage:
    """What the provider counted; its price is not known here."""
    cached = count_at(usage, "cache_read_input_tokens")
    written = count_at(usage, "cache_creation_input_tokens")
    return Usage(
        calls=1,
        prompt_tokens=count_at(usage, "input_tokens") + cached + written,
        completion_tokens=count_at(usage, "output_tokens"),
        cached_tokens=cached,
        written_tokens=written,
        thinking_tokens=count_at(table_at(usage, "output_tokens_details"), "thinking_tokens"),
        cost_usd=None,
    )


def written_for_an_hour(usage: Json) -> int:
    """Of the tokens written to a cache, those that are to stay there for an hour."""
    return count_at(table_at(usage, "cache_creation"), "ephemeral_1h_input_tokens")


class MessageAssembly:
    """Puts an answer together from the events of its stream."""

    def __init__(self) -> None:
        self._whole: Json = {}
        self._blocks: dict[int, Json] = {}
        self._inputs: dict[int, str] = {}
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
        kind, index = event.get("type"), count_at(event, "index")
        if kind == "message_start":
            self._whole = dict(table_at(event, "message"))
        elif kind == "content_block_start":
            self._blocks[index] = dict(table_at(event, "content_block"))
        elif kind == "content_block_delta":
            self._grow(index, table_at(event, "delta"))
        elif kind == "message_delta":
            counted = self.counted | _known(table_at(event, "usage"))
            self._whole |= table_at(event, "delta") | {"usage": counted}
        elif kind == "message_stop":
            self._ended = True

    def whole(self) -> Json:
        """The complete answer."""
        content: list[JsonValue] = [self._block(index) for index in sorted(self._blocks)]
        return self._whole | {"content": content}

    def _grow(self, index: int, delta: Json) -> None:
        block = self._blocks.setdefault(index, {})
        kind = delta.get("type")
        if kind == "input_json_delta":
            self._inputs[index] = self._inputs.get(index, "") + text_at(delta, "partial_json")
        elif kind == "signature_delta":
            block["signature"] = text_at(delta, "signature")
        elif kind == "citations_delta":
            said = block.get("citations")
            block["citations"] = [*(said if isinstance(said, list) else []), delta.get("citation")]
        else:
            for key in ("text", "thinking"):
                if key in delta:
                    block[key] = text_at(block, key) + text_at(delta, key)

    def _block(self, index: int) -> Json:
        written = self._inputs.get(index, "")
        given: Json = {"input": arguments_object(written)} if written else {}
        return self._blocks[index] | given


def _known(usage: Json) -> Json:
    return {key: value for key, value in usage.items() if value is not None}


def reply_bytes(whole: Json) -> bytes:
    """An answer as it goes over the wire."""
    return json.dumps(whole).encode()
