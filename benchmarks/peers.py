"""Keep rules of other tools, rewritten for the wind tunnel from what they publish.

They decide about a whole candidate at once: `judge` runs what it wants and answers.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import fmean
from typing import Protocol

import numpy as np
from landscape import Edit, Landscape


@dataclass(slots=True, kw_only=True)
class Bench:
    """What a rule may do in a simulated climb: run trials, which are counted."""

    land: Landscape
    draws: np.random.Generator
    spent: int = 0

    def run(self, task: int, shift: np.ndarray | float = 0.0) -> float:
        """One trial of the incumbent, or of the incumbent with a shift."""
        self.spent += 1
        return self.land.trial(task, shift, self.draws)

    def mean(self, tasks: range, edit: Edit | None = None, *, repeats: int = 1) -> float:
        """Mean reward over tasks."""
        shift = 0.0 if edit is None else edit.shift
        return fmean(self.run(task, shift) for task in tasks for _ in range(repeats))


@dataclass(frozen=True, slots=True, kw_only=True)
class Flown:
    """What a climb did."""

    gained: tuple[float, ...]
    """True gain of each kept edit."""
    first: float
    reported: float
    """The score that is printed in the end."""
    edits: int
    flattery: tuple[float, ...] = ()
    """Of each kept edit: what its verdict said minus what it truly gained."""


class PeerRule(Protocol):
    """A rule that judges an edit with trials of its own."""

    name: str
    reported: float
    """The score that its tool would print now."""
    first: float
    """The baseline's score as it first saw it."""

    def judge(self, bench: Bench, edit: Edit) -> bool:
        """Whether the edit is kept."""


@dataclass(slots=True)
class MorePassed:
    """AutoAgent: every train task once; more passed than ever before keeps."""

    name: str = "autoagent"
    repeats: int = 1
    with_validation: bool = False
    reported: float = field(default=-1.0, init=False)
    first: float = field(default=0.0, init=False)

    def judge(self, bench: Bench, edit: Edit) -> bool:
        """Compare one noisy score with the best noisy score so far."""
        world = bench.land.world
        tasks = range(bench.land.visible if self.with_validation else world.train)
        if self.reported < 0:
            self.reported = self.first = bench.mean(tasks, repeats=self.repeats)
        score = bench.mean(tasks, edit, repeats=self.repeats)
        if score <= self.reported:
            return False
        self.reported = score
        return True


@dataclass(slots=True)
class BestOfTwo:
    """Both sides twice on every train task; the better mean of both keeps."""

    name: str = "best-of-two"
    reported: float = field(default=-1.0, init=False)
    first: float = field(default=0.0, init=False)

    def judge(self, bench: Bench, edit: Edit) -> bool:
        """Run both afresh."""
        tasks = range(bench.land.world.train)
        incumbent = bench.mean(tasks)
        score = bench.mean(tasks, edit)
        if self.reported < 0:
            self.first = incumbent
        kept = score > incumbent
        self.reported = max(self.reported, score) if kept else max(self.reported, incumbent)
        return kept


@dataclass(slots=True)
class StandardErrorGate:
    """cap-evolve: the score must beat the best by k standard errors."""

    k: float
    reported: float = field(default=-1.0, init=False)
    first: float = field(default=0.0, init=False)

    @property
    def name(self) -> str:
        """With its factor."""
        return f"cap-evolve-{self.k:g}"

    def judge(self, bench: Bench, edit: Edit) -> bool:
        """One pass over train."""
        tasks = range(bench.land.world.train)
        if self.reported < 0:
            self.reported = self.first = bench.mean(tasks)
        rewards = [bench.run(task, edit.shift) for task in tasks]
        error = float(np.std(rewards)) / len(rewards) ** 0.5
        if fmean(rewards) <= self.reported + self.k * error:
            return False
        self.reported = fmean(rewards)
        return True


@dataclass(slots=True)
class Minibatch:
    """GEPA: an edit that beats its parent on three tasks is run on validation, and joins a pool.

    Parents are drawn by how many validation tasks they are best on (the Pareto pool); what counts
    as kept is what leads the pool. The pool's edits are relative to their parents.
    """

    name: str = "gepa"
    size: int = 3
    reported: float = field(default=-1.0, init=False)
    first: float = field(default=0.0, init=False)
    _pool: list[tuple[np.ndarray, list[float]]] = field(default_factory=list, init=False)

    def judge(self, bench: Bench, edit: Edit) -> bool:
        """Gate on a minibatch, then score on validation; the landscape is moved to the best."""
        land = bench.land
        validation = range(land.world.train, land.visible)
        if not self._pool:
            self._pool.append((land.logits.copy(), [bench.run(task) for task in validation]))
            self.reported = self.first = fmean(self._pool[0][1])
        best = land.logits
        parent = self._draw(bench.draws)
        land.logits = self._pool[parent][0]
        size = min(self.size, land.world.train)
        batch = bench.draws.choice(land.world.train, size, replace=False)
        before = sum(bench.run(int(task)) for task in batch)
        after = sum(bench.run(int(task), edit.shift) for task in batch)
        if after <= before:
            land.logits = best
            return False
        scores = [bench.run(task, edit.shift) for task in validation]
        child = np.maximum(land.logits + edit.shift, -50.0)
        self._pool.append((child, scores))
        leads = fmean(scores) > self.reported
        self.reported = max(self.reported, fmean(scores))
        # The tunnel adds the edit to what it finds here.
        land.logits = child - edit.shift if leads else best
        return leads

    def _draw(self, draws: np.random.Generator) -> int:
        table = np.array([scores for _, scores in self._pool])
        wins = (table == table.max(axis=0)).sum(axis=1).astype(float)
        return int(draws.choice(len(self._pool), p=wins / wins.sum()))


PEERS: dict[str, Callable[[], PeerRule]] = {
    "autoagent": MorePassed,
    "autoagent-validation": lambda: MorePassed("autoagent-validation", with_validation=True),
    "autoagent-thrice": lambda: MorePassed("autoagent-thrice", repeats=3),
    "best-of-two": BestOfTwo,
    "cap-evolve-0.2": lambda: StandardErrorGate(0.2),
    "cap-evolve-1": lambda: StandardErrorGate(1.0),
    "gepa": Minibatch,
}
