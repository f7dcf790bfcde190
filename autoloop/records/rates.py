"""How often agents pass tasks, and how two of them compare."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from autoloop.records.steps import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Passes:
    """Trials of one task, and how many of them passed."""

    passed: int
    trials: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PassRate:
    """What k attempts at a task are good for, over tasks."""

    k: int
    any: Interval
    """pass@k: at least one of k attempts passes."""
    all: Interval
    """pass^k: all of k attempts pass."""


def ks_of_table(most: int) -> tuple[int, ...]:
    """The k that a table has room for: 1, 2, 3, 5, 8, 13, … and the most there is."""
    shown, following = [1], 2
    while following <= most:
        shown.append(following)
        following += shown[-2]
    return tuple(sorted({*shown, most})) if most else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PassRates:
    """Success of one agent on a set of tasks."""

    success: Interval
    """Share of all trials that passed; its interval is over tasks."""
    at: tuple[PassRate, ...] = ()
    """For every k from 1 to the least number of attempts that a task has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class McNemar:
    """McNemar's exact test, where each side has one attempt per task."""

    only_a: int
    """Tasks that A alone passed."""
    only_b: int
    p_value: float
    """Exact and two-sided."""
    mid_p: float
    """Counts what was seen half: nearer to its nominal level than the exact one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedTest:
    """Two sides on the same tasks."""

    gain: Interval
    """Mean difference B minus A over tasks."""
    p_value: float
    """Two-sided sign-flip test over tasks."""
    exact: bool
    """Whether all flips were counted; beyond reach they are drawn, from a fixed seed."""


class TaskState(StrEnum):
    """What the trials of a task say about the task."""

    UNTRIED = "untried"
    FLAKY = "flaky"
    """The same agent both passed and failed it."""
    NEVER = "never solved"
    """No trial of any agent passed."""
    ALWAYS = "always solved"
    """Every trial of every agent passed."""
    MIXED = "mixed"
    """Some agents passed it each time, others never: what a task is for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRecord:
    """What all counted trials of a task say about it, whoever made them."""

    task: str
    state: TaskState
    trials: int
    passed: int
    agents: int
    """Different agents that tried it."""
    flaky_agents: int
    """Those that both passed and failed it."""
    rate: Interval
    """Share of trials that passed with its Clopper-Pearson interval; `n` counts trials."""
    hint: str = ""
    """What to do about it, where something should be done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedSide:
    """One side of a comparison, on the tasks that both sides have."""

    name: str
    """As it was asked for."""
    agent: str
    """Digest of the agent."""
    models: tuple[str, ...]
    """Task models of the runs that its trials come from."""
    tasks: int
    """Tasks that it has counted trials on, shared or not."""
    trials: int
    """Counted ones on the shared tasks."""
    score: Interval
    success: Interval
    cost_usd: float | None
    """Mean of a trial, each task weighing equally; None where a price is not known."""
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyGain:
    """The difference within one family."""

    family: str
    a: Interval
    b: Interval
    gain: Interval
    p_value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two agents on the tasks that both have been tried on, from recorded trials alone."""

    sentence: str
    a: ComparedSide
    b: ComparedSide
    tasks: int
    """Shared: trials of both sides on the same content."""
    test: PairedTest
    mcnemar: McNemar | None
    """None where a side has more than one attempt at a task."""
    only_a: tuple[str, ...]
    """Tasks that A passed at least once and B never."""
    only_b: tuple[str, ...]
    families: tuple[FamilyGain, ...]
    cost_usd: Interval | None
    """Mean difference B minus A of a trial; None where a price is not known."""
    seconds: Interval
    splits: Mapping[str, int]
    """Shared tasks by the split they had in the climb that a side comes from, if any."""
    notes: tuple[str, ...] = ()
    """What to keep in mind when reading the figures."""
