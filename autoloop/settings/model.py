"""Every setting with its default, its meaning and its range."""

from typing import Annotated, Literal

from pydantic import (
    Field,
    JsonValue,
    field_validator,
    model_validator,
)

from autoloop.records import SYSTEM_PATHS, Budget, Objective, Quota, Timeouts, TrialRules
from autoloop.settings.models import ModelSettings
from autoloop.settings.values import (
    Amount,
    AmountLimit,
    Count,
    CountLimit,
    Factor,
    FactorOrNone,
    Model,
    Part,
    Patterns,
    SecondsLimit,
    Seed,
    Table,
    Text,
)


class MetaSettings(Table):
    """What a conversation of the meta-agent may take, and when it is asked for something else."""

    turns: Annotated[Count, Field(description="a whole number of at least 1")] = 40
    """Answers of the model in one step."""
    tokens: Annotated[Count, Field(description="a whole number of at least 1")] = 1_500_000
    """Tokens of one step."""
    share: Annotated[
        float, Field(gt=0.0, le=1.0, description="a number above 0 and at most 1 such as 0.25")
    ] = 0.25
    """Of what is left of the run's tokens and money, what one step's conversation may take."""
    spot_checks: Annotated[int, Field(ge=0, description="a whole number of at least 0")] = 3
    """Spot checks of one step."""
    alternatives: Annotated[int, Field(ge=0, description="a whole number of at least 0")] = 2
    """Other edits for the same hypothesis that a submission may carry."""
    plateau: Annotated[Count, Field(description="a whole number of at least 1")] = 4
    """Steps without a kept edit after which another kind of change is asked for."""
    context_tokens: Annotated[
        Count | None, Field(description="a whole number of at least 1, or null for what is known")
    ] = None
    """What the model can read at once; null: as the price table says, else 64,000."""


class SplitSettings(Table):
    """How tasks are divided: three shares that add up to 1, or lists of name patterns."""

    train: Part = 0.5
    validation: Part = 0.25
    holdout: Part = 0.25
    seed: Seed = 0

    @model_validator(mode="after")
    def _shares_add_up(self) -> "SplitSettings":
        shares = [s for s in (self.train, self.validation, self.holdout) if isinstance(s, float)]
        if len(shares) == 3 and abs(sum(shares) - 1.0) > 1e-6:
            raise ValueError(f"train, validation and holdout must add up to 1, not {sum(shares):g}")
        return self


class BudgetSettings(Table):
    """Limits of one climb; null is no limit. The first that is reached ends it."""

    hours: AmountLimit = 24.0
    usd: AmountLimit = None
    tokens: CountLimit = None
    trials: CountLimit = None
    steps: CountLimit = None

    def record(self) -> Budget:
        """The limits as the loop knows them."""
        return Budget(**self.model_dump())


class TrialSettings(Table):
    """What one trial may take; null is no limit."""

    calls: CountLimit = 100
    tokens: CountLimit = 1_000_000
    usd: AmountLimit = None
    timeout_s: Annotated[Amount, Field(description="a number of seconds above 0")] = 3600.0
    """Seconds for the agent where the task itself sets no limit."""
    disk_mb: Annotated[Count, Field(description="a whole number of megabytes")] = 10_240
    """Written in a task's container, where the task itself says nothing in `storage_mb`."""
    files: Annotated[Count, Field(description="a whole number of at least 1")] = 200_000
    """Files and folders made or changed in a task's container."""

    def quota(self) -> Quota:
        """The limits as the gateway knows them."""
        return Quota(calls=self.calls, tokens=self.tokens, usd=self.usd)


class TimeoutSettings(Table):
    """How the tasks' own time limits are changed: `min(own, maximum) * multiplier`."""

    multiplier: Factor = 1.0
    agent_multiplier: FactorOrNone = None
    verifier_multiplier: FactorOrNone = None
    build_multiplier: FactorOrNone = None
    max_agent_s: SecondsLimit = None
    max_verifier_s: SecondsLimit = None
    max_build_s: SecondsLimit = None

    def record(self) -> Timeouts:
        """The same as trials know it."""
        return Timeouts(**self.model_dump())


class FinalSettings(Table):
    """The final table."""

    attempts: Annotated[Count, Field(description="a whole number of at least 1")] = 3
    """Fresh trials per holdout task, for baseline and best each."""


class HoldoutSettings(Table):
    """Looks at the holdout during a run; set before it begins, and not changed afterwards."""

    looks: Annotated[int, Field(ge=0, description="a whole number of at least 0")] = 0
    """How many; 0 keeps it sealed until the end."""
    attempts: Annotated[Count, Field(description="a whole number of at least 1")] = 1
    """Trials per holdout task of a look, for baseline and best each."""
    answers: Annotated[
        Literal["thresholdout", "ladder"], Field(description="thresholdout or ladder")
    ] = "thresholdout"
    """How an answer is protected."""


class ObjectiveSettings(Table):
    """What counts besides the reward."""

    second: Annotated[Literal["none", "cost", "time"], Field(description="none, cost or time")] = (
        "none"
    )
    """What an edit that is as good must save to be kept: dollars or seconds of a trial."""
    margin: Annotated[
        float, Field(gt=0.0, lt=1.0, description="a number above 0 and below 1 such as 0.02")
    ] = 0.02
    """As good: a greater loss of mean reward than this is unlikely."""

    def record(self) -> Objective:
        """The same as strategies know it."""
        return Objective(second=self.second, margin=self.margin)


class GuardSettings(Table):
    """Who looks at edits besides the rules."""

    reviewer: Annotated[
        Literal["advise", "block", "off"], Field(description="advise, block or off")
    ] = "advise"
    """Whether a model that did not make an edit is asked about it, and whether its no binds."""
    reviewer_model: Model = "same"
    """`same`: the meta-agent's model."""
    variants: Annotated[Count, Field(description="a whole number of at least 1")] = 5
    """Edits of one run that differ in constants alone."""

    judge: Annotated[
        str, Field(min_length=1, description="a model's name such as 'openai/gpt-5', or none")
    ] = "none"
    """Model that is asked for its opinion of each kept edit; it is advice, and no verdict."""

    @field_validator("judge")
    @classmethod
    def _refuse_the_stand_in(cls, judge: str) -> str:
        if judge == "offline":
            raise ValueError("the built-in stand-in has no opinion")
        return judge


class Settings(Table):
    """All settings of a project. Working defaults everywhere: an empty front matter climbs."""

    models: ModelSettings = ModelSettings()
    meta: MetaSettings = MetaSettings()
    splits: SplitSettings = SplitSettings()
    budget: BudgetSettings = BudgetSettings()
    trial: TrialSettings = TrialSettings()
    final: FinalSettings = FinalSettings()
    holdout: HoldoutSettings = HoldoutSettings()
    workers: Annotated[
        Count | Literal["auto"], Field(description="auto, or a whole number of at least 1")
    ] = "auto"
    """Trials at once; `auto`: two for each processor."""
    strategy: Annotated[
        Literal["auto", "climb", "race", "pareto", "factorial", "adaptive"],
        Field(description="auto, climb, race, pareto, factorial or adaptive"),
    ] = "auto"
    """How many edits are under test at once, and how trials are shared out among them."""
    rule: Annotated[
        Literal["bayes", "paired", "passed"], Field(description="bayes, paired or passed")
    ] = "bayes"
    """How an edit is judged where one is under test at a time."""
    seed: Seed = 0
    """Seed of everything that is drawn by chance, splits apart."""
    tasks: Annotated[
        Literal["auto", "strict", "skip"],
        Field(description="auto, strict or skip; 'tasks_folder' is what names the folder of tasks"),
    ] = "auto"
    """What becomes of the others when a task cannot be used: `strict` stops before anything runs,
    `skip` goes on without it; `auto` is strict for a climb, skip for an evaluation."""
    tasks_folder: Annotated[
        Text, Field(description="a folder in the project, or another source of tasks")
    ] = "tasks"
    """Where the tasks are: a folder relative to the project, or what `open_dataset` takes."""
    reward: Annotated[Text, Field(description="auto, mean, or a key of the tasks' reward.json")] = (
        "auto"
    )
    """The number that counts: `reward` if present, else the mean; the mean; or a key."""
    objective: ObjectiveSettings = ObjectiveSettings()
    guards: GuardSettings = GuardSettings()
    simplify: Annotated[bool, Field(strict=True, description="true or false")] = True
    """Whether kept edits are taken back on trial when nothing new helps."""
    harbor_quirks: Annotated[bool, Field(strict=True, description="true or false")] = False
    """Count as Harbor does where autoloop is stricter."""
    services: Annotated[Literal["end", "keep"], Field(description="end or keep")] = "end"
    """What becomes of processes that the agent left running when the tests begin."""
    verification: Annotated[Literal["fresh", "shared"], Field(description="fresh or shared")] = (
        "fresh"
    )
    """Where tests run: in a new container with what the agent left, or where it worked."""
    system_paths: Annotated[
        Patterns | None,
        Field(description="a list of paths such as ['/usr', '*/site-packages'], or null"),
    ] = None
    """What is not carried into a new container, and is looked at for tampering; null: the list of
    docs/security.md."""
    feedback: Annotated[
        Literal["score", "checks", "full"], Field(description="score, checks or full")
    ] = "checks"
    """What the meta-agent is told of the verifier's output on train tasks, besides the reward."""
    timeouts: TimeoutSettings = TimeoutSettings()
    reuse: Annotated[bool, Field(strict=True, description="true or false")] = True
    """Whether trials that earlier runs have paid for stand for trials of this one."""
    agent_folder: Annotated[
        Text, Field(description="a folder in the project that has a Dockerfile")
    ] = "sandboxes/agent"
    """Folder of the image that agent.py runs in, relative to the project."""
    engine: Annotated[Literal["docker", "harbor"], Field(description="docker or harbor")] = "docker"
    """Where tasks run: the local engine, or one of Harbor's environments."""
    environment: Annotated[
        Text, Field(description="a Harbor environment such as daytona, or 'package.module:Class'")
    ] = "docker"
    """Harbor environment, for `engine: harbor`."""
    environment_options: Annotated[
        dict[str, JsonValue],
        Field(description="its options as 'key: value' lines below it"),
    ] = {}
    """Options that the Harbor environment takes."""
    min_free_gb: AmountLimit = 2.0
    """With less than this on a disk that trials write to, none is started."""

    def rules(self) -> TrialRules:
        """How every trial is run and counted."""
        return TrialRules(
            reward=self.reward,
            default_timeout_s=self.trial.timeout_s,
            timeouts=self.timeouts.record(),
            services=self.services,
            verification=self.verification,
            system_paths=self.system_paths or SYSTEM_PATHS,
            disk_mb=self.trial.disk_mb,
            harbor_quirks=self.harbor_quirks,
        )
