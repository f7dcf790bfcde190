"""OpenAI's responses, from the provider's side. Nothing is kept between two of them."""

from collections.abc import Iterator, Sequence

from autoloop.records import ChatRequest, Message, Role, ToolCall, ToolSpec
from autoloop.testing.provider.faults import KINDS, Fault
from autoloop.testing.provider.openai_chat import content
from autoloop.testing.provider.tally import Piece, Tokens
from autoloop.testing.provider.wire import Answer, Asked, BodyError, Json, dumped, event, halves

_REASONS = {"length": "max_output_tokens", "refusal": "content_filter"}


class OpenAIResponses:
    """Implements `WireFormat`."""

    explicit_cache = False

    def read(self, body: Json) -> Asked:
        """Understand a request."""
        given = body.get("input")
        if not given:
            raise BodyError("Missing required parameter: 'input'.")
        items = [{"role": "user", "content": given}] if isinstance(given, str) else given
        head = body.get("instructions")
        system = (Message(role="system", content=head),) if head else ()
        choice = body.get("tool_choice")
        request = ChatRequest(
            messages=system + tuple(_joined(items)),
            tools=tuple(_tool(tool) for tool in body.get("tools") or ()),
            tool_choice=choice["name"] if isinstance(choice, dict) else choice,
            max_tokens=body.get("max_output_tokens"),
        )
        pieces = [dumped(body.get("tools")), dumped(head), *map(dumped, items)]
        return Asked(
            request=request,
            model=str(body.get("model")),
            pieces=tuple(Piece(text=piece, marked=True) for piece in pieces),
            stream=bool(body.get("stream")),
            thinking=(body.get("reasoning") or {}).get("effort") not in {None, "none"},
        )

    def whole(self, answer: Answer) -> Json:
        """The answer in one piece."""
        reason = _REASONS.get(answer.reply.stop_reason)
        return _head(answer) | {
            "status": "incomplete" if reason else "completed",
            "incomplete_details": {"reason": reason} if reason else None,
            "output": list(_output(answer)),
            "usage": _usage(answer.tokens),
        }

    def events(self, answer: Answer) -> Sequence[str]:
        """The answer as events; the last has all of it."""
        events: list[Json] = [
            {"type": "response.created", "response": _head(answer)},
            {"type": "response.in_progress", "response": _head(answer)},
        ]
        for index, item in enumerate(_output(answer)):
            events += [one | {"output_index": index} for one in _written(item)]
        whole = self.whole(answer)
        events.append({"type": f"response.{whole['status']}", "response": whole})
        return [event(one | {"sequence_number": at}) for at, one in enumerate(events)]

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
        kind, code, _ = KINDS[fault.kind]
        body = {"type": "error", "code": code or kind, "message": message, "param": None}
        return event(body | {"sequence_number": 99})


def _joined(items: Sequence[Json]) -> Iterator[Message]:
    """Messages; calls that follow each other or a text belong to one."""
    said: Message | None = None
    for item in items:
        message = _message(item)
        if message is None:
            continue
        if said and message.role == "assistant" and message.tool_calls:
            calls = said.tool_calls + message.tool_calls
            said = Message(role="assistant", content=said.content, tool_calls=calls)
            continue
        if said:
            yield said
        said = message if message.role == "assistant" else None
        if said is None:
            yield message
    if said:
        yield said


def _message(item: Json) -> Message | None:
    kind = item.get("type", "message")
    if kind == "function_call":
        call = ToolCall(id=item["call_id"], name=item["name"], arguments=item["arguments"])
        return Message(role="assistant", tool_calls=(call,))
    if kind == "function_call_output":
        text, parts = content(item["output"])
        return Message(role="tool", content=text, parts=parts, tool_call_id=item["call_id"])
    if kind != "message":
        return None
    role: Role = "system" if item["role"] == "developer" else item["role"]
    text, parts = content(item["content"])
    return Message(role=role, content=text, parts=parts)


def _tool(tool: Json) -> ToolSpec:
    return ToolSpec(
        name=tool["name"],
        description=tool.get("description") or "",
        parameters=tool.get("parameters") or {},
    )


def _head(answer: Answer) -> Json:
    return {
        "id": f"resp_{answer.number}",
        "object": "response",
        "created_at": 1_767_225_600,
        "status": "in_progress",
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "model": answer.model,
        "output": [],
        "parallel_tool_calls": True,
        "temperature": None,
        "tool_choice": "auto",
        "tools": [],
        "top_p": None,
        "usage": None,
    }


def _usage(tokens: Tokens) -> Json:
    return {
        "input_tokens": tokens.prompt,
        "input_tokens_details": {"cached_tokens": tokens.cached, "cache_write_tokens": 0},
        "output_tokens": tokens.output,
        "output_tokens_details": {"reasoning_tokens": tokens.thinking},
        "total_tokens": tokens.prompt + tokens.output,
    }


def _output(answer: Answer) -> Iterator[Json]:
    if answer.is_empty:
        return
    message, number = answer.reply.message, answer.number
    if answer.tokens.thinking:
        yield {
            "type": "reasoning",
            "id": f"rs_{number}",
            "summary": [{"type": "summary_text", "text": "Let me think."}],
            "encrypted_content": f"sealed-{number}",
            "status": "completed",
        }
    if message.content or not message.tool_calls:
        yield {
            "type": "message",
            "id": f"msg_{number}",
            "role": "assistant",
            "status": "completed",
            "content": [_text(message.content)],
        }
    for index, call in enumerate(message.tool_calls):
        yield {
            "type": "function_call",
            "id": f"fc_{number}_{index}",
            "call_id": call.id,
            "name": call.name,
            "arguments": call.arguments,
            "status": "completed",
        }


def _text(text: str) -> Json:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _written(item: Json) -> Iterator[Json]:
    empty: Json = {"status": "in_progress"}
    empty |= {"content": []} if item["type"] == "message" else {}
    empty |= {"arguments": ""} if item["type"] == "function_call" else {}
    yield {"type": "response.output_item.added", "item": item | empty}
    place = {"item_id": item["id"]}
    if item["type"] == "message":
        yield from (one | place | {"content_index": 0} for one in _written_text(item))
    if item["type"] == "function_call":
        yield from (one | place for one in _written_arguments(item))
    yield {"type": "response.output_item.done", "item": item}


def _written_text(item: Json) -> Iterator[Json]:
    part = item["content"][0]
    yield {"type": "response.content_part.added", "part": _text("")}
    for text in halves(part["text"]):
        yield {"type": "response.output_text.delta", "delta": text, "logprobs": []}
    yield {"type": "response.output_text.done", "text": part["text"], "logprobs": []}
    yield {"type": "response.content_part.done", "part": part}


def _written_arguments(item: Json) -> Iterator[Json]:
    for text in halves(item["arguments"]):
        yield {"type": "response.function_call_arguments.delta", "delta": text}
    yield {
        "type": "response.function_call_arguments.done",
        "arguments": item["arguments"],
        "name": item["name"],
    }
