"""Evidence, sorted by side and task: what a keep rule counts with."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from autoloop.records import Ask, Evidence, Side, Want

Cell = tuple[Side, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Rewards that arrived and trials that are under way, by side and task."""

    rewards: Mapping[Cell, tuple[float, ...]]
    """In the order of attempts."""
    pending: Mapping[Cell, int]

    def of(self, side: Side, task: str) -> tuple[float, ...]:
        """Rewards of one side on one task."""
        return self.rewards.get((side, task), ())

    def asked(self, side: Side, task: str) -> int:
        """Trials of one side on one task, finished or under way."""
        return len(self.of(side, task)) + self.pending.get((side, task), 0)

    def trials(self, tasks: Iterable[str]) -> int:
        """Finished trials of both sides on these tasks."""
        return sum(len(self.of(side, task)) for task in tasks for side in Side)

    def compared(self, tasks: Iterable[str]) -> tuple[str, ...]:
        """The tasks on which both sides have a reward, by name."""
        return tuple(sorted(t for t in tasks if all(self.of(side, t) for side in Side)))

    def differences(self, tasks: Iterable[str]) -> tuple[float, ...]:
        """Candidate's mean minus incumbent's mean, of each task on which both have a reward."""
        return tuple(
            fmean(self.of(Side.CANDIDATE, task)) - fmean(self.of(Side.INCUMBENT, task))
            for task in self.compared(tasks)
        )

    def differs(self, task: str) -> bool:
        """Whether any two rewards on this task differ, whichever side they are of."""
        return len({reward for side in Side for reward in self.of(side, task)}) > 1

    def mean(self, side: Side, tasks: Iterable[str]) -> float:
        """Mean over tasks of one side's mean reward; 0 where nothing is known."""
        means = [fmean(self.of(side, task)) for task in tasks if self.of(side, task)]
        return fmean(means) if means else 0.0


def count(evidence: Evidence) -> Tally:
    """Sort the evidence; the order in which scores arrived leaves no trace."""
    rewards: dict[Cell, tuple[float, ...]] = {}
    for score in sorted(evidence.scores, key=lambda s: (s.attempt, s.reward)):
        cell = (score.side, score.task)
        rewards[cell] = (*rewards.get(cell, ()), score.reward)
    pending: Counter[Cell] = Counter()
    for want in evidence.pending:
        pending[want.side, want.task] += want.count
    return Tally(rewards=rewards, pending=pending)


def ask(cells: Sequence[Cell], evidence: Evidence) -> Ask:
    """Ask for the first of these single trials: as many as can start now, and never for none.

    A rule that asks for no more than there are free workers can still stop early.
    """
    room = max(evidence.free, 0 if evidence.pending else 1)
    wanted = Counter(cells[:room])
    return Ask(wants=tuple(Want(side=s, task=t, count=n) for (s, t), n in wanted.items()))
