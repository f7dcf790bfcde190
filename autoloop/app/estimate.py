"""What `estimate` gives back: how noisy the start agent is, and what a budget can see."""

from dataclasses import dataclass

from autoloop.records import Interval, Split


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What so many trials take on this machine."""

    trials: int
    hours: float
    usd: float | None
    """None: the price of the model is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What it takes to see a gain of a certain size."""

    gain: float
    tasks: int | None
    """None: these tasks cannot show it, however often they run."""
    attempts: int | None
    """Of each of the two agents on each of the tasks."""
    price: Price | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskShare:
    """What one task contributes to telling agents apart."""

    task: str
    split: Split
    attempts: int
    mean: float
    share: float
    """Part of all information about a small gain; all tasks together have 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What the budget in program.md is good for. Rough."""

    price: Price | None
    """None: nothing limits the climb."""
    edits: int | None
    """How many can be judged; None: nothing limits them."""
    limit: str
    """The limit that ends the climb."""
    trials_per_verdict: float
    verdicts: int
    """Recorded verdicts that this cost is measured on; 0: assumed, as in simulation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What is known of the start agent's noise, and what follows; scores are from 0 to 1."""

    model: str
    train: int
    validation: int
    trials: int
    """That the estimate rests on."""
    ran: int
    """Of these, how many were run for it; the others were recorded before."""
    evaluations: tuple[str, ...]
    """That were run for it; below `runs/`."""
    score: Interval
    band: float
    """The same agent, run twice on every task, differs by up to this: 19 times of 20."""
    within_sd: float
    """Standard deviation of one trial around its task's pass rate."""
    between_sd: float
    """Standard deviation of the pass rates of tasks."""
    smallest_gain: float | None
    """That one pass of two agents shows: 80 % power, one-sided 5 %. None: not even the largest."""
    sights: tuple[Sight, ...]
    trial_s: float
    trial_usd: float | None
    workers: int
    never: tuple[str, ...]
    """Tasks that no attempt solved: no information yet."""
    always: tuple[str, ...]
    """Tasks that every attempt solved."""
    shares: tuple[TaskShare, ...]
    """All tasks, most telling first."""
    outlook: Outlook
    warnings: tuple[str, ...] = ()
    """What a person should know before believing this."""
