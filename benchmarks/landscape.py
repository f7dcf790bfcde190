"""A world with known truth: tasks, edits and what they really do, and noisy trials of them.

Pass probability = cap * sigmoid(ability - difficulty). A task leans on four broad skills and
belongs to one of twenty narrow ones; an edit moves skills, a few tasks, or nothing, and jitters
every task.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
BROAD, NARROW = 4, 20
DEAD = -50.0
IN_FLIGHT = 32
"""Edits further apart than this were never under test together and do not interact."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything about a landscape that a scenario may change."""

    train: int = 60
    validation: int = 30
    unseen: int = 800
    real: float = 0.15
    harmful: float = 0.25
    overfit: float = 0.15
    crash: float = 0.05
    gain: tuple[float, float] = (0.02, 0.08)
    base: tuple[float, float] = (0.3, 0.6)
    difficulty_sd: float = 2.5
    jitter: float = 0.3
    impossible: float = 0.08
    flaky: float = 0.10
    deterministic: bool = False
    graded: bool = False
    drift: float = 0.0
    """What the model provider changes every task by, in logits, at half of the budget."""
    overfits_validation: bool = False
    conflicts: float = 0.0
    """Share of the pairs of edits that cannot be merged."""
    interaction: float = 0.0
    """The most that one edit changes another's effect by, as a part of it, either way."""
    proposal_cost: int = 5
    budget: int = 6_000


SCENARIOS: Mapping[str, World] = MappingProxyType(
    {
        "default": World(),
        "train-8": World(train=8, validation=4),
        "train-20": World(train=20, validation=10),
        "train-300": World(train=300, validation=150),
        "trials-1500": World(budget=1_500),
        "trials-3000": World(budget=3_000),
        "short": World(train=20, validation=10, budget=650, real=0.35, gain=(0.05, 0.25)),
        "real-3": World(real=0.03),
        "real-35": World(real=0.35),
        "nothing": World(real=0.0, harmful=0.0, overfit=0.0, crash=0.0, jitter=0.0),
        "deterministic": World(deterministic=True),
        "graded": World(graded=True),
        "drift-up": World(drift=0.5),
        "drift-down": World(drift=-0.5),
        "hard": World(base=(0.05, 0.15)),
        "easy": World(base=(0.75, 0.85)),
        "overfits-validation": World(overfits_validation=True),
        "proposals-free": World(proposal_cost=0),
        "proposals-dear": World(proposal_cost=20),
        "small-gains": World(gain=(0.01, 0.03)),
        "large-gains": World(gain=(0.08, 0.20)),
        "conflicts": World(conflicts=0.2),
        "many-conflicts": World(conflicts=0.5),
        "interactions": World(interaction=0.5),
        "some-conflicts": World(conflicts=0.1),
        "both": World(conflicts=0.2, interaction=0.5),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What an edit does to each task, in logits."""

    kind: str
    shift: Array
    number: int = 0
    """How many came before it."""


class Landscape:
    """The state of one simulated climb: the incumbent, and the truth about it."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.seed = seed
        self._proposed = 0
        self._landed: list[Edit] = []
        self.rng = np.random.default_rng([seed, 1])
        self.visible = world.train + world.validation
        count = self.visible + world.unseen
        self._leaning = self.rng.uniform(0.5, 1.0, (count, BROAD))
        self._family = self.rng.integers(0, NARROW, count)
        difficulty = self.rng.normal(0.0, world.difficulty_sd, count)
        difficulty += self.rng.normal(0.0, 0.5, count)
        self._cap = self._caps(count)
        self.logits = self._level(difficulty, self.rng.uniform(*world.base)) - difficulty
        self.drifted = 0.0
        self._room = self._headroom()

    def _caps(self, count: int) -> Array:
        draw = self.rng.random(count)
        cap = np.ones(count)
        cap[draw < self.world.impossible] = 0.0
        flaky = (draw >= self.world.impossible) & (draw < self.world.impossible + self.world.flaky)
        cap[flaky] = self.rng.uniform(0.4, 0.9, int(flaky.sum()))
        return cap

    def _level(self, difficulty: Array, target: float) -> float:
        """Ability at which the unseen tasks pass with the target rate."""
        return _bisect(
            lambda level: float((self._cap * _sigmoid(level - difficulty))[self.visible :].mean()),
            target,
            (-20.0, 20.0),
        )

    def rates(self, shift: Array | float = 0.0) -> Array:
        """Pass probability (mean reward) of every task, with an edit's shift."""
        raw = self._cap * _sigmoid(self.logits + shift + self.drifted)
        return (raw > 0.5).astype(float) if self.world.deterministic else raw

    def true_score(self, shift: Array | float = 0.0, *, drifted: bool = False) -> float:
        """Mean pass probability over the unseen tasks, without what the provider changed."""
        kept, self.drifted = self.drifted, self.drifted if drifted else 0.0
        score = float(self.rates(shift)[self.visible :].mean())
        self.drifted = kept
        return score

    def trial(self, task: int, shift: Array | float, draws: np.random.Generator) -> float:
        """The reward of one trial on a visible task."""
        moved = shift if isinstance(shift, float) else float(shift[task])
        rate = self._cap[task] * _sigmoid(self.logits[task] + moved + self.drifted)
        if self.world.deterministic:
            return float(rate > 0.5)
        if self.world.graded:
            # Ten parts of credit that mostly come together.
            share = draws.beta(max(2.0 * rate, 1e-3), max(2.0 * (1.0 - rate), 1e-3))
            return float(draws.binomial(10, share)) / 10.0
        return float(draws.random() < rate)

    def land(self, edit: Edit) -> None:
        """The edit becomes part of the incumbent."""
        self.logits = np.maximum(self.logits + self.together([edit]), DEAD)
        self._landed.append(edit)

    def together(self, edits: Sequence[Edit]) -> Array:
        """What edits do on top of the incumbent, those that landed of late included."""
        shift = self._none()
        if not self.world.interaction:
            return shift + sum(edit.shift for edit in edits)
        for place, edit in enumerate(edits):
            others = [*self._landed, *edits[:place]]
            near = [o for o in others if abs(o.number - edit.number) <= IN_FLIGHT]
            factor = 1.0 + sum(self._interaction(other, edit) for other in near)
            shift = shift + max(factor, 0.0) * edit.shift
        return shift

    def conflict(self, one: Edit, other: Edit) -> bool:
        """Whether two edits cannot be merged."""
        return self._pair(one, other, 3) < self.world.conflicts

    def _interaction(self, one: Edit, other: Edit) -> float:
        return self.world.interaction * (2.0 * self._pair(one, other, 4) - 1.0)

    def _pair(self, one: Edit, other: Edit, salt: int) -> float:
        """A number from 0 to 1 that belongs to two edits."""
        first, second = sorted((one.number, other.number))
        return float(np.random.default_rng([self.seed, salt, first, second]).random())

    def propose(self) -> Edit:
        """The next edit; what kind it is, is drawn."""
        self._proposed += 1
        return replace(self._drawn(), number=self._proposed)

    def _drawn(self) -> Edit:
        world, rng = self.world, self.rng
        shift = rng.normal(0.0, world.jitter, len(self.logits)) if world.jitter else self._none()
        if rng.random() < world.crash:
            return Edit(kind="crash", shift=self._none() + 2.0 * DEAD)
        draw = rng.random()
        if draw < world.real:
            size = rng.uniform(*world.gain) * max(self._headroom(), 0.0) / self._room
            return Edit(kind="real", shift=shift + self._general(size))
        if draw < world.real + world.harmful:
            return Edit(kind="harmful", shift=shift + self._general(-rng.uniform(*world.gain)))
        if draw < world.real + world.harmful + world.overfit:
            return Edit(kind="overfit", shift=shift + self._by_heart())
        return Edit(kind="neutral", shift=shift)

    def _general(self, size: float) -> Array:
        """A shift of one broad skill or some narrow ones that gains `size` on unseen tasks."""
        if self.rng.random() < 0.5:
            direction = self._leaning[:, self.rng.integers(BROAD)]
        else:
            chosen = self.rng.choice(NARROW, int(self.rng.integers(3, 7)), replace=False)
            direction = np.isin(self._family, chosen).astype(float)
        aim = self.true_score() + size
        bounds = (0.0, 12.0) if size > 0 else (-12.0, 0.0)
        return direction * _bisect(lambda by: self.true_score(by * direction), aim, bounds)

    def _by_heart(self) -> Array:
        """A few shown tasks gain much, all others lose a little."""
        reach = self.visible if self.world.overfits_validation else self.world.train
        chosen = self.rng.choice(reach, min(reach, int(self.rng.integers(3, 7))), replace=False)
        shift = self._none() - self.rng.uniform(0.0, 0.3)
        shift[chosen] += self.rng.uniform(3.0, 5.0, len(chosen))
        return shift

    def _headroom(self) -> float:
        return float(self._cap[self.visible :].mean()) - self.true_score()

    def _none(self) -> Array:
        return np.zeros(len(self.logits))


def _sigmoid(x: Array | float) -> Array:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(x, -60.0, 60.0))))


def _bisect(measure: Callable[[float], float], aim: float, bounds: tuple[float, float]) -> float:
    low, high = bounds
    for _ in range(40):
        middle = (low + high) / 2.0
        low, high = (middle, high) if measure(middle) < aim else (low, middle)
    return (low + high) / 2.0
