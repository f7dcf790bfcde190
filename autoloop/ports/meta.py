"""The meta-agent and what the loop lays on its desk."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from autoloop.ports.traces import Trace
from autoloop.records import (
    ChangeKind,
    FailureReport,
    Feedback,
    Finding,
    Interval,
    PredictionRecord,
    Proposal,
    Review,
    Usage,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskStanding:
    """One train task on the scoreboard."""

    task: str
    family: str
    passes: int
    attempts: int
    mean_reward: float
    low: float = 0.0
    """Where the share of passes truly lies, with 95 %: from here"""
    high: float = 1.0
    """to here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceSummary:
    """One train trial that the meta-agent may open."""

    trial: str
    task: str
    step: int
    agent: str
    """`incumbent`, `step N` for another edit (0: the baseline), `steps N+M` for several edits under
    test at once, or `spot check in step N`."""
    reward: float
    outcome: str
    failure: str
    """Empty when nothing went wrong with the run of the agent itself."""
    model_calls: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierStep:
    """What the meta-agent may know of another step: nothing that a hidden task had a part in."""

    index: int
    decision: str
    """Of its verdict; `open` while there is none."""
    title: str = ""
    hypothesis: str = ""
    expected: str = ""
    train_gain: float | None = None
    """Mean difference of rewards on train tasks, where the rule names one."""
    train_p_value: float | None = None
    review: Review | None = None
    kind: ChangeKind | None = None
    """What of the agent it changed, where its author said so."""
    lesson: str = ""
    """Why there was nothing to try, or what was predicted and what happened on train tasks."""
    remark: str = ""
    """What the meta-agent said afterwards that it learnt."""
    alternative_of: int | None = None
    """Step that tested the same hypothesis first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpotResult:
    """How an edit did on one train task of a spot check."""

    task: str
    outcome: str
    reward: float
    failure: str = ""
    """Empty when nothing went wrong with the run of the agent itself."""
    feedback: Feedback = field(default_factory=Feedback)


class Approach(StrEnum):
    """What kind of edit a step is asked for."""

    FREE = "free"
    """Whatever the meta-agent finds best."""
    OTHER_KIND = "other-kind"
    """Another kind of change than those tried since the last kept edit."""
    SIMPLIFY = "simplify"
    MERGE = "merge"
    """Two promising edits that were not kept, together."""
    SMALL = "small"
    """A small safe edit, since conversations led to nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What the steps so far ask of the next one."""

    approach: Approach = Approach.FREE
    fruitless: int = 0
    """Steps in a row, up to now, whose edits were not kept."""
    kinds: tuple[ChangeKind, ...] = ()
    """Kinds of change tried in them."""
    merge: tuple[int, ...] = ()
    """Steps whose edits to put together, for `MERGE`."""
    empty: int = 0
    """Conversations in a row, up to now, that led to nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """The most that further model calls of a step may take; None: there is no limit."""

    tokens: int | None = None
    usd: float | None = None


class StepDesk(Protocol):
    """What the loop lays on the meta-agent's desk for one step: train split only.

    Whatever it hands out is a record made for the purpose, never one of the run's own: what is not
    named here cannot leave.
    """

    @property
    def step(self) -> int:
        """Index of the step."""

    @property
    def directive(self) -> str:
        """program.md below its front matter."""

    @property
    def source(self) -> str:
        """The agent.py to write on: the incumbent's, or one with edits under test in it."""

    @property
    def budget_left(self) -> str:
        """What is left of the run's budget, in words."""

    @property
    def rebase(self) -> str:
        """The diffs of the step's edit and of what was kept meanwhile, when they do not merge.

        The edit is to be made anew then. Empty otherwise.
        """

    @property
    def course(self) -> Course:
        """What the steps so far ask of this one."""

    def scoreboard(self) -> tuple[TaskStanding, ...]:
        """How the incumbent stands on each train task."""

    def score(self) -> Interval | None:
        """The incumbent's mean reward over train tasks, with its interval; None before trials."""

    def predictions(self) -> PredictionRecord:
        """What was predicted of earlier edits, against their verdicts and train trials."""

    def history(self) -> tuple[EarlierStep, ...]:
        """Other steps, finished or under test, oldest first."""

    def diff(self, step: int) -> str:
        """Unified diff of an earlier step; raises KeyError for an unknown one."""

    def traces(self) -> tuple[TraceSummary, ...]:
        """Train trials of the incumbent and of earlier edits, newest first."""

    def trace(self, trial: str) -> str:
        """The trial's transcript as text, complete; raises KeyError unless `traces` lists it."""

    def open_trace(self, trial: str) -> Trace:
        """The same to be read piece by piece; raises KeyError unless `traces` lists the trial."""

    def failures(self, trials: Sequence[str]) -> FailureReport:
        """What the failed ones of some trials have in common; KeyError unless all are listed."""

    def feedback(self, trial: str) -> Feedback:
        """What may be told of the verifier's output; raises KeyError unless `traces` lists it."""

    def check(self, source: str) -> tuple[Finding, ...]:
        """What speaks against an edit: the guards, and equal or nearly equal earlier ones."""

    def spot_check(self, source: str, tasks: Sequence[str]) -> tuple[SpotResult, ...]:
        """Run an edit once on a few train tasks, charged to the budget; KeyError if not train."""

    def check_stop(self) -> None:
        """Raise if somebody asked the run to end; who works on a step for long asks often."""

    def notebook(self) -> str:
        """Notes of earlier steps."""

    def write_notebook(self, text: str) -> None:
        """Replace the notes."""

    def charge(self, usage: Usage) -> None:
        """Count what this step's conversation has taken so far; durable when it returns.

        To be called after every model call, with what all of them took.

        Raises:
            UserError: the budget is in money, and the price is not known.
        """

    def may_ask(self, expected: Usage) -> str:
        """Why no further model call is paid for, in words without figures; empty if one is.

        `expected` is about what it will take: it must fit, too.
        """

    def allowance(self) -> Allowance:
        """The most that is still paid for, roughly and never too much, for who meters calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalOutcome:
    """What a conversation of the meta-agent led to."""

    proposal: Proposal | None
    reason: str = ""
    """Why there is no proposal."""
    usage: Usage = field(default_factory=Usage)
    prompts: str = ""
    """Which prompts it was made with."""


class Proposer(Protocol):
    """The meta-agent."""

    def propose(self, desk: StepDesk) -> ProposalOutcome:
        """Think about one step and submit an edit that no guard blocks, or say why not.

        Raises:
            ModelError: the provider refuses for good.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewCase:
    """An edit as its reviewer sees it."""

    step: int
    proposal: Proposal
    before: str
    """The agent.py that it was written on."""
    tasks: tuple[str, ...]
    """Names of the train tasks: the only ones it can be made for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewOutcome:
    """What a reviewer was paid for."""

    review: Review
    usage: Usage = field(default_factory=Usage)


class Reviewer(Protocol):
    """Somebody else than who made the edit, in a context of its own."""

    def review(self, case: ReviewCase) -> ReviewOutcome:
        """Whether the edit is worthwhile in general; `unsure` where the answer makes no sense.

        Raises:
            ModelError: the provider refuses for good.
            InfraError: the provider fails in a way that may pass.
        """
