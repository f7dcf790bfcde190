"""The provider on loopback, as the real SDKs see it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Any

import anthropic
import httpx2
import openai
import pytest

from autoloop.testing.provider import (
    FAULTS,
    LASTING,
    PASSING,
    Fault,
    LoopbackProvider,
    Tokens,
    always,
    by_number,
    share,
)

BASH: Any = {"type": "object", "properties": {"command": {"type": "string"}}}
LONG = "word " * 2_000


_CLIENTS = ExitStack()


class Client:
    """The formats through their SDKs: asks, and says what came of it in one form."""

    def __init__(
        self,
        provider: LoopbackProvider,
        *,
        key: str = "sk-a-key-of-the-test",
        timeout_s: float = 20.0,
    ) -> None:
        # Without its certificates a client is there a hundred times as fast.
        http = _CLIENTS.enter_context(httpx2.Client(verify=False, timeout=timeout_s))
        self.openai = openai.OpenAI(
            base_url=provider.openai_url, api_key=key, max_retries=0, http_client=http
        )
        self.anthropic = anthropic.Anthropic(
            base_url=provider.origin, api_key=key, max_retries=0, http_client=http
        )

    def chat(self, *, stream: bool = False) -> str:
        """Arguments of the call that comes."""
        asked: dict[str, Any] = {
            "model": "m",
            "messages": [{"role": "user", "content": "hi"}],
            "tools": [{"type": "function", "function": {"name": "bash", "parameters": BASH}}],
        }
        if not stream:
            answer = self.openai.chat.completions.create(**asked)
            return str(answer.choices[0].message.tool_calls[0].function.arguments)
        with self.openai.chat.completions.create(**asked, stream=True) as chunks:
            calls = [
                call
                for chunk in chunks
                for choice in chunk.choices
                for call in choice.delta.tool_calls or ()
            ]
        return "".join(call.function.arguments or "" for call in calls)

    def responses(self, *, stream: bool = False) -> str:
        """Arguments of the call that comes."""
        tool = {"type": "function", "name": "bash", "parameters": BASH, "strict": False}
        asked: dict[str, Any] = {"model": "m", "input": "hi", "tools": [tool]}
        if not stream:
            answer = self.openai.responses.create(**asked)
        else:
            with self.openai.responses.stream(**asked) as events:
                answer = events.get_final_response()
        return next(str(item.arguments) for item in answer.output if item.type == "function_call")

    def messages(self, *, stream: bool = False) -> str:
        """Arguments of the call that comes, as JSON without spaces."""
        asked: dict[str, Any] = {
            "model": "m",
            "max_tokens": 100,
            "messages": [{"role": "user", "content": "hi"}],
            "tools": [{"name": "bash", "input_schema": BASH}],
        }
        if not stream:
            answer = self.anthropic.messages.create(**asked)
        else:
            with self.anthropic.messages.stream(**asked) as events:
                answer = events.get_final_message()
        return next(str(block.input or "") for block in answer.content if block.type == "tool_use")


BROKEN = (
    openai.OpenAIError,
    anthropic.AnthropicError,
    httpx2.HTTPError,
    AttributeError,
    RuntimeError,
    StopIteration,
    AssertionError,
    IndexError,
    TypeError,
    ValueError,
)
"""What the SDKs let through when an answer breaks off or is none."""
FORMATS = pytest.mark.parametrize("form", ["chat", "responses", "messages"])
WAYS = pytest.mark.parametrize("way", ["plain", "streamed"])


@pytest.fixture
def provider() -> Iterator[LoopbackProvider]:
    with _CLIENTS, LoopbackProvider() as provider:
        yield provider


def _ask(client: Client, form: str, *, stream: bool) -> Callable[[], str]:
    ask = {"chat": client.chat, "responses": client.responses, "messages": client.messages}[form]
    return lambda: ask(stream=stream)


def _try(ask: Callable[[], str]) -> str:
    with suppress(*BROKEN):
        return ask()
    return ""


@FORMATS
@WAYS
def test_an_answer_with_a_call_arrives_whole(
    provider: LoopbackProvider, form: str, way: str
) -> None:
    arguments = _ask(Client(provider), form, stream=way == "streamed")()

    assert arguments.replace("'", '"') == '{"command": "ls"}'
    assert provider.tally.answered == Tokens(calls=1, prompt=10, output=6)


@FORMATS
@WAYS
@pytest.mark.parametrize("name", sorted({**PASSING, **LASTING}))
def test_no_whole_call_comes_through_a_fault(
    provider: LoopbackProvider, form: str, way: str, name: str
) -> None:
    provider.script = always(FAULTS[name])
    client = Client(provider, timeout_s=1.0 if FAULTS[name].way in {"slow", "stall"} else 20.0)

    assert not _try(_ask(client, form, stream=way == "streamed")).endswith("}")

    assert provider.tally.faults == {name: 1}
    assert provider.tally.charged.calls == int(FAULTS[name].charged)


def test_openai_sees_its_own_names_of_errors(provider: LoopbackProvider) -> None:
    provider.script = by_number([FAULTS["credit"], FAULTS["context"]])
    client = Client(provider)

    with pytest.raises(openai.RateLimitError) as credit:
        client.chat()
    with pytest.raises(openai.BadRequestError) as context:
        client.chat()

    assert credit.value.code == "insufficient_quota"
    assert context.value.code == "context_length_exceeded"


def test_a_cut_stream_ends_within_the_arguments(provider: LoopbackProvider) -> None:
    provider.script = always(FAULTS["cut"])
    parts: list[str] = []
    call: Any = Client(provider).anthropic.messages.create(
        model="m",
        max_tokens=100,
        messages=[{"role": "user", "content": "hi"}],
        tools=[{"name": "bash", "input_schema": BASH}],
        stream=True,
    )

    with pytest.raises(httpx2.HTTPError), call as events:
        parts.extend(event.delta.partial_json for event in events if _is_argument(event))

    assert "".join(parts) == '{"comman'
    assert provider.tally.unanswered == 1


def _is_argument(event: object) -> bool:
    return getattr(getattr(event, "delta", None), "type", None) == "input_json_delta"


def test_a_beginning_that_came_before_is_read_from_the_cache(provider: LoopbackProvider) -> None:
    client = Client(provider)
    said: list[Any] = [{"role": "user", "content": LONG}]
    more = [*said, {"role": "assistant", "content": "ok"}, {"role": "user", "content": "on"}]

    for messages in (said, more):
        client.openai.chat.completions.create(model="m", messages=messages)

    assert 2_000 < provider.tally.answered.cached < 2_510
    assert provider.tally.answered.written == 0


def test_anthropic_caches_what_is_marked_and_counts_the_writing(
    provider: LoopbackProvider,
) -> None:
    client = Client(provider)
    marked: Any = {"type": "text", "text": LONG, "cache_control": {"type": "ephemeral"}}

    answers = [
        client.anthropic.messages.create(
            model="m", max_tokens=9, messages=[{"role": "user", "content": [marked]}]
        ).usage
        for _ in range(2)
    ]

    assert [answer.cache_read_input_tokens for answer in answers] == [0, 2_510]
    assert [answer.cache_creation_input_tokens for answer in answers] == [2_510, 0]
    assert provider.tally.answered == Tokens(
        calls=2, prompt=5_020, cached=2_510, written=2_510, output=10
    )


def test_a_mark_on_the_request_moves_along_with_a_conversation(provider: LoopbackProvider) -> None:
    client = Client(provider)
    said: list[Any] = [{"role": "user", "content": LONG}]
    more = [*said, {"role": "assistant", "content": "ok"}, {"role": "user", "content": "go on"}]

    first, second = (
        client.anthropic.messages.create(
            model="m", max_tokens=9, messages=messages, cache_control={"type": "ephemeral"}
        ).usage
        for messages in (said, more)
    )

    assert (first.cache_read_input_tokens, first.cache_creation_input_tokens) == (0, 2_510)
    assert second.cache_read_input_tokens == pytest.approx(2_510, rel=0.01)
    assert 0 < (second.cache_creation_input_tokens or 0) < 50


def test_thinking_is_given_where_it_is_asked_for(provider: LoopbackProvider) -> None:
    client = Client(provider)

    message = client.anthropic.messages.create(
        model="m",
        max_tokens=2_000,
        thinking={"type": "enabled", "budget_tokens": 1_024},
        messages=[{"role": "user", "content": "hi"}],
    )
    response = client.openai.responses.create(model="m", input="hi", reasoning={"effort": "low"})

    assert [block.type for block in message.content] == ["thinking", "text"]
    assert [item.type for item in response.output] == ["reasoning", "message"]
    assert provider.tally.answered.thinking == 32


def test_the_key_and_the_names_of_models_are_checked_where_they_are_set(
    provider: LoopbackProvider,
) -> None:
    provider.key, provider.models = "sk-right", {"other": provider.model}

    with pytest.raises(openai.AuthenticationError):
        Client(provider, key="sk-wrong").chat()
    with pytest.raises(openai.NotFoundError):
        Client(provider, key="sk-right").chat()


def test_a_share_of_requests_fails_and_the_same_ones_every_time() -> None:
    faults = list(PASSING.values())

    played = [share(0.2, faults, seed=3)(number) for number in range(1, 2_001)]

    assert 340 < sum(fault is not None for fault in played) < 460
    assert {fault.name for fault in played if isinstance(fault, Fault)} == set(PASSING)
    assert played == [share(0.2, faults, seed=3)(number) for number in range(1, 2_001)]
