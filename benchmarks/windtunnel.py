"""Keep rules on a landscape with known truth: what they gain, what they keep for nothing.

The rules of autoloop are driven through their port, exactly as a climb drives them; those of other
tools are rewritten in peers.py. Percentage points, with 95 % intervals over the seeds.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from statistics import fmean, stdev

import numpy as np
from landscape import SCENARIOS, Edit, Landscape, World
from peers import PEERS, Bench

from autoloop.decision import RULES, Estimates
from autoloop.ports import KeepRule
from autoloop.records import (
    Chapter,
    Decision,
    Evidence,
    History,
    Score,
    Side,
    Split,
    Verdict,
)

WORKERS = 8
"""Trials in flight: the size of the batches that a rule is asked for."""
FINAL_ATTEMPTS = 3
HOLDOUT = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One simulated climb."""

    gain: float
    """True gain on unseen tasks, points."""
    kept: int
    worthless: int
    """Kept edits that did not raise the true score."""
    gap: float
    """Reported minus true score, points."""
    edits: int
    covered: bool
    """Whether the holdout interval of the gain holds the true gain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A rule's figures over all seeds."""

    gain: float
    gain_pm: float
    worthless: float
    """Share of kept edits that were worthless or worse, percent."""
    kept: float
    trials_per_true: float | None
    gap: float
    gap_pm: float
    coverage: float
    edits: float
    seconds: float
    """Computing time of one climb."""


@dataclass(slots=True)
class PortClimb:
    """A climb that a `KeepRule` decides, as the loop runs one."""

    rule: KeepRule
    bench: Bench
    chapters: list[Chapter] = field(default_factory=list)
    incumbent: list[Score] = field(default_factory=list)
    attempts: dict[tuple[Side, int], int] = field(default_factory=dict)
    estimate: float = 0.0
    """What is reported: the baseline's score and what each kept edit is said to gain."""

    def begin(self) -> None:
        """The baseline once on every visible task."""
        scores = [self._score(Side.INCUMBENT, task, None, step=0) for task in self._tasks()]
        self.incumbent = list(scores)
        self.estimate = fmean(score.reward for score in scores)
        self.chapters.append(Chapter(step=0, kept=False, scores=tuple(scores)))

    def judge(self, edit: Edit, *, left: int) -> bool:
        """Run what the rule asks for until it decides."""
        step, history = len(self.chapters), History(chapters=tuple(self.chapters))
        candidate: list[Score] = []
        fresh: list[Score] = []
        stop = self.bench.spent + left
        while True:
            exhausted = self.bench.spent >= stop
            answer = self.rule.decide(self._evidence(step, history, candidate, exhausted=exhausted))
            if isinstance(answer, Verdict):
                break
            if not answer.wants:
                raise AssertionError(f"{self.rule.name} waits for nothing")
            for want in answer.wants:
                for _ in range(want.count):
                    score = self._score(want.side, int(want.task), edit, step=step)
                    (candidate if want.side is Side.CANDIDATE else fresh).append(score)
                    if want.side is Side.INCUMBENT:
                        self.incumbent.append(score)
        kept = answer.decision is Decision.KEEP
        self.chapters.append(Chapter(step=step, kept=kept, scores=(*candidate, *fresh)))
        if kept:
            self.estimate += answer.numbers.get("gain", answer.numbers.get("train_gain", 0.0))
            self.incumbent = [replace(score, side=Side.INCUMBENT) for score in candidate]
        return kept

    def _evidence(
        self, step: int, history: History, candidate: list[Score], *, exhausted: bool
    ) -> Evidence:
        world = self.bench.land.world
        return Evidence(
            train=tuple(map(str, range(world.train))),
            validation=tuple(map(str, range(world.train, self.bench.land.visible))),
            scores=(*candidate, *self.incumbent),
            history=history,
            free=WORKERS,
            exhausted=exhausted,
            step=step,
        )

    def _tasks(self) -> range:
        return range(self.bench.land.visible)

    def _score(self, side: Side, task: int, edit: Edit | None, *, step: int) -> Score:
        reward = self.bench.run(task, edit if side is Side.CANDIDATE else None)
        train = task < self.bench.land.world.train
        return Score(
            side=side,
            task=str(task),
            split=Split.TRAIN if train else Split.VALIDATION,
            attempt=self.bench.spent,
            reward=reward,
            step=step,
        )


def climb(seed: int, *, rule: str, world: World) -> Outcome:
    """One climb with this rule in a world of its own."""
    land = Landscape(world, seed)
    bench = Bench(land=land, draws=np.random.default_rng([seed, 2]))
    start, kept, worthless, edits, proposals = land.true_score(), 0, 0, 0, 0
    before = land.logits.copy()
    port = PortClimb(rule=RULES[rule], bench=bench) if rule in RULES else None
    peer = None if port else PEERS[rule]()
    if port:
        port.begin()
    while (left := world.budget - bench.spent - proposals) > 0:
        if world.drift and bench.spent > world.budget / 2:
            land.drifted = world.drift
        edit = land.propose()
        edits += 1
        proposals += world.proposal_cost
        base = land.true_score()
        if port.judge(edit, left=left) if port else peer.judge(bench, edit):
            gained = land.true_score(edit.shift) - base
            land.land(edit)
            kept += 1
            worthless += gained <= 0
    truth = land.true_score()
    reported = port.estimate if port else peer.reported
    return Outcome(
        gain=100 * (truth - start),
        kept=kept,
        worthless=worthless,
        gap=100 * (reported - truth),
        edits=edits,
        covered=_covered(land, before, bench.draws),
    )


def _covered(land: Landscape, before: np.ndarray, draws: np.random.Generator) -> bool:
    """Fresh paired trials on a holdout of unseen tasks: does the interval hold the true gain?"""
    tasks = draws.choice(land.world.unseen, HOLDOUT, replace=False) + land.visible
    best = land.logits
    rewards: list[dict[str, list[float]]] = []
    truths = []
    for logits in (before, best):
        land.logits = logits
        truths.append(land.true_score())
        rewards.append(
            {str(t): [land.trial(int(t), 0.0, draws) for _ in range(FINAL_ATTEMPTS)] for t in tasks}
        )
    land.logits = best
    interval = Estimates().gain(*rewards)
    return bool(interval.low <= truths[1] - truths[0] <= interval.high)


def measure(rule: str, world: World, seeds: int, *, processes: int) -> Row:
    """All climbs of one rule."""
    began = time.monotonic()
    run = partial(climb, rule=rule, world=world)
    with ProcessPoolExecutor(processes) as pool:
        outcomes = list(pool.map(run, range(seeds), chunksize=max(1, seeds // (4 * processes))))
    kept = sum(o.kept for o in outcomes)
    true = kept - sum(o.worthless for o in outcomes)
    return Row(
        gain=fmean(o.gain for o in outcomes),
        gain_pm=_half_width([o.gain for o in outcomes]),
        worthless=100 * (kept - true) / kept if kept else 0.0,
        kept=kept / seeds,
        trials_per_true=world.budget * seeds / true if true else None,
        gap=fmean(o.gap for o in outcomes),
        gap_pm=_half_width([o.gap for o in outcomes]),
        coverage=100 * fmean(o.covered for o in outcomes),
        edits=fmean(o.edits for o in outcomes),
        seconds=(time.monotonic() - began) * processes / seeds,
    )


def _half_width(values: Sequence[float]) -> float:
    return 1.96 * stdev(values) / len(values) ** 0.5 if len(values) > 1 else float("nan")


def show(scenario: str, rows: Iterator[tuple[str, Row]]) -> None:
    print(f"\n{scenario}")
    print(
        f"{'rule':>22} {'true gain':>13} {'worthless':>9} {'kept':>5} {'trials/true':>11}"
        f" {'reported-true':>14} {'coverage':>8} {'edits':>6} {'s/climb':>7}"
    )
    for name, row in rows:
        per_true = "-" if row.trials_per_true is None else f"{row.trials_per_true:,.0f}"
        print(
            f"{name:>22} {row.gain:>+6.1f} ± {row.gain_pm:<4.1f} {row.worthless:>7.0f} %"
            f" {row.kept:>5.1f} {per_true:>11} {row.gap:>+7.1f} ± {row.gap_pm:<4.1f}"
            f" {row.coverage:>6.0f} % {row.edits:>6.0f} {row.seconds:>7.1f}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenario", nargs="+", default=["default"], choices=[*SCENARIOS, "all"])
    parser.add_argument("--rule", nargs="+", default=[*RULES, *PEERS], choices=[*RULES, *PEERS])
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    wish = parser.parse_args()
    names = [*SCENARIOS] if "all" in wish.scenario else wish.scenario
    results = {}
    for name in names:
        rows = (
            (rule, measure(rule, SCENARIOS[name], wish.seeds, processes=wish.processes))
            for rule in wish.rule
        )
        if wish.json:
            results[name] = {rule: asdict(row) for rule, row in rows}
        else:
            show(name, rows)
    if wish.json:
        json.dump(results if len(names) > 1 else results[names[0]], sys.stdout)


if __name__ == "__main__":
    main()
