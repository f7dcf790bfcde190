"""Servers that speak OpenAI's format in a way of their own, asked by OpenAI's SDK."""

import pytest

from autoloop.gateway.upstream.openai_model import OpenAIChatModel
from autoloop.records import ChatRequest, Message, ToolCall, ToolSpec
from tests.gateway.upstream.conftest import Provider, stream

KEYS = {"OPENAI_API_KEY": "sk-secret-key-of-the-test-1234567890"}
LOOK = ChatRequest(
    messages=(Message(role="user", content="Look around."),),
    tools=(ToolSpec(name="bash"), ToolSpec(name="read")),
)


def piece(
    written: str, *, name: str | None = None, key: str | None = None, index: int | None = 0
) -> dict[str, object]:
    """A part of a call, as it comes in a stream."""
    function = {"arguments": written} | ({"name": name} if name else {})
    told = {"type": "function", "function": function, "id": key, "index": index}
    return {"tool_calls": [{key: value for key, value in told.items() if value is not None}]}


@pytest.mark.parametrize("index", [None, 0])
def test_calls_side_by_side_stay_apart_where_a_server_does_not_number_them(
    provider: Provider, index: int | None
) -> None:
    provider.answers = [
        stream(
            piece('{"command": ', name="bash", key="a", index=index),
            piece('"ls"}', index=index),
            piece('{"command": "pwd"}', name="bash", key="b", index=index),
            piece('{"path": ', name="read", key="c", index=index),
            piece('"x"}', name="read", key="c", index=index),
            end="tool_calls",
        )
    ]

    reply = OpenAIChatModel("openai/own", api_base=provider.url, environ=KEYS).complete(LOOK)

    assert reply.message.tool_calls == (
        ToolCall(id="a", name="bash", arguments='{"command": "ls"}'),
        ToolCall(id="b", name="bash", arguments='{"command": "pwd"}'),
        ToolCall(id="c", name="read", arguments='{"path": "x"}'),
    )


def test_a_call_stays_whole_where_a_server_makes_up_an_id_for_every_piece(
    provider: Provider,
) -> None:
    provider.answers = [
        stream(
            piece("", name="bash", key="a"),
            piece('{"command": ', key="b"),
            piece('"ls"}', key="c"),
            end="tool_calls",
        )
    ]

    reply = OpenAIChatModel("openai/own", api_base=provider.url, environ=KEYS).complete(LOOK)

    assert reply.message.tool_calls == (
        ToolCall(id="a", name="bash", arguments='{"command": "ls"}'),
    )
