"""What an observer is told while a run goes on. Progress, log and report hang on these alone."""

from collections.abc import Mapping
from dataclasses import dataclass

from autoloop.records.steps import Chance, Run, Step
from autoloop.records.trials import TrialRequest, TrialResult


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted:
    """A run begins or goes on."""

    run: Run
    resumed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPrepared:
    """The images of a task are there, or cannot be; trials begin when all tasks are prepared."""

    task: str
    done: int
    """Tasks that are prepared by now."""
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStarted:
    """The meta-agent begins to think about the next edit."""

    step: Step


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalMade:
    """An edit was submitted and is about to be evaluated."""

    step: Step


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialStarted:
    """A trial was handed to a worker."""

    request: TrialRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialFinished:
    """A trial ended and is recorded."""

    result: TrialResult
    reused: bool = False
    """It was paid for earlier and only read back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChancesChanged:
    """More is known of the edits under test, or of others than before."""

    chances: Mapping[int, Chance]
    """By step; edits of which nothing is known are left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFinished:
    """The verdict is recorded and git tells the same story."""

    step: Step


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalStarted:
    """The sealed holdout is opened for the final table."""

    trials: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFinished:
    """The run stopped; `run.stop_reason` says why."""

    run: Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something a person should know, as a sentence."""

    text: str


Event = (
    RunStarted
    | TaskPrepared
    | StepStarted
    | ProposalMade
    | TrialStarted
    | TrialFinished
    | ChancesChanged
    | StepFinished
    | FinalStarted
    | RunFinished
    | Notice
)
