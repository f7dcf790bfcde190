"""What the calls on a project give back. Light to import, unlike what computes them."""

from dataclasses import dataclass
from pathlib import Path

from autoloop.errors import SettingsError
from autoloop.records import Decision, JsonValue, Run, Split, Step, Task, TrialResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How a run stands."""

    run: Run
    alive: bool
    """A process is working on it now."""
    trials: int
    """Counted ones; invalid ones come on top."""
    invalid_trials: int
    tokens: int
    cost_usd: float | None
    steps: tuple[Step, ...]

    def decided(self, decision: Decision) -> int:
        """How many finished steps ended so."""
        return sum(s.verdict is not None and s.verdict.decision is decision for s in self.steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    """A step with its diff."""

    step: Step
    diff: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialView:
    """A trial with its trace as text."""

    trial: TrialResult
    folder: Path
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalWish:
    """What is to be evaluated."""

    agent: str = ""
    """`oracle`, `nop`, or the path of an agent.py; empty is the project's own."""
    tasks: Path | None = None
    """Folder of tasks; None is the project's."""
    split: Split | None = None
    attempts: int = 1
    workers: int | None = None

    def __post_init__(self) -> None:
        for name, count in (("attempts", self.attempts), ("workers", self.workers)):
            if count is not None and count < 1:
                raise SettingsError(f"{name!r} is {count!r}: write a whole number of at least 1.")


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
    stopped: bool = False
    """Ended early because somebody asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskProof:
    """Whether a task is sound: its solution scores 1, doing nothing scores 0."""

    task: str
    oracle: float | None
    """Reward of the solution; None when it could not be run."""
    nop: float | None
    problem: str = ""

    @property
    def sound(self) -> bool:
        """Whether the task can be used."""
        return self.oracle == 1.0 and self.nop == 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkup:
    """One thing that `doctor` looked at."""

    subject: str
    fine: bool
    remark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    """What `gc` removed."""

    containers: int
    runs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Best:
    """The incumbent of a run."""

    commit: str
    source: str
    """Text of its agent.py."""
