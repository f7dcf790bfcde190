"""OpenAI's models, and servers that speak its formats, by OpenAI's SDK."""

from dataclasses import replace
from functools import cached_property
from typing import ClassVar

import openai

from autoloop.errors import AgentError
from autoloop.gateway.upstream.connection import transport_errors, waiting
from autoloop.gateway.upstream.retry import empty
from autoloop.gateway.upstream.sdk import BROKEN, Answer, Assembly, SdkModel
from autoloop.gateway.upstream.told import ToldError
from autoloop.gateway.upstream.transport import direct_client
from autoloop.gateway.wire import to_chat, to_responses
from autoloop.gateway.wire.reading import Json, rows_at, table_at
from autoloop.records import ChatReply, ChatRequest, Effort, Usage, WireFormat

_HOME = "https://api.openai.com"


class _OpenAIModel(SdkModel):
    """What both of OpenAI's formats have in common."""

    key_names: ClassVar[tuple[str, ...]] = ("OPENAI_API_KEY",)
    path: ClassVar[str]

    @cached_property
    def _client(self) -> openai.OpenAI:
        timeout = waiting(self._timeout_s)
        return openai.OpenAI(
            api_key=self._key() or "unused",
            base_url=self._base,
            timeout=timeout,
            max_retries=0,
            http_client=direct_client(self._base or _HOME, timeout),
        )

    @property
    def _base(self) -> str | None:
        base = self._api_base or self._environ.get("OPENAI_BASE_URL")
        return base or self._environ.get("OPENAI_API_BASE") or None

    @property
    def _model(self) -> str:
        """The name that the provider knows."""
        return self._name.partition("/")[2].removeprefix("responses/")

    @property
    def _raised(self) -> tuple[type[Exception], ...]:
        return (openai.OpenAIError, ToldError, *transport_errors(), *BROKEN)

    def missing_keys(self) -> tuple[str, ...]:
        """Environment variables that the provider needs and that are not set."""
        return () if self._key() or self._base else self.key_names[:1]

    def _open(self, body: Json) -> Answer:
        return self._client.post(
            self.path, body=body, cast_to=object, stream=True, stream_cls=openai.Stream[object]
        )

    def _counted(self, usage: Json) -> Usage:
        read = to_responses.read_usage if self.form == "responses" else to_chat.read_usage
        return self._cost(read(usage))

    def _effort(self, effort: Effort | None) -> str | None:
        """The nearest effort that the model takes, or None where nothing is to be said."""
        if effort is None or self.facts.thinking is False:
            return None
        return self.facts.nearest(effort)

    def _sampling(self, request: ChatRequest) -> Json:
        wanted: Json = {"temperature": request.temperature, "top_p": request.top_p}
        return {k: v for k, v in wanted.items() if v is not None} if self.facts.sampling else {}


class OpenAIChatModel(_OpenAIModel):
    """A model named `openai/NAME`, asked by chat completions."""

    form: ClassVar[WireFormat] = "chat"
    path: ClassVar[str] = "/chat/completions"

    def _assembly(self) -> Assembly:
        return to_chat.ChatAssembly()

    def _read(self, whole: Json) -> ChatReply:
        if not rows_at(whole, "choices"):
            raise empty(self._name)
        reply = to_chat.read_reply(whole, model=self._name)
        return replace(reply, usage=self._counted(table_at(whole, "usage")))

    def _written(self, request: ChatRequest) -> Json:
        body = to_chat.request_json(request) | self._sampling(request)
        if request.stop and self.facts.sampling:
            body["stop"] = list(request.stop)
        if effort := self._effort(request.effort):
            body["reasoning_effort"] = effort
        return body

    def _limited(self, body: Json, longest: int | None) -> Json:
        body.pop("max_tokens", None)
        body.pop("max_completion_tokens", None)
        if longest is not None:
            # Models that think take the new name only; servers of others often the old one only.
            is_own = self._base is None or self.facts.thinking
            body["max_completion_tokens" if is_own else "max_tokens"] = longest
        return body | {
            "model": self._model,
            "stream": True,
            "stream_options": {"include_usage": True},
        }


class OpenAIResponsesModel(_OpenAIModel):
    """A model named `openai/responses/NAME`, asked by responses; nothing is stored there."""

    form: ClassVar[WireFormat] = "responses"
    path: ClassVar[str] = "/responses"

    def _assembly(self) -> Assembly:
        return to_responses.ResponseAssembly()

    def _read(self, whole: Json) -> ChatReply:
        if whole.get("status") == "failed":
            raise ToldError(table_at(whole, "error"))
        if not isinstance(whole.get("output"), list):
            raise empty(self._name)
        reply = to_responses.read_reply(whole, model=self._name)
        return replace(reply, usage=self._counted(table_at(whole, "usage")))

    def _written(self, request: ChatRequest) -> Json:
        if request.choices > 1:
            raise AgentError(f"n is {request.choices}, but responses give one answer only.")
        body = to_responses.request_json(request) | self._sampling(request)
        if effort := self._effort(request.effort):
            body["reasoning"] = {"effort": effort}
        return body

    def _limited(self, body: Json, longest: int | None) -> Json:
        if longest is not None:
            body["max_output_tokens"] = longest
        if self.facts.thinking:
            body["include"] = [to_responses.SEALED]
        return body | {"model": self._model, "stream": True, "store": False}
