"""litellm against a provider on loopback: the whole way over HTTP."""

import json
from dataclasses import replace

import pytest

from autoloop.errors import AgentError, AutoloopError, ModelError, ProviderError
from autoloop.gateway.upstream.litellm_model import LitellmModel
from autoloop.gateway.upstream.retry import Patience
from autoloop.ports import USUAL_REPLY_TOKENS
from autoloop.records import ChatRequest, JsonObject, Message, ToolCall, ToolSpec
from autoloop.testing.provider import LoopbackProvider
from tests.gateway.upstream.conftest import Canned, Provider, answer, failure

HELLO = ChatRequest(messages=(Message(role="user", content="hi"),))
WRITTEN_CALL = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "bash", "arguments": '{"command": "ls"}'},
}


def _model(provider: Provider, name: str = "openai/gpt-5") -> LitellmModel:
    patience = Patience(attempts=3, sleep=lambda _: None, jitter=lambda: 0.0)
    return LitellmModel(name, api_base=provider.url, patience=patience)


def test_a_plain_answer_has_text_usage_and_price(provider: Provider) -> None:
    provider.answers = [answer("hello")]

    reply = _model(provider).complete(HELLO)

    usage = reply.usage
    assert (reply.message.content, reply.stop_reason) == ("hello", "stop")
    assert (usage.calls, usage.prompt_tokens, usage.cached_tokens) == (1, 1_000, 600)
    # 400 fresh at 1.25, 600 cached at 0.125 and 100 written at 10 USD per million.
    assert usage.cost_usd == pytest.approx((400 * 1.25 + 600 * 0.125 + 100 * 10) / 1e6)


def test_an_unknown_price_is_none(provider: Provider) -> None:
    provider.answers = [answer()]
    model = _model(provider, "openai/our-own-model")

    assert model.complete(HELLO).usage.cost_usd is None
    assert not model.priced


@pytest.mark.parametrize(
    ("name", "priced"),
    [("dashscope/qwen3-30b-a3b", False), ("dashscope/qwen3-max", True)],
)
def test_a_model_that_is_listed_without_a_price_costs_nobody_knows_what(
    provider: Provider, monkeypatch: pytest.MonkeyPatch, name: str, priced: object
) -> None:
    monkeypatch.setenv("DASHSCOPE_API_KEY", "sk-secret-key-of-the-test-1234567890")
    provider.answers = [answer()]
    model = _model(provider, name)

    cost = model.complete(HELLO).usage.cost_usd

    assert model.priced is priced
    assert (cost is not None and cost > 0) is priced


def test_tools_go_both_ways(provider: Provider) -> None:
    provider.answers = [answer(None, tool_calls=[WRITTEN_CALL])]
    tool = ToolSpec(name="bash", description="Run.", parameters={"type": "object"})
    request = ChatRequest(messages=HELLO.messages, tools=(tool,), tool_choice="bash")

    reply = _model(provider).complete(request)

    sent = provider.requests[0]
    assert reply.stop_reason == "tool_calls"
    assert reply.message.tool_calls == (
        ToolCall(id="call_1", name="bash", arguments='{"command": "ls"}'),
    )
    assert sent["tools"][0]["function"]["name"] == "bash"
    assert sent["tool_choice"] == {"type": "function", "function": {"name": "bash"}}


def test_a_conversation_with_images_results_and_broken_calls_is_sent_whole(
    provider: Provider,
) -> None:
    provider.answers = [answer()]
    broken = ToolCall(id="c", name="bash", arguments='{"command": ')
    image: JsonObject = {"type": "image_url", "image_url": {"url": "data:image/png;base64,QQ"}}
    messages = (
        Message(role="system", content="Be kind."),
        Message(role="user", content="Look", parts=(image,)),
        Message(role="assistant", tool_calls=(broken,)),
        Message(role="tool", tool_call_id="c", content="error"),
    )

    _model(provider).complete(ChatRequest(messages=messages))

    sent = provider.requests[0]["messages"]
    assert [message["role"] for message in sent] == ["system", "user", "assistant", "tool"]
    assert sent[1]["content"][1]["image_url"]["url"] == "data:image/png;base64,QQ"
    assert "invalid_json" in sent[2]["tool_calls"][0]["function"]["arguments"]


def test_options_are_sent_and_max_tokens_stays_below_what_the_model_writes(
    provider: Provider,
) -> None:
    provider.answers = [answer()]
    request = ChatRequest(
        messages=HELLO.messages, max_tokens=10_000_000, temperature=0.5, stop=("END",)
    )

    _model(provider, "openai/gpt-4o").complete(request)

    sent = provider.requests[0]
    assert (sent["max_tokens"], sent["temperature"], sent["stop"]) == (16_384, 0.5, ["END"])


@pytest.mark.parametrize(
    ("name", "longest"),
    [
        ("openai/gpt-4o", 16_384),
        ("openai/gpt-4.1", USUAL_REPLY_TOKENS),
        ("openai/our-own-model", None),
    ],
)
def test_an_answer_without_a_limit_is_no_longer_than_what_a_quota_holds_back(
    provider: Provider, name: str, longest: int | None
) -> None:
    provider.answers = [answer()]

    _model(provider, name).complete(HELLO)

    assert provider.requests[0].get("max_tokens") == longest


@pytest.mark.parametrize(("stop", "asked"), [(("END",), 1), ((), 3)])
def test_nothing_before_a_text_to_stop_at_is_an_answer(
    provider: Provider, stop: tuple[str, ...], asked: int
) -> None:
    provider.answers = [answer("") for _ in range(3)]

    reply = _model(provider, "openai/gpt-4o").complete(replace(HELLO, stop=stop))

    assert reply.message.content == ""
    assert len(provider.requests) == asked
    assert reply.usage.prompt_tokens == 1_000 * asked


@pytest.mark.parametrize(
    ("canned", "kind", "sentence"),
    [
        (failure(401, "Incorrect API key provided: sk-secret"), ModelError, "refuses the key"),
        (failure(403, "Country not supported."), ModelError, "refuses the key"),
        (failure(404, "No model.", code="model_not_found"), ModelError, "not offer the model"),
        (
            failure(429, "You exceeded your current quota.", code="insufficient_quota"),
            ModelError,
            "no credit left",
        ),
        (failure(402, "Payment required."), ModelError, "no credit left"),
        (
            failure(400, "Too many tokens.", code="context_length_exceeded"),
            AgentError,
            "too long",
        ),
    ],
)
def test_what_no_retry_can_mend_is_told_at_once(
    provider: Provider, canned: Canned, kind: type[AutoloopError], sentence: str
) -> None:
    provider.answers = [canned]

    with pytest.raises(kind, match=sentence):
        _model(provider).complete(HELLO)

    assert len(provider.requests) == 1


@pytest.mark.parametrize(
    "canned",
    [
        failure(429, "Slow down."),
        failure(500, "Oops."),
        failure(502, "Bad gateway."),
        failure(503, "Overloaded."),
        failure(529, "Overloaded."),
        (200, {}, b"<html>no JSON</html>"),
        (200, {}, b""),
        (200, {}, b'{"choices": []}'),
    ],
)
def test_a_passing_failure_is_tried_again(provider: Provider, canned: Canned) -> None:
    provider.answers = [canned, answer("hello")]

    assert _model(provider).complete(HELLO).message.content == "hello"


def test_a_lasting_failure_is_given_up_after_the_attempts(provider: Provider) -> None:
    provider.answers = [failure(500, "Oops.")] * 3

    with pytest.raises(ProviderError, match=r"The provider of 'openai/gpt-5' failed: .*Oops"):
        _model(provider).complete(HELLO)

    assert len(provider.requests) == 3


def test_the_wait_that_the_provider_asks_for_is_kept(provider: Provider) -> None:
    provider.answers = [failure(429, "Slow down.", retry_after="17"), answer()]
    waits: list[float] = []
    patience = Patience(sleep=waits.append, jitter=lambda: 0.0)

    LitellmModel("openai/gpt-5", api_base=provider.url, patience=patience).complete(HELLO)

    assert waits == [17.0]


@pytest.mark.filterwarnings("ignore:Items? .* using the .ReadOnly. qualifier:UserWarning")
def test_geminis_rate_limit_is_waited_for_and_no_end_of_credit(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "AIza-secret-key-of-the-test-12345")
    message = (
        "You exceeded your current quota, please check your plan and billing details.\n* Quota"
        " exceeded for metric: generate_content_free_tier_requests, limit: 10\n"
        "Please retry in 20.04s."
    )
    error = {"code": 429, "message": message, "status": "RESOURCE_EXHAUSTED"}
    said = {
        "candidates": [{"content": {"role": "model", "parts": [{"text": "hello"}]}}],
        "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 2, "totalTokenCount": 5},
    }
    provider.answers = [
        (429, {}, json.dumps({"error": error}).encode()),
        (200, {}, json.dumps(said).encode()),
    ]
    waits: list[float] = []
    patience = Patience(sleep=waits.append, jitter=lambda: 1.0)

    reply = LitellmModel(
        "gemini/gemini-2.5-flash", api_base=provider.url, patience=patience
    ).complete(HELLO)

    assert reply.message.content == "hello"
    assert waits == [20.04]


@pytest.mark.parametrize("agent", ["keeps them", "drops them"])
def test_an_older_claude_thinks_on_only_with_the_thoughts_before_its_calls(
    monkeypatch: pytest.MonkeyPatch, agent: str
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-secret-key-of-the-test-1234567890")
    keeps = agent == "keeps them"
    first = replace(HELLO, tools=(ToolSpec(name="bash"),), effort="high", max_tokens=40_000)
    with LoopbackProvider() as loopback:
        model = LitellmModel("anthropic/claude-haiku-4-5", api_base=loopback.origin)
        said = model.complete(first).message
        told = said if keeps else replace(said, thoughts=())
        result = Message(role="tool", content="ok", tool_call_id=said.tool_calls[0].id)

        model.complete(replace(first, messages=(*first.messages, told, result)))

        sent = loopback.requests[-1].body
    (thought,) = said.thoughts
    assert (thought.form, thought.seal.startswith("sealed-")) == ("anthropic", True)
    assert ("thinking" in sent) is keeps
    assert (thought.seal in json.dumps(sent)) is keeps


def test_the_key_is_sent_but_appears_in_no_error(provider: Provider) -> None:
    key = "sk-secret-key-of-the-test-1234567890"
    provider.answers = [failure(401, f"Incorrect API key provided: {key}.")]

    with pytest.raises(ModelError) as caught:
        _model(provider).complete(HELLO)

    assert provider.keys == [f"Bearer {key}"]
    assert "secret" not in str(caught.value)
    assert "***" in str(caught.value)


def test_nobody_at_the_address_is_a_providers_failure() -> None:
    patience = Patience(attempts=2, sleep=lambda _: None)
    model = LitellmModel("openai/gpt-5", api_base="http://127.0.0.1:9/v1", patience=patience)

    with pytest.raises(ProviderError, match="The provider of 'openai/gpt-5' failed"):
        model.complete(HELLO)


def test_the_address_may_come_from_the_environment(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", provider.url)
    provider.answers = [answer("hello")]

    assert LitellmModel("openai/gpt-5").complete(HELLO).message.content == "hello"


def test_a_missing_key_is_known_beforehand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)

    assert LitellmModel("openai/gpt-5").missing_keys() == ("OPENAI_API_KEY",)


def test_a_name_without_a_provider_is_refused_at_once() -> None:
    with pytest.raises(ModelError, match="knows no provider for the model 'no-such-thing'"):
        LitellmModel("no-such-thing")
