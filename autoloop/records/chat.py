"""What is said to a language model and what comes back, in one form for every provider."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

JsonValue: TypeAlias = (
    "str | int | float | bool | Sequence[JsonValue] | Mapping[str, JsonValue] | None"
)
JsonObject: TypeAlias = "Mapping[str, JsonValue]"

Role: TypeAlias = Literal["system", "user", "assistant", "tool"]
ReplyStop: TypeAlias = Literal["stop", "tool_calls", "length", "refusal"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """One call of a tool that the model asks for."""

    id: str
    name: str
    arguments: str
    """JSON text exactly as the model wrote it; it may be invalid JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of a conversation."""

    role: Role
    content: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    """Only on assistant messages."""
    tool_call_id: str | None = None
    """Only on tool messages: the call that this is the result of."""
    parts: tuple[JsonObject, ...] = ()
    """Content that is not text (images), as OpenAI content parts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSpec:
    """A tool that the model may call."""

    name: str
    description: str = ""
    parameters: JsonObject = field(default_factory=dict)
    """JSON schema of the arguments object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """One question to a model."""

    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...] = ()
    tool_choice: str | None = None
    """`auto`, `none`, `required` or the name of one tool; None leaves it to the provider."""
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: tuple[str, ...] = ()
    """Texts at which the model must stop writing."""
    response_format: JsonObject = field(default_factory=dict)
    """Form the answer must have, as OpenAI's `response_format`; empty is free text."""
    seed: int = 0
    """Seed of the conversation; the offline stand-in draws its mistakes from it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What model calls consumed. Adds up with `+`."""

    calls: int = 0
    prompt_tokens: int = 0
    """Tokens sent, cached ones included."""
    completion_tokens: int = 0
    cached_tokens: int = 0
    cost_usd: float | None = 0.0
    """None: the price of at least one call is not known."""

    @property
    def tokens(self) -> int:
        """Tokens in both directions."""
        return self.prompt_tokens + self.completion_tokens

    def __add__(self, other: "Usage") -> "Usage":
        known = self.cost_usd is not None and other.cost_usd is not None
        return Usage(
            calls=self.calls + other.calls,
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
            cost_usd=(self.cost_usd or 0.0) + (other.cost_usd or 0.0) if known else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatReply:
    """A model's answer."""

    message: Message
    stop_reason: ReplyStop
    model: str
    usage: Usage
