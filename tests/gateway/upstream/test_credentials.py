"""Models that go through litellm: keys are read once, given by name, and reach nobody else."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping

import pytest

from autoloop.errors import AgentError, ModelError
from autoloop.gateway.upstream.credentials import credentials
from autoloop.gateway.upstream.litellm_model import LitellmModel
from autoloop.gateway.upstream.retry import Patience
from autoloop.records import ChatRequest, Message
from tests.gateway.upstream.conftest import Provider, answer, failure

HELLO = ChatRequest(messages=(Message(role="user", content="hi"),))
SERVED: Mapping[str, Mapping[str, str]] = {
    "gemini/gemini-2.5-pro": {"GEMINI_API_KEY": "first-key-of-gemini"},
    "gemini/gemini-2.5-flash": {"GOOGLE_API_KEY": "first-key-of-google"},
    "openrouter/anthropic/claude-sonnet-5": {"OR_API_KEY": "first-key-of-openrouter"},
    "mistral/mistral-large-latest": {"MISTRAL_API_KEY": "first-key-of-mistral"},
    "deepseek/deepseek-chat": {"DEEPSEEK_API_KEY": "first-key-of-deepseek"},
    "xai/grok-4.5": {"XAI_API_KEY": "first-key-of-xai"},
    "groq/openai/gpt-oss-120b": {"GROQ_API_KEY": "first-key-of-groq"},
    "together_ai/some/model": {"TOGETHERAI_API_KEY": "first-key-of-together"},
    "huggingface/together/some/model": {"HF_TOKEN": "first-key-of-huggingface"},
    "cohere_chat/command-a-03-2025": {"CO_API_KEY": "first-key-of-cohere"},
    "ollama_chat/llama3": {"OLLAMA_API_KEY": "first-key-of-ollama"},
    "apertis/some-model": {"STIMA_API_KEY": "first-key-of-apertis"},
    "azure/our-deployment": {
        "AZURE_API_KEY": "first-key-of-azure",
        "AZURE_API_VERSION": "2024-10-21",
        "AZURE_AD_TOKEN": "a-token-that-the-key-goes-before",
    },
    "azure/our-other-deployment": {
        "AZURE_AD_TOKEN": "first-token-of-azure",
        "AZURE_API_VERSION": "2024-10-21",
    },
    "bedrock/anthropic.claude-sonnet-5": {
        "AWS_ACCESS_KEY_ID": "first-id-of-aws",
        "AWS_SECRET_ACCESS_KEY": "first-secret-of-aws",
        "AWS_REGION": "eu-west-1",
    },
    "bedrock/converse/anthropic.claude-sonnet-5": {
        "AWS_BEARER_TOKEN_BEDROCK": "first-token-of-bedrock"
    },
}
"""Names of models, and what their providers want of the environment."""
IN_A_PROCESS_OF_ITS_OWN = """
import json, os, sys

started = []

def hear(event, arguments):
    if event in {"subprocess.Popen", "os.posix_spawn", "os.exec", "os.system"}:
        started.append([event, repr(arguments)])
    if event in {"subprocess.Popen", "os.posix_spawn", "os.exec"} and arguments[-1] is None:
        started.append([event, repr(dict(os.environ))])

sys.addaudithook(hear)

from autoloop.gateway.upstream.litellm_model import LitellmModel
from autoloop.records import ChatRequest, Message

model = LitellmModel(sys.argv[1], api_base=sys.argv[2])
os.environ["MISTRAL_API_KEY"] = "second-key-of-mistral"
model.complete(ChatRequest(messages=(Message(role="user", content="hi"),)))
print(json.dumps(started))
"""


def _model(provider: Provider, name: str) -> LitellmModel:
    patience = Patience(attempts=1, sleep=lambda _: None)
    return LitellmModel(name, api_base=provider.url, patience=patience)


@pytest.mark.filterwarnings("ignore:Items? .* using the .ReadOnly. qualifier:UserWarning")
@pytest.mark.parametrize("name", SERVED)
def test_a_key_that_changes_after_the_start_does_not_matter(
    provider: Provider, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    if name.startswith("bedrock/"):
        pytest.importorskip("botocore", reason="litellm signs what Bedrock gets by botocore")
    for variable, value in SERVED[name].items():
        monkeypatch.setenv(variable, value)
    provider.answers = [failure(400, "No.")]
    model = _model(provider, name)
    for variable, value in SERVED[name].items():
        monkeypatch.setenv(variable, value.replace("first", "second"))

    with pytest.raises(AgentError):
        model.complete(HELLO)

    (head,) = provider.heads
    assert "first-" in head
    assert "second-" not in head


def test_a_key_that_is_gone_after_the_start_is_masked_still(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "AN.odd/key+of=no*known#form"
    monkeypatch.setenv("MISTRAL_API_KEY", key)
    provider.answers = [failure(401, f"Who is {key}?")]
    model = _model(provider, "mistral/mistral-large-latest")
    monkeypatch.delenv("MISTRAL_API_KEY")

    with pytest.raises(ModelError, match=r"Who is \*\*\*\?") as caught:
        model.complete(HELLO)

    assert provider.keys == [f"Bearer {key}"]
    assert key not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("name", ["mistral/mistral-large-latest", "apertis/m", "xinference/m"])
def test_no_provider_is_sent_the_key_of_another(provider: Provider, name: str) -> None:
    provider.answers = [answer()]

    _model(provider, name).complete(HELLO)

    assert provider.heads
    assert os.environ["OPENAI_API_KEY"] not in provider.heads[0]


@pytest.mark.parametrize(
    ("name", "environ", "given"),
    [
        ("vertex_ai/gemini-2.5-pro", {"GOOGLE_APPLICATION_CREDENTIALS": "/k.json"}, "/k.json"),
        (
            "vertex_ai/gemini-2.5-pro",
            {"GOOGLE_APPLICATION_CREDENTIALS": "/k.json", "VERTEXAI_CREDENTIALS": "{}"},
            "{}",
        ),
    ],
)
def test_vertex_is_given_an_account_and_what_it_belongs_to(
    name: str, environ: dict[str, str], given: str
) -> None:
    place = {"VERTEXAI_PROJECT": "ours", "VERTEXAI_LOCATION": "europe-west1"}

    assert credentials(name, environ | place) == {
        "vertex_credentials": given,
        "vertex_project": "ours",
        "vertex_location": "europe-west1",
    }


def test_what_litellm_does_not_have_from_the_environment_it_renews_itself() -> None:
    assert credentials("lm_studio/llama", {}) == {}
    assert credentials("bedrock/amazon.nova-pro-v1:0", {"AWS_PROFILE": "ours"}) == {}


def test_what_is_missing_of_an_account_is_known_beforehand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_API_KEY", "first-key-of-azure")
    monkeypatch.setenv("MISTRAL_API_KEY", "first-key-of-mistral")

    assert LitellmModel("azure/m").missing_keys() == ("AZURE_API_BASE", "AZURE_API_VERSION")
    assert LitellmModel("mistral/mistral-large-latest").missing_keys() == ()


def test_no_child_process_of_litellm_holds_a_key(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MISTRAL_API_KEY", "first-key-of-mistral")
    provider.answers = [answer()]
    name = "mistral/mistral-large-latest"

    done = subprocess.run(
        [sys.executable, "-c", IN_A_PROCESS_OF_ITS_OWN, name, provider.url],
        capture_output=True,
        text=True,
        check=True,
    )

    started = json.loads(done.stdout.splitlines()[-1])
    assert provider.keys == ["Bearer first-key-of-mistral"]
    assert not [one for one in started if "key-of-mistral" in str(one)]
