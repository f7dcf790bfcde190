"""What a wire format must do for the server, and what the formats share."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from autoloop.records import ChatReply, ChatRequest
from autoloop.testing.provider.faults import Fault
from autoloop.testing.provider.tally import Piece, Tokens

Json: TypeAlias = dict[str, Any]
"""JSON of a wire format, which is read here as leniently as it comes."""


class BodyError(ValueError):
    """A request that the real provider would refuse, with its sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request as the server understood it."""

    request: ChatRequest
    model: str
    pieces: tuple[Piece, ...]
    stream: bool = False
    stream_usage: bool = True
    thinking: bool = False
    """Whether the model was told to think first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the server is about to send."""

    reply: ChatReply
    tokens: Tokens
    model: str
    number: int
    fault: Fault | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is to be nothing in it."""
        return self.fault is not None and self.fault.way == "empty"

    @property
    def is_filtered(self) -> bool:
        """Whether the provider's policy ended it."""
        return self.reply.stop_reason == "refusal"


class WireFormat(Protocol):
    """One of the three formats. Pure functions; any thread may call them."""

    explicit_cache: bool
    """Whether only what is marked is cached, and writing it is counted."""

    def read(self, body: Json) -> Asked:
        """Understand a request; raises `BodyError`."""

    def whole(self, answer: Answer) -> Json:
        """The answer in one piece."""

    def events(self, answer: Answer) -> Sequence[str]:
        """The answer as server-sent events, whose texts and arguments come in several."""

    def told_first(self, tokens: Tokens) -> Tokens:
        """What the beginning of a stream says of the tokens of the whole."""

    def error(self, fault: Fault, message: str) -> Json:
        """The body of an error."""

    def error_event(self, fault: Fault, message: str) -> str:
        """An error in the middle of a stream."""


def halves(text: str) -> tuple[str, ...]:
    """A text in two deltas, or in one where it is too short."""
    middle = len(text) // 2
    return (text[:middle], text[middle:]) if middle else (text,)


def event(body: Mapping[str, Any], *, named: bool = True) -> str:
    """A server-sent event, which has the name of its type where the format has names."""
    head = f"event: {body['type']}\n" if named else ""
    return f"{head}data: {json.dumps(body)}\n\n"


def is_object(text: str) -> bool:
    """Whether a text is a JSON object."""
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def dumped(value: object) -> str:
    """JSON that is the same for the same value."""
    return json.dumps(value, sort_keys=True)
