"""The board of a strategy, from records alone: as it is now, or was when a verdict fell."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from autoloop.loop.folding import Merge, Sources
from autoloop.ports import Strategy
from autoloop.records import (
    CONFLICT,
    Board,
    ClosedEdit,
    Decision,
    Integrity,
    Observation,
    OpenEdit,
    Order,
    Purpose,
    Ruling,
    Second,
    Split,
    Step,
    TrialRequest,
    TrialResult,
    Verdict,
    Version,
)

VISIBLE = (Split.TRAIN, Split.VALIDATION)
"""Splits that verdicts rest on."""
AGENT = "agent_execution"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecords:
    """All of a run that a board is made from."""

    steps: Sequence[Step]
    trials: Sequence[TrialResult]
    splits: Mapping[str, Split]
    digests: Mapping[str, str]
    """Of the tasks as they are now; trials of others do not count."""
    base: str
    """Commit of the baseline."""
    baseline: str
    """Its agent.py."""
    merge: Merge
    size: Callable[[str], int]
    """Syntax-tree nodes of a source."""
    seed: int = 0
    known: dict[str, Observation] = field(default_factory=dict)
    """Observations made so far, by trial: strategies recognise them, and remember their sums."""
    second: Second = "none"
    """What the objective looks at besides the reward."""

    def tasks(self, split: Split) -> tuple[str, ...]:
        """Tasks of a split, by name."""
        return tuple(sorted(name for name, own in self.splits.items() if own is split))

    def landed(self) -> tuple[Step, ...]:
        """Kept steps in the order in which they came on the branch."""
        on_top = {s.parent: s for s in self.steps if _is_kept(s) and s.finished_at is not None}
        chain: list[Step] = []
        commit: str | None = self.base
        while commit in on_top and len(chain) < len(on_top):
            chain.append(on_top[commit])
            commit = chain[-1].candidate
        return tuple(chain)

    def sources(self) -> Sources:
        """The texts that the records name."""
        kept = {s.candidate: s.proposal.source for s in self.landed() if s.candidate and s.proposal}
        return Sources(
            commits={self.base: self.baseline, **kept},
            steps={step.index: step for step in self.steps},
            merge=self.merge,
        )

    def observations(self) -> tuple[Observation, ...]:
        """Every counted trial of the search on visible tasks, in the order of their records."""
        return tuple(self._observation(trial) for trial in self.trials if self._shows(trial))

    def _observation(self, trial: TrialResult) -> Observation:
        if trial.id not in self.known:
            split = self.splits[trial.key.task]
            self.known[trial.id] = _observed(trial, split, second=self.second)
        return self.known[trial.id]

    def _shows(self, trial: TrialResult) -> bool:
        key = trial.key
        return (
            trial.counts
            and key.purpose is Purpose.SEARCH
            and self.splits.get(key.task) in VISIBLE
            and self.digests.get(key.task) == key.task_digest
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """What of a board is no matter of records."""

    pending: tuple[Order, ...] = ()
    free: int = 1
    may_propose: bool = True
    exhausted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A time in a run."""

    seen: int
    """Observations there were."""
    open: tuple[Step, ...]
    closed: tuple[Step, ...]
    lane: Lane = field(default_factory=Lane)


def board_at(records: RunRecords, moment: Moment) -> Board:
    """The board as it was at a moment."""
    decided = {step.index for step in moment.closed}
    landed = [step for step in records.landed() if step.index in decided]
    newest = landed[-1].proposal if landed else None
    size = records.size(newest.source if newest else records.baseline)
    lane = moment.lane
    return Board(
        train=records.tasks(Split.TRAIN),
        validation=records.tasks(Split.VALIDATION),
        observations=records.observations()[: moment.seen],
        open=tuple(_open_edits(records, moment.open, incumbent_size=size)),
        closed=tuple(map(_closed_edit, moment.closed)),
        base=landed[-1].index if landed else 0,
        incumbent_size=size,
        pending=lane.pending,
        free=lane.free,
        may_propose=lane.may_propose,
        exhausted=lane.exhausted,
        seed=records.seed,
    )


def is_open(step: Step) -> bool:
    """Whether an edit is under test."""
    return step.candidate is not None and step.verdict is None


def is_closed(step: Step) -> bool:
    """Whether an edit has its verdict."""
    if step.proposal is None or step.verdict is None:
        return False
    # An edit that its reviewer refused was never under test.
    return step.verdict.decision is not Decision.EMPTY


def orders_of(running: Iterable[TrialRequest], records: RunRecords) -> tuple[Order, ...]:
    """Trials of the search on visible tasks that are under way."""
    return tuple(
        Order(version=request.version, task=request.task.name)
        for request in running
        if request.purpose is Purpose.SEARCH and records.splits.get(request.task.name) in VISIBLE
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """A verdict as it was recorded, and as a strategy gives it on the same observations."""

    step: Step
    recorded: Verdict
    replayed: Verdict | None
    """None: it would not have decided yet."""


def latest_ruling(steps: Iterable[Step]) -> int:
    """How often a strategy gave verdicts that stand."""
    return max((step.ruling.number for step in steps if step.ruling is not None), default=0)


def replay(records: RunRecords, strategy: Strategy) -> Iterator[Replayed]:
    """Ask a strategy for the verdict of every decided step, on what was known when it fell.

    Steps that ended because they did not go with a kept one are left out: no strategy was asked.
    """
    older = {s.decided for s in records.steps if is_closed(s) and s.ruling is None}
    for seen in sorted(seen for seen in older if seen is not None):
        yield from _replay_moment(records, strategy, seen)
    rulings = {s.ruling.number: s.ruling for s in records.steps if s.ruling and s.ruling.open}
    for number in sorted(rulings):
        yield from _replay_ruling(records, strategy, rulings[number])


def _replay_ruling(records: RunRecords, strategy: Strategy, ruling: Ruling) -> Iterator[Replayed]:
    """Verdicts of one answer, on the board that the strategy was shown then."""
    closed = [s for s in records.steps if is_closed(s) and _number(s) < ruling.number]
    now = [s for s in records.steps if s.ruling == ruling]
    moment = Moment(seen=now[0].decided or 0, open=(), closed=tuple(closed))
    board = replace(board_at(records, moment), open=ruling.open)
    yield from _compared(now, _asked(strategy, board))


def _number(step: Step) -> int:
    """Of the answer that a verdict fell with; 0 in runs from before that was recorded."""
    return 0 if step.ruling is None else step.ruling.number


def _compared(steps: Iterable[Step], verdicts: Mapping[int, Verdict]) -> Iterator[Replayed]:
    for step in steps:
        if step.verdict is not None:
            replayed = verdicts.get(step.index)
            yield Replayed(step=step, recorded=step.verdict, replayed=replayed)


def _replay_moment(records: RunRecords, strategy: Strategy, seen: int) -> Iterator[Replayed]:
    """Verdicts at one count of observations, where no more than that was recorded.

    The strategy is asked anew after each. Edits that were made anew since, or refused, are missing
    or different.
    """
    older = [s for s in records.steps if is_closed(s) and s.ruling is None]
    closed = [s for s in older if (s.decided or 0) < seen]
    now = [s for s in older if s.decided == seen and s.opened is not None]
    left = [s for s in now if s.verdict and CONFLICT not in s.verdict.numbers]
    while left:
        moment = _moment(records, closed, now, seen=seen)
        verdicts = _asked(strategy, board_at(records, moment))
        answered = [s for s in left if s.index in verdicts] or left
        yield from _compared(answered, verdicts)
        closed += answered
        left = [s for s in left if s not in answered]


def _moment(
    records: RunRecords, closed: Sequence[Step], now: Sequence[Step], *, seen: int
) -> Moment:
    """Who was under test: an edit that joined later at the same count was not."""
    decided = {step.index for step in closed}
    first = min(s.index for s in now if s.index not in decided)
    under_test = [
        step
        for step in records.steps
        if step.index not in decided
        and step.opened is not None
        and step.candidate is not None
        and (step.decided is None or step.decided >= seen)
        and (step.opened < seen or step.index <= first)
    ]
    return Moment(seen=seen, open=tuple(under_test), closed=tuple(_by_step(closed)))


def _asked(strategy: Strategy, board: Board) -> Mapping[int, Verdict]:
    """What the strategy decides; where it asks for more, what it says when there is no more."""
    for exhausted in (False, True):
        verdicts = strategy.decide(replace(board, exhausted=exhausted, may_propose=False)).verdicts
        if verdicts:
            return verdicts
    return {}


def _by_step(steps: Iterable[Step]) -> list[Step]:
    return sorted(steps, key=lambda step: step.index)


def _is_kept(step: Step) -> bool:
    return step.verdict is not None and step.verdict.decision is Decision.KEEP


def _observed(trial: TrialResult, split: Split, *, second: Second) -> Observation:
    return Observation(
        version=trial.version,
        task=trial.key.task,
        split=split,
        attempt=trial.key.attempt,
        reward=trial.reward,
        cost=_cost(trial, second),
        tampered=trial.integrity is Integrity.TAMPERED,
    )


def _cost(trial: TrialResult, second: Second) -> float | None:
    """Dollars, or seconds of the agent's phases; None where they are not known."""
    if second == "cost":
        return trial.usage.cost_usd
    phases = [step.phases for step in trial.steps] or [trial.phases]
    spans = [own[AGENT] for own in phases if AGENT in own]
    return sum(span.seconds for span in spans) if second == "time" and spans else None


def _open_edits(
    records: RunRecords, steps: Sequence[Step], *, incumbent_size: int
) -> Iterator[OpenEdit]:
    sources = records.sources()
    indexes = {step.index for step in steps}
    for step in steps:
        parents = tuple(index for index in step.parents if index in indexes)
        others = [other for other in steps if other is not step]
        yield OpenEdit(
            step=step.index,
            opened=step.opened or 0,
            size=incumbent_size + _growth(records, sources, step),
            parents=parents,
            conflicts=tuple(o.index for o in others if not sources.fit(step, o)),
        )


def _growth(records: RunRecords, sources: Sources, step: Step) -> int:
    """Syntax-tree nodes that an edit adds to whatever it was written on."""
    return records.size(sources.of(step)) - records.size(sources.foundation(step))


def _closed_edit(step: Step) -> ClosedEdit:
    return ClosedEdit(
        step=step.index,
        opened=step.opened or 0,
        closed=step.decided or 0,
        kept=_is_kept(step),
        numbers=step.verdict.numbers if step.verdict else {},
    )


def version_in_words(version: Version) -> str:
    """How a version of the search is called."""
    if len(version.on) > 1:
        return f"steps {'+'.join(map(str, version.on))}"
    return f"step {version.on[0] if version.on else version.base}"
