"""Agents that speak the provider's own format: what they and it say goes through as it is."""

import json
from collections.abc import Iterator
from typing import Any

import anthropic
import pytest

from autoloop.gateway.upstream.anthropic_model import AnthropicModel
from autoloop.gateway.upstream.litellm_model import LitellmModel
from autoloop.gateway.upstream.openai_model import OpenAIChatModel, OpenAIResponsesModel
from autoloop.gateway.upstream.retry import Patience
from autoloop.records import ModelCall, Quota
from autoloop.testing.provider import FAULTS, LoopbackProvider, by_number
from tests.gateway.conftest import OpenTrial

PATIENCE = Patience(attempts=3, sleep=lambda _: None)
KEYS = {"ANTHROPIC_API_KEY": "k", "OPENAI_API_KEY": "k"}
BASH: Any = {"type": "object", "properties": {"command": {"type": "string"}}}
CLAUDE = "anthropic/claude-sonnet-5"


@pytest.fixture
def provider() -> Iterator[LoopbackProvider]:
    with LoopbackProvider() as provider:
        yield provider


def _anthropic(provider: LoopbackProvider) -> AnthropicModel:
    return AnthropicModel(CLAUDE, api_base=provider.origin, patience=PATIENCE, environ=KEYS)


def _chat(provider: LoopbackProvider) -> OpenAIChatModel:
    return OpenAIChatModel(
        "openai/gpt-5", api_base=provider.openai_url, patience=PATIENCE, environ=KEYS
    )


def _responses(provider: LoopbackProvider) -> OpenAIResponsesModel:
    return OpenAIResponsesModel(
        "openai/responses/gpt-5", api_base=provider.openai_url, patience=PATIENCE, environ=KEYS
    )


@pytest.mark.parametrize("streamed", [False, True])
def test_anthropics_thoughts_keep_their_signature_on_both_ways(
    provider: LoopbackProvider, open_trial: OpenTrial, *, streamed: bool
) -> None:
    trial = open_trial(_anthropic(provider))
    asked: Any = {
        "model": "whatever",
        "max_tokens": 4_000,
        "thinking": {"type": "enabled", "budget_tokens": 2_000},
        "tools": [{"name": "bash", "input_schema": BASH}],
    }
    question: Any = {"role": "user", "content": "hi"}
    first: anthropic.types.Message
    with trial.anthropic() as client:
        if streamed:
            with client.messages.stream(**asked, messages=[question]) as stream:
                first = stream.get_final_message()
        else:
            first = client.messages.create(**asked, messages=[question])
        call = next(block for block in first.content if block.type == "tool_use")
        result: Any = {"type": "tool_result", "tool_use_id": call.id, "content": "ok"}
        said: Any = {"role": "assistant", "content": [b.model_dump() for b in first.content]}
        client.messages.create(
            **asked, messages=[question, said, {"role": "user", "content": [result]}]
        )

    thinking = provider.requests[1].body["messages"][1]["content"][0]
    assert first.model == CLAUDE
    assert thinking == {
        "type": "thinking",
        "thinking": "Let me think.",
        "signature": "sealed-1",
    }


def test_only_what_may_go_on_goes_on_to_anthropic(
    provider: LoopbackProvider, open_trial: OpenTrial
) -> None:
    trial = open_trial(_anthropic(provider))
    mark = {"type": "ephemeral"}

    trial.post(
        "/v1/messages",
        {
            "model": "claude-of-another-price",
            "max_tokens": 100,
            "output_config": {"effort": "low", "task_budget": {"tokens": 1}},
            "top_k": 5,
            "service_tier": "priority",
            "container": "c_1",
            "mcp_servers": [{"type": "url", "url": "https://x", "name": "x"}],
            "metadata": {"user_id": "me"},
            "speed": "fast",
            "messages": [
                {
                    "role": "user",
                    "content": [{"type": "text", "text": "hi", "cache_control": mark, "x": 1}],
                }
            ],
        },
    )

    (request,) = provider.requests
    assert request.body == {
        "model": "claude-sonnet-5",
        "max_tokens": 100,
        "output_config": {"effort": "low"},
        "stream": True,
        "messages": [
            {
                "role": "user",
                "content": [{"type": "text", "text": "hi", "cache_control": mark}],
            }
        ],
    }


@pytest.mark.parametrize(
    "more",
    [
        {"tools": [{"type": "web_search_20250305", "name": "web_search"}]},
        {"tools": [{"type": "code_execution_20250522", "name": "code_execution"}]},
        {"messages": [{"role": "user", "content": [{"type": "container_upload", "file_id": "f"}]}]},
        {
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"type": "document", "source": {"type": "file", "file_id": "file_1"}}
                    ],
                }
            ]
        },
        {
            "messages": [
                {
                    "role": "user",
                    "content": [{"type": "image", "source": {"type": "file", "file_id": "f"}}],
                }
            ]
        },
    ],
)
def test_tools_and_files_of_the_provider_are_refused_at_anthropics_door(
    provider: LoopbackProvider, open_trial: OpenTrial, more: dict[str, Any]
) -> None:
    trial = open_trial(_anthropic(provider))
    body = {"max_tokens": 100, "messages": [{"role": "user", "content": "hi"}]}

    answer = trial.post("/v1/messages", body | more)

    assert answer.status == 400
    assert provider.requests == ()


ASKED = {
    "/v1/messages": '{"max_tokens": 9, "messages": [{"role": "user", "content": "hi"}], "tools":'
    ' [{"name": "t", "input_schema": {"type": "object", "maximum": NUMBER}}]}',
    "/v1/chat/completions": '{"messages": [{"role": "user", "content": "hi"}], "tools": [{"type":'
    ' "function", "function": {"name": "t", "parameters": {"maximum": NUMBER}}}]}',
    "/v1/responses": '{"input": "hi", "tools": [{"type": "function", "name": "t", "parameters":'
    ' {"maximum": NUMBER}}]}',
}


@pytest.mark.parametrize("route", ASKED)
@pytest.mark.parametrize("number", ["1e999", "-1e999", "NaN"])
def test_a_number_that_json_has_not_is_the_agents_fault_at_every_kind_of_model(
    provider: LoopbackProvider, open_trial: OpenTrial, route: str, number: str
) -> None:
    litellm = LitellmModel("openai/gpt-4o", api_base=provider.openai_url, environ=KEYS)
    for model in (_anthropic(provider), _chat(provider), _responses(provider), litellm):
        trial = open_trial(model)

        answer = trial.send(route, ASKED[route].replace("NUMBER", number).encode())

        assert answer.status == 400
        assert trial.session.trouble is None
    assert provider.requests == ()


@pytest.mark.parametrize(
    "arguments",
    ['{"x": 1e999}', '{"x": NaN}', r'{"x": "\ud800"}', '{"x": ' * 900 + "1" + "}" * 900],
)
def test_arguments_that_no_json_can_hold_go_on_as_the_text_that_they_are(
    provider: LoopbackProvider, open_trial: OpenTrial, arguments: str
) -> None:
    call = {"id": "c", "type": "function", "function": {"name": "t", "arguments": arguments}}
    said = {"role": "assistant", "content": None, "tool_calls": [call]}
    result = {"role": "tool", "tool_call_id": "c", "content": "ok"}

    answer = open_trial(_anthropic(provider)).post(
        "/v1/chat/completions", {"messages": [{"role": "user", "content": "hi"}, said, result]}
    )

    assert answer.status == 200
    (block,) = provider.requests[0].body["messages"][1]["content"]
    assert block["input"] == {"invalid_json": arguments}


@pytest.mark.parametrize(
    "more",
    [
        {"tools": [{"type": "web_search"}]},
        {"tools": [{"type": "mcp", "server_url": "https://x", "server_label": "x"}]},
        {"tools": [{"type": "code_interpreter", "container": {"type": "auto"}}]},
        {"background": True},
        {"previous_response_id": "resp_1"},
        {"input": [{"type": "item_reference", "id": "msg_1"}]},
        {"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "f"}]}]},
    ],
)
def test_tools_and_stores_of_the_provider_are_refused_at_the_door_of_responses(
    provider: LoopbackProvider, open_trial: OpenTrial, more: dict[str, Any]
) -> None:
    trial = open_trial(_responses(provider))

    answer = trial.post("/v1/responses", {"input": "hi"} | more)

    assert answer.status == 400
    assert provider.requests == ()


def test_responses_are_never_stored_and_thoughts_come_sealed(
    provider: LoopbackProvider, open_trial: OpenTrial
) -> None:
    trial = open_trial(_responses(provider))
    asked: Any = {
        "input": "hi",
        "store": True,
        "include": ["file_search_call.results"],
        "metadata": {"a": "b"},
        "service_tier": "flex",
        "reasoning": {"effort": "low"},
    }

    trial.post("/v1/responses", asked)

    (request,) = provider.requests
    assert request.body == {
        "model": "gpt-5",
        "input": "hi",
        "reasoning": {"effort": "low"},
        "max_output_tokens": 32_000,
        "include": ["reasoning.encrypted_content"],
        "store": False,
        "stream": True,
    }


def test_a_reasoning_item_goes_back_with_its_seal(
    provider: LoopbackProvider, open_trial: OpenTrial
) -> None:
    trial = open_trial(_responses(provider))
    sealed = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "sealed"}
    stored = {"type": "reasoning", "id": "rs_2", "summary": []}
    said: list[Any] = [{"role": "user", "content": "hi"}, sealed, stored]

    trial.post("/v1/responses", {"input": said})

    assert provider.requests[0].body["input"][1:] == [sealed]


def test_openais_streams_are_built_up_from_the_providers_own_answer(
    provider: LoopbackProvider, open_trial: OpenTrial
) -> None:
    tool: Any = {"type": "function", "function": {"name": "bash", "parameters": BASH}}
    question: Any = [{"role": "user", "content": "hi"}]

    with (
        open_trial(_chat(provider)).openai() as client,
        client.chat.completions.stream(model="m", messages=question, tools=[tool]) as chunks,
    ):
        chat = chunks.get_final_completion()
    flat: Any = {"type": "function", "name": "bash", "parameters": BASH, "strict": False}
    with (
        open_trial(_responses(provider)).openai() as client,
        client.responses.stream(
            model="m", input="hi", tools=[flat], reasoning={"effort": "low"}
        ) as events,
    ):
        response = events.get_final_response()

    calls = chat.choices[0].message.tool_calls
    assert calls is not None
    assert (chat.id, calls[0].function.arguments) == ("chatcmpl-1", '{"command": "ls"}')
    kinds = [item.type for item in response.output]
    assert (response.model, kinds[0], kinds[-1]) == (
        "openai/responses/gpt-5",
        "reasoning",
        "function_call",
    )


def test_only_what_may_go_on_goes_on_to_chat_completions(
    provider: LoopbackProvider, open_trial: OpenTrial
) -> None:
    trial = open_trial(_chat(provider))

    trial.post(
        "/v1/chat/completions",
        {
            "model": "gpt-5-pro",
            "messages": [{"role": "user", "content": "hi", "name": "me", "audio": {"id": "a"}}],
            "verbosity": "low",
            "max_tokens": 50,
            "store": True,
            "metadata": {"a": "b"},
            "service_tier": "priority",
            "web_search_options": {},
            "extra_headers": {"x": "y"},
        },
    )

    (request,) = provider.requests
    assert request.body == {
        "model": "gpt-5",
        "messages": [{"role": "user", "content": "hi", "name": "me"}],
        "verbosity": "low",
        "max_completion_tokens": 50,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_a_file_of_the_account_is_refused_at_the_door_of_chat_completions(
    provider: LoopbackProvider, open_trial: OpenTrial
) -> None:
    trial = open_trial(_chat(provider))
    content = [{"type": "file", "file": {"file_id": "file-1"}}]

    answer = trial.post(
        "/v1/chat/completions", {"messages": [{"role": "user", "content": content}]}
    )

    assert answer.status == 400
    assert "file_data" in json.dumps(answer.body)


def test_the_quota_bounds_a_native_request_and_its_budget_to_think(
    provider: LoopbackProvider, open_trial: OpenTrial
) -> None:
    trial = open_trial(_anthropic(provider), quota=Quota(calls=None, tokens=3_000))

    trial.post(
        "/v1/messages",
        {
            "max_tokens": 60_000,
            "thinking": {"type": "enabled", "budget_tokens": 50_000},
            "messages": [{"role": "user", "content": "hi"}],
        },
    )

    (request,) = provider.requests
    assert request.body["max_tokens"] < 3_000
    assert request.body["thinking"]["budget_tokens"] < request.body["max_tokens"]


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/chat/completions", "/v1/responses"])
def test_every_format_reaches_every_provider(
    provider: LoopbackProvider, open_trial: OpenTrial, path: str
) -> None:
    question = [{"role": "user", "content": "hi"}]
    body: Any = {"max_tokens": 100, "messages": question, "input": question}
    for model in (_anthropic(provider), _chat(provider), _responses(provider)):
        trial = open_trial(model)

        answer = trial.post(path, body)

        assert answer.status == 200
        assert "hello" in json.dumps(answer.body)
        assert trial.session.usage.calls == 1
        assert trial.session.usage.prompt_tokens > 0


def test_the_record_has_the_text_and_neither_raw_bodies_nor_seals(
    provider: LoopbackProvider, open_trial: OpenTrial
) -> None:
    trial = open_trial(_anthropic(provider))
    thinking = {"type": "enabled", "budget_tokens": 2_000}
    messages = [{"role": "user", "content": "hi"}]

    trial.post("/v1/messages", {"max_tokens": 4_000, "thinking": thinking, "messages": messages})

    (call,) = trial.session.events
    assert isinstance(call, ModelCall)
    assert call.reply is not None
    assert (call.request.native, call.reply.native) == (None, None)
    assert call.request.messages[0].content == "hi"
    assert call.reply.message.content == "hello"
    (thought,) = call.reply.message.thoughts
    assert (thought.text, thought.seal) == ("Let me think.", "")


def test_a_call_that_failed_for_good_is_counted_as_far_as_the_provider_said(
    open_trial: OpenTrial,
) -> None:
    with LoopbackProvider(script=by_number([FAULTS["cut"]] * 3)) as provider:
        trial = open_trial(_anthropic(provider))

        answer = trial.post(
            "/v1/messages", {"max_tokens": 100, "messages": [{"role": "user", "content": "hi"}]}
        )

    assert answer.status == 503
    assert trial.session.usage.calls == 1
    assert trial.session.usage.prompt_tokens == provider.tally.lost.prompt


def test_several_answers_are_held_back_for_and_paid(
    provider: LoopbackProvider, open_trial: OpenTrial
) -> None:
    trial = open_trial(_chat(provider), quota=Quota(calls=None, tokens=4_000))
    question = [{"role": "user", "content": "hi"}]

    trial.post("/v1/chat/completions", {"messages": question, "n": 4})

    (request,) = provider.requests
    assert request.body["n"] == 4
    assert request.body["max_completion_tokens"] <= 1_000
