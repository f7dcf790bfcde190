"""Every setting with its default, its meaning and its range."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from autoloop.records import Budget, Quota

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Patterns = Annotated[tuple[str, ...], Field(min_length=1)]
Positive = Annotated[float, Field(gt=0.0)]
Count = Annotated[int, Field(ge=1)]


class _Table(BaseModel):
    """Base of all tables: frozen, and a key that is not known is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ModelSettings(_Table):
    """Which language models are asked, by litellm's names."""

    task: Annotated[str, Field(min_length=1)] = "auto"
    """`auto`: the provider whose key is set, else `offline`."""
    meta: Annotated[str, Field(min_length=1)] = "same"
    """`same`: the task model."""


class SplitSettings(_Table):
    """How tasks are divided: three shares that add up to 1, or lists of name patterns."""

    train: Share | Patterns = 0.5
    validation: Share | Patterns = 0.25
    holdout: Share | Patterns = 0.25
    seed: int = 0

    @model_validator(mode="after")
    def _shares_add_up(self) -> "SplitSettings":
        shares = [s for s in (self.train, self.validation, self.holdout) if isinstance(s, float)]
        if len(shares) == 3 and abs(sum(shares) - 1.0) > 1e-6:
            raise ValueError(f"train, validation and holdout must add up to 1, not {sum(shares):g}")
        return self


class BudgetSettings(_Table):
    """Limits of one climb; null is no limit. The first that is reached ends it."""

    hours: Positive | None = 24.0
    usd: Positive | None = None
    tokens: Count | None = None
    trials: Count | None = None
    steps: Count | None = None

    def record(self) -> Budget:
        """The limits as the loop knows them."""
        return Budget(**self.model_dump())


class TrialSettings(_Table):
    """What one trial may take from the gateway; null is no limit."""

    calls: Count | None = 100
    tokens: Count | None = 1_000_000
    usd: Positive | None = None
    timeout_s: Positive = 3600.0
    """Seconds for the agent where the task itself sets no limit."""

    def quota(self) -> Quota:
        """The limits as the gateway knows them."""
        return Quota(calls=self.calls, tokens=self.tokens, usd=self.usd)


class FinalSettings(_Table):
    """The final table."""

    attempts: Count = 3
    """Fresh trials per holdout task, for baseline and best each."""


class Settings(_Table):
    """All settings of a project. Working defaults everywhere: an empty front matter climbs."""

    models: ModelSettings = ModelSettings()
    splits: SplitSettings = SplitSettings()
    budget: BudgetSettings = BudgetSettings()
    trial: TrialSettings = TrialSettings()
    final: FinalSettings = FinalSettings()
    workers: Count | Literal["auto"] = "auto"
    """Trials at once; `auto`: two for each processor."""
    rule: Literal["paired", "passed"] = "paired"
    """How an edit is judged."""
    seed: int = 0
    """Seed of everything that is drawn by chance, splits apart."""
    tasks: Annotated[str, Field(min_length=1)] = "tasks"
    """Folder of the tasks, relative to the project."""
