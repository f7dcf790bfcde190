"""The state of the stand-in's work, read off the messages it is sent: it remembers nothing else."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from autoloop.records import Message, ToolCall


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A command that was run and what it printed."""

    command: str
    output: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """What was said so far."""

    instruction: str
    harness_text: str
    """System messages, and user messages other than the instruction."""
    nudges: str
    """User messages that came after an answer without a tool call."""
    is_repeated: bool
    """The instruction was sent a second time."""
    exchanges: tuple[Exchange, ...]
    replies: tuple[str, ...]
    """The stand-in's own words so far."""


def read_conversation(
    messages: Sequence[Message], is_understood: Callable[[str], bool]
) -> Conversation:
    """Tell instruction, harness and past work apart.

    The instruction is the first user message that `is_understood`, or else the first of all.
    """
    asked = [at for at, message in enumerate(messages) if message.role == "user"]
    main = next((at for at in asked if is_understood(messages[at].content)), None)
    if main is None and asked:
        main = asked[0]
    instruction = messages[main].content if main is not None else ""
    later = [messages[at].content for at in asked if at != main]
    system = [message.content for message in messages if message.role == "system"]
    return Conversation(
        instruction=instruction,
        harness_text="\n".join(system + later),
        nudges="\n".join(_nudges(messages)),
        is_repeated=any(_squeeze(instruction) in _squeeze(text) for text in later),
        exchanges=tuple(_exchanges(messages)),
        replies=tuple(message.content for message in messages if message.role == "assistant"),
    )


def _nudges(messages: Sequence[Message]) -> list[str]:
    answered = False
    nudges = []
    for message in messages:
        if message.role == "assistant":
            answered = not message.tool_calls
        elif message.role == "user" and answered:
            nudges.append(message.content)
    return nudges


def _exchanges(messages: Sequence[Message]) -> list[Exchange]:
    outputs = {m.tool_call_id: m.content for m in messages if m.role == "tool"}
    calls = [call for message in messages for call in message.tool_calls]
    return [
        Exchange(command=_command(call), output=outputs[call.id])
        for call in calls
        if call.id in outputs
    ]


def _command(call: ToolCall) -> str:
    try:
        arguments = json.loads(call.arguments)
    except (ValueError, RecursionError):
        return ""
    values = list(arguments.values()) if isinstance(arguments, dict) else []
    return values[0] if values and isinstance(values[0], str) else ""


def _squeeze(text: str) -> str:
    return " ".join(text.split())
