"""Sums over everything a run has recorded."""

from collections.abc import Mapping
from dataclasses import dataclass

from autoloop.records import Decision, Flags


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreCounts:
    """What a run did and used so far."""

    trials: int
    """Counted trials: scored and failed ones."""
    invalid: int
    reused: int
    """Counted trials that another run had paid for."""
    flags: Flags
    """Trials that are not clean."""
    failed: int
    passed: int
    """Counted trials that reached the full reward of 1."""
    tokens: int
    """Of all trials that this run paid for, invalid ones included."""
    cost_usd: float | None
    """Likewise; None: the price of at least one trial is not known."""
    meta_tokens: int
    meta_cost_usd: float | None
    steps: int
    """Steps begun."""
    decisions: Mapping[Decision, int]
    """Steps by verdict; those without one are left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskScore:
    """How one agent did on one task in a run."""

    task: str
    task_digest: str
    agent: str
    """Digest of the agent."""
    mean: float
    trials: int
    """Counted ones."""
