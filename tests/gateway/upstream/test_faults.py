"""Every fault of a provider, over the wire and through the real SDKs, at every kind of model."""

import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from autoloop.errors import AgentError, AutoloopError, ModelError, ProviderError
from autoloop.gateway.upstream.anthropic_model import AnthropicModel
from autoloop.gateway.upstream.litellm_model import LitellmModel
from autoloop.gateway.upstream.openai_model import OpenAIChatModel, OpenAIResponsesModel
from autoloop.gateway.upstream.retry import Patience
from autoloop.ports import ChatModel
from autoloop.records import ChatReply, ChatRequest, Message, ToolSpec, Usage, charged
from autoloop.testing.provider import FAULTS, PASSING, Fault, LoopbackProvider, Tally, always

KEY = "sk-secret-key-of-the-test-1234567890"
KEYS = {"ANTHROPIC_API_KEY": KEY, "OPENAI_API_KEY": KEY}
BASH = ToolSpec(
    name="bash",
    parameters={"type": "object", "properties": {"command": {"type": "string"}}},
)
HELLO = ChatRequest(messages=(Message(role="user", content="hi"),), tools=(BASH,), max_tokens=900)
SILENCE_S = 0.3
MODELS = ("anthropic", "chat", "responses", "litellm-anthropic", "litellm-openai")


def models(origin: str, *, waits: list[float]) -> dict[str, ChatModel]:
    """Every kind of model before the same server; waits are noted and not made."""
    # Full jitter at its shortest: what remains of a wait is what the provider asks for.
    patience = Patience(attempts=3, sleep=waits.append, jitter=lambda: 1.0)
    same: Any = {"timeout_s": SILENCE_S, "patience": patience, "environ": KEYS}
    to_openai: Any = same | {"api_base": f"{origin}/v1"}
    to_anthropic: Any = same | {"api_base": origin}
    return {
        "anthropic": AnthropicModel("anthropic/claude-sonnet-5", **to_anthropic),
        "chat": OpenAIChatModel("openai/gpt-5", **to_openai),
        "responses": OpenAIResponsesModel("openai/gpt-5", **to_openai),
        "litellm-anthropic": LitellmModel("anthropic/claude-sonnet-5", **to_anthropic),
        "litellm-openai": LitellmModel("openai/gpt-4o", **to_openai),
    }


@dataclass
class Bench:
    """The kinds of models before one server, and the waits between their attempts."""

    provider: LoopbackProvider
    waits: list[float] = field(default_factory=list)
    models: dict[str, ChatModel] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.models = models(self.provider.origin, waits=self.waits)

    def ask(self, kind: str, *faults: Fault | None) -> ChatReply:
        """Put a question while these faults happen."""
        self.provider.play(*faults)
        return self._ask(kind)

    def fail(self, kind: str, fault: Fault) -> AutoloopError:
        """The error of a question while a fault happens every time."""
        self.provider.play()
        self.provider.script = always(fault)
        with pytest.raises(AutoloopError) as caught:
            self._ask(kind)
        return caught.value

    def _ask(self, kind: str) -> ChatReply:
        self.waits.clear()
        return self.models[kind].complete(HELLO)


@pytest.fixture(scope="module", autouse=True)
def keys() -> Iterator[None]:
    """litellm reads keys from the environment itself."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in KEYS.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with LoopbackProvider() as provider:
        yield Bench(provider)


def told(tally: Tally) -> Usage:
    """What the provider let its client know."""
    known = tally.answered + tally.told
    return Usage(
        prompt_tokens=known.prompt,
        completion_tokens=known.output,
        cached_tokens=known.cached,
        written_tokens=known.written,
        lost=tally.unanswered,
    )


def counted(usage: Usage) -> Usage:
    """What a model counted, without calls and money."""
    return Usage(
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        cached_tokens=usage.cached_tokens,
        written_tokens=usage.written_tokens,
        lost=usage.lost,
    )


EACH_MODEL = pytest.mark.parametrize("kind", MODELS)


@EACH_MODEL
@pytest.mark.parametrize("name", sorted(PASSING))
def test_what_may_pass_is_tried_again_and_counted_as_the_provider_counts(
    bench: Bench, kind: str, name: str
) -> None:
    reply = bench.ask(kind, FAULTS[name])

    assert reply.message.tool_calls[0].arguments.replace(" ", "") == '{"command":"ls"}'
    assert bench.provider.tally.requests == 2
    assert counted(reply.usage) == told(bench.provider.tally)


@EACH_MODEL
@pytest.mark.parametrize("name", sorted(PASSING))
def test_what_does_not_pass_ends_with_a_sentence_and_what_it_cost(
    bench: Bench, kind: str, name: str
) -> None:
    error = bench.fail(kind, FAULTS[name])

    assert isinstance(error, ProviderError)
    assert "The provider of '" in str(error)
    assert KEY not in str(error)
    assert bench.provider.tally.requests == 3
    assert counted(charged(error)) == told(bench.provider.tally)


@EACH_MODEL
@pytest.mark.parametrize(
    ("name", "wait_s"),
    [
        ("429", 0.0),
        ("429-seconds", 0.05),
        ("429-milliseconds", 0.05),
        ("429-date", 1.0),
        ("429-date-skewed", 1.0),
        ("429-gemini", 0.05),
    ],
)
def test_the_wait_that_is_asked_for_is_kept_by_the_providers_own_clock(
    bench: Bench, kind: str, name: str, wait_s: float
) -> None:
    bench.ask(kind, FAULTS[name])

    assert bench.waits == [wait_s]


@EACH_MODEL
@pytest.mark.parametrize(
    ("name", "branch", "sentence"),
    [
        ("key", ModelError, "refuses the key; set its key"),
        ("forbidden", ModelError, "refuses the key; set its key"),
        ("model", ModelError, "does not offer the model"),
        ("credit", ModelError, "has no credit left"),
        ("context", AgentError, "conversation is too long"),
        ("policy", AgentError, "policy refuses this request"),
        ("moderation", AgentError, "policy refuses this request"),
        ("unfit", AgentError, "refuses this request"),
    ],
)
def test_what_no_retry_mends_is_told_at_once_to_whom_it_concerns(
    bench: Bench, kind: str, name: str, branch: type[AutoloopError], sentence: str
) -> None:
    error = bench.fail(kind, FAULTS[name])

    assert type(error) is branch
    assert sentence in str(error)
    assert KEY not in str(error)
    assert bench.provider.tally.requests == 1


def _refusal(message: str, *, kind: str = "other") -> Fault:
    return Fault(name="refusal", status=400, kind=kind, message=message)


@EACH_MODEL
@pytest.mark.parametrize(
    "message",
    [
        "messages.1.content.0.tool_use.id: 'api_key' is not allowed",
        "Invalid value: 'api key'. Supported values are: 'low', 'medium', and 'high'.",
        "Invalid type for 'tools[0].name': 'x-api-key'",
        "Unknown name 'invalid model': cannot find field.",
        "tools.0.name: 'your credit balance is too low' is too long",
        "Unexpected value 'model_not_found insufficient_quota billing_error invalid_api_key'",
    ],
)
def test_what_an_agent_wrote_and_the_provider_quotes_blames_neither_key_nor_account(
    bench: Bench, kind: str, message: str
) -> None:
    error = bench.fail(kind, _refusal(message))

    assert type(error) is AgentError
    assert bench.provider.tally.requests == 1


@EACH_MODEL
@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (_refusal("API key not valid. Please pass a valid API key."), "refuses the key"),
        (_refusal("Your credit balance is too low to access the API."), "has no credit left"),
        (_refusal("Invalid model name passed in model=x."), "does not offer the model"),
        (_refusal("Refused.", kind="key"), "refuses the key"),
        (_refusal("Refused.", kind="credit"), "has no credit left"),
        (_refusal("Refused.", kind="model"), "does not offer the model"),
    ],
)
def test_a_bad_request_that_is_about_key_account_or_name_stops_the_run(
    bench: Bench, kind: str, fault: Fault, sentence: str
) -> None:
    error = bench.fail(kind, fault)

    assert type(error) is ModelError
    assert sentence in str(error)


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (403, "Your account was flagged for abuse."),
        (404, "No endpoints found for openai/gpt-5."),
        (404, "No endpoints found matching your data policy."),
    ],
)
def test_what_an_account_may_not_have_stops_the_run(
    bench: Bench, status: int, message: str
) -> None:
    fault = Fault(name="refusal", status=status, kind="other", message=message)

    assert type(bench.fail("chat", fault)) is ModelError


def test_a_name_that_is_not_offered_may_begin_the_sentence(bench: Bench) -> None:
    error = bench.fail("chat", _refusal("gpt-5 is not a valid model ID"))
    quoted = bench.fail("chat", _refusal("'gpt-9' is not a valid model ID"))

    assert (type(error), type(quoted)) == (ModelError, AgentError)


@EACH_MODEL
def test_invalid_arguments_reach_the_agent_as_they_are(bench: Bench, kind: str) -> None:
    if kind == "litellm-anthropic":
        pytest.skip("Anthropic's plain answers hold arguments as objects: they cannot be invalid.")

    reply = bench.ask(kind, FAULTS["arguments"])

    assert '{"command": "ls' in reply.message.tool_calls[0].arguments.replace('\\"', '"')
    assert bench.provider.tally.requests == 1


@EACH_MODEL
def test_an_answer_that_a_policy_ended_is_given_and_counted(bench: Bench, kind: str) -> None:
    reply = bench.ask(kind, FAULTS["filter"])

    assert reply.stop_reason == "refusal"
    assert counted(reply.usage) == told(bench.provider.tally)


def _refused(origin: str, kind: str, *, attempts: int) -> str:
    """The sentence of a question that is sent to where no provider is."""
    waits: list[float] = []
    with pytest.raises(ProviderError) as caught:
        models(origin, waits=waits)[kind].complete(HELLO)
    assert len(waits) == attempts - 1
    assert not charged(caught.value).lost
    return str(caught.value)


@EACH_MODEL
def test_nobody_at_the_address_is_told_as_that(kind: str) -> None:
    with closing(socket.socket()) as unused:
        unused.bind(("127.0.0.1", 0))

        told = _refused(f"http://127.0.0.1:{unused.getsockname()[1]}", kind, attempts=3)

    assert "nobody answers at its address" in told


@EACH_MODEL
def test_an_unknown_name_is_told_with_what_to_check(kind: str) -> None:
    told = _refused("http://nobody.invalid", kind, attempts=3)

    assert "cannot be found" in told
    assert "DNS" in told


@EACH_MODEL
def test_https_at_a_port_without_it_is_told_and_not_tried_for_long(bench: Bench, kind: str) -> None:
    told = _refused(bench.provider.origin.replace("http", "https"), kind, attempts=2)

    assert "http or https" in told


@pytest.fixture(scope="module")
def self_signed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a server stands with a certificate that nobody vouches for."""
    folder = tmp_path_factory.mktemp("tls")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*_certificate(folder))
    with LoopbackProvider(tls=context) as provider:
        yield provider.origin


def _certificate(folder: Path) -> tuple[Path, Path]:
    certificate, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "1", "-subj", "/CN=127.0.0.1"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key


@EACH_MODEL
def test_an_untrusted_certificate_is_told_and_not_tried_for_long(
    self_signed: str, kind: str
) -> None:
    told = _refused(self_signed, kind, attempts=2)

    assert "certificate" in told
    assert "SSL_CERT_FILE" in told
