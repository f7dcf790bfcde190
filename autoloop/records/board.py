"""What a strategy sees of a run, and what it answers. A verdict is a pure function of a board."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from autoloop.records.rulings import OpenEdit
from autoloop.records.steps import Verdict
from autoloop.records.tasks import Split
from autoloop.records.trials import Version


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Observation:
    """One finished trial as a strategy sees it. Invalid trials never become one.

    Compared by identity, so that strategies can remember cheaply what they have worked out.
    """

    version: Version
    task: str
    split: Split
    attempt: int
    reward: float
    cost: float | None = None
    """What the objective looks at second, dollars or seconds; None where it is not known."""
    tampered: bool = False
    """Whether the agent tried to get at the score; then the reward is 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A wish for one trial."""

    version: Version
    task: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedEdit:
    """An edit whose verdict has fallen."""

    step: int
    opened: int
    closed: int
    """Observations there were when its verdict fell."""
    kept: bool
    numbers: Mapping[str, float] = field(default_factory=dict)
    """Those of its verdict."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Board:
    """All a strategy may know."""

    train: tuple[str, ...]
    validation: tuple[str, ...]
    observations: tuple[Observation, ...]
    """Every counted trial of the search on visible tasks, in the order they were recorded."""
    open: tuple[OpenEdit, ...] = ()
    """Edits under test by step."""
    closed: tuple[ClosedEdit, ...] = ()
    """Earlier edits by step."""
    base: int = 0
    """Step that made the incumbent."""
    incumbent_size: int = 0
    """Syntax-tree nodes of its agent.py."""
    pending: tuple[Order, ...] = ()
    """Trials that were started and have not ended."""
    free: int = 1
    """Workers that could start at once."""
    may_propose: bool = True
    """False when no further step may begin."""
    exhausted: bool = False
    """True when no further trial can be paid for: every open edit must get its verdict."""
    seed: int = 0

    @property
    def visible(self) -> tuple[str, ...]:
        """Train tasks, then validation tasks."""
        return (*self.train, *self.validation)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A wish for another edit."""

    parents: tuple[int, ...] = ()
    """Open edits that the meta-agent is to build on; none: the incumbent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A strategy's answer. With nothing in it: wait for what is running."""

    verdicts: Mapping[int, Verdict] = field(default_factory=dict)
    """Steps whose verdict falls now; several kept ones land together, in order."""
    orders: tuple[Order, ...] = ()
    """Trials to start, no more than workers are free."""
    opening: Opening | None = None
    """Ask the meta-agent for another edit."""
    notice: str = ""
    """Something a person should know, such as a drift of the model."""
