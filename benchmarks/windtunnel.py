"""Strategies on a landscape with known truth: what they gain, what they keep for nothing.

Those of autoloop are driven through their port, exactly as a climb drives them (flight.py); those
of other tools are rewritten in peers.py, and gepa_peer.py runs GEPA's own code. Percentage points,
with 95 % intervals over the seeds.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import partial
from statistics import fmean, stdev

import numpy as np
from flight import Flight
from gepa_peer import MISSING, RULE, fly_gepa, is_installed
from landscape import SCENARIOS, Landscape, World
from peers import PEERS, Bench, Flown, PeerRule

from autoloop.decision import BayesRule, Estimates, PairedRule, PassedRule
from autoloop.decision.strategies import (
    AdaptiveStrategy,
    Corroborated,
    FactorialStrategy,
    ParetoStrategy,
    RaceStrategy,
    SingleStrategy,
)
from autoloop.ports import Strategy
from autoloop.records import Interval

STRATEGIES: Mapping[str, Strategy] = {
    "adaptive": Corroborated(AdaptiveStrategy()),
    "factorial": Corroborated(FactorialStrategy()),
    "climb": Corroborated(SingleStrategy(rule=BayesRule())),
    "race": Corroborated(RaceStrategy()),
    "pareto": Corroborated(ParetoStrategy()),
    "paired": Corroborated(SingleStrategy(rule=PairedRule())),
    "passed": Corroborated(SingleStrategy(rule=PassedRule())),
}
OTHERS = (*PEERS, RULE)
"""Rules of other tools."""
FINAL_ATTEMPTS = 3
HOLDOUT = 30
FINAL_TABLES = 20
"""Each with other holdout tasks: how good the last one is does not hang on thirty tasks."""
WORTHLESS = 0.005
"""A kept edit whose true gain is below half a point was not worth keeping."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One simulated climb."""

    gain: float
    """True gain on unseen tasks, points."""
    kept: int
    worthless: int
    """Kept edits that gained less than half a point, or lost."""
    gap: float
    """Reported minus true score, points: of the final table, where a tool has one."""
    selection: float
    """The same of the score that chose the best; shown during a climb, and named as such."""
    claimed: float
    """Gain that is reported, points."""
    flattery: float | None
    """What verdicts of kept edits said minus what these truly gained, points each."""
    edits: int
    covered: float | None
    """Share of final tables whose interval of the gain holds the true gain."""


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
    selection: float
    claimed: float
    claimed_pm: float
    flattery: float | None
    coverage: float | None
    edits: float
    seconds: float
    """Computing time of one climb."""


def climb(seed: int, *, rule: str, world: World) -> Outcome:
    """One climb with this rule in a world of its own."""
    land = Landscape(world, seed)
    bench = Bench(land=land, draws=np.random.default_rng([seed, 2]))
    start, before = land.true_score(), land.logits.copy()
    flown = flown_by(rule, bench)
    truth = land.true_score()
    # Other tools have no holdout: what they report is the score that chose the best.
    ours = 0 if rule in OTHERS else FINAL_TABLES
    finals = [final_table(land, before, bench.draws) for _ in range(ours)]
    reported = fmean(final.score for final in finals) if finals else flown.reported
    claimed = fmean(final.gain.mean for final in finals) if finals else reported - flown.first
    return Outcome(
        gain=100 * (truth - start),
        kept=len(flown.gained),
        worthless=sum(gained < WORTHLESS for gained in flown.gained),
        gap=100 * (reported - truth),
        selection=100 * (flown.reported - truth),
        claimed=100 * claimed,
        flattery=100 * fmean(flown.flattery) if flown.flattery else None,
        edits=flown.edits,
        covered=fmean(f.covers(truth - start) for f in finals) if finals else None,
    )


def flown_by(rule: str, bench: Bench) -> Flown:
    """The climb with this rule."""
    if rule == RULE:
        return fly_gepa(bench)
    return fly_peer(PEERS[rule](), bench) if rule in PEERS else fly(STRATEGIES[rule], bench)


def fly(strategy: Strategy, bench: Bench) -> Flown:
    """A climb of ours."""
    flight = Flight(strategy, bench)
    flight.run()
    return Flown(
        gained=tuple(landed.gained for landed in flight.landed),
        first=flight.first,
        reported=flight.said,
        edits=len(flight.closed),
        flattery=tuple(landed.said - landed.gained for landed in flight.landed),
    )


def fly_peer(peer: PeerRule, bench: Bench) -> Flown:
    """A climb with another tool's rule, which judges edits one after the other."""
    land, world = bench.land, bench.land.world
    gained, edits, first = [], 0, None
    while bench.spent + edits * world.proposal_cost < world.budget:
        if world.drift and bench.spent > world.budget / 2:
            land.drifted = world.drift
        edit, base = land.propose(), land.true_score()
        edits += 1
        if peer.judge(bench, edit):
            gain = land.true_score(edit.shift) - base
            land.land(edit)
            gained.append(gain)
        first = peer.first if first is None else first
    return Flown(gained=tuple(gained), first=first or 0.0, reported=peer.reported, edits=edits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Final:
    """The final table: fresh paired trials of baseline and best on tasks nobody looked at."""

    score: float
    """Of the best."""
    gain: Interval

    def covers(self, true_gain: float) -> bool:
        """Whether the interval of the gain holds the truth."""
        return bool(self.gain.low <= true_gain <= self.gain.high)


def final_table(land: Landscape, before: np.ndarray, draws: np.random.Generator) -> Final:
    """As the loop makes it."""
    tasks = draws.choice(land.world.unseen, HOLDOUT, replace=False) + land.visible
    best, drifted, land.drifted = land.logits, land.drifted, 0.0
    rewards: list[dict[str, list[float]]] = []
    for logits in (before, best):
        land.logits = logits
        rewards.append(
            {str(t): [land.trial(int(t), 0.0, draws) for _ in range(FINAL_ATTEMPTS)] for t in tasks}
        )
    land.logits, land.drifted = best, drifted
    score = fmean(fmean(attempts) for attempts in rewards[1].values())
    return Final(score=score, gain=Estimates().gain(*rewards))


def measure(rule: str, world: World, seeds: int, *, processes: int) -> Row:
    """All climbs of one rule."""
    began = time.monotonic()
    run = partial(climb, rule=rule, world=world)
    with ProcessPoolExecutor(processes) as pool:
        outcomes = list(pool.map(run, range(seeds), chunksize=max(1, seeds // (4 * processes))))
    kept = sum(o.kept for o in outcomes)
    told = [o.flattery for o in outcomes if o.flattery is not None]
    covered = [o.covered for o in outcomes if o.covered is not None]
    true = kept - sum(o.worthless for o in outcomes)
    return Row(
        gain=fmean(o.gain for o in outcomes),
        gain_pm=_half_width([o.gain for o in outcomes]),
        worthless=100 * (kept - true) / kept if kept else 0.0,
        kept=kept / seeds,
        trials_per_true=world.budget * seeds / true if true else None,
        gap=fmean(o.gap for o in outcomes),
        gap_pm=_half_width([o.gap for o in outcomes]),
        selection=fmean(o.selection for o in outcomes),
        claimed=fmean(o.claimed for o in outcomes),
        claimed_pm=_half_width([o.claimed for o in outcomes]),
        flattery=fmean(told) if told else None,
        coverage=100 * fmean(covered) if covered else None,
        edits=fmean(o.edits for o in outcomes),
        seconds=(time.monotonic() - began) * processes / seeds,
    )


def _half_width(values: Sequence[float]) -> float:
    return 1.96 * stdev(values) / len(values) ** 0.5 if len(values) > 1 else float("nan")


def show(scenario: str, rows: Iterator[tuple[str, Row]]) -> None:
    print(f"\n{scenario}")
    print(
        f"{'rule':>22} {'true gain':>13} {'worthless':>9} {'kept':>5} {'trials/true':>11}"
        f" {'reported-true':>14} {'selection':>9} {'claimed':>13} {'flattery':>8} {'coverage':>8}"
        f" {'edits':>6} {'s/climb':>7}"
    )
    for name, row in rows:
        per_true = "-" if row.trials_per_true is None else f"{row.trials_per_true:,.0f}"
        coverage = "-" if row.coverage is None else f"{row.coverage:.0f} %"
        flattery = "-" if row.flattery is None else f"{row.flattery:+.1f}"
        print(
            f"{name:>22} {row.gain:>+6.1f} ± {row.gain_pm:<4.1f} {row.worthless:>7.0f} %"
            f" {row.kept:>5.1f} {per_true:>11} {row.gap:>+7.1f} ± {row.gap_pm:<4.1f}"
            f" {row.selection:>+9.1f} {row.claimed:>+6.1f} ± {row.claimed_pm:<4.1f} {flattery:>8}"
            f" {coverage:>8} {row.edits:>6.0f} {row.seconds:>7.1f}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenario", nargs="+", default=["default"], choices=[*SCENARIOS, "all"])
    rules = [*STRATEGIES, *PEERS, *([RULE] if is_installed() else [])]
    parser.add_argument(
        "--rule", nargs="+", default=rules, choices=[*STRATEGIES, *OTHERS], metavar="RULE"
    )
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--budget", type=int, help="trials of a climb, where not the scenario's")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    wish = parser.parse_args()
    if RULE in wish.rule and not is_installed():
        parser.error(MISSING)
    names = [*SCENARIOS] if "all" in wish.scenario else wish.scenario
    results = {}
    for name in names:
        world = SCENARIOS[name]
        world = replace(world, budget=wish.budget or world.budget)
        rows = (
            (rule, measure(rule, world, wish.seeds, processes=wish.processes)) for rule in wish.rule
        )
        if wish.json:
            results[name] = {rule: asdict(row) for rule, row in rows}
        else:
            show(name, rows)
    if wish.json:
        json.dump(results if len(names) > 1 else results[names[0]], sys.stdout)


if __name__ == "__main__":
    main()
