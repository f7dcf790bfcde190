"""Turns what the host recorded of a trial into an ATIF trajectory (Harbor's interchange format).

ATIF v1.7, RFC 0001 of the Harbor project: a model call is an agent step with metrics; what the
agent did in the task container is an agent step with `llm_call_count` 0; what the model was told
between two calls are the steps and observations that its next request shows for the first time.
"""

import math
from collections import deque
from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, JsonValue, TypeAdapter, ValidationError

from autoloop.records import (
    AgentNote,
    EnvCall,
    Message,
    ModelCall,
    ToolCall,
    TraceEvent,
    Usage,
)

SCHEMA = "ATIF-v1.7"
DEEPEST = 100
"""Levels of nesting in a tool call's arguments; readers of JSON give up at about 200."""
CONVERSATIONS = 16
"""How many conversations that an agent leads side by side are told apart."""
_OBJECT: TypeAdapter[dict[str, JsonValue]] = TypeAdapter(dict[str, JsonValue])


class _Model(BaseModel):
    """Written without absent fields, as ATIF wants it."""


class AtifToolCall(_Model):
    """A tool call that the model asked for, or an action in the task container."""

    tool_call_id: str
    function_name: str
    arguments: dict[str, JsonValue]


class AtifResult(_Model):
    """What came back from a tool call."""

    source_call_id: str | None = None
    content: str | None = None


class AtifObservation(_Model):
    """Everything that came back in one step."""

    results: list[AtifResult]


class AtifMetrics(_Model):
    """Tokens and money of one model call."""

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    cost_usd: float | None = None
    extra: dict[str, JsonValue] | None = None


class AtifStep(_Model):
    """One turn."""

    step_id: int
    timestamp: str
    source: Literal["system", "user", "agent"]
    message: str
    reasoning_content: str | None = None
    model_name: str | None = None
    tool_calls: list[AtifToolCall] | None = None
    observation: AtifObservation | None = None
    metrics: AtifMetrics | None = None
    llm_call_count: int | None = None


class AtifAgent(_Model):
    """Who acted."""

    name: str
    version: str
    model_name: str | None = None


class AtifTotals(_Model):
    """Sums over the trajectory."""

    total_prompt_tokens: int
    total_completion_tokens: int
    total_cached_tokens: int
    total_cost_usd: float | None = None
    total_steps: int


class Trajectory(_Model):
    """A whole trial's trace."""

    schema_version: str = SCHEMA
    session_id: str
    agent: AtifAgent
    steps: list[AtifStep]
    final_metrics: AtifTotals | None = None

    def text(self) -> str:
        """The trajectory as a JSON document."""
        return self.model_dump_json(indent=1, exclude_none=True) + "\n"


def trajectory(
    trial: str, events: tuple[TraceEvent, ...], *, agent: AtifAgent, instruction: str, at: datetime
) -> Trajectory:
    """Build the trajectory of a trial; `at` dates the instruction if nothing else happened."""
    writer = _Writer()
    for event in events:
        writer.add(event)
    if not writer.steps:
        writer.step(at, "user", instruction)
    usage = sum((e.reply.usage for e in events if isinstance(e, ModelCall) and e.reply), Usage())
    return Trajectory(
        session_id=trial,
        agent=agent,
        steps=writer.steps,
        final_metrics=AtifTotals(
            total_prompt_tokens=usage.prompt_tokens,
            total_completion_tokens=usage.completion_tokens,
            total_cached_tokens=usage.cached_tokens,
            total_cost_usd=usage.cost_usd,
            total_steps=len(writer.steps),
        ),
    )


class _Writer:
    """Collects steps while it goes through the events."""

    def __init__(self) -> None:
        self.steps: list[AtifStep] = []
        self._talks = _Conversations()
        self._asked: dict[str, AtifStep] = {}

    def add(self, event: TraceEvent) -> None:
        if isinstance(event, ModelCall):
            self._model_call(event)
        elif isinstance(event, EnvCall):
            self._env_call(event)
        else:
            self._note(event)

    def step(
        self, at: datetime, source: Literal["system", "user", "agent"], message: str
    ) -> AtifStep:
        new = AtifStep(
            step_id=len(self.steps) + 1,
            timestamp=at.isoformat(),
            source=source,
            message=_clean(message),
        )
        self.steps.append(new)
        return new

    def _model_call(self, call: ModelCall) -> None:
        for message in self._talks.news(call.request.messages):
            self._tell(call.at, message)
        if call.reply is None:
            self.step(call.at, "system", f"Model call refused: {call.refusal}")
            return
        reply = call.reply.message
        step = self.step(call.at, "agent", reply.content)
        step.reasoning_content = _thinking(reply)
        step.model_name = call.reply.model
        step.llm_call_count = 1
        step.metrics = _metrics(call.reply.usage)
        if reply.tool_calls:
            step.tool_calls = [_tool_call(c) for c in reply.tool_calls]
        self._asked |= {c.id: step for c in reply.tool_calls}
        self._talks.answered(reply)
        for other in call.reply.others:
            self.step(call.at, "agent", f"another answer: {_text(other)}").llm_call_count = 0

    def _tell(self, at: datetime, message: Message) -> None:
        asked = self._asked.get(message.tool_call_id or "")
        if message.role == "tool" and asked is not None:
            result = AtifResult(
                source_call_id=_clean(message.tool_call_id or ""), content=_text(message)
            )
            asked.observation = asked.observation or AtifObservation(results=[])
            if result not in asked.observation.results:
                asked.observation.results.append(result)
        elif message.role == "assistant":
            self.step(at, "agent", _text(message)).llm_call_count = 0
        else:
            self.step(at, "system" if message.role == "system" else "user", _text(message))

    def _env_call(self, call: EnvCall) -> None:
        name = f"env_{len(self.steps) + 1}"
        step = self.step(call.at, "agent", "")
        step.llm_call_count = 0
        argument = "command" if call.action == "run" else "path"
        step.tool_calls = [
            AtifToolCall(
                tool_call_id=name,
                function_name=f"env.{call.action}",
                arguments={argument: _clean(call.argument)},
            )
        ]
        step.observation = AtifObservation(
            results=[AtifResult(source_call_id=name, content=_shown(call))]
        )

    def _note(self, note: AgentNote) -> None:
        self.step(note.at, "agent", f"note: {note.text}").llm_call_count = 0


class _Conversations:
    """What the model was told so far, in each conversation that the agent leads with it."""

    def __init__(self) -> None:
        self._told: deque[list[Message]] = deque([[]], maxlen=CONVERSATIONS)

    def news(self, messages: tuple[Message, ...]) -> tuple[Message, ...]:
        """What this request says that its conversation did not say before."""
        closest = max(self._told, key=lambda told: _in_common(told, messages))
        same = _in_common(closest, messages)
        if same == len(closest):
            self._told.remove(closest)
        self._told.append(list(messages))
        return messages[same:]

    def answered(self, reply: Message) -> None:
        """The model answered the request whose news were told last."""
        self._told[-1].append(reply)


def _in_common(told: Sequence[Message], messages: Sequence[Message]) -> int:
    """How many messages both begin with."""
    pairs = enumerate(zip(told, messages, strict=False))
    differing = (n for n, (old, new) in pairs if not _is_same(old, new))
    return next(differing, min(len(told), len(messages)))


def _is_same(old: Message, new: Message) -> bool:
    """Whether an agent that sends `new` repeats `old`; it may drop what is no text."""
    return (old.role, old.content, old.tool_call_id) == (new.role, new.content, new.tool_call_id)


def _shown(call: EnvCall) -> str:
    result = call.result
    end = "timed out" if result.timed_out else f"exit code {result.exit_code}"
    streams = [result.stdout, f"[stderr]\n{result.stderr}" if result.stderr else ""]
    return _clean("\n".join([s for s in streams if s] + [f"[{end}, {result.seconds:.2f} s]"]))


def _text(message: Message) -> str:
    """The message as text; images and the like are only counted."""
    others = f"[{len(message.parts)} parts that are not text]" if message.parts else ""
    return _clean("\n".join(part for part in (message.content, others) if part))


def _clean(text: str) -> str:
    """Text that can be written: a model's half surrogate pairs become question marks."""
    return text.encode(errors="replace").decode()


def _thinking(message: Message) -> str | None:
    """What the model thought, as far as its provider shows it."""
    return _clean("\n".join(t.text for t in message.thoughts if t.text)) or None


def _metrics(usage: Usage) -> AtifMetrics:
    more: dict[str, JsonValue] = {
        "cache_written_tokens": usage.written_tokens,
        "thinking_tokens": usage.thinking_tokens,
    }
    return AtifMetrics(
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        cached_tokens=usage.cached_tokens,
        cost_usd=usage.cost_usd,
        extra={name: count for name, count in more.items() if count} or None,
    )


def _tool_call(call: ToolCall) -> AtifToolCall:
    return AtifToolCall(
        tool_call_id=_clean(call.id),
        function_name=_clean(call.name),
        arguments=_arguments(call.arguments),
    )


def _arguments(text: str) -> dict[str, JsonValue]:
    """The arguments as an object, or the model's own text where they are none to be kept."""
    try:
        arguments = _OBJECT.validate_json(text.encode(errors="replace"))
    except ValidationError:
        return {"not_an_object": _clean(text)}
    return arguments if _is_plain(arguments, DEEPEST) else {"not_an_object": _clean(text)}


def _is_plain(value: JsonValue, levels: int) -> bool:
    """Whether every reader of JSON takes it: not too deep, no NaN and no infinity."""
    if isinstance(value, float):
        return math.isfinite(value)
    inner: Sequence[JsonValue] = ()
    if isinstance(value, dict):
        inner = list(value.values())
    elif isinstance(value, list):
        inner = value
    return levels > 0 and all(_is_plain(part, levels - 1) for part in inner)
