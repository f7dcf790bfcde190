"""The meta-agent and what the loop lays on its desk."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from autoloop.records import Feedback, Finding, Proposal, Review, Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskStanding:
    """One train task on the scoreboard."""

    task: str
    family: str
    passes: int
    attempts: int
    mean_reward: float


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
    reason: str = ""
    """Why, in words that say nothing of hidden tasks."""
    title: str = ""
    hypothesis: str = ""
    expected: str = ""
    train_gain: float | None = None
    """Mean difference of rewards on train tasks, where the rule names one."""
    train_p_value: float | None = None
    review: Review | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpotResult:
    """How an edit did on one train task of a spot check."""

    task: str
    outcome: str
    reward: float
    failure: str = ""
    """Empty when nothing went wrong with the run of the agent itself."""
    feedback: Feedback = field(default_factory=Feedback)


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

    def scoreboard(self) -> tuple[TaskStanding, ...]:
        """How the incumbent stands on each train task."""

    def history(self) -> tuple[EarlierStep, ...]:
        """Other steps, finished or under test, oldest first."""

    def diff(self, step: int) -> str:
        """Unified diff of an earlier step; raises KeyError for an unknown one."""

    def traces(self) -> tuple[TraceSummary, ...]:
        """Train trials of the incumbent and of earlier edits, newest first."""

    def trace(self, trial: str) -> str:
        """The trial's transcript as text, complete; raises KeyError unless `traces` lists it."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalOutcome:
    """What a conversation of the meta-agent led to."""

    proposal: Proposal | None
    reason: str = ""
    """Why there is no proposal."""
    usage: Usage = field(default_factory=Usage)


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
