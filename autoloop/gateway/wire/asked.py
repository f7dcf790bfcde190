"""What the wire formats have in common."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from autoloop.errors import AgentError
from autoloop.gateway.wire.reading import data_url_parts, is_sendable
from autoloop.records import ChatRequest

MAX_MESSAGES = 10_000
MAX_PARTS = 1_000
MAX_TOOLS = 1_000
MAX_VALUES = 300_000
"""Values in a request: lists of nothing take fifty times as much memory as they are long."""
_STRUCTURE = b",[{"
_STRINGS = re.compile(rb'"[^"]*(?:"|\Z)')
_EMBEDDED = (
    "Images and files are sent within the request, as text, base64 or a data URL"
    " (data:image/png;base64,...); nothing is stored or fetched from an address."
)

Wire = TypeVar("Wire", bound="WireModel")


class RequestError(AgentError):
    """A request that cannot be read or asks for what is not offered; the text says which."""


class WireModel(BaseModel):
    """Base of what comes over the wire. Keys we do not know belong to the format's owner."""

    model_config = ConfigDict(frozen=True, extra="ignore")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request in our own form, and how the answer is to be sent."""

    request: ChatRequest
    stream: bool = False
    stream_usage: bool = False
    """Whether an OpenAI stream ends with the usage."""


def read(kind: type[Wire], raw: bytes) -> Wire:
    """Read JSON of a given form, or say in a sentence what is wrong with it."""
    refuse_unless(
        _values(raw) <= MAX_VALUES or _values(_without_strings(raw)) <= MAX_VALUES,
        f"The request has more than {MAX_VALUES:,} values.",
    )
    try:
        return kind.model_validate_json(raw)
    except ValidationError as error:
        raise RequestError(_sentence(error)) from error


def refuse_unless(condition: object, sentence: str) -> None:
    """Raise `RequestError` with the sentence unless the condition holds."""
    if not condition:
        raise RequestError(sentence)


def embedded(url: str) -> str:
    """A URL that is its own content; a provider would fetch any other for the agent."""
    refuse_unless(data_url_parts(url), _EMBEDDED)
    return url


def embedded_file(content: str) -> str:
    """A file as base64, or as a data URL."""
    return embedded(content) if ":" in content else content


def refuse_unsendable(body: object) -> None:
    """Raise `RequestError` for what no SDK can write: that is no fault of the provider.

    The JSON that came was valid, so that only its numbers and its escapes can be at fault.
    """
    refuse_unless(
        is_sendable(body),
        "The request cannot be written as JSON again: a number in it is too large or none, or a"
        " text holds half of a character.",
    )


def data_url(source: Mapping[str, object]) -> str:
    """The data URL of an Anthropic image source."""
    refuse_unless(source.get("type") == "base64", _EMBEDDED)
    return f"data:{source.get('media_type', 'image/png')};base64,{source.get('data', '')}"


def _without_strings(raw: bytes) -> bytes:
    """JSON without its strings, in time that grows with its length, also where one has no end."""
    return _STRINGS.sub(b"", raw.replace(rb"\\", b"").replace(rb"\"", b""))


def _values(raw: bytes) -> int:
    return sum(raw.count(sign) for sign in _STRUCTURE)


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(step) for step in first["loc"])
    return (
        f"The request is invalid at {where!r}: {first['msg']}."
        if where
        else (f"The request is invalid: {first['msg']}.")
    )
