"""What the calls on a project give back. Light to import, unlike what computes them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from autoloop.app.look_log import Look
from autoloop.records import (
    Audit,
    Decision,
    FailureReport,
    Flags,
    JsonValue,
    PredictionRecord,
    RuleSeen,
    Run,
    ScoredStep,
    SelectionGap,
    Step,
    Task,
    TaskProblem,
    TrialResult,
    Worthless,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How a run stands."""

    run: Run
    alive: bool
    """A process is working on it now."""
    trials: int
    """Counted ones; invalid ones come on top."""
    invalid_trials: int
    reused_trials: int
    """Counted ones that another run had paid for."""
    tokens: int
    cost_usd: float | None
    steps: tuple[Step, ...]
    worthless: Worthless
    """Kept edits that are expected to be of no use."""
    flags: Flags = field(default_factory=Flags)
    """Trials that are not clean."""
    audit: Audit | None = None
    """Of the candidates that were kept; None: there is none yet."""
    selection_gap: SelectionGap | None = None
    """Reported (selection) score minus holdout score, once there is a final table."""
    looks: tuple[Look, ...] = ()
    """At the holdout, while the run was not finished."""
    verdict_queries: int = 0
    """Verdicts that validation had a part in."""
    notes: tuple[str, ...] = ()
    """The last six in sentences."""

    def decided(self, decision: Decision) -> int:
        """How many finished steps ended so."""
        return sum(s.verdict is not None and s.verdict.decision is decision for s in self.steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictions:
    """What the meta-agent predicted of its edits, against verdicts and train trials."""

    record: PredictionRecord
    steps: tuple[ScoredStep, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    """A step with its diff."""

    step: Step
    diff: str
    flags: Flags = field(default_factory=Flags)
    """Of the trials that the step asked for, those that are not clean."""
    findings: tuple[RuleSeen, ...] = ()
    """What was found in these trials."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialView:
    """A trial with its trace as text."""

    trial: TrialResult
    folder: Path
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What an evaluation gave."""

    folder: Path
    agent: str
    model: str
    tasks: tuple[Task, ...]
    trials: tuple[TrialResult, ...]
    """Counted ones first; invalid ones are listed for the record."""
    wall_s: float
    summary: dict[str, JsonValue]
    """Score with interval, success rate, tokens, cost and per-task results, as JSON."""
    problems: tuple[TaskProblem, ...] = ()
    """Tasks that were left out, and why."""
    build_s: Mapping[str, float] = field(default_factory=dict)
    """Seconds that each task's images took to build or to find."""
    stopped: bool = False
    """Ended early because somebody asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastResult:
    """How the agent that was last tried on a task did on it."""

    run: str
    """Climb or evaluation it was tried in."""
    mean: float
    trials: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskProof:
    """Whether a task is sound: its solution scores 1 every time, doing nothing scores 0."""

    task: str
    oracle: float | None
    """Mean reward of the solution; None when it could not be run."""
    nop: float | None
    problem: str = ""
    oracle_rewards: tuple[float, ...] = ()
    """One for each run of the solution."""
    build_s: float | None = None
    """Seconds that its images took to build, or to find; None where they do not build."""
    image_mb: float | None = None
    """Size of its image; None where it is not known."""
    trial_s: float | None = None
    """Mean seconds of a trial of the solution."""
    offline: bool | None = None
    """Whether its image builds without network; None where that was not tried."""
    same_in_harbor: bool | None = None
    """Whether the solution is rewarded alike in Harbor; None where that was not found out."""
    harbor_remark: str = ""
    """What Harbor gave, or why it gave nothing."""
    fresh: float | None = None
    """Mean reward of the solution where its tests run in a new container; None: they cannot."""
    shared: float | None = None
    """The same where they run in the solution's own."""
    verification: Literal["fresh", "shared", "separate", ""] = ""
    """Where the tests of this task run."""

    @property
    def remark(self) -> str:
        """What to do about where its tests run; empty where all is well."""
        if self.verification == "fresh" and (self.shared or 0.0) > (self.fresh or 0.0):
            return (
                f"its solution scores {self.fresh or 0.0:g} in a new container and"
                f" {self.shared:g} in its own: write verification = 'shared' under"
                " [metadata.autoloop] of task.toml"
            )
        if self.verification == "shared" and self.fresh is not None and self.fresh == self.shared:
            return "its solution scores the same in a new container: leave verification out"
        return ""

    @property
    def flaky(self) -> bool:
        """Whether the same solution was rewarded differently."""
        return len(set(self.oracle_rewards)) > 1

    @property
    def sound(self) -> bool:
        """Whether the task can be used."""
        alike = not self.flaky and self.same_in_harbor is not False
        return self.oracle == 1.0 and self.nop == 0.0 and alike


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkup:
    """One thing that `doctor` looked at."""

    subject: str
    fine: bool
    remark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCheck:
    """What one small call to a model showed."""

    role: Literal["task", "meta", "task and meta"]
    model: str
    way: str
    """By which SDK and format it is asked."""
    problem: str = ""
    """A sentence: why it cannot be asked."""
    may_pass: bool = False
    """Whether the problem is the provider's or the network's, and may be gone later."""
    seconds: float | None = None
    """From the question to the end of the answer."""
    tools: bool | None = None
    """None, here as below: not known."""
    caching: bool | None = None
    thinking: bool | None = None
    input_usd: float | None = None
    """For a million tokens, as the other prices."""
    output_usd: float | None = None
    cached_usd: float | None = None
    written_usd: float | None = None
    price_source: str = "unknown"
    cost_usd: float | None = None
    """What this call cost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    """What `gc` removed."""

    containers: int
    runs: tuple[str, ...]
    images: int = 0
    freed_bytes: int = 0
    """Room that the images took."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Best:
    """The incumbent of a run."""

    commit: str
    source: str
    """Text of its agent.py."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failures:
    """What the failed train trials of a run have in common."""

    run: str
    agents: Literal["best", "all"]
    """Whose trials they are."""
    report: FailureReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Redecided:
    """One verdict as it was recorded, and as it falls again."""

    step: int
    title: str
    recorded: str
    replayed: str | None
    """None: on what was seen then, it would not have fallen yet."""
    same: bool
    """Whether decision and numbers are the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """All verdicts of a run, asked for again."""

    run: str
    strategy: str
    verdicts: tuple[Redecided, ...]

    @property
    def same(self) -> bool:
        """Whether all of them are the same."""
        return all(verdict.same for verdict in self.verdicts)
