"""The model that the meta-agent is given where an effort is set."""

from autoloop.gateway import EffortModel
from autoloop.gateway.upstream.litellm_model import LitellmModel
from autoloop.ports import PricedModel
from autoloop.records import ChatRequest, Message
from autoloop.testing.models import ScriptedModel, reply

ASKED = ChatRequest(messages=(Message(role="user", content="Go"),))


def test_a_request_without_an_effort_asks_for_the_one_that_is_set() -> None:
    model = ScriptedModel([reply("ok")])

    EffortModel(model, "high").complete(ASKED)

    assert model.requests[0].effort == "high"


def test_it_costs_what_the_model_behind_it_costs() -> None:
    priced = LitellmModel("gpt-4o")

    effort = EffortModel(priced, "low")

    assert isinstance(effort, PricedModel)
    assert effort.rates == priced.rates
    assert effort.rates is not None
    assert EffortModel(ScriptedModel([]), "low").rates is None
