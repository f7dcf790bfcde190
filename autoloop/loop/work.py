"""What the stages of a climb share."""

from dataclasses import dataclass, field

from autoloop.loop.board import RunRecords, orders_of
from autoloop.loop.folding import Merging, Sources
from autoloop.loop.lab import Lab
from autoloop.loop.parts import Parts, Plan
from autoloop.ports import RunStore
from autoloop.records import Observation, Order, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Tip:
    """The incumbent: what the run's branch ends with."""

    step: int
    """0 is the baseline."""
    commit: str
    source: str


class StepBook:
    """The run's steps at hand; what is written is stored before it is shown. One thread only."""

    def __init__(self, store: RunStore) -> None:
        self._store = store
        self._steps = {step.index: step for step in store.steps()}

    def all(self) -> tuple[Step, ...]:
        """All steps by index."""
        return tuple(self._steps[index] for index in sorted(self._steps))

    def find(self, index: int) -> Step | None:
        """The step of this index."""
        return self._steps.get(index)

    def save(self, step: Step) -> Step:
        """Store a step as it stands."""
        self._store.save_step(step)
        self._steps[step.index] = step
        return step


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A climb at work: its ports, its plan, and the lab that runs its trials."""

    parts: Parts
    plan: Plan
    lab: Lab
    book: StepBook
    run: str
    """Name of the run."""
    base: str
    """Commit of the baseline."""
    baseline: str
    """Its agent.py."""
    merging: Merging
    known: dict[str, Observation] = field(default_factory=dict)
    """Observations made so far, by trial."""

    def records(self) -> RunRecords:
        """What is recorded by now."""
        plan = self.plan
        return RunRecords(
            steps=self.book.all(),
            trials=self.lab.trials,
            splits=plan.splits,
            digests={name: task.digest for name, task in plan.tasks.items()},
            base=self.base,
            baseline=self.baseline,
            merge=self.merging.merge,
            size=self.merging.size,
            seed=plan.seed,
            known=self.known,
            second=plan.second,
        )

    def sources(self) -> Sources:
        """The texts of incumbents and edits."""
        return self.records().sources()

    def seen(self) -> int:
        """Observations there are."""
        return len(self.records().observations())

    def tip(self) -> Tip:
        """The incumbent, as the records have it: git may be a step behind or ahead."""
        landed = self.records().landed()
        if not landed:
            return Tip(step=0, commit=self.base, source=self.baseline)
        newest = landed[-1]
        if newest.candidate is None or newest.proposal is None:
            raise AssertionError("a kept step has a commit")
        return Tip(step=newest.index, commit=newest.candidate, source=newest.proposal.source)

    def pending(self) -> tuple[Order, ...]:
        """Trials of the search that are under way."""
        return orders_of(self.lab.running, self.records())
