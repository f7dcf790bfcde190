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
WireFormat: TypeAlias = Literal["anthropic", "chat", "responses"]
"""Anthropic's messages, OpenAI's chat completions, OpenAI's responses."""
Effort: TypeAlias = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Native:
    """The same in a provider's own wire format, for one that speaks it: nothing is lost."""

    form: WireFormat
    body: bytes
    """JSON text. In a request it is what the agent sent: to be read with suspicion."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thought:
    """A piece of what a model thought before it answered."""

    text: str = ""
    """As far as the provider shows it; often a summary."""
    seal: str = ""
    """What only the provider can read, and wants back with the next request."""
    form: WireFormat = "chat"
    """Whose seal it is; no other provider takes it."""
    id: str = ""
    hidden: bool = False
    """Whether the provider withheld the text for reasons of safety."""


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
    thoughts: tuple[Thought, ...] = ()
    """Only on assistant messages."""


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
    effort: Effort | None = None
    """How much the model is to think; None leaves it to the provider."""
    choices: int = 1
    """Answers wanted; all of them are paid."""
    native: Native | None = field(default=None, compare=False, repr=False)
    """The request as it was asked, for an upstream of the same format."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What model calls consumed. Adds up with `+`."""

    calls: int = 0
    prompt_tokens: int = 0
    """Tokens sent, those read from and written to a cache included."""
    completion_tokens: int = 0
    """Tokens received, those of thinking included."""
    cached_tokens: int = 0
    """Of the tokens sent, those read from the provider's cache."""
    written_tokens: int = 0
    """Of the tokens sent, those written to the provider's cache."""
    thinking_tokens: int = 0
    """Of the tokens received, those of thinking, where the provider says so."""
    lost: int = 0
    """Attempts that broke off: the provider may have counted more for them than it said."""
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
            written_tokens=self.written_tokens + other.written_tokens,
            thinking_tokens=self.thinking_tokens + other.thinking_tokens,
            lost=self.lost + other.lost,
            cost_usd=(self.cost_usd or 0.0) + (other.cost_usd or 0.0) if known else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatReply:
    """A model's answer."""

    message: Message
    stop_reason: ReplyStop
    model: str
    usage: Usage
    others: tuple[Message, ...] = ()
    """Further answers, where more than one was wanted."""
    native: Native | None = field(default=None, compare=False, repr=False)
    """The answer as the provider gave it."""
