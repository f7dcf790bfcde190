"""OpenAI's chat completions, from the provider's side."""

from collections.abc import Iterator, Sequence
from typing import Any

from autoloop.records import ChatRequest, Message, Role, ToolCall, ToolSpec
from autoloop.testing.provider.faults import KINDS, Fault
from autoloop.testing.provider.tally import Piece, Tokens
from autoloop.testing.provider.wire import Answer, Asked, BodyError, Json, dumped, event, halves

_ENDS = {"refusal": "content_filter"}


class OpenAIChat:
    """Implements `WireFormat`."""

    explicit_cache = False

    def read(self, body: Json) -> Asked:
        """Understand a request."""
        if not body.get("messages"):
            raise BodyError("'messages' is too short: expected at least one.")
        messages = tuple(_message(message) for message in body["messages"])
        _check_results(messages)
        choice = body.get("tool_choice")
        request = ChatRequest(
            messages=messages,
            tools=tuple(_tool(tool["function"]) for tool in body.get("tools") or ()),
            tool_choice=choice["function"]["name"] if isinstance(choice, dict) else choice,
            max_tokens=body.get("max_completion_tokens") or body.get("max_tokens"),
        )
        pieces = [dumped(body.get("tools")), *map(dumped, body["messages"])]
        return Asked(
            request=request,
            model=str(body.get("model")),
            pieces=tuple(Piece(text=piece, marked=True) for piece in pieces),
            stream=bool(body.get("stream")),
            stream_usage=bool((body.get("stream_options") or {}).get("include_usage")),
            thinking=body.get("reasoning_effort") not in {None, "none"},
        )

    def whole(self, answer: Answer) -> Json:
        """The answer in one piece."""
        message = answer.reply.message
        wire: Json = {"role": "assistant", "content": message.content or None, "refusal": None}
        if message.tool_calls:
            wire["tool_calls"] = [_call(call) for call in message.tool_calls]
        choice = {"index": 0, "message": wire, "finish_reason": _end(answer), "logprobs": None}
        return _head(answer, "chat.completion") | {
            "choices": [] if answer.is_empty else [choice],
            "usage": _usage(answer.tokens),
        }

    def events(self, answer: Answer) -> Sequence[str]:
        """The answer as chunks; the last but one has the usage."""
        head = _head(answer, "chat.completion.chunk")
        chunks = [] if answer.is_empty else list(_choices(answer))
        events = [head | {"choices": [choice], "usage": None} for choice in chunks]
        events.append(head | {"choices": [], "usage": _usage(answer.tokens)})
        return [*(event(one, named=False) for one in events), "data: [DONE]\n\n"]

    def told_first(self, tokens: Tokens) -> Tokens:
        """Nothing: the usage comes last."""
        del tokens
        return Tokens()

    def error(self, fault: Fault, message: str) -> Json:
        """The body of an error."""
        kind, code, _ = KINDS[fault.kind]
        return {"error": {"message": message, "type": kind, "param": None, "code": code}}

    def error_event(self, fault: Fault, message: str) -> str:
        """An error in the middle of a stream."""
        return event(self.error(fault, message), named=False)


def _message(wire: Json) -> Message:
    role: Role = "system" if wire["role"] == "developer" else wire["role"]
    text, parts = content(wire.get("content"))
    calls = (
        ToolCall(
            id=call["id"], name=call["function"]["name"], arguments=call["function"]["arguments"]
        )
        for call in wire.get("tool_calls") or ()
    )
    return Message(
        role=role,
        content=text,
        tool_calls=tuple(calls),
        tool_call_id=wire.get("tool_call_id"),
        parts=parts,
    )


def content(value: Any) -> tuple[str, tuple[Json, ...]]:  # noqa: ANN401 - as it comes
    """Text and other parts of what a message holds."""
    if value is None or isinstance(value, str):
        return value or "", ()
    texts = [str(part["text"]) for part in value if "text" in part]
    return "\n".join(texts), tuple(part for part in value if "text" not in part)


def _check_results(messages: Sequence[Message]) -> None:
    """Every result must be text and belong to a call before it, as the real provider has it."""
    called: set[str | None] = set()
    for message in messages:
        called |= {call.id for call in message.tool_calls}
        if message.role == "tool" and message.tool_call_id not in called:
            raise BodyError(
                "messages with role 'tool' must be a response to a preceding message with"
                " 'tool_calls'."
            )
        if message.role == "tool" and message.parts:
            raise BodyError(
                "Image URLs are only allowed for messages with role 'user', but this message with"
                " role 'tool' contains an image URL."
            )


def _tool(function: Json) -> ToolSpec:
    return ToolSpec(
        name=function["name"],
        description=function.get("description") or "",
        parameters=function.get("parameters") or {},
    )


def _call(call: ToolCall) -> Json:
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": call.id, "type": "function", "function": function}


def _head(answer: Answer, kind: str) -> Json:
    return {
        "id": f"chatcmpl-{answer.number}",
        "object": kind,
        "created": 1_767_225_600,
        "model": answer.model,
        "service_tier": "default",
        "system_fingerprint": "fp_loopback",
    }


def _end(answer: Answer) -> str:
    return _ENDS.get(answer.reply.stop_reason, answer.reply.stop_reason)


def _usage(tokens: Tokens) -> Json:
    return {
        "prompt_tokens": tokens.prompt,
        "completion_tokens": tokens.output,
        "total_tokens": tokens.prompt + tokens.output,
        "prompt_tokens_details": {"cached_tokens": tokens.cached, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": tokens.thinking, "audio_tokens": 0},
    }


def _choices(answer: Answer) -> Iterator[Json]:
    message = answer.reply.message
    yield _delta({"role": "assistant", "content": "", "refusal": None})
    for text in halves(message.content) if message.content else ():
        yield _delta({"content": text})
    for index, call in enumerate(message.tool_calls):
        opened = _call(ToolCall(id=call.id, name=call.name, arguments=""))
        yield _delta({"tool_calls": [{"index": index} | opened]})
        for text in halves(call.arguments):
            yield _delta({"tool_calls": [{"index": index, "function": {"arguments": text}}]})
    yield _delta({}) | {"finish_reason": _end(answer)}


def _delta(delta: Json) -> Json:
    return {"index": 0, "delta": delta, "finish_reason": None, "logprobs": None}
