"""A trial has no network, and no provider fetches anything for it."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from autoloop.gateway.upstream.anthropic_model import AnthropicModel
from autoloop.gateway.upstream.openai_model import OpenAIChatModel, OpenAIResponsesModel
from autoloop.testing.models import ScriptedModel, reply
from autoloop.testing.provider import LoopbackProvider
from tests.gateway.conftest import OpenTrial

CHAT, MESSAGES, RESPONSES = "/v1/chat/completions", "/v1/messages", "/v1/responses"
GOOGLE = "/v1beta/models/vendor/any:generateContent"
PNG = "data:image/png;base64,QQ=="
KEYS = {"ANTHROPIC_API_KEY": "k", "OPENAI_API_KEY": "k"}
ADDRESSES = ["https://x.test/?secret", "HTTPS://x.test", "gs://bucket/a", "//x.test", " data:,a"]
BASE64 = {"type": "base64", "media_type": "image/png", "data": "QQ=="}


@pytest.fixture
def provider() -> Iterator[LoopbackProvider]:
    with LoopbackProvider() as provider:
        yield provider


def _said(route: str, *parts: Mapping[str, Any]) -> dict[str, Any]:
    if route == GOOGLE:
        return {"contents": [{"role": "user", "parts": list(parts)}]}
    message = {"role": "user", "content": list(parts)}
    return {"input": [message]} if route == RESPONSES else {"messages": [message], "max_tokens": 9}


def _by_address(address: str) -> list[tuple[str, dict[str, Any]]]:
    """Every way in which a format names content that is elsewhere."""
    source = {"type": "url", "url": address}
    inner = {"type": "content", "content": [{"type": "image", "source": source}]}
    result = {"type": "tool_result", "tool_use_id": "a"}
    said: list[tuple[str, dict[str, Any]]] = [
        (CHAT, {"type": "image_url", "image_url": {"url": address}}),
        (CHAT, {"type": "image_url", "image_url": address}),
        (CHAT, {"type": "file", "file": {"file_data": "https://x.test/a.pdf"}}),
        (CHAT, {"type": "input_audio", "input_audio": {"data": "https://x.test", "format": "wav"}}),
        (MESSAGES, {"type": "image", "source": source}),
        (MESSAGES, {"type": "document", "source": source}),
        (MESSAGES, {"type": "document", "source": inner}),
        (MESSAGES, result | {"content": [{"type": "image", "source": source}]}),
        (RESPONSES, {"type": "input_image", "image_url": address}),
        (RESPONSES, {"type": "input_file", "file_url": address}),
        (RESPONSES, {"type": "input_file", "file_data": "https://x.test/a.pdf"}),
        (GOOGLE, {"fileData": {"fileUri": address, "mimeType": "image/png"}}),
    ]
    asked = [(route, _said(route, part)) for route, part in said]
    returned = {"type": "function_call_output", "call_id": "a"}
    image = {"type": "input_image", "image_url": address}
    return [*asked, (RESPONSES, {"input": [returned | {"output": [image]}]})]


@pytest.mark.parametrize("address", ADDRESSES)
def test_content_by_its_address_is_refused_at_every_door(
    open_trial: OpenTrial, address: str
) -> None:
    model = ScriptedModel([])
    trial = open_trial(model)

    for route, body in _by_address(address):
        answer = trial.post(route, body)

        assert answer.status == 400, body
        assert "fetched" in str(answer.body) or "file_url" in str(body), answer.body
    assert model.requests == ()


@pytest.mark.parametrize(
    ("route", "part"),
    [
        (CHAT, {"type": "image_url", "image_url": {"url": PNG, "detail": "low"}}),
        (CHAT, {"type": "file", "file": {"file_data": PNG, "filename": "a.png"}}),
        (CHAT, {"type": "file", "file": {"file_data": "QQ=="}}),
        (CHAT, {"type": "input_audio", "input_audio": {"data": "QQ==", "format": "wav"}}),
        (MESSAGES, {"type": "image", "source": BASE64}),
        (MESSAGES, {"type": "document", "source": BASE64 | {"media_type": "application/pdf"}}),
        (MESSAGES, {"type": "document", "source": {"type": "text", "data": "see https://x.test"}}),
        (RESPONSES, {"type": "input_image", "image_url": PNG}),
        (RESPONSES, {"type": "input_file", "file_data": PNG, "filename": "a.png"}),
        (GOOGLE, {"inlineData": {"mimeType": "image/png", "data": "QQ=="}}),
    ],
)
def test_content_within_the_request_is_taken(
    open_trial: OpenTrial, route: str, part: Mapping[str, Any]
) -> None:
    trial = open_trial(ScriptedModel([reply("ok")]))

    assert trial.post(route, _said(route, part)).status == 200


def test_no_address_goes_along_with_content_of_another_kind(
    provider: LoopbackProvider, open_trial: OpenTrial
) -> None:
    away = {"url": "https://x.test", "image_url": "https://x.test", "file_data": "https://x.test"}
    more = away | {"video_url": {"url": "https://x.test"}, "file_url": "https://x.test"}
    base: Any = {"environ": KEYS, "api_base": provider.openai_url}
    for model, route, part in (
        (OpenAIChatModel("openai/gpt-5", **base), CHAT, {"type": "text", "text": "hi"}),
        (
            OpenAIChatModel("openai/gpt-5", **base),
            CHAT,
            {"type": "image_url", "image_url": {"url": PNG, "file_url": "https://x.test"}},
        ),
        (
            OpenAIResponsesModel("openai/responses/gpt-5", **base),
            RESPONSES,
            {"type": "input_text", "text": "hi"},
        ),
        (
            AnthropicModel("anthropic/claude-sonnet-5", api_base=provider.origin, environ=KEYS),
            MESSAGES,
            {"type": "image", "source": BASE64 | away},
        ),
    ):
        answer = open_trial(model).post(route, _said(route, more | part))

        assert answer.status == 200, answer.body
    assert len(provider.requests) == 4
    assert "x.test" not in str([request.body for request in provider.requests])
