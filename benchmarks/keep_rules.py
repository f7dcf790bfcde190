"""What keep rules do with edits whose true effect is known, and how often intervals hold the truth.

Simulated tasks and trials: no Docker, no model. Pass rates are logit-normal; every edit moves each
task a little, whatever its effect; a kept edit becomes the incumbent together with its trials.
"""

import argparse
import json
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from math import exp, log
from statistics import fmean

from autoloop.decision import RULES, Estimates
from autoloop.ports import KeepRule
from autoloop.records import Decision, Evidence, Score, Side, Split, Verdict, Want

FREE = 4
SPREAD = 2.0
"""Standard deviation of task difficulty, in logits."""
JITTER = 0.3
"""Standard deviation of what any edit does to a task, in logits."""
BASE = 0.4
"""Mean pass rate of the start agent."""
STEPS = 20
"""Edits of a simulated climb."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """An edit with a known effect on the mean pass rate of train and of validation tasks."""

    name: str
    train: float
    validation: float
    smaller: bool = False


def effect(points: int) -> Edit:
    return Edit(name=f"{points:+} points", train=points / 100, validation=points / 100)


USELESS = Edit(name="changes nothing", train=0.0, validation=0.0)
CRASH = Edit(name="crashes", train=-1.0, validation=-1.0)
OVERFIT = Edit(name="overfit: +25 on train only", train=0.25, validation=0.0)
EDITS = (
    USELESS,
    CRASH,
    *(effect(points) for points in (-10, 10, 20, 25, 30)),
    OVERFIT,
    Edit(name="nothing, but simpler", train=0.0, validation=0.0, smaller=True),
    Edit(name="-10 points, but simpler", train=-0.1, validation=-0.1, smaller=True),
)
MIX = (*[USELESS] * 8, *[effect(-10)] * 5, CRASH, *[OVERFIT] * 2, *[effect(10)] * 2, effect(20))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What a rule did with many copies of one edit, each in a new world after one useless edit."""

    rule: str
    tasks: str
    edit: str
    kept: float
    undecided: float
    trials: float
    """New trials per edit, of both sides."""
    incumbent_trials: float
    """Those of them that the incumbent was given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Climb:
    """Means over many climbs through edits drawn from the mix."""

    rule: str
    tasks: str
    kept: float
    kept_worthless: float
    """Kept edits whose effect beyond train is nothing or worse."""
    true_gain: float
    """On validation tasks, from the known pass rates, in points."""
    trials: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How often 95 % intervals hold the mean of all tasks, for pass/fail rewards."""

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
    mean = min(0.98, max(0.02, mean))
    low, high = -30.0, 30.0
    for _ in range(40):
        middle = (low + high) / 2
        reached = fmean(rate(z + middle) for z in logits)
        low, high = (middle, high) if reached < mean else (low, middle)
    return [rate(z + low) for z in logits]


def edited(rates: dict[str, float], gain: float, rng: random.Random) -> dict[str, float]:
    """Pass rates after an edit."""
    if gain <= -1.0:
        return dict.fromkeys(rates, 1e-6)
    logits = [log(r / (1 - r)) + rng.gauss(0, JITTER) for r in rates.values()]
    mean = fmean(rates.values()) + gain
    return dict(zip(rates, with_mean(logits, mean), strict=True))


@dataclass(slots=True, kw_only=True)
class World:
    """Tasks with known pass rates, and the trials that a rule sees of them."""

    rule: KeepRule
    rng: random.Random
    train: dict[str, float]
    validation: dict[str, float]
    scores: list[Score] = field(default_factory=list)
    step: int = 0

    @classmethod
    def draw(cls, rule: KeepRule, seed: str, sizes: tuple[int, int]) -> "World":
        rng = luck(seed)
        train, validation = (
            {
                f"{letter}{i:02}": r
                for i, r in enumerate(with_mean([rng.gauss(0, SPREAD) for _ in range(n)], BASE))
            }
            for letter, n in zip("tv", sizes, strict=True)
        )
        return cls(rule=rule, rng=rng, train=train, validation=validation)

    def judge(self, edit: Edit) -> tuple[Verdict, Counter[Side]]:
        """The rule's verdict and the new trials of each side; a kept edit is the new incumbent."""
        self.step += 1
        old = len(self.scores)
        train = edited(self.train, edit.train, self.rng)
        validation = edited(self.validation, edit.validation, self.rng)
        rates = {
            Side.CANDIDATE: train | validation,
            Side.INCUMBENT: self.train | self.validation,
        }
        verdict = self._run(rates, size=99 if edit.smaller else 101)
        spent = Counter(score.side for score in self.scores[old:])
        winner = Side.INCUMBENT
        if verdict.decision is Decision.KEEP:
            winner, self.train, self.validation = Side.CANDIDATE, train, validation
        self.scores = [replace(s, side=Side.INCUMBENT) for s in self.scores if s.side is winner]
        return verdict, spent

    def _run(self, rates: dict[Side, dict[str, float]], *, size: int) -> Verdict:
        pending: list[Want] = []
        while True:
            answer = self.rule.decide(self._evidence(pending, size))
            if isinstance(answer, Verdict):
                return answer
            pending += [replace(w, count=1) for w in answer.wants for _ in range(w.count)]
            want = pending.pop(self.rng.randrange(len(pending)))
            self._finish(want, rates[want.side][want.task])

    def _evidence(self, pending: Sequence[Want], size: int) -> Evidence:
        return Evidence(
            train=tuple(self.train),
            validation=tuple(self.validation),
            scores=tuple(self.scores),
            pending=tuple(pending),
            free=FREE - len(pending),
            candidate_size=size,
            incumbent_size=100,
            step=self.step,
        )

    def _finish(self, want: Want, chance: float) -> None:
        score = Score(
            side=want.side,
            task=want.task,
            split=Split.TRAIN if want.task in self.train else Split.VALIDATION,
            attempt=sum(s.side is want.side and s.task == want.task for s in self.scores),
            reward=float(self.rng.random() < chance),
        )
        self.scores.append(score)


def fate(rule: KeepRule, edit: Edit, *, repeats: int, sizes: tuple[int, int]) -> Fate:
    verdicts: Counter[Decision] = Counter()
    spent: Counter[Side] = Counter()
    for number in range(repeats):
        world = World.draw(rule, f"{edit.name}/{number}", sizes)
        world.judge(USELESS)
        verdict, sides = world.judge(edit)
        verdicts[verdict.decision] += 1
        spent += sides
    return Fate(
        rule=rule.name,
        tasks=f"{sizes[0]}+{sizes[1]}",
        edit=edit.name,
        kept=verdicts[Decision.KEEP] / repeats,
        undecided=verdicts[Decision.UNDECIDED] / repeats,
        trials=spent.total() / repeats,
        incumbent_trials=spent[Side.INCUMBENT] / repeats,
    )


def climb(rule: KeepRule, *, repeats: int, sizes: tuple[int, int]) -> Climb:
    kept: list[Edit] = []
    trials, gain = 0, 0.0
    for number in range(repeats):
        world = World.draw(rule, f"climb/{number}", sizes)
        start = fmean(world.validation.values())
        for _ in range(STEPS):
            edit = world.rng.choice(MIX)
            verdict, sides = world.judge(edit)
            trials += sides.total()
            kept += [edit] * (verdict.decision is Decision.KEEP)
        gain += fmean(world.validation.values()) - start
    return Climb(
        rule=rule.name,
        tasks=f"{sizes[0]}+{sizes[1]}",
        kept=len(kept) / repeats,
        kept_worthless=sum(edit.validation <= 0 for edit in kept) / repeats,
        true_gain=100 * gain / repeats,
        trials=trials / repeats,
    )


def coverages(repeats: int) -> Iterator[Coverage]:
    for before, after in ((0.35, 0.35), (0.35, 0.55), (0.35, 0.9), (0.6, 0.8), (0.85, 0.95)):
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


def show(rows: Sequence[Fate] | Sequence[Climb] | Sequence[Coverage]) -> None:
    cells = [
        {k: f"{v:.3f}" if isinstance(v, float) else str(v) for k, v in asdict(row).items()}
        for row in rows
    ]
    widths = {name: max(len(name), *(len(c[name]) for c in cells)) for name in cells[0]}
    for row in [{name: name for name in widths}, *cells]:
        print("  ".join(f"{row[name]:<{width}}" for name, width in widths.items()).rstrip())
    print()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=100, help="worlds per row")
    parser.add_argument("--json", action="store_true", help="print one object instead of tables")
    wish = parser.parse_args()
    settings = [(rule, sizes) for rule in RULES.values() for sizes in ((20, 10), (16, 8))]
    fates = [
        fate(rule, edit, repeats=wish.repeats, sizes=sizes)
        for rule, sizes in settings
        for edit in EDITS
    ]
    climbs = [
        climb(rule, repeats=max(1, wish.repeats // 5), sizes=sizes) for rule, sizes in settings
    ]
    held = list(coverages(10 * wish.repeats))
    if wish.json:
        found: dict[str, Sequence[Fate] | Sequence[Climb] | Sequence[Coverage]]
        found = {"edits": fates, "climbs": climbs, "coverage": held}
        print(json.dumps({k: [asdict(row) for row in rows] for k, rows in found.items()}))
        return
    for rows in (fates, climbs, held):
        show(rows)


if __name__ == "__main__":
    main()
