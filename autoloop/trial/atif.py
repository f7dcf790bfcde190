"""Turns what the host recorded of a trial into an ATIF trajectory (Harbor's interchange format).

ATIF v1.7, RFC 0001 of the Harbor project: a model call is an agent step with metrics; what the
agent did in the task container is an agent step with `llm_call_count` 0; what the model was told
between two calls are the steps and observations that its next request shows for the first time.
"""

import json
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, JsonValue

from autoloop.records import (
    AgentNote,
    EnvCall,
    Message,
    ModelCall,
    TraceEvent,
    Usage,
)

SCHEMA = "ATIF-v1.7"


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


class AtifStep(_Model):
    """One turn."""

    step_id: int
    timestamp: str
    source: Literal["system", "user", "agent"]
    message: str
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
        self._told: list[Message] = []
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
            step_id=len(self.steps) + 1, timestamp=at.isoformat(), source=source, message=message
        )
        self.steps.append(new)
        return new

    def _model_call(self, call: ModelCall) -> None:
        for message in self._news(call.request.messages):
            self._tell(call.at, message)
        if call.reply is None:
            self.step(call.at, "system", f"Model call refused: {call.refusal}")
            return
        reply = call.reply.message
        step = self.step(call.at, "agent", reply.content)
        step.model_name = call.reply.model
        step.llm_call_count = 1
        step.metrics = _metrics(call.reply.usage)
        if reply.tool_calls:
            step.tool_calls = [
                AtifToolCall(
                    tool_call_id=c.id, function_name=c.name, arguments=_arguments(c.arguments)
                )
                for c in reply.tool_calls
            ]
        self._asked |= {c.id: step for c in reply.tool_calls}
        self._told.append(reply)

    def _news(self, messages: tuple[Message, ...]) -> tuple[Message, ...]:
        """What this request says that no earlier one said."""
        same = 0
        for old, new in zip(self._told, messages, strict=False):
            if (old.role, old.content, old.tool_call_id) != (
                new.role,
                new.content,
                new.tool_call_id,
            ):
                break
            same += 1
        self._told = list(messages)
        return messages[same:]

    def _tell(self, at: datetime, message: Message) -> None:
        asked = self._asked.get(message.tool_call_id or "")
        if message.role == "tool" and asked is not None:
            result = AtifResult(source_call_id=message.tool_call_id, content=message.content)
            asked.observation = asked.observation or AtifObservation(results=[])
            asked.observation.results.append(result)
        elif message.role == "assistant":
            self.step(at, "agent", message.content).llm_call_count = 0
        else:
            self.step(at, "system" if message.role == "system" else "user", message.content)

    def _env_call(self, call: EnvCall) -> None:
        name = f"env_{len(self.steps) + 1}"
        step = self.step(call.at, "agent", "")
        step.llm_call_count = 0
        argument = "command" if call.action == "run" else "path"
        step.tool_calls = [
            AtifToolCall(
                tool_call_id=name,
                function_name=f"env.{call.action}",
                arguments={argument: call.argument},
            )
        ]
        step.observation = AtifObservation(
            results=[AtifResult(source_call_id=name, content=_shown(call))]
        )

    def _note(self, note: AgentNote) -> None:
        self.step(note.at, "agent", f"note: {note.text}").llm_call_count = 0


def _shown(call: EnvCall) -> str:
    result = call.result
    end = "timed out" if result.timed_out else f"exit code {result.exit_code}"
    streams = [result.stdout, f"[stderr]\n{result.stderr}" if result.stderr else ""]
    return "\n".join([s for s in streams if s] + [f"[{end}, {result.seconds:.2f} s]"])


def _metrics(usage: Usage) -> AtifMetrics:
    return AtifMetrics(
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        cached_tokens=usage.cached_tokens,
        cost_usd=usage.cost_usd,
    )


def _arguments(text: str) -> dict[str, JsonValue]:
    try:
        arguments = json.loads(text)
    except ValueError:
        return {"invalid_json": text}
    return arguments if isinstance(arguments, dict) else {"value": arguments}
