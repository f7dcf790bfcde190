"""Attempts that failed and are paid: a quota holds for them, too."""

import asyncio
from collections.abc import Iterator

import pytest

from autoloop.gateway.meter import QuotaMeter
from autoloop.gateway.upstream.anthropic_model import AnthropicModel
from autoloop.gateway.upstream.retry import Patience
from autoloop.records import ChatRequest, Message, Quota, Usage
from autoloop.testing.provider import FAULTS, LoopbackProvider, always, by_number
from tests.gateway.conftest import OpenTrial

QUESTION = "word " * 720
"""About 900 tokens, which the provider counts before it breaks off."""


@pytest.fixture
def provider() -> Iterator[LoopbackProvider]:
    with LoopbackProvider() as provider:
        yield provider


def _model(provider: LoopbackProvider) -> AnthropicModel:
    return AnthropicModel(
        "anthropic/claude-sonnet-4-5",
        api_base=provider.origin,
        patience=Patience(sleep=lambda _: None),
        environ={"ANTHROPIC_API_KEY": "k"},
    )


@pytest.mark.parametrize(
    "quota", [Quota(calls=None, tokens=4_000), Quota(calls=None, tokens=None, usd=0.024)]
)
def test_attempts_that_break_off_end_where_the_quota_has_no_room_for_another(
    provider: LoopbackProvider, open_trial: OpenTrial, quota: Quota
) -> None:
    provider.script = always(FAULTS["cut"])
    trial = open_trial(_model(provider), quota=quota)

    answer = trial.chat(QUESTION, max_tokens=1_000)

    usage = trial.session.usage
    assert answer.status >= 500
    assert 1 < provider.tally.requests < Patience().attempts
    assert usage.prompt_tokens == provider.tally.told.prompt
    assert usage.tokens <= (quota.tokens or 10**6)
    assert (usage.cost_usd or 0.0) <= (quota.usd or 1.0)


def test_attempts_that_break_off_are_borne_as_ever_where_the_quota_has_room(
    provider: LoopbackProvider, open_trial: OpenTrial
) -> None:
    provider.script = by_number([FAULTS["cut"]] * 7)
    trial = open_trial(_model(provider), quota=Quota(calls=None, tokens=1_000_000))

    assert trial.chat(QUESTION, max_tokens=1_000).status == 200

    told = provider.tally.told + provider.tally.answered
    assert provider.tally.requests == 8
    assert trial.session.usage.tokens == told.prompt + told.output


def test_what_failed_attempts_took_is_held_back_from_other_calls() -> None:
    request = ChatRequest(messages=(Message(role="user", content=QUESTION),), max_tokens=1_000)

    async def play() -> tuple[bool, bool, bool]:
        meter = QuotaMeter(Quota(calls=None, tokens=4_300))
        first = await meter.admit(request)
        goes_on = await meter.goes_on(first, Usage(prompt_tokens=900))
        waiting = asyncio.create_task(meter.admit(request))
        await asyncio.sleep(0)
        waited = not waiting.done()
        await meter.settle(first, Usage(calls=1, prompt_tokens=1_800, completion_tokens=10))
        await waiting
        return goes_on, waited, await meter.goes_on(first, Usage(prompt_tokens=900))

    assert asyncio.run(play()) == (True, True, False)
