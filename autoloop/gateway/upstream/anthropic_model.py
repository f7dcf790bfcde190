"""Anthropic's models, by Anthropic's SDK."""

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import ClassVar

import anthropic

from autoloop.errors import AgentError
from autoloop.gateway.upstream.connection import transport_errors, waiting
from autoloop.gateway.upstream.retry import empty
from autoloop.gateway.upstream.sdk import BROKEN, Answer, SdkModel
from autoloop.gateway.upstream.told import ToldError
from autoloop.gateway.upstream.transport import direct_client
from autoloop.gateway.wire import to_anthropic
from autoloop.gateway.wire.reading import Json, count_at, plain, rows_at, table_at, text_at
from autoloop.gateway.wire.to_anthropic import MessageAssembly
from autoloop.records import ChatReply, ChatRequest, Effort, JsonObject, Usage, WireFormat

_HOME = "https://api.anthropic.com"
_BUDGETS: Mapping[Effort, int] = {
    "minimal": 1_024,
    "low": 2_048,
    "medium": 8_192,
    "high": 16_384,
    "xhigh": 24_576,
    "max": 32_768,
}
"""Tokens to think, for models that do not take an effort."""
_LEAST_BUDGET = 1_024
_FALLBACK_REPLY = 4_096
"""Longest answer of a model of which nothing is known; the format demands a number."""


class AnthropicModel(SdkModel):
    """A model named `anthropic/NAME`."""

    form: ClassVar[WireFormat] = "anthropic"
    key_names: ClassVar[tuple[str, ...]] = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN")

    @cached_property
    def _client(self) -> anthropic.Anthropic:
        base = self._api_base or self._environ.get("ANTHROPIC_BASE_URL") or None
        token = self._environ.get("ANTHROPIC_AUTH_TOKEN", "").strip()
        is_token = bool(token) and not self._environ.get("ANTHROPIC_API_KEY", "").strip()
        timeout = waiting(self._timeout_s)
        return anthropic.Anthropic(
            api_key=None if is_token else self._key() or "unused",
            auth_token=token if is_token else None,
            base_url=base.removesuffix("/").removesuffix("/v1") if base else None,
            timeout=timeout,
            max_retries=0,
            http_client=direct_client(base or _HOME, timeout),
        )

    @property
    def _raised(self) -> tuple[type[Exception], ...]:
        return (anthropic.AnthropicError, ToldError, *transport_errors(), *BROKEN)

    def _open(self, body: Json) -> Answer:
        return self._client.post(
            "/v1/messages",
            body=body,
            cast_to=object,
            stream=True,
            stream_cls=anthropic.Stream[object],
        )

    def _assembly(self) -> MessageAssembly:
        return MessageAssembly()

    def _read(self, whole: Json) -> ChatReply:
        if whole.get("type") != "message" or not isinstance(whole.get("content"), list):
            raise empty(self._name)
        reply = to_anthropic.read_reply(whole, model=self._name)
        return replace(reply, usage=self._counted(table_at(whole, "usage")))

    def _counted(self, usage: Json) -> Usage:
        hour = to_anthropic.written_for_an_hour(usage)
        return self._cost(to_anthropic.read_usage(usage), written_for_an_hour=hour)

    def _written(self, request: ChatRequest) -> Json:
        if request.choices > 1:
            raise AgentError(f"n is {request.choices}, but {self._name!r} gives one answer only.")
        body = to_anthropic.request_json(request)
        self._set_format(body, request.response_format)
        self._set_effort(body, request.effort)
        if self.facts.sampling and "thinking" not in body:
            body |= _sampling(request)
        return body

    def _set_format(self, body: Json, wanted: JsonObject) -> None:
        if not wanted:
            return
        told = plain(wanted)
        schema = table_at(table_at(told, "json_schema") if isinstance(told, dict) else {}, "schema")
        if schema and self.facts.formats:
            body["output_config"] = {"format": {"type": "json_schema", "schema": schema}}
            return
        asked = f" that fits this schema: {json.dumps(schema)}" if schema else ""
        system = rows_at(body, "system")
        said = f"Answer with JSON only, without any text around it{asked}."
        body["system"] = [*system, {"type": "text", "text": said}]

    def _set_effort(self, body: Json, effort: Effort | None) -> None:
        forced = text_at(table_at(body, "tool_choice"), "type") in {"any", "tool"}
        if forced and not self.facts.forced_tools:
            body["tool_choice"] = {"type": "auto"}
        if effort is None or not self.facts.thinking:
            return
        if effort == "none":
            if not self.facts.always_thinks:
                body["thinking"] = {"type": "disabled"}
        elif self.facts.adaptive:
            if not (forced and self.facts.forced_tools):
                body["thinking"] = {"type": "adaptive"}
            body["output_config"] = table_at(body, "output_config") | {
                "effort": self.facts.nearest(effort)
            }
        elif not forced and not _answers_without_thought(body):
            body["thinking"] = {"type": "enabled", "budget_tokens": _BUDGETS[effort]}

    def _limited(self, body: Json, longest: int | None) -> Json:
        most = longest or count_at(body, "max_tokens") or _FALLBACK_REPLY
        body |= {"model": self._name.partition("/")[2], "max_tokens": most, "stream": True}
        budget = count_at(table_at(body, "thinking"), "budget_tokens")
        if budget and budget >= most:
            # The answer must have room beside the thoughts.
            if most <= _LEAST_BUDGET:
                del body["thinking"]
            else:
                fitting = max(_LEAST_BUDGET, most // 2)
                body["thinking"] = table_at(body, "thinking") | {"budget_tokens": fitting}
        return body


def _answers_without_thought(body: Json) -> bool:
    """Whether the last turn of the model has calls and no thoughts, which it then may not begin."""
    turns = [turn for turn in rows_at(body, "messages") if turn.get("role") == "assistant"]
    kinds = [block.get("type") for block in rows_at(turns[-1], "content")] if turns else []
    return "tool_use" in kinds and kinds[0] not in {"thinking", "redacted_thinking"}


def _sampling(request: ChatRequest) -> Json:
    wanted: Json = {}
    if request.temperature is not None:
        wanted["temperature"] = min(request.temperature, 1.0)
    elif request.top_p is not None:
        # Newer models refuse both at once.
        wanted["top_p"] = request.top_p
    return wanted
