"""What models that are asked by their provider's own SDK have in common.

Every answer is streamed, so that a provider that falls silent is noticed and a long answer is no
timeout, and put together before it is given on.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import ClassVar, Protocol

from autoloop.errors import AutoloopError, ModelError
from autoloop.gateway.meter import estimate_tokens
from autoloop.gateway.upstream.facts import ModelFacts, facts_of
from autoloop.gateway.upstream.faults import translate
from autoloop.gateway.upstream.limiter import SHARED
from autoloop.gateway.upstream.retry import PassingError, Patience
from autoloop.gateway.upstream.told import raise_told
from autoloop.gateway.wire.asked import refuse_unsendable
from autoloop.gateway.wire.events import read_events
from autoloop.gateway.wire.native import open_native
from autoloop.gateway.wire.reading import Json, table_of
from autoloop.ports import USUAL_REPLY_TOKENS, Rates
from autoloop.records import ChatReply, ChatRequest, Native, Usage, WireFormat, charge
from autoloop.records.secrets import own_environment

LONGEST_SILENCE_S = 300.0
"""A provider that sends nothing for so long has stalled; models may think for minutes."""
BROKEN = (ValueError, KeyError, TypeError, AttributeError, IndexError)
"""What a broken answer makes a parser raise."""


_SAMPLING = frozenset(
    {
        *("temperature", "top_p", "top_k", "stop", "logit_bias"),
        *("frequency_penalty", "presence_penalty"),
    }
)


class Answer(Protocol):
    """An open answer of an SDK, of which only the response is used.

    The SDKs' own reading of its events takes as long as all the rest of a call.
    """

    @property
    def response(self) -> "Response":
        """What the events come in."""

    def close(self) -> None:
        """Let go of the connection."""


class Response(Protocol):
    """An HTTP response."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Its headers, by any spelling."""

    def iter_bytes(self) -> Iterator[bytes]:
        """Its body as it comes."""

    def read(self) -> bytes:
        """All of its body."""


class Assembly(Protocol):
    """Puts an answer together from the events of its stream."""

    @property
    def is_complete(self) -> bool:
        """Whether the provider said that this was all."""

    @property
    def counted(self) -> Json:
        """The usage as the provider counted it so far."""

    def add(self, event: Json) -> None:
        """Take in the next event."""

    def whole(self) -> Json:
        """The complete answer."""


class SdkModel(ABC):
    """A `ChatModel` of one provider. Any thread may call it.

    A request in the provider's own format goes on as it is; any other one is translated.
    """

    form: ClassVar[WireFormat]
    key_names: ClassVar[tuple[str, ...]]
    """Environment variables that may hold the key, the usual one first."""

    def __init__(
        self,
        name: str,
        *,
        api_base: str | None = None,
        timeout_s: float = LONGEST_SILENCE_S,
        patience: Patience | None = None,
        environ: Mapping[str, str] | None = None,
        facts: ModelFacts | None = None,
    ) -> None:
        """By default the environment is this process's as it is now, and facts are the table's.

        `timeout_s` is how long the provider may be silent.
        """
        self.facts = facts or facts_of(name)
        self._name = name
        self._api_base = api_base
        self._timeout_s = timeout_s
        self._patience = patience or Patience(limiter=SHARED.of(name.partition("/")[0], api_base))
        self._environ = own_environment() if environ is None else environ

    @property
    def name(self) -> str:
        """The model's name, by litellm's naming."""
        return self._name

    @property
    def priced(self) -> bool:
        """Whether it is known what this model costs; if not, budgets in money cannot be kept."""
        return self.facts.price is not None

    @property
    def rates(self) -> Rates | None:
        """The most that its tokens may cost; None where no price is known."""
        return self.facts.price.rates if self.facts.price else None

    def missing_keys(self) -> tuple[str, ...]:
        """Environment variables that the provider needs and that are not set."""
        return () if self._key() or self._api_base else self.key_names[:1]

    def complete(self, request: ChatRequest) -> ChatReply:
        """Ask and wait, with passing failures tried again.

        What failed attempts consumed is part of the reply's usage, or of the error's.

        Raises:
            ModelError: the provider refuses for good: key, name, account.
            AgentError: it refuses this request: malformed, too long, against its policy.
            ProviderError: it failed in a way that retries did not mend.
        """
        self._require_key()
        body = self._body(request)
        return self._patience.bear(
            lambda: self._estimated(self._ask(body), request), stops=bool(request.stop)
        )

    @abstractmethod
    def _written(self, request: ChatRequest) -> Json:
        """The request in the provider's format, without model and limit."""

    @abstractmethod
    def _limited(self, body: Json, longest: int | None) -> Json:
        """The body with the model, the longest answer, and what every call needs."""

    @abstractmethod
    def _open(self, body: Json) -> Answer:
        """Ask by the SDK; it raises what SDKs raise."""

    @abstractmethod
    def _assembly(self) -> Assembly:
        """Something that puts an answer together."""

    @abstractmethod
    def _read(self, whole: Json) -> ChatReply:
        """A complete answer in our own form, unpriced. Raises `PassingError` if it is none."""

    @abstractmethod
    def _counted(self, usage: Json) -> Usage:
        """Usage in our own form, with its price."""

    @property
    @abstractmethod
    def _raised(self) -> tuple[type[Exception], ...]:
        """What the SDK raises, and what a parser does at a broken answer."""

    def _key(self) -> str:
        found = (self._environ.get(name, "").strip() for name in self.key_names)
        return next((key for key in found if key), "")

    def _require_key(self) -> None:
        if missing := self.missing_keys():
            raise ModelError(
                f"The model {self._name!r} needs a key, and {missing[0]} is not set; set it in the"
                " environment."
            )

    def _body(self, request: ChatRequest) -> Json:
        native = request.native
        is_native = native is not None and native.form == self.form
        body = self._taken(open_native(native)) if native and is_native else self._written(request)
        limited = self._limited(body, self._longest(request))
        refuse_unsendable(limited)
        return limited

    def _taken(self, body: Json) -> Json:
        """An agent's own request without what the model is known to refuse."""
        if self.facts.sampling:
            return body
        return {key: value for key, value in body.items() if key not in _SAMPLING}

    def _longest(self, request: ChatRequest) -> int | None:
        # Providers refuse a limit above what the model can write; without any limit a model could
        # write more than a quota has held back.
        known = self.facts.longest_reply
        if request.max_tokens is None:
            return None if known is None else min(known, USUAL_REPLY_TOKENS)
        return request.max_tokens if known is None else min(request.max_tokens, known)

    def _ask(self, body: Json) -> ChatReply:
        assembly = self._assembly()
        try:
            whole = self._receive(body, assembly)
            return replace(self._read(whole), native=self._native(whole))
        except AutoloopError as error:
            charge(error, self._so_far(assembly))
            raise
        except self._raised as error:
            failure = translate(error, model=self._name, environ=self._environ)
            charge(failure, self._so_far(assembly))
            # Without its cause, which a traceback would show with the key that it may quote.
            raise failure from None

    def _native(self, whole: Json) -> Native:
        return Native(form=self.form, body=json.dumps(whole | {"model": self._name}).encode())

    def _receive(self, body: Json, assembly: Assembly) -> Json:
        with _closing(self._open(body)) as answer:
            if "json" in answer.response.headers.get("content-type", ""):
                # A server that does not stream.
                return table_of(json.loads(answer.response.read()))
            for event in read_events(answer.response.iter_bytes()):
                raise_told(event)
                assembly.add(event)
        if not assembly.is_complete:
            raise PassingError(
                f"The provider of {self._name!r} broke off in its answer.", lost=True
            )
        return assembly.whole()

    def _so_far(self, assembly: Assembly) -> Usage:
        counted = assembly.counted
        return replace(self._counted(counted), calls=0) if counted else Usage()

    def _cost(self, usage: Usage, *, written_for_an_hour: int = 0) -> Usage:
        price = self.facts.price
        cost = price.of(usage, written_for_an_hour=written_for_an_hour) if price else None
        return replace(usage, cost_usd=cost)

    def _estimated(self, reply: ChatReply, request: ChatRequest) -> ChatReply:
        """The reply with an estimate of the tokens, where the server counted none."""
        if reply.usage.tokens:
            return reply
        sent = estimate_tokens(request)
        received = estimate_tokens(ChatRequest(messages=(reply.message, *reply.others)))
        usage = Usage(calls=1, prompt_tokens=sent, completion_tokens=received, cost_usd=None)
        return replace(reply, usage=usage)


@contextmanager
def _closing(answer: Answer) -> Iterator[Answer]:
    try:
        yield answer
    finally:
        answer.close()
