"""One edit's case: what its evidence says so far, and which trials a round still lacks."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from statistics import fmean

from autoloop.decision.estimates import half_width
from autoloop.decision.objective import Saving, saving_of
from autoloop.decision.permutation import sign_flip_p
from autoloop.decision.tally import Cell, Tally
from autoloop.records import Evidence, Objective, Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Evidence and its tally, asked the questions of the paired rule."""

    evidence: Evidence
    tally: Tally
    incumbent_attempts: tuple[int, ...]
    """How many attempts per task each round wants of the incumbent."""
    objective: Objective = field(default_factory=Objective)

    @property
    def train(self) -> tuple[str, ...]:
        """Tasks whose traces the meta-agent reads."""
        return self.evidence.train

    @property
    def validation(self) -> tuple[str, ...]:
        """Tasks that confirm."""
        return self.evidence.validation

    @property
    def visible(self) -> tuple[str, ...]:
        """Train and validation tasks together."""
        return (*self.train, *self.validation)

    @property
    def simpler(self) -> bool:
        """Whether the candidate's agent.py is smaller."""
        return self.evidence.candidate_size < self.evidence.incumbent_size

    @property
    def saving(self) -> Saving | None:
        """What the candidate saves, where the objective asks for that."""
        return saving_of(self.evidence, self.objective)

    @property
    def leaner(self) -> bool:
        """Whether it is enough to be as good: it is smaller, or takes less."""
        return self.simpler or (self.saving is not None and self.saving.sure)

    @property
    def virtue(self) -> str:
        """What there is besides being as good, in words."""
        return "simpler" if self.simpler or self.saving is None else self.saving.words

    @property
    def turn(self) -> int:
        """The round that was reached: most attempts given to the candidate on a train task."""
        return max([1, *(self.tally.asked(Side.CANDIDATE, task) for task in self.train)])

    def lacks(self, tasks: Sequence[str], turn: int) -> list[Cell]:
        """Single trials that were not asked for and that the tasks need to end this round.

        After their first attempt, tasks on which no two attempts differed are left alone.
        """
        cells = []
        for level in range(1, self.incumbent_attempts[turn - 1] + 1):
            for task in self._in_order(tasks):
                own_turn = turn if turn == 1 or self.tally.differs(task) else 1
                for side in (Side.INCUMBENT, Side.CANDIDATE):
                    first = side is Side.CANDIDATE
                    goal = own_turn if first else self.incumbent_attempts[own_turn - 1]
                    if self.tally.asked(side, task) < level <= goal:
                        cells.append((side, task))
        return cells

    def awaits(self, tasks: Sequence[str]) -> bool:
        """Whether trials on these tasks are under way."""
        return any(self.tally.pending.get((side, task)) for side in Side for task in tasks)

    def gain(self, tasks: Sequence[str]) -> float:
        """Mean difference candidate minus incumbent over tasks that both have tried."""
        differences = self.tally.differences(tasks)
        return fmean(differences) if differences else 0.0

    def p(self, tasks: Sequence[str]) -> float:
        """One-sided p-value of a gain on these tasks."""
        return self._p(self.tally.differences(tasks))

    def p_worse(self, tasks: Sequence[str]) -> float:
        """One-sided p-value of a loss on these tasks."""
        return self._p([-d for d in self.tally.differences(tasks)])

    def excludes_loss(self, margin: float, tasks: Sequence[str]) -> bool:
        """Whether a loss greater than the margin is excluded, one-sided at 95 %."""
        differences = self.tally.differences(tasks)
        return self.gain(tasks) - half_width(differences, level=0.90) > -margin

    def room(self, tasks: Sequence[str]) -> float:
        """How much better than the incumbent a perfect candidate would score."""
        best = max([1.0, *(r for s in Side for t in tasks for r in self.tally.of(s, t))])
        return best - self.tally.mean(Side.INCUMBENT, tasks)

    def _p(self, differences: Sequence[float]) -> float:
        seed = (abs(self.evidence.seed), self.evidence.step)
        return sign_flip_p(differences, seed=seed)

    def _in_order(self, tasks: Sequence[str]) -> list[str]:
        """Tasks in an order drawn anew for each step.

        Never by how the incumbent did: where it was lucky it falls back on its next attempt, and
        an edit judged early on those tasks would seem worse than it is.
        """
        drawn = f"{self.evidence.seed}/{self.evidence.step}"
        return sorted(tasks, key=lambda task: sha256(f"{drawn}/{task}".encode()).digest())
