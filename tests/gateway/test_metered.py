"""The meta-agent's meter."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from autoloop.errors import ProviderError
from autoloop.gateway import MeteredModel
from autoloop.records import ChatRequest, Message, Usage
from autoloop.testing.models import ScriptedModel, reply

ASK = ChatRequest(messages=(Message(role="user", content="hi"),))
ONE = Usage(calls=1, prompt_tokens=10, completion_tokens=5, cost_usd=0.5)


def test_the_usage_of_calls_from_many_threads_adds_up() -> None:
    model = MeteredModel(ScriptedModel(lambda _: reply("ok", usage=ONE), name="m"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: model.complete(ASK), range(40)))

    assert model.name == "m"
    assert model.usage == Usage(calls=40, prompt_tokens=400, completion_tokens=200, cost_usd=20.0)


def test_a_failed_call_is_raised_and_counts_nothing() -> None:
    model = MeteredModel(ScriptedModel([ProviderError("Overloaded.")]))

    with pytest.raises(ProviderError, match="Overloaded"):
        model.complete(ASK)

    assert model.usage == Usage()
