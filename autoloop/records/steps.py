"""What a step of the loop produces: proposal, evidence, verdict; and the figures of a run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

from autoloop.records.chat import Usage
from autoloop.records.proposals import Proposal, Review
from autoloop.records.rulings import Ruling
from autoloop.records.tasks import Split

CONFLICT = "conflicts_with"
"""The number of a verdict that no strategy gave: the kept step that the edit does not go with."""
NARROW = "narrow"
"""The number of a verdict that says that the edit's train gain hangs on a single task."""


class Decision(StrEnum):
    """What becomes of an edit."""

    KEEP = "keep"
    REVERT = "revert"
    UNDECIDED = "undecided"
    """Not enough was seen to keep it; reverted, and said so."""
    EMPTY = "empty"
    """The meta-agent submitted nothing that could be evaluated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Why a candidate was kept or reverted, with the numbers behind it."""

    decision: Decision
    reason: str
    """A sentence a person understands."""
    numbers: Mapping[str, float] = field(default_factory=dict)
    """For example `train_gain`, `p_value`, `validation_gain`, `trials`."""


Second = Literal["none", "cost", "time"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """What counts besides the reward."""

    second: Second = "none"
    """`cost`: dollars, `time`: seconds of the agent, both per trial."""
    margin: float = 0.02
    """What saves some is kept when a greater loss of mean reward than this is unlikely (5 %)."""


class Side(StrEnum):
    """Whose trial a keep rule asks for."""

    CANDIDATE = "candidate"
    INCUMBENT = "incumbent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One trial as a keep rule sees it. Invalid trials never become one."""

    side: Side
    task: str
    split: Split
    attempt: int
    reward: float
    step: int = 0
    """Step of the run that it was run for; 0 is the baseline's first pass."""
    cost: float | None = None
    """What the objective looks at second, dollars or seconds; None where it is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Want:
    """A wish for more trials of one side on one task."""

    side: Side
    task: str
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A keep rule's answer while it cannot decide yet. Empty wants: wait for what is running."""

    wants: tuple[Want, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chapter:
    """An earlier step of the run, as a keep rule remembers it. Compared by identity."""

    step: int
    """0 is the baseline's first pass."""
    kept: bool
    scores: tuple[Score, ...]
    """Trials run for that step; the incumbent's are of what was incumbent then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """All earlier steps of a run in order."""

    chapters: tuple[Chapter, ...] = ()
    changed: int = 0
    """The first chapter that knows the task model as it is now; 0: the model never changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All a keep rule may know. A verdict is a pure function of it."""

    train: tuple[str, ...]
    validation: tuple[str, ...]
    scores: tuple[Score, ...]
    """Finished trials of both sides, in any order; the incumbent's from earlier steps too.

    Those from before a change of the task model are left out: pairs are fresh.
    """
    history: History = field(default_factory=History)
    """Everything the run has seen before this step."""
    pending: tuple[Want, ...] = ()
    """Trials that were asked for and have not ended."""
    free: int = 1
    """Workers that could start at once."""
    candidate_size: int = 0
    """Syntax-tree nodes of the candidate's agent.py."""
    incumbent_size: int = 0
    exhausted: bool = False
    """True when no further trial can be paid for: the rule must answer with a verdict."""
    step: int = 1
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A mean with its 95 % confidence interval. `n` counts tasks, the unit of resampling."""

    mean: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitScores:
    """Baseline against best on one split, and the paired difference."""

    baseline: Interval
    best: Interval
    gain: Interval


class Origin(StrEnum):
    """Who made a step's edit."""

    META = "meta"
    """The meta-agent."""
    ROLLBACK = "rollback"
    """The loop, which takes a kept edit back, to see whether it is missed."""
    SIMPLIFY = "simplify"
    """The loop, which leaves out part of a kept edit, to see whether it is missed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One round of the loop. Stored again at each stage; what is set says how far it came."""

    index: int
    """1, 2, 3, … within the run."""
    parent: str
    """Commit of the incumbent it started from, later of the one that it was moved to."""
    started_at: datetime
    origin: Origin = Origin.META
    base: int = 0
    """Step that made the incumbent it started from."""
    parents: tuple[int, ...] = ()
    """Steps under test that its edit was written on top of."""
    opened: int | None = None
    """Observations there were when its edit came under test."""
    decided: int | None = None
    """Observations there were when its verdict fell: with these it can be replayed."""
    ruling: Ruling | None = None
    """What else was known then; None until then, and in runs from before it was recorded."""
    proposal: Proposal | None = None
    review: Review | None = None
    """None: nobody was asked, or not yet."""
    candidate: str | None = None
    """Commit of the edit; None while nothing was submitted."""
    verdict: Verdict | None = None
    finished_at: datetime | None = None
    """Set once git tells the same story as the verdict."""
    lesson: str = ""
    """What was predicted and what happened, in words that say nothing of hidden tasks."""
    meta_usage: Usage = field(default_factory=Usage)
    """Of whoever made the edit, and of its reviewer."""
    open_usage: Usage = field(default_factory=Usage)
    """Of a conversation about it that has not ended; nothing once it has."""
    alternative_of: int | None = None
    """Step whose proposal carried this edit as another way to test the same hypothesis."""
    alternative: int = 0
    """Which of its alternatives this is, counted from 1."""
    prompts: str = ""
    """Which prompts the meta-agent had: whose they are, and a digest."""

    @property
    def usage(self) -> Usage:
        """All that was paid besides its trials."""
        return self.meta_usage + self.open_usage

    @property
    def asked_validation(self) -> bool:
        """Whether its verdict is one that a strategy gave: it tells a little of validation."""
        given = self.verdict
        is_empty = given is None or given.decision is Decision.EMPTY
        return given is not None and not is_empty and CONFLICT not in given.numbers


class StopReason(StrEnum):
    """Why a run stopped."""

    HOURS = "hours budget spent"
    STEPS = "steps budget spent"
    TRIALS = "trials budget spent"
    TOKENS = "tokens budget spent"
    USD = "money budget spent"
    ASKED = "stop was asked for"
    INTERRUPTED = "interrupted"
    NO_PROPOSALS = "the meta-agent submitted nothing several times in a row"
    INFRASTRUCTURE = "the machine failed repeatedly"
    MODEL = "the model provider refuses"


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Limits of a run; None is no limit."""

    hours: float | None = 24.0
    steps: int | None = None
    trials: int | None = None
    tokens: int | None = None
    usd: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One climb, as recorded in its database. Stored again when something changes."""

    name: str
    created_at: datetime
    seed: int
    budget: Budget
    base: str
    """Commit of the baseline candidate, the first on the run's branch; empty before it is made."""
    splits: Mapping[str, Split]
    """Split of each task by name, fixed for the whole run."""
    task_digests: Mapping[str, str]
    task_model: str
    meta_model: str
    rule: str
    settings: str = "{}"
    """All settings as JSON, as they were when the run began; resume uses these."""
    active_s: float = 0.0
    """Seconds this run has been worked on, over all sessions."""
    stop_reason: StopReason | None = None
    finished_at: datetime | None = None
    """Set when the final table is written; an interrupted run has none."""
    scores: Mapping[Split, SplitScores] = field(default_factory=dict)
