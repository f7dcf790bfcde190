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


def piece(written: str, *, name: str | None = None, **more: object) -> dict[str, object]:
    """A part of a call, as it comes in a stream."""
    function = {"arguments": written} | ({"name": name} if name else {})
    return {"tool_calls": [{"type": "function", "function": function} | more]}


@pytest.mark.parametrize("place", [{}, {"index": 0}])
def test_calls_side_by_side_stay_apart_where_a_server_does_not_number_them(
    provider: Provider, place: dict[str, object]
) -> None:
    provider.answers = [
        stream(
            piece('{"command": ', name="bash", id="a", **place),
            piece('"ls"}', **place),
            piece('{"command": "pwd"}', name="bash", id="b", **place),
            piece('{"path": ', name="read", id="c", **place),
            piece('"x"}', name="read", id="c", **place),
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
            piece("", name="bash", id="a", index=0),
            piece('{"command": ', id="b", index=0),
            piece('"ls"}', id="c", index=0),
            end="tool_calls",
        )
    ]

    reply = OpenAIChatModel("openai/own", api_base=provider.url, environ=KEYS).complete(LOOK)

    assert reply.message.tool_calls == (
        ToolCall(id="a", name="bash", arguments='{"command": "ls"}'),
    )
