"""`model`: the language model, as agent.py sees it."""

from __future__ import annotations

import json
from dataclasses import dataclass

from autoloop.harness.door import Answer, Door, Json
from autoloop.harness.errors import ModelUnavailable, QuotaExceeded, RequestRefused


@dataclass(frozen=True)
class ToolCall:
    """One call of a tool that the model asks for."""

    id: str
    name: str
    arguments: Json
    """Empty when the model wrote no valid JSON object; `raw` has what it wrote."""
    raw: str


@dataclass(frozen=True)
class Reply:
    """The model's answer."""

    content: str
    tool_calls: list[ToolCall]
    message: Json
    """The answer as a message, to be appended to the conversation."""
    finish_reason: str
    """`stop`, `tool_calls`, `length` (cut off) or `content_filter`."""
    usage: Json
    """`prompt_tokens`, `completion_tokens`, `total_tokens`."""


class Model:
    """The one model of this trial. `chat` may be called from several threads at once."""

    def __init__(self, door: Door) -> None:
        self._door = door

    @property
    def name(self) -> str:
        """The name under which the run's settings have it."""
        return str(_check(self._door.get("/v1/models"))["data"][0]["id"])

    def chat(
        self, messages: list[Json], tools: list[Json] | None = None, **options: object
    ) -> Reply:
        """Ask the model.

        Args:
            messages: the conversation in OpenAI's form: dicts with `role` and `content`.
            tools: tools in OpenAI's form: `{"type": "function", "function": {...}}`.
            options: anything else of OpenAI's chat completions: `temperature`, `max_tokens`,
                `tool_choice`, `response_format`, `stop`, ...

        Raises:
            QuotaExceeded: the trial has used its calls, tokens or money.
            RequestRefused: the request is malformed, or too long for the model.
            ModelUnavailable: the provider failed, after retries.
        """
        body: Json = {"messages": messages, **options}
        if tools:
            body["tools"] = tools
        answer = _check(self._door.post("/v1/chat/completions", body))
        choice = answer["choices"][0]
        message = {key: value for key, value in choice["message"].items() if value is not None}
        return Reply(
            content=message.get("content", ""),
            tool_calls=[_tool_call(call) for call in message.get("tool_calls", ())],
            message=message,
            finish_reason=choice["finish_reason"],
            usage=answer["usage"],
        )


def _check(answer: Answer) -> Json:
    if answer.status == 429:
        raise QuotaExceeded(answer.error)
    if answer.status >= 500:
        raise ModelUnavailable(answer.error)
    if answer.status >= 400:
        raise RequestRefused(answer.error)
    return answer.body


def _tool_call(call: Json) -> ToolCall:
    raw = call["function"]["arguments"]
    return ToolCall(call["id"], call["function"]["name"], _object(raw), raw)


def _object(raw: str) -> Json:
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
