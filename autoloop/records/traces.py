"""What the recorded trace of a trial consists of: entries that can be read one at a time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from autoloop.records.quoting import visible

Speaker = Literal["system", "user", "model", "agent.py", "host"]
"""Who an entry is of; the host speaks only where there is nothing else to show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceCall:
    """A tool that the model called, or an action in the task's container."""

    id: str
    name: str
    arguments: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceAnswer:
    """What came back from a call."""

    call: str
    """Id of the call; empty where the trace does not say."""
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceEntry:
    """One turn of a trace."""

    number: int
    """1, 2, 3, … over the whole trial."""
    speaker: Speaker
    message: str = ""
    calls: tuple[TraceCall, ...] = ()
    answers: tuple[TraceAnswer, ...] = ()
    stage: str = ""
    """The step of the task that begins here, where a task has named steps; else empty."""
    at: datetime | None = None

    @property
    def text(self) -> str:
        """The entry as a person or a model reads it."""
        lines = [f"=== step {self.stage}"] if self.stage else []
        lines.append(f"--- {self.number} {self.speaker}")
        if self.message:
            lines.append(self.message)
        for call in self.calls:
            arguments = "\n".join(f"{key}: {value}" for key, value in call.arguments.items())
            lines.append(f"> {call.name} ({call.id})\n{arguments}")
        return "\n".join([*lines, *(f"< {own.call}\n{own.text}" for own in self.answers)])

    @property
    def shown(self) -> str:
        """The text with invisible characters spelled out, and what parts it from the next one."""
        return f"{visible(self.text)}\n\n"
