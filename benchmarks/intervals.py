"""How often the 95 % intervals of scores and gains hold the truth when tasks are few.

Pass rates of tasks are logit-normal; tasks are drawn from 4,000, attempts pass or fail. No Docker.
"""

import argparse
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from math import exp
from statistics import fmean

from autoloop.decision import Estimates

SPREAD = 2.0
"""Standard deviation of task difficulty, in logits."""
JITTER = 0.3
"""Standard deviation of what any edit does to a task, in logits."""
MEANS = ((0.35, 0.35), (0.35, 0.55), (0.35, 0.9), (0.6, 0.8), (0.85, 0.95))
"""True scores of baseline and best."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How often the intervals hold the mean of all tasks."""

    rates: str
    tasks: int
    attempts: int
    score: float
    gain: float
    gain_excludes_zero: float
    gain_width: float


def luck(seed: str) -> random.Random:
    return random.Random(seed)  # noqa: S311 - a simulation, no secret


def rate(logit: float) -> float:
    return 1.0 / (1.0 + exp(-logit))


def with_mean(logits: Sequence[float], mean: float) -> list[float]:
    """Pass rates from logits that are shifted until their mean is this figure."""
    low, high = -30.0, 30.0
    for _ in range(40):
        middle = (low + high) / 2
        reached = fmean(rate(z + middle) for z in logits)
        low, high = (middle, high) if reached < mean else (low, middle)
    return [rate(z + low) for z in logits]


def coverages(repeats: int) -> Iterator[Coverage]:
    for before, after in MEANS:
        rng = luck(f"{before}/{after}")
        logits = [rng.gauss(0, SPREAD) for _ in range(4_000)]
        moved = [z + rng.gauss(0, JITTER) for z in logits]
        rates = list(zip(with_mean(logits, before), with_mean(moved, after), strict=True))
        for tasks in (8, 10, 12):
            for attempts in (2, 3):
                yield coverage(rates, tasks=tasks, attempts=attempts, repeats=repeats)


def coverage(
    rates: list[tuple[float, float]], *, tasks: int, attempts: int, repeats: int
) -> Coverage:
    rng = luck(f"{tasks}/{attempts}")
    before, after = (fmean(pair[side] for pair in rates) for side in (0, 1))
    scores, gains = [], []
    for _ in range(repeats):
        drawn = rng.choices(rates, k=tasks)
        sides = [
            {
                f"{i}": [float(rng.random() < pair[side]) for _ in range(attempts)]
                for i, pair in enumerate(drawn)
            }
            for side in (0, 1)
        ]
        scores.append(Estimates().score(sides[0]))
        gains.append(Estimates().gain(sides[0], sides[1]))
    return Coverage(
        rates=f"{before:.2f} to {after:.2f}",
        tasks=tasks,
        attempts=attempts,
        score=fmean(i.low <= before <= i.high for i in scores),
        gain=fmean(i.low <= after - before <= i.high for i in gains),
        gain_excludes_zero=fmean(i.low > 0 for i in gains),
        gain_width=fmean(i.high - i.low for i in gains),
    )


def show(rows: Sequence[Coverage]) -> None:
    cells = [
        {k: f"{v:.3f}" if isinstance(v, float) else str(v) for k, v in asdict(row).items()}
        for row in rows
    ]
    widths = {name: max(len(name), *(len(c[name]) for c in cells)) for name in cells[0]}
    for row in [{name: name for name in widths}, *cells]:
        print("  ".join(f"{row[name]:<{width}}" for name, width in widths.items()).rstrip())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=1_000, help="tables per row")
    parser.add_argument("--json", action="store_true", help="print one object instead of a table")
    wish = parser.parse_args()
    rows = list(coverages(wish.repeats))
    if wish.json:
        print(json.dumps({"coverage": [asdict(row) for row in rows]}))
    else:
        show(rows)


if __name__ == "__main__":
    main()
