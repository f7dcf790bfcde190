"""Settings of language models, and of coding agents that are given one."""

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from autoloop.records import Quota
from autoloop.settings.values import (
    Amount,
    AmountLimit,
    CountLimit,
    Model,
    Patterns,
    Rate,
    RateOrNone,
    Table,
    Text,
)

NAME, PROGRAM = "<name>", "<program>"
"""Branches of a union, which are no part of a key."""


class PriceSettings(Table):
    """What a model costs, in US dollars for a million tokens."""

    input: Rate
    output: Rate
    cached: RateOrNone = None
    """Read from the provider's cache; null: as `input`."""
    written: RateOrNone = None
    """Written to the provider's cache; null: as `input`."""


class MetaProgramSettings(Table):
    """A coding agent in the place of the meta-agent, and its share of each step."""

    preset: Annotated[
        Literal["claude-code", "codex", "gemini-cli", "opencode"] | None,
        Field(description="claude-code, codex, gemini-cli or opencode"),
    ] = None
    command: Annotated[
        Patterns | None,
        Field(description="a list of words such as ['my-agent', '{prompt}'], or null"),
    ] = None
    """What is run in its container; null: as the preset has it."""
    env: Annotated[
        dict[str, str],
        Field(description="variables as 'NAME: text' lines below it"),
    ] = {}
    """Added to what the preset sets. No keys: there is nothing in there to use them on."""
    model: Model = "same"
    """The model that it gets, whatever it asks for; `same`: the task model."""
    minutes: Annotated[Amount, Field(description="a number of minutes above 0")] = 60.0
    """For one step; half a minute later everything in its container is ended."""
    calls: CountLimit = None
    tokens: CountLimit = 5_000_000
    usd: AmountLimit = None
    spot_checks: Annotated[int, Field(ge=0, description="a whole number of at least 0")] = 3

    @model_validator(mode="after")
    def _names_a_program(self) -> "MetaProgramSettings":
        if self.preset is None and self.command is None:
            raise ValueError("it names no program: write a preset, or a command as a list of words")
        return self

    def quota(self) -> Quota:
        """Its share of a step as the gateway knows it."""
        return Quota(calls=self.calls, tokens=self.tokens, usd=self.usd)


def _branch(value: object) -> str:
    """Which of the two stands where a model's name or a table may: one is complained of."""
    return PROGRAM if isinstance(value, dict | MetaProgramSettings) else NAME


class ModelSettings(Table):
    """Which language models are asked, by litellm's names."""

    task: Model = "auto"
    """`auto`: the provider whose key is set, else `offline`."""
    meta: Annotated[
        Annotated[Model, Tag(NAME)] | Annotated[MetaProgramSettings, Tag(PROGRAM)],
        Discriminator(_branch),
        Field(description="a model's name such as 'openai/gpt-5', 'same', or {preset: codex}"),
    ] = "same"
    """`same`: the task model; or a coding agent in the meta-agent's place."""
    meta_effort: Annotated[
        Literal["low", "medium", "high"] | None, Field(description="low, medium, high, or null")
    ] = None
    """How much the meta-agent's model is to think; null: as its provider has it."""
    api_base: Annotated[
        dict[str, Text],
        Field(description="addresses as 'provider: https://…' lines below it"),
    ] = {}
    """Where models are asked, by provider or by a model's whole name."""
    prices: Annotated[
        dict[str, PriceSettings],
        Field(
            description="'provider/model: {input: 3, output: 15}' lines below it",
        ),
    ] = {}
    """What models cost, where litellm's table does not know it or is wrong."""
    prompts: Annotated[
        Text | None, Field(description="a folder in the project, or null for 'prompts'")
    ] = None
    """Folder of the project's own prompts; null: `prompts` beside program.md, if it is there."""

    @property
    def meta_name(self) -> str:
        """The name of the meta-agent's model, whoever the meta-agent is."""
        return self.meta if isinstance(self.meta, str) else self.meta.model

    @property
    def program(self) -> MetaProgramSettings | None:
        """The coding agent in the meta-agent's place, if there is one."""
        return None if isinstance(self.meta, str) else self.meta
