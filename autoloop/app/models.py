"""Builds models of real providers, each by the SDK that its name stands for."""

from collections.abc import Mapping

from autoloop.gateway.choose import Way, way_of
from autoloop.gateway.upstream.facts import ModelFacts, facts_of
from autoloop.gateway.upstream.prices import Price
from autoloop.gateway.upstream.retry import Patience
from autoloop.ports import ChatModel
from autoloop.settings import ModelSettings


def real_model(
    name: str, settings: ModelSettings, *, patience: Patience | None = None
) -> ChatModel:
    """The model of this name, at the address and with the price that the settings say.

    Raises:
        ModelError: no provider is known for the name.
    """
    facts = facts_by(name, settings)
    base = base_of(name, settings.api_base)
    way = way_of(name, endpoint=facts.endpoint)
    if way is Way.ANTHROPIC:
        from autoloop.gateway.upstream.anthropic_model import AnthropicModel

        return AnthropicModel(name, api_base=base, patience=patience, facts=facts)
    if way is Way.LITELLM:
        from autoloop.gateway.upstream.litellm_model import LitellmModel

        return LitellmModel(name, api_base=base, patience=patience, facts=facts)
    from autoloop.gateway.upstream.openai_model import OpenAIChatModel, OpenAIResponsesModel

    kind = OpenAIResponsesModel if way is Way.RESPONSES else OpenAIChatModel
    return kind(name, api_base=base, patience=patience, facts=facts)


def facts_by(name: str, settings: ModelSettings) -> ModelFacts:
    """What is known of a model, with the price that the settings have for it."""
    own = settings.prices.get(name)
    return facts_of(name, price=Price(**own.model_dump()) if own else None)


def base_of(name: str, bases: Mapping[str, str]) -> str | None:
    """The address that settings have for a model: by its whole name, else by its provider."""
    return bases.get(name) or bases.get(name.partition("/")[0])
