"""Every real provider, through litellm."""

import warnings
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from typing import Any

import litellm

from autoloop.errors import ModelError
from autoloop.gateway.upstream.credentials import KEY, NO_KEY, credentials
from autoloop.gateway.upstream.facts import OWN_PRICE, ModelFacts, facts_of
from autoloop.gateway.upstream.faults import RAISED, translate
from autoloop.gateway.upstream.limiter import SHARED
from autoloop.gateway.upstream.retry import Patience, empty
from autoloop.gateway.wire import to_chat
from autoloop.gateway.wire.asked import refuse_unsendable
from autoloop.gateway.wire.openai_chat import message_json, tool_json
from autoloop.gateway.wire.reading import Json, rows_at, table_at
from autoloop.gateway.wire.to_anthropic import read_thought, thoughts_json
from autoloop.ports import USUAL_REPLY_TOKENS, Rates
from autoloop.records import ChatReply, ChatRequest, Effort, JsonValue, Usage, charge
from autoloop.records.secrets import is_secret_name, own_environment

_PRICES = ("input_cost_per", "output_cost_per", "tiered_pricing")
"""How the names of an entry's prices begin."""


class LitellmModel:
    """A `ChatModel` by litellm's name, such as `anthropic/claude-sonnet-5`. Any thread may call it.

    Keys are read here and now, given to litellm at each call, and appear in no error.
    """

    def __init__(
        self,
        name: str,
        *,
        api_base: str | None = None,
        timeout_s: float = 600.0,
        patience: Patience | None = None,
        environ: Mapping[str, str] | None = None,
        facts: ModelFacts | None = None,
    ) -> None:
        """By default the environment is this process's as it is now, and facts are the table's.

        A price that is not the table's goes before its own.
        """
        _quieten_litellm()
        self.facts = facts or facts_of(name)
        self._name = name
        self._api_base = api_base
        self._timeout_s = timeout_s
        self._patience = patience or Patience(limiter=SHARED.of(name.partition("/")[0], api_base))
        self._environ = own_environment() if environ is None else environ
        self._credentials = _credentials(name, self._environ)
        self._missing = _missing(name, self._credentials, self._environ)
        self._longest_reply, self._listed = _look_up(name)

    @property
    def name(self) -> str:
        """The model's name, by litellm's naming."""
        return self._name

    @property
    def priced(self) -> bool:
        """Whether litellm knows what this model costs; if not, budgets in money cannot be kept."""
        return self._listed or self.facts.price is not None

    @property
    def rates(self) -> Rates | None:
        """The most that its tokens may cost; None where no price is known."""
        return self.facts.price.rates if self.facts.price else None

    def missing_keys(self) -> tuple[str, ...]:
        """Environment variables that the provider needs and that are not set."""
        return self._missing

    def complete(self, request: ChatRequest) -> ChatReply:
        """Ask and wait, with passing failures tried again.

        Raises:
            ModelError: the provider refuses for good: key, name, account.
            AgentError: it refuses this request: malformed, too long, against its policy.
            ProviderError: it failed in a way that retries did not mend.
        """
        arguments = self._arguments(request)
        refuse_unsendable(arguments)
        return self._patience.bear(lambda: self._ask(arguments), stops=bool(request.stop))

    def _ask(self, arguments: dict[str, Any]) -> ChatReply:
        try:
            response = litellm.completion(**arguments)
            return self._reply(response)
        except RAISED as error:
            # Without its cause, which a traceback would show with the key that it may quote.
            raise translate(error, model=self._name, environ=self._environ) from None

    def _arguments(self, request: ChatRequest) -> dict[str, Any]:
        effort = self._effort(request)
        optional = {
            "api_base": self._api_base,
            "n": request.choices if request.choices > 1 else None,
            "tools": [tool_json(tool) for tool in request.tools] or None,
            "tool_choice": _tool_choice(request),
            "reasoning_effort": effort,
            "max_tokens": self._bounded(request.max_tokens),
            "temperature": request.temperature,
            "top_p": request.top_p,
            "stop": list(request.stop) or None,
            "response_format": request.response_format or None,
        }
        return {
            "model": self._name,
            "messages": self._messages(request, thinks=effort not in {None, "none"}),
            "timeout": self._timeout_s,
            "drop_params": True,
            "num_retries": 0,
            "max_retries": 0,
            # With tools litellm would load its MCP proxy, whose packages are not installed.
            "_skip_mcp_handler": True,
            **self._credentials,
        } | {key: value for key, value in optional.items() if value is not None}

    @property
    def _is_claude(self) -> bool:
        return "claude" in self._name.lower()

    def _effort(self, request: ChatRequest) -> Effort | None:
        """The effort, unless an older Claude would have to go on from calls without its thoughts.

        They come without them from agents whose format has no place for them.
        """
        if not self._is_claude or self.facts.adaptive:
            return request.effort
        turns = [message for message in request.messages if message.role == "assistant"]
        is_bare = bool(turns) and turns[-1].tool_calls and not thoughts_json(turns[-1])
        return None if is_bare else request.effort

    def _messages(self, request: ChatRequest, *, thinks: bool) -> list[Json]:
        sent = [message_json(to_chat.mended(message)) for message in request.messages]
        if self._is_claude and (thinks or self.facts.always_thinks):
            for wire, message in zip(sent, request.messages, strict=True):
                if blocks := thoughts_json(message):
                    wire["thinking_blocks"] = [*blocks]
        return sent

    def _bounded(self, max_tokens: int | None) -> int | None:
        # Providers refuse a max_tokens above what the model can write; without any a model could
        # write more than a quota has held back.
        if self._longest_reply is None:
            return max_tokens
        return min(max_tokens or USUAL_REPLY_TOKENS, self._longest_reply)

    def _reply(self, response: Any) -> ChatReply:  # noqa: ANN401 - litellm's answers are loosely typed
        whole = response.model_dump()
        usage = self._paid(response, to_chat.read_usage(whole.get("usage") or {}))
        if not response.choices:
            error = empty(self._name)
            charge(error, replace(usage, calls=0))
            raise error
        reply = replace(to_chat.read_reply(whole, model=self._name), usage=usage)
        return self._with_seals(reply, whole) if self._is_claude else reply

    def _with_seals(self, reply: ChatReply, whole: Json) -> ChatReply:
        """The reply with its thoughts as Claude wants them back."""
        blocks = rows_at(table_at(rows_at(whole, "choices")[0], "message"), "thinking_blocks")
        thoughts = tuple(thought for block in blocks for thought in read_thought(block))
        return (
            replace(reply, message=replace(reply.message, thoughts=thoughts)) if thoughts else reply
        )

    def _paid(self, response: Any, usage: Usage) -> Usage:  # noqa: ANN401 - the same
        price = self.facts.price
        if price is not None and (self.facts.price_source == OWN_PRICE or not self._listed):
            return replace(usage, cost_usd=price.of(usage))
        # litellm knows more kinds of prices than we do.
        cost = litellm.completion_cost(response, model=self._name) if self._listed else None
        return replace(usage, cost_usd=cost)


def _quieten_litellm() -> None:
    """Keep litellm's remarks off the terminal."""
    litellm.suppress_debug_info = True
    with warnings.catch_warnings():
        # Its models are completed at first use, and pydantic warns of how they are written.
        warnings.simplefilter("ignore")
        litellm.ModelResponse()
        with suppress(ImportError):
            # Loaded by every first call, whatever the provider.
            import_module("litellm.llms.github_copilot.per_user_auth")


def _credentials(name: str, environ: Mapping[str, str]) -> Mapping[str, str]:
    try:
        return credentials(name, environ)
    except litellm.exceptions.BadRequestError as error:
        raise ModelError(
            f"litellm knows no provider for the model {name!r}; write provider/model, for example "
            "anthropic/claude-sonnet-5."
        ) from error


def _missing(name: str, given: Mapping[str, str], environ: Mapping[str, str]) -> tuple[str, ...]:
    """What litellm wants to see in the environment of a model and does not."""
    found = litellm.validate_environment(name)
    names = () if found["keys_in_environment"] else tuple(found["missing_keys"])
    has_key = given.get(KEY, NO_KEY) != NO_KEY
    return tuple(n for n in names if n not in environ and not (has_key and is_secret_name(n)))


def _look_up(name: str) -> tuple[int | None, bool]:
    """The longest reply of a model where litellm knows it, and whether its price is known."""
    try:
        info = litellm.get_model_info(name)
    except litellm.exceptions.ModelNotMappedError:
        return None, False
    # What it makes of an entry without a price is 0.
    entry = litellm.model_cost.get(info["key"], {})
    return info.get("max_output_tokens"), any(key.startswith(_PRICES) for key in entry)


def _tool_choice(request: ChatRequest) -> JsonValue:
    if not request.tools or request.tool_choice is None:
        return None
    return to_chat.tool_choice(request.tool_choice)
