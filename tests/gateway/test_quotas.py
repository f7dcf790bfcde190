"""Quotas, from the outside: what a trial cannot take however it asks."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import openai
import pytest

from autoloop.errors import InfraError, ModelError
from autoloop.gateway.meter import estimate_tokens
from autoloop.gateway.wire import openai_chat
from autoloop.harness.door import Json, _UnixConnection
from autoloop.ports import USUAL_REPLY_TOKENS, Rates
from autoloop.records import ChatReply, ChatRequest, ModelCall, Quota, Usage
from autoloop.testing.models import ScriptedModel, reply
from tests.gateway.conftest import OpenTrial, Trial


def _hundred_tokens(_request: ChatRequest) -> ChatReply:
    return reply("ok", usage=Usage(calls=1, prompt_tokens=50, completion_tokens=50))


class WaitingModel:
    """A model that answers when it is told to."""

    name = "waiting"

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.go_on = threading.Event()

    def complete(self, request: ChatRequest) -> ChatReply:
        self.asked.set()
        self.go_on.wait(20)
        return _hundred_tokens(request)


def _at_once(trial: Trial, count: int, *, max_tokens: int | None = None) -> list[int]:
    with ThreadPoolExecutor(count) as pool:
        answers = pool.map(lambda _: trial.chat(max_tokens=max_tokens).status, range(count))
        return sorted(answers)


def test_parallel_calls_cannot_overshoot_the_number_of_calls(open_trial: OpenTrial) -> None:
    model = ScriptedModel(_hundred_tokens)
    trial = open_trial(model, quota=Quota(calls=5))

    statuses = _at_once(trial, 20)

    assert statuses == [200] * 5 + [429] * 15
    assert len(model.requests) == trial.session.usage.calls == 5


def test_parallel_calls_cannot_overshoot_the_tokens(open_trial: OpenTrial) -> None:
    model = ScriptedModel(_hundred_tokens)
    trial = open_trial(model, quota=Quota(calls=None, tokens=1_000))

    statuses = _at_once(trial, 30, max_tokens=90)

    assert statuses.count(200) == 10
    assert trial.session.usage.tokens == 1_000


def test_parallel_calls_overshoot_the_money_by_no_more_than_one_call(open_trial: OpenTrial) -> None:
    paid = reply("ok", usage=Usage(calls=1, prompt_tokens=1, cost_usd=0.25))
    trial = open_trial(ScriptedModel(lambda _: paid), quota=Quota(usd=1.0))

    statuses = _at_once(trial, 12)

    assert statuses.count(200) == 4
    assert trial.session.usage.cost_usd == pytest.approx(1.0)


class GreedyModel:
    """A model of a known price that writes as much as it may."""

    name = "greedy"
    rates = Rates(prompt_usd=0.001, reply_usd=0.002)

    def complete(self, request: ChatRequest) -> ChatReply:
        sent = estimate_tokens(request)
        written = (request.max_tokens or USUAL_REPLY_TOKENS) * request.choices
        cost = sent * self.rates.prompt_usd + written * self.rates.reply_usd
        usage = Usage(calls=1, prompt_tokens=sent, completion_tokens=written, cost_usd=cost)
        return reply("ok", usage=usage)


def test_a_known_price_keeps_parallel_calls_below_the_money_to_the_last_cent(
    open_trial: OpenTrial,
) -> None:
    trial = open_trial(GreedyModel(), quota=Quota(calls=None, usd=1.0))

    statuses = _at_once(trial, 20, max_tokens=100)

    # Each costs a little more than 0.20: four fit, and a fifth is given what is left.
    assert statuses.count(200) == 5
    assert trial.session.usage.cost_usd is not None
    assert 0.99 < trial.session.usage.cost_usd <= 1.0


def test_every_one_of_several_answers_is_held_back_for(open_trial: OpenTrial) -> None:
    trial = open_trial(GreedyModel(), quota=Quota(calls=None, tokens=1_000, usd=1.0))
    body = {"messages": [{"role": "user", "content": "hi"}], "n": 8}

    assert trial.post("/v1/chat/completions", body).status == 200

    usage = trial.session.usage
    assert usage.cost_usd is not None
    assert usage.cost_usd <= 1.0
    assert 400 < usage.tokens <= 1_000


def test_calls_within_the_quota_run_at_the_same_time(open_trial: OpenTrial) -> None:
    together = threading.Barrier(4, timeout=20)

    def meet(_request: ChatRequest) -> ChatReply:
        together.wait()
        return reply("ok")

    assert _at_once(open_trial(ScriptedModel(meet)), 4) == [200] * 4


def test_max_tokens_is_bounded_by_what_is_left(open_trial: OpenTrial) -> None:
    model = ScriptedModel(_hundred_tokens)
    trial = open_trial(model, quota=Quota(tokens=500))

    trial.chat(max_tokens=100_000)
    trial.chat()

    first, second = model.requests
    assert first.max_tokens is not None
    assert second.max_tokens is not None
    assert 400 < first.max_tokens < 500
    assert 300 < second.max_tokens < 400


def test_a_prompt_that_does_not_fit_is_refused_before_it_costs(open_trial: OpenTrial) -> None:
    model = ScriptedModel([])
    trial = open_trial(model, quota=Quota(tokens=1_000))

    answer = trial.chat("word " * 2_000)

    assert answer.status == 429
    assert "of its 1000 tokens" in answer.error
    assert model.requests == ()


LONG = "word " * 2_000
SAID = [{"role": "user", "content": "hi"}]
DOCUMENT = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "x"}}
SCHEMA = {"type": "object", "description": LONG}


@pytest.mark.parametrize(
    ("route", "body"),
    [
        (
            "/v1/messages",
            {"messages": [{"role": "user", "content": [{**DOCUMENT, "context": LONG}]}]},
        ),
        (
            "/v1/messages",
            {
                "messages": SAID,
                "tools": [{"name": "t", "input_schema": {}, "input_examples": [{"data": LONG}]}],
            },
        ),
        (
            "/v1/messages",
            {
                "messages": SAID,
                "output_config": {"format": {"type": "json_schema", "schema": SCHEMA}},
            },
        ),
        (
            "/v1/chat/completions",
            {"messages": [{"role": "assistant", "content": "x", "reasoning": LONG}]},
        ),
        (
            "/v1/chat/completions",
            {
                "messages": SAID,
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "x", "schema": SCHEMA},
                },
            },
        ),
        (
            "/v1/responses",
            {
                "input": "hi",
                "text": {"format": {"type": "json_schema", "name": "x", "schema": SCHEMA}},
            },
        ),
        (
            "/v1beta/models/any:generateContent",
            {
                "contents": [{"role": "user", "parts": [{"text": "hi"}]}],
                "generationConfig": {
                    "responseMimeType": "application/json",
                    "responseJsonSchema": SCHEMA,
                },
            },
        ),
    ],
    ids=["context", "examples", "schema", "reasoning", "format", "text format", "google's schema"],
)
def test_all_that_goes_out_counts_wherever_in_the_request_it_stands(
    open_trial: OpenTrial, route: str, body: Json
) -> None:
    model = ScriptedModel([])
    trial = open_trial(model, quota=Quota(tokens=1_000))

    assert trial.post(route, {"max_tokens": 10, **body}).status == 429
    assert model.requests == ()


def _file(media_type: str, characters: int) -> Json:
    data = f"data:{media_type};base64,{'A' * characters}"
    return {"type": "file", "file": {"filename": "f", "file_data": data}}


@pytest.mark.parametrize(
    ("part", "tokens"),
    [
        (_file("application/pdf", 400_000), 100_000),
        (_file("application/pdf", 4_000_000), 300_000),
        (_file("text/plain", 4_000_000), 1_000_000),
        (_file("image/png", 4_000_000), 1_000),
        ({"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}, 1_000),
        ({"type": "input_audio", "input_audio": {"data": "A" * 400_000, "format": "wav"}}, 4_000),
    ],
    ids=["pdf", "scan", "text", "large picture", "picture", "sound"],
)
def test_files_count_by_their_size_and_pictures_by_their_number(part: Json, tokens: int) -> None:
    body = {"messages": [{"role": "user", "content": [part]}]}

    asked = openai_chat.read_request(json.dumps(body).encode()).request

    assert 0 <= estimate_tokens(asked) - tokens < 100


def test_text_in_another_alphabet_counts_the_same_however_it_is_written() -> None:
    body = {"messages": [{"role": "user", "content": "дело " * 1_000}]}
    escaped, plain = (json.dumps(body, ensure_ascii=way).encode() for way in (True, False))

    counts = {estimate_tokens(openai_chat.read_request(raw).request) for raw in (escaped, plain)}

    assert len(counts) == 1


def test_the_openai_sdk_does_not_retry_a_refusal(open_trial: OpenTrial) -> None:
    trial = open_trial(ScriptedModel([]), quota=Quota(calls=0))

    with trial.openai() as client, pytest.raises(openai.RateLimitError) as caught:
        client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hi"}])

    assert caught.value.response.headers["x-should-retry"] == "false"
    assert len(trial.session.events) == 1


def test_a_refusal_is_recorded_and_no_trouble_of_the_machine(open_trial: OpenTrial) -> None:
    trial = open_trial(ScriptedModel([]), quota=Quota(calls=0))

    trial.chat()

    event = trial.session.events[0]
    assert isinstance(event, ModelCall)
    assert event.refusal == "This trial has used all of its 0 model calls."
    assert trial.session.trouble is None
    assert trial.session.usage == Usage()


def test_a_stream_counts_like_a_plain_answer(open_trial: OpenTrial) -> None:
    trial = open_trial(ScriptedModel(_hundred_tokens))

    with trial.openai() as client:
        stream = client.chat.completions.create(
            model="m", messages=[{"role": "user", "content": "hi"}], stream=True
        )
        stream.close()

    assert trial.session.usage == Usage(calls=1, prompt_tokens=50, completion_tokens=50)


def test_a_call_whose_client_hangs_up_is_still_counted(open_trial: OpenTrial) -> None:
    model = WaitingModel()
    # So few tokens that the second call must wait until the first is settled.
    trial = open_trial(model, quota=Quota(tokens=500))
    client = _UnixConnection(trial.socket)
    client.request("POST", "/v1/chat/completions", b'{"messages": [{"role": "user"}]}')
    assert model.asked.wait(20)
    client.close()
    model.go_on.set()

    assert trial.chat("next").status == 200
    assert trial.session.usage == Usage(calls=2, prompt_tokens=100, completion_tokens=100)


def test_a_quota_in_money_with_an_unknown_price_says_what_to_change(open_trial: OpenTrial) -> None:
    unpriced = reply("ok", usage=Usage(calls=1, prompt_tokens=1, cost_usd=None))
    trial = open_trial(ScriptedModel(lambda _: unpriced), quota=Quota(usd=1.0))

    first, second = trial.chat(), trial.chat()

    assert (first.status, second.status) == (200, 502)
    assert isinstance(trial.session.trouble, ModelError)
    assert "set trial.usd to null" in second.error


def test_the_session_knows_that_the_quota_refused_a_call(open_trial: OpenTrial) -> None:
    trial = open_trial(ScriptedModel(_hundred_tokens), quota=Quota(calls=1))

    trial.chat()
    before = trial.session.over_quota
    refused = trial.chat()

    assert before is None
    assert refused.status == 429
    assert trial.session.over_quota == "This trial has used all of its 1 model calls."


def test_the_session_knows_whether_agent_py_was_fetched(open_trial: OpenTrial) -> None:
    trial = open_trial(ScriptedModel([]))

    before = trial.session.began
    trial.get("/autoloop/start")

    assert (before, trial.session.began) == (False, True)


@pytest.mark.parametrize("error", [ConnectionResetError("peer"), ValueError("odd answer")])
def test_an_upstream_that_breaks_its_contract_is_not_the_agents_fault(
    open_trial: OpenTrial, error: Exception
) -> None:
    trial = open_trial(ScriptedModel([error]))

    broken = trial.chat()

    assert broken.status == 500
    assert isinstance(trial.session.trouble, InfraError)
    assert repr(error) in str(trial.session.trouble)
    assert trial.session.usage.calls == 1
