"""What a run is made of: the ports it works through, and the plan it works by."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from queue import SimpleQueue

from autoloop.loop.reuse import Reuse
from autoloop.ports import (
    Auditor,
    Clock,
    Diagnosis,
    Engine,
    Estimator,
    Guard,
    Observer,
    Proposer,
    Reviewer,
    RunStore,
    Strategy,
    Trace,
    Workspace,
)
from autoloop.records import Budget, Feedback, Quota, Second, Split, Task, TrialResult


@dataclass(frozen=True, slots=True, kw_only=True)
class LabParts:
    """The ports that trials need."""

    engine: Engine
    store: RunStore
    observer: Observer
    retried: SimpleQueue[TrialResult] = field(default_factory=SimpleQueue)
    """Invalid trials that a worker runs again, put here by any thread: their cost counts."""
    reuse: Reuse | None = None
    """None: every trial is run here, and none is shared with other runs."""


def _nothing(trial: TrialResult) -> Feedback:
    del trial
    return Feedback()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts(LabParts):
    """Every port of a climb."""

    workspace: Workspace
    proposer: Proposer
    strategy: Strategy
    guard: Guard
    estimator: Estimator
    clock: Clock
    trace: Callable[[TrialResult], Trace]
    """Opens a recorded trace."""
    diagnosis: Diagnosis
    auditor: Auditor | None = None
    """None: nobody looks again at what was kept."""
    merge_guard: Guard | None = None
    """Looks at edits that are put together; None: `guard` does."""
    feedback: Callable[[TrialResult], Feedback] = _nothing
    """What may be told of a train trial's verifier."""
    reviewer: Reviewer | None = None
    """None: nobody but the guards looks at an edit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What does not change during a run."""

    tasks: Mapping[str, Task]
    splits: Mapping[str, Split]
    directive: str
    budget: Budget
    quota: Quota
    final_attempts: int
    seed: int
    simplify: bool = True
    """Whether kept edits are taken back on trial when nothing new helps."""
    second: Second = "none"
    """What the objective looks at besides the reward."""
    variants: int | None = 5
    """Edits that may differ in constants alone; None: nothing is refused for being like another."""
    plateau: int = 4
    """Steps without a kept edit after which the meta-agent is asked for another kind of change."""
    talk_share: float = 0.25
    """Of what is left of tokens and money, what one conversation may take at most."""
    reviewer_binds: bool = False
    """Whether an edit is not tried that the reviewer calls not worthwhile."""

    def names(self, split: Split) -> tuple[str, ...]:
        """Tasks of a split, by name."""
        return tuple(sorted(name for name, own in self.splits.items() if own is split))

    @property
    def visible(self) -> tuple[str, ...]:
        """Tasks that verdicts rest on, train first."""
        return (*self.names(Split.TRAIN), *self.names(Split.VALIDATION))

    @property
    def holdout_trials(self) -> int:
        """Trials that the final table takes on the holdout."""
        return 2 * len(self.names(Split.HOLDOUT)) * self.final_attempts
