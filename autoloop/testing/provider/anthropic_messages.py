"""Anthropic's messages, from the provider's side."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from autoloop.records import ChatRequest, Message, ReplyStop, ToolCall, ToolSpec
from autoloop.testing.provider.faults import KINDS, Fault
from autoloop.testing.provider.tally import Piece, Tokens
from autoloop.testing.provider.wire import (
    Answer,
    Asked,
    BodyError,
    Json,
    dumped,
    event,
    halves,
    is_object,
)

_ENDS: Mapping[ReplyStop, str] = {
    "stop": "end_turn",
    "tool_calls": "tool_use",
    "length": "max_tokens",
    "refusal": "refusal",
}
_CHOICES = {"any": "required"}
_EMPTY: Mapping[str, Json] = {
    "text": {"text": ""},
    "thinking": {"thinking": "", "signature": ""},
    "tool_use": {"input": {}},
}
"""What a block lacks when it begins."""


class AnthropicMessages:
    """Implements `WireFormat`."""

    explicit_cache = True

    def read(self, body: Json) -> Asked:
        """Understand a request."""
        if not body.get("messages"):
            raise BodyError("messages: at least one message is required")
        if not body.get("max_tokens"):
            raise BodyError("max_tokens: Field required")
        system = _blocks(body.get("system"))
        head = (Message(role="system", content=_text(system)),) if system else ()
        choice = body.get("tool_choice") or {}
        request = ChatRequest(
            messages=head + tuple(one for wire in body["messages"] for one in _expand(wire)),
            tools=tuple(_tool(tool) for tool in body.get("tools") or ()),
            tool_choice=choice.get("name")
            or _CHOICES.get(choice.get("type", ""), choice.get("type")),
            max_tokens=body["max_tokens"],
        )
        _check_thoughts(body)
        said = [block for wire in body["messages"] for block in _blocks(wire["content"])]
        return Asked(
            request=request,
            model=str(body.get("model")),
            pieces=_pieces([*(body.get("tools") or ()), *system, *said], body),
            stream=bool(body.get("stream")),
            thinking=(body.get("thinking") or {}).get("type") in {"enabled", "adaptive"},
        )

    def whole(self, answer: Answer) -> Json:
        """The answer in one piece."""
        return _head(answer) | {
            "content": list(_content(answer)),
            "stop_reason": _ENDS[answer.reply.stop_reason],
            "usage": _usage(answer.tokens),
        }

    def events(self, answer: Answer) -> Sequence[str]:
        """The answer as events; the usage of the prompt comes first, that of the answer last."""
        opened = _usage(self.told_first(answer.tokens))
        events: list[Json] = [
            {"type": "message_start", "message": _head(answer) | {"usage": opened}},
            {"type": "ping"},
        ]
        for index, block in enumerate(_content(answer)):
            raw = _raw(answer, block)
            events += [one | {"index": index} for one in _written(block, raw)]
        end = {"stop_reason": _ENDS[answer.reply.stop_reason], "stop_sequence": None}
        events.append({"type": "message_delta", "delta": end, "usage": _usage(answer.tokens)})
        return [event(one) for one in [*events, {"type": "message_stop"}]]

    def told_first(self, tokens: Tokens) -> Tokens:
        """All of the prompt, and one token of the answer."""
        return replace(tokens, calls=0, output=1, thinking=0)

    def error(self, fault: Fault, message: str) -> Json:
        """The body of an error."""
        error = {"type": KINDS[fault.kind][2], "message": message}
        return {"type": "error", "error": error, "request_id": "req_loopback"}

    def error_event(self, fault: Fault, message: str) -> str:
        """An error in the middle of a stream."""
        return event(self.error(fault, message))


def _check_thoughts(body: Json) -> None:
    """With a budget to think, calls that are answered must come with the thoughts before them."""
    turns = [wire for wire in body["messages"] if wire["role"] == "assistant"]
    kinds = [block["type"] for block in _blocks(turns[-1]["content"])] if turns else []
    is_bare = "tool_use" in kinds and kinds[0] not in {"thinking", "redacted_thinking"}
    if is_bare and (body.get("thinking") or {}).get("type") == "enabled":
        raise BodyError(
            f"Expected `thinking` or `redacted_thinking`, but found `{kinds[0]}`. When `thinking`"
            " is enabled, a final `assistant` message must start with a thinking block."
        )


def _blocks(content: Any) -> list[Json]:  # noqa: ANN401 - as it comes
    if content is None:
        return []
    return [{"type": "text", "text": content}] if isinstance(content, str) else list(content)


def _text(blocks: Sequence[Json]) -> str:
    return "\n".join(str(block["text"]) for block in blocks if block["type"] == "text")


def _pieces(parts: Sequence[Json], body: Json) -> tuple[Piece, ...]:
    """A mark on the request itself stands for one on its last part."""
    pieces = [_piece(part) for part in parts]
    if pieces and body.get("cache_control") is not None:
        pieces[-1] = replace(pieces[-1], marked=True)
    return tuple(pieces)


def _piece(part: Json) -> Piece:
    """A block or tool without its mark, so that a mark that moves on changes nothing."""
    bare = {key: value for key, value in part.items() if key != "cache_control"}
    return Piece(text=dumped(bare), marked=part.get("cache_control") is not None)


def _expand(wire: Json) -> Iterator[Message]:
    """Results of tools become messages of their own."""
    rest: list[Json] = []
    calls: list[ToolCall] = []
    for block in _blocks(wire["content"]):
        if block["type"] == "tool_result":
            inner = _blocks(block.get("content"))
            yield Message(role="tool", content=_text(inner), tool_call_id=block["tool_use_id"])
        elif block["type"] == "tool_use":
            calls.append(
                ToolCall(id=block["id"], name=block["name"], arguments=json.dumps(block["input"]))
            )
        elif block["type"] not in {"thinking", "redacted_thinking"}:
            rest.append(block)
    if rest or calls:
        others = tuple(block for block in rest if block["type"] != "text")
        yield Message(role=wire["role"], content=_text(rest), tool_calls=tuple(calls), parts=others)


def _tool(tool: Json) -> ToolSpec:
    return ToolSpec(
        name=tool["name"],
        description=tool.get("description") or "",
        parameters=tool.get("input_schema") or {},
    )


def _head(answer: Answer) -> Json:
    return {
        "id": f"msg_{answer.number}",
        "type": "message",
        "role": "assistant",
        "model": answer.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
    }


def _usage(tokens: Tokens) -> Json:
    return {
        "input_tokens": tokens.prompt - tokens.cached - tokens.written,
        "cache_read_input_tokens": tokens.cached,
        "cache_creation_input_tokens": tokens.written,
        "output_tokens": tokens.output,
        "output_tokens_details": {"thinking_tokens": tokens.thinking},
        "service_tier": "standard",
    }


def _content(answer: Answer) -> Iterator[Json]:
    message = answer.reply.message
    if answer.is_empty:
        return
    if answer.tokens.thinking:
        yield {
            "type": "thinking",
            "thinking": "Let me think.",
            "signature": f"sealed-{answer.number}",
        }
    if message.content or not message.tool_calls:
        yield {"type": "text", "text": message.content, "citations": None}
    for call in message.tool_calls:
        given = json.loads(call.arguments) if is_object(call.arguments) else {}
        yield {"type": "tool_use", "id": call.id, "name": call.name, "input": given}


def _raw(answer: Answer, block: Json) -> str:
    """The arguments of a call as the model wrote them, valid or not."""
    calls = {call.id: call.arguments for call in answer.reply.message.tool_calls}
    return calls.get(block.get("id", ""), "")


def _written(block: Json, raw: str) -> Iterator[Json]:
    yield {"type": "content_block_start", "content_block": block | _EMPTY[block["type"]]}
    for delta in _deltas(block, raw):
        yield {"type": "content_block_delta", "delta": delta}
    yield {"type": "content_block_stop"}


def _deltas(block: Json, raw: str) -> Iterator[Json]:
    if block["type"] == "text":
        for text in halves(block["text"]):
            yield {"type": "text_delta", "text": text}
    elif block["type"] == "thinking":
        yield {"type": "thinking_delta", "thinking": block["thinking"]}
        yield {"type": "signature_delta", "signature": block["signature"]}
    else:
        for text in halves(raw):
            yield {"type": "input_json_delta", "partial_json": text}
