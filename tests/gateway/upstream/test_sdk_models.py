"""Models by their providers' own SDKs, against a provider on loopback: the whole way over HTTP."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from autoloop.errors import AgentError, ModelError, ProviderError
from autoloop.gateway.upstream.anthropic_model import AnthropicModel
from autoloop.gateway.upstream.facts import ModelFacts, facts_of
from autoloop.gateway.upstream.openai_model import OpenAIChatModel, OpenAIResponsesModel
from autoloop.gateway.upstream.prices import Price
from autoloop.gateway.upstream.retry import Patience
from autoloop.records import ChatRequest, JsonObject, Message, Thought, ToolCall, ToolSpec, charged
from autoloop.testing.models import ScriptedModel, reply
from autoloop.testing.provider import FAULTS, LoopbackProvider, always, by_number

SdkKind = type[AnthropicModel | OpenAIChatModel | OpenAIResponsesModel]
KINDS: Mapping[str, tuple[SdkKind, str]] = {
    "anthropic": (AnthropicModel, "anthropic/claude-sonnet-5"),
    "chat": (OpenAIChatModel, "openai/gpt-5"),
    "responses": (OpenAIResponsesModel, "openai/responses/gpt-5"),
}
KEY = "sk-secret-key-of-the-test-1234567890"
KEYS = {"ANTHROPIC_API_KEY": KEY, "OPENAI_API_KEY": KEY}
HELLO = ChatRequest(messages=(Message(role="user", content="hi"),))
LONG = "word " * 2_000
TOOL = ToolSpec(
    name="bash",
    description="Run.",
    parameters={"type": "object", "properties": {"command": {"type": "string"}}},
)
IMAGE: JsonObject = {"type": "image_url", "image_url": {"url": "data:image/png;base64,QQ=="}}

every_format = pytest.mark.parametrize("form", KINDS)


@pytest.fixture
def provider() -> Iterator[LoopbackProvider]:
    with LoopbackProvider(key=KEY) as provider:
        yield provider


def _model(
    provider: LoopbackProvider,
    form: str,
    *,
    attempts: int = 3,
    timeout_s: float = 20.0,
    facts: ModelFacts | None = None,
) -> AnthropicModel | OpenAIChatModel | OpenAIResponsesModel:
    kind, name = KINDS[form]
    return kind(
        name,
        api_base=provider.origin if form == "anthropic" else provider.openai_url,
        timeout_s=timeout_s,
        patience=Patience(attempts=attempts, sleep=lambda _: None, jitter=lambda: 0.0),
        environ=KEYS,
        facts=facts,
    )


@every_format
def test_a_plain_answer_has_text_usage_and_price(provider: LoopbackProvider, form: str) -> None:
    answer = _model(provider, form).complete(HELLO)

    counted, usage = provider.tally.charged, answer.usage
    price = facts_of(KINDS[form][1]).price
    assert price is not None
    assert (answer.message.content, answer.stop_reason) == ("hello", "stop")
    assert (usage.calls, usage.prompt_tokens) == (1, counted.prompt)
    assert usage.completion_tokens == counted.output
    expected = (counted.prompt * price.input + counted.output * price.output) / 1e6
    assert usage.cost_usd == pytest.approx(expected)


@every_format
def test_an_unknown_price_is_none(provider: LoopbackProvider, form: str) -> None:
    model = _model(provider, form, facts=ModelFacts())

    assert model.complete(HELLO).usage.cost_usd is None
    assert not model.priced


@every_format
def test_the_answer_is_streamed_and_the_model_is_named_as_the_provider_knows_it(
    provider: LoopbackProvider, form: str
) -> None:
    _model(provider, form).complete(HELLO)

    body = provider.requests[0].body
    assert body["stream"] is True
    assert body["model"] == KINDS[form][1].rpartition("/")[2]


@every_format
def test_tools_go_both_ways(provider: LoopbackProvider, form: str) -> None:
    request = ChatRequest(messages=HELLO.messages, tools=(TOOL,), tool_choice="bash")

    answer = _model(provider, form).complete(request)

    (call,) = answer.message.tool_calls
    assert answer.stop_reason == "tool_calls"
    assert (call.name, call.arguments) == ("bash", '{"command": "ls"}')


@every_format
def test_a_conversation_with_images_results_and_broken_calls_is_understood(form: str) -> None:
    scripted = ScriptedModel([reply("done")])
    broken = ToolCall(id="c", name="bash", arguments='{"command": ')
    messages = (
        Message(role="system", content="Be kind."),
        Message(role="user", content="Look", parts=(IMAGE,)),
        Message(role="assistant", content="Hm.", tool_calls=(broken,)),
        Message(role="tool", tool_call_id="c", content="error"),
    )

    with LoopbackProvider(model=scripted) as provider:
        answer = _model(provider, form).complete(ChatRequest(messages=messages, tools=(TOOL,)))

    (heard,) = scripted.requests
    assert answer.message.content == "done"
    assert [m.role for m in heard.messages] == ["system", "user", "assistant", "tool"]
    assert [len(m.parts) for m in heard.messages] == [0, 1, 0, 0]
    assert "invalid_json" in heard.messages[2].tool_calls[0].arguments
    assert heard.messages[3].tool_call_id == "c"


@every_format
def test_images_in_results_reach_the_model_after_all_results_of_a_turn(form: str) -> None:
    scripted = ScriptedModel([reply("done")])
    calls = tuple(ToolCall(id=key, name="bash", arguments="{}") for key in ("a", "b"))
    messages = (
        *HELLO.messages,
        Message(role="assistant", tool_calls=calls),
        Message(role="tool", tool_call_id="a", content="A chart.", parts=(IMAGE,)),
        Message(role="tool", tool_call_id="b", parts=(IMAGE, IMAGE)),
    )

    with LoopbackProvider(model=scripted) as provider:
        _model(provider, form).complete(ChatRequest(messages=messages, tools=(TOOL,)))
        sent = json.dumps(provider.requests[0].body)

    (heard,) = scripted.requests
    assert [m.tool_call_id for m in heard.messages if m.role == "tool"] == ["a", "b"]
    assert sent.count("QQ==") == 3
    if form == "chat":
        pictures = heard.messages[-1]
        assert (pictures.role, len(pictures.parts)) == ("user", 3)
        assert pictures.content == "Of the result of a:\nOf the result of b:"


@every_format
def test_a_long_beginning_is_read_from_the_providers_cache(
    provider: LoopbackProvider, form: str
) -> None:
    model = _model(provider, form)
    opening = (Message(role="system", content=LONG), Message(role="user", content="hi"))

    first = model.complete(ChatRequest(messages=opening, tools=(TOOL,)))
    result = Message(role="tool", content="ok", tool_call_id=first.message.tool_calls[0].id)
    second = model.complete(ChatRequest(messages=(*opening, first.message, result), tools=(TOOL,)))

    assert first.usage.cached_tokens == 0
    assert second.usage.cached_tokens > 2_000
    assert first.usage.cost_usd
    assert second.usage.cost_usd
    assert second.usage.cost_usd < first.usage.cost_usd


def test_a_cache_at_anthropic_is_written_once_and_read_afterwards(
    provider: LoopbackProvider,
) -> None:
    model = _model(provider, "anthropic")
    opening = (Message(role="system", content=LONG), Message(role="user", content="hi"))

    first = model.complete(ChatRequest(messages=opening, tools=(TOOL,)))
    result = Message(role="tool", content=LONG, tool_call_id=first.message.tool_calls[0].id)
    second = model.complete(ChatRequest(messages=(*opening, first.message, result), tools=(TOOL,)))

    assert first.usage.written_tokens > 2_000
    # What the first request wrote, the second one reads to its last token.
    assert second.usage.cached_tokens == pytest.approx(first.usage.written_tokens, rel=0.01)
    fresh = second.usage.prompt_tokens - second.usage.cached_tokens
    assert 0 < second.usage.written_tokens <= fresh


def test_a_single_question_without_tools_writes_no_cache(provider: LoopbackProvider) -> None:
    question = ChatRequest(messages=(Message(role="user", content=LONG),))

    assert _model(provider, "anthropic").complete(question).usage.written_tokens == 0


@every_format
def test_effort_makes_the_model_think_and_is_counted(provider: LoopbackProvider, form: str) -> None:
    request = ChatRequest(messages=HELLO.messages, effort="medium")

    answer = _model(provider, form).complete(request)

    assert answer.usage.thinking_tokens == provider.tally.charged.thinking > 0


def test_thoughts_are_sent_back_to_the_provider_that_sealed_them(
    provider: LoopbackProvider,
) -> None:
    model = _model(provider, "anthropic")
    ask = ChatRequest(messages=HELLO.messages, tools=(TOOL,), effort="high")
    answer = model.complete(ask)
    foreign = Message(role="assistant", content="x", thoughts=(Thought(text="hm", seal="s"),))
    result = Message(role="tool", content="ok", tool_call_id=answer.message.tool_calls[0].id)
    more = (foreign, *HELLO.messages, answer.message, result)

    model.complete(ChatRequest(messages=HELLO.messages + more, tools=(TOOL,), effort="high"))

    sent = provider.requests[-1].body["messages"]
    blocks = [block for message in sent for block in message["content"]]
    (thinking,) = [block for block in blocks if block["type"] == "thinking"]
    assert thinking["thinking"] == "Let me think."
    assert thinking["signature"].startswith("sealed-")


def test_a_model_with_a_budget_to_think_keeps_room_for_its_answer(
    provider: LoopbackProvider,
) -> None:
    model = AnthropicModel(
        "anthropic/claude-haiku-4-5", api_base=provider.origin, environ=KEYS, patience=Patience()
    )

    model.complete(ChatRequest(messages=HELLO.messages, effort="high", max_tokens=4_000))

    body = provider.requests[0].body
    assert body["max_tokens"] == 4_000
    assert body["thinking"] == {"type": "enabled", "budget_tokens": 2_000}


def test_calls_without_their_thoughts_are_not_continued_with_thinking(
    provider: LoopbackProvider,
) -> None:
    """As they come from an agent of another format: Anthropic refuses to think on."""
    model = AnthropicModel("anthropic/claude-haiku-4-5", api_base=provider.origin, environ=KEYS)
    call = ToolCall(id="c", name="bash", arguments="{}")
    messages = (
        *HELLO.messages,
        Message(role="assistant", tool_calls=(call,)),
        Message(role="tool", content="ok", tool_call_id="c"),
    )

    model.complete(ChatRequest(messages=messages, tools=(TOOL,), effort="high", max_tokens=40_000))
    model.complete(ChatRequest(messages=HELLO.messages, effort="high", max_tokens=40_000))

    continued, begun = (request.body for request in provider.requests)
    assert "thinking" not in continued
    assert begun["thinking"] == {"type": "enabled", "budget_tokens": 16_384}


def test_what_anthropics_format_lacks_is_made_up_for(provider: LoopbackProvider) -> None:
    model = _model(provider, "anthropic")
    call = ToolCall(id="call:1", name="bash", arguments="{}")
    messages = (
        *HELLO.messages,
        Message(role="assistant", tool_calls=(call,)),
        Message(role="tool", tool_call_id="call:1"),
    )

    model.complete(ChatRequest(messages=messages))
    model.complete(ChatRequest(messages=(Message(role="system", content="Say hello."),)))

    called, alone = (request.body for request in provider.requests)
    assert [tool["name"] for tool in called["tools"]] == ["bash"]
    assert called["tool_choice"] == {"type": "none"}
    assert called["messages"][1]["content"][0]["id"] == "call_1"
    assert called["messages"][2]["content"][0]["tool_use_id"] == "call_1"
    assert alone["messages"][0]["role"] == "user"
    assert alone["messages"][0]["content"][0]["text"] == "Say hello."


def test_the_form_of_an_answer_is_asked_for_in_each_format(provider: LoopbackProvider) -> None:
    schema: JsonObject = {"type": "object", "properties": {"a": {"type": "integer"}}}
    wanted: JsonObject = {
        "type": "json_schema",
        "json_schema": {"name": "answer", "schema": schema, "strict": True},
    }
    for form in KINDS:
        _model(provider, form).complete(replace(HELLO, response_format=wanted))

    anthropic, chat, responses = (request.body for request in provider.requests)
    assert anthropic["output_config"]["format"] == {"type": "json_schema", "schema": schema}
    assert chat["response_format"] == wanted
    assert responses["text"]["format"]["schema"] == schema


def test_a_model_without_a_form_to_set_is_told_the_schema_as_json(
    provider: LoopbackProvider,
) -> None:
    schema: JsonObject = {"type": "object", "additionalProperties": False, "default": None}
    wanted: JsonObject = {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}
    model = _model(provider, "anthropic", facts=ModelFacts(formats=False))

    model.complete(replace(HELLO, response_format=wanted))

    (told,) = provider.requests[0].body["system"]
    assert json.dumps(schema) in told["text"]


def test_several_answers_are_given_by_chat_completions_alone(provider: LoopbackProvider) -> None:
    two = replace(HELLO, choices=2)

    _model(provider, "chat").complete(two)
    for form in ("anthropic", "responses"):
        with pytest.raises(AgentError, match="n is 2"):
            _model(provider, form).complete(two)

    (request,) = provider.requests
    assert request.body["n"] == 2


@every_format
def test_max_tokens_stays_below_what_the_model_writes(
    provider: LoopbackProvider, form: str
) -> None:
    names = {
        "anthropic": "max_tokens",
        "chat": "max_completion_tokens",
        "responses": "max_output_tokens",
    }
    model = _model(provider, form)

    model.complete(ChatRequest(messages=HELLO.messages, max_tokens=10_000_000))

    assert provider.requests[0].body[names[form]] == model.facts.longest_reply


@every_format
@pytest.mark.parametrize("fault", ["500", "502", "reset", "stall", "cut", "end", "garbage"])
def test_a_passing_failure_is_tried_again(form: str, fault: str) -> None:
    with LoopbackProvider(script=by_number([FAULTS[fault]])) as provider:
        timeout_s = 1.0 if fault == "stall" else 20.0
        answer = _model(provider, form, timeout_s=timeout_s).complete(HELLO)

    assert answer.message.content == "hello"
    assert answer.usage.calls == 1


@every_format
@pytest.mark.parametrize("fault", ["empty", "blank"])
def test_an_empty_answer_is_asked_for_again_once_and_paid(form: str, fault: str) -> None:
    with LoopbackProvider(script=by_number([FAULTS[fault]])) as provider:
        answer = _model(provider, form).complete(HELLO)

    charged_tokens = provider.tally.charged
    assert answer.message.content == "hello"
    assert answer.usage.prompt_tokens == charged_tokens.prompt
    assert answer.usage.completion_tokens == charged_tokens.output


@every_format
def test_nothing_before_a_text_to_stop_at_is_an_answer(form: str) -> None:
    with LoopbackProvider(model=ScriptedModel([reply("")])) as provider:
        answer = _model(provider, form).complete(replace(HELLO, stop=("END",)))

    assert answer.message.content == ""
    assert answer.usage.calls == provider.tally.charged.calls == 1


def test_what_anthropic_counted_before_a_stream_was_cut_is_part_of_the_usage() -> None:
    with LoopbackProvider(script=by_number([FAULTS["cut"]])) as provider:
        answer = _model(provider, "anthropic").complete(HELLO)

    tally = provider.tally
    assert answer.usage.prompt_tokens == tally.answered.prompt + tally.lost.prompt
    assert answer.usage.cost_usd


def test_an_error_carries_what_the_provider_counted_before_it() -> None:
    with (
        LoopbackProvider(script=always(FAULTS["cut"])) as provider,
        pytest.raises(ProviderError) as caught,
    ):
        _model(provider, "anthropic").complete(HELLO)

    assert provider.tally.requests == 3
    assert charged(caught.value).prompt_tokens == provider.tally.lost.prompt


@every_format
@pytest.mark.parametrize("fault", ["model", "key", "forbidden", "credit"])
def test_what_no_retry_can_mend_is_told_at_once_and_without_the_key(form: str, fault: str) -> None:
    with (
        LoopbackProvider(script=always(FAULTS[fault])) as provider,
        pytest.raises(ModelError) as caught,
    ):
        _model(provider, form).complete(HELLO)

    assert provider.tally.requests == 1
    assert "secret" not in str(caught.value)


@every_format
def test_a_missing_key_is_a_sentence_that_names_the_variable(form: str) -> None:
    kind, name = KINDS[form]

    with pytest.raises(ModelError, match="_API_KEY is not set"):
        kind(name, environ={}).complete(HELLO)


@every_format
def test_nobody_at_the_address_is_a_providers_failure(form: str) -> None:
    kind, name = KINDS[form]
    model = kind(
        name,
        api_base="http://127.0.0.1:9",
        patience=Patience(attempts=2, sleep=lambda _: None),
        environ=KEYS,
    )

    with pytest.raises(ProviderError, match=f"The provider of '{name}' failed"):
        model.complete(HELLO)


@every_format
def test_the_address_may_come_from_the_environment(provider: LoopbackProvider, form: str) -> None:
    kind, name = KINDS[form]
    bases = {"ANTHROPIC_BASE_URL": provider.origin, "OPENAI_BASE_URL": provider.openai_url}

    assert kind(name, environ=KEYS | bases).complete(HELLO).message.content == "hello"


def test_a_server_that_does_not_stream_is_understood() -> None:
    whole = (
        b'{"choices": [{"message": {"role": "assistant", "content": "plain"},'
        b' "finish_reason": "stop"}]}'
    )

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(whole)))
            self.end_headers()
            self.wfile.write(whole)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
            del format, args

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        base = f"http://127.0.0.1:{server.server_port}/v1"
        answer = OpenAIChatModel("openai/llama", api_base=base, environ={}).complete(HELLO)
        server.shutdown()
        thread.join()

    assert answer.message.content == "plain"
    # It counted nothing, so that tokens are estimated and the price is not known.
    assert answer.usage.tokens > 0
    assert answer.usage.cost_usd is None


def test_an_own_price_takes_the_place_of_the_tables(provider: LoopbackProvider) -> None:
    facts = facts_of("openai/gpt-5", price=Price(input=1_000_000.0, output=0.0))

    answer = _model(provider, "chat", facts=facts).complete(HELLO)

    assert answer.usage.cost_usd == pytest.approx(answer.usage.prompt_tokens)


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [("anthropic_model", {"litellm"}), ("openai_model", {"litellm", "anthropic"})],
)
def test_an_sdk_is_asked_without_loading_the_others(module: str, unwanted: set[str]) -> None:
    code = (
        f"import sys, autoloop.gateway.upstream.{module}, autoloop.gateway.upstream.facts as f;"
        f"f.facts_of('openai/gpt-5'); print(sorted({unwanted!r} & sys.modules.keys()))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
