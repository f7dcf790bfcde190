"""What went over a trial's socket, kept within bounds whatever the agent sends."""

import hashlib
import json
import sys
from dataclasses import dataclass, replace
from datetime import datetime

from autoloop.records import (
    AgentNote,
    ChatReply,
    ChatRequest,
    EnvCall,
    JsonObject,
    Message,
    ModelCall,
    Thought,
    ToolCall,
    ToolSpec,
    TraceEvent,
)
from autoloop.records.secrets import Mask

_FULL = "[... not recorded: the trace of this trial is full ...]"
_PER_OBJECT = 400
"""Bytes that an object costs beside its text."""
_PER_TEXT = 50
"""Bytes that a text costs beside its letters."""
_PER_REFERENCE = 8
"""Bytes that a message costs that is recorded already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceLimits:
    """How much of a trial is recorded."""

    text: int = 64_000
    """Characters of one text; its head and tail are kept, with a note of what is missing."""
    total: int = 64_000_000
    """Bytes of everything, in memory and as it is written; afterwards events have no texts."""
    events: int = 10_000
    """Events, with the one that says that there were more."""


class Recorder:
    """Collects a trial's events. Messages that are sent again and again are kept once."""

    def __init__(self, limits: TraceLimits, *, mask: Mask | None = None) -> None:
        """`mask` hides what must not be written."""
        self._limits = limits
        self._mask = mask or Mask()
        self._events: list[TraceEvent] = []
        self._size = 0
        self._messages: dict[bytes, Message] = {}
        self._tools: dict[bytes, ToolSpec] = {}
        self._is_full = False
        self._full_at: datetime | None = None
        self._unrecorded = 0

    @property
    def events(self) -> tuple[TraceEvent, ...]:
        """What was recorded, in the order in which it began; may be read from any thread."""
        events = list(self._events)
        if self._full_at is not None:
            events.append(AgentNote(at=self._full_at, text=self._note()))
        return tuple(sorted(events, key=lambda event: event.at))

    @property
    def unrecorded(self) -> int:
        """How many events were left out, or lost their texts, since the record was full."""
        return self._unrecorded

    def add(self, event: TraceEvent) -> None:
        """Record an event, cut to what the limits allow."""
        self._is_full = len(self._events) >= self._limits.events - 1
        if not self._is_full:
            self._size += _PER_OBJECT
            self._events.append(self._fit(event))
        if self._is_full:
            self._full_at = self._full_at or event.at
            self._unrecorded += 1

    def _note(self) -> str:
        return (
            f"[autoloop: the trace of this trial is full; {self._unrecorded} events from here on"
            " are not recorded, or without their texts]"
        )

    def _fit(self, event: TraceEvent) -> TraceEvent:
        if isinstance(event, ModelCall):
            return self._fit_model_call(event)
        if isinstance(event, EnvCall):
            return self._fit_env_call(event)
        return replace(event, text=self._keep(event.text))

    def _fit_env_call(self, event: EnvCall) -> EnvCall:
        result = replace(
            event.result,
            stdout=self._keep(event.result.stdout),
            stderr=self._keep(event.result.stderr),
        )
        return replace(event, argument=self._keep(event.argument), result=result)

    def _fit_model_call(self, event: ModelCall) -> ModelCall:
        request = self._fit_request(event.request)
        reply = event.reply and self._fit_reply(event.reply)
        refusal = event.refusal and self._keep(event.refusal)
        return replace(event, request=request, reply=reply, refusal=refusal)

    def _fit_request(self, request: ChatRequest) -> ChatRequest:
        if self._size >= self._limits.total:
            self._is_full = True
            note = Message(role="user", content=_FULL)
            return ChatRequest(messages=(note,), seed=request.seed, max_tokens=request.max_tokens)
        self._size += _PER_REFERENCE * (len(request.messages) + len(request.tools))
        return replace(
            request,
            messages=tuple(self._message(message) for message in request.messages),
            tools=tuple(self._tool(tool) for tool in request.tools),
            stop=tuple(self._keep(text) for text in request.stop),
            response_format=self._schema(request.response_format),
            native=None,
        )

    def _fit_reply(self, reply: ChatReply) -> ChatReply:
        others = tuple(self._message(message) for message in reply.others)
        return replace(reply, message=self._message(reply.message), others=others, native=None)

    def _message(self, message: Message) -> Message:
        key = _digest(message)
        if (known := self._messages.get(key)) is not None:
            return known
        self._size += _PER_OBJECT
        kept = replace(
            message,
            content=self._keep(message.content),
            tool_calls=tuple(self._call(call) for call in message.tool_calls),
            tool_call_id=message.tool_call_id and self._keep(message.tool_call_id),
            parts=tuple(self._schema(part) for part in message.parts),
            thoughts=tuple(self._thought(thought) for thought in message.thoughts),
        )
        self._messages[key] = kept
        return kept

    def _thought(self, thought: Thought) -> Thought:
        # What only the provider can read is nothing for a trace.
        return replace(thought, text=self._keep(thought.text), seal="", id="")

    def _call(self, call: ToolCall) -> ToolCall:
        return ToolCall(
            id=self._keep(call.id),
            name=self._keep(call.name),
            arguments=self._keep(call.arguments),
        )

    def _tool(self, tool: ToolSpec) -> ToolSpec:
        key = _digest(tool)
        if (known := self._tools.get(key)) is not None:
            return known
        kept = ToolSpec(
            name=self._keep(tool.name),
            description=self._keep(tool.description),
            parameters=self._schema(tool.parameters),
        )
        self._tools[key] = kept
        return kept

    def _schema(self, value: JsonObject) -> JsonObject:
        """JSON as it is, or, where it is too long (an image), a note of its length."""
        text = json.dumps(value)
        self._size += _PER_OBJECT
        if len(text) > self._limits.text or self._size + len(text) > self._limits.total:
            self._is_full |= len(text) <= self._limits.text
            return {"type": "not_recorded", "characters": len(text)}
        self._size += len(text)
        masked = self._mask.text(text)
        return value if masked == text else json.loads(masked)

    def _keep(self, text: str) -> str:
        kept = cut(self._mask.text(text), self._limits.text)
        bytes_ = _bytes_of(kept)
        if self._size + bytes_ > self._limits.total:
            self._size = self._limits.total
            self._is_full = True
            return _FULL if text else ""
        self._size += bytes_ + _PER_TEXT
        return kept


def _bytes_of(text: str) -> int:
    """What a text takes: in memory, or as JSON spells it, whichever is more."""
    written = json.dumps(text, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return max(sys.getsizeof(text) - sys.getsizeof(""), len(written))


def _digest(value: Message | ToolSpec) -> bytes:
    return hashlib.sha256(repr(value).encode(errors="replace")).digest()


def cut(text: str, limit: int) -> str:
    """The text, or its head and tail with a note of how many characters are missing."""
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]}\n[... {len(text) - limit} characters not recorded ...]\n{text[-half:]}"
