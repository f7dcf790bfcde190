"""How long a conversation is, and what of it can go when it is too long."""

import json
from collections.abc import Sequence
from dataclasses import replace

from autoloop.records import Message, ToolCall

DROPPED = "[This answer was dropped to save room. Call the tool again if you need it.]"
CUT = "[This text was dropped to save room.]"
_SHORT = 500
"""Characters up to which a text of a call's arguments stays."""


def length_of(messages: Sequence[Message]) -> int:
    """Characters that a model is sent: texts, calls with their arguments, and thoughts."""
    return sum(map(_length, messages))


def shortened(message: Message) -> Message:
    """What is left of an old message: no tool's answer, and of its own calls no long texts."""
    if message.role == "tool" and len(message.content) > len(DROPPED):
        return replace(message, content=DROPPED)
    if message.tool_calls:
        return replace(message, tool_calls=tuple(map(_without_texts, message.tool_calls)))
    return message


def _length(message: Message) -> int:
    calls = sum(len(call.name) + len(call.arguments) for call in message.tool_calls)
    thoughts = sum(len(thought.text) + len(thought.seal) for thought in message.thoughts)
    return len(message.content) + calls + thoughts


def _without_texts(call: ToolCall) -> ToolCall:
    """A call of which providers still take the arguments: they want an object."""
    if len(call.arguments) <= _SHORT:
        return call
    try:
        given = json.loads(call.arguments)
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        return replace(call, arguments="{}")
    kept = {name: CUT if _is_long(value) else value for name, value in given.items()}
    return replace(call, arguments=json.dumps(kept))


def _is_long(value: object) -> bool:
    return len(json.dumps(value)) > _SHORT
