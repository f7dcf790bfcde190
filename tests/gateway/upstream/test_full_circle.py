"""litellm speaks to our own gateway as if it were the provider: both wire formats at once."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from autoloop.gateway.upstream.anthropic_model import AnthropicModel
from autoloop.gateway.upstream.litellm_model import LitellmModel
from autoloop.gateway.upstream.openai_model import OpenAIChatModel, OpenAIResponsesModel
from autoloop.records import ChatRequest, Message, ToolCall, ToolSpec, Usage
from autoloop.testing.models import ScriptedModel, reply
from tests.gateway.conftest import OpenTrial

FORWARD = """
import sys
from autoloop.harness.forward import listen
print(listen(sys.argv[1]), flush=True)
input()
"""
CALL = ToolCall(id="call_2", name="bash", arguments='{"command": "pwd"}')
MESSAGES = (
    Message(role="system", content="Be kind."),
    Message(role="user", content="hi"),
    Message(
        role="assistant",
        content="Looking.",
        tool_calls=(ToolCall(id="call_1", name="bash", arguments='{"command": "ls"}'),),
    ),
    Message(role="tool", content="a.txt", tool_call_id="call_1"),
)
TOOL = ToolSpec(
    name="bash",
    description="Run.",
    parameters={"type": "object", "properties": {"command": {"type": "string"}}},
)


@pytest.fixture
def upstream() -> ScriptedModel:
    usage = Usage(calls=1, prompt_tokens=1_000, completion_tokens=10, cached_tokens=800)
    return ScriptedModel([reply("Next.", CALL, usage=usage)])


@pytest.fixture
def port(upstream: ScriptedModel, open_trial: OpenTrial) -> Iterator[str]:
    """A TCP port that leads to a trial's socket."""
    socket = open_trial(upstream).socket
    command = [sys.executable, "-c", FORWARD, socket]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.communicate("\n")


@pytest.mark.parametrize(
    ("kind", "name", "path"),
    [
        (OpenAIChatModel, "openai/gpt-4o", "/v1"),
        (OpenAIResponsesModel, "openai/responses/gpt-4o", "/v1"),
        (AnthropicModel, "anthropic/claude-sonnet-5", ""),
        (LitellmModel, "openai/gpt-4o", "/v1"),
        (LitellmModel, "anthropic/claude-sonnet-5", ""),
    ],
)
def test_a_conversation_with_tools_survives_the_whole_circle(
    upstream: ScriptedModel,
    port: str,
    kind: type[AnthropicModel | OpenAIChatModel | OpenAIResponsesModel | LitellmModel],
    name: str,
    path: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "unused-key")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "unused-key")
    model = kind(name, api_base=f"http://127.0.0.1:{port}{path}")

    answer = model.complete(ChatRequest(messages=MESSAGES, tools=(TOOL,), max_tokens=50))

    assert upstream.requests[0].messages == MESSAGES
    assert upstream.requests[0].tools[0].name == "bash"
    assert answer.message == Message(role="assistant", content="Next.", tool_calls=(CALL,))
    assert (answer.usage.prompt_tokens, answer.usage.cached_tokens) == (1_000, 800)
    assert answer.usage.cost_usd
