"""The search: ask the strategy, do what it says, ask again, until there is a reason to stop."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from autoloop.loop.board import Lane, Moment, board_at, is_closed, is_open, latest_ruling
from autoloop.loop.course import has_given_up
from autoloop.loop.final import keep_back
from autoloop.loop.landing import settle
from autoloop.loop.proposing import begin, is_begun, is_waiting, join, propose
from autoloop.loop.work import Work
from autoloop.records import (
    Agent,
    Board,
    Move,
    Notice,
    OpenEdit,
    Order,
    ProposalMade,
    Purpose,
    Ruling,
    Step,
    StopReason,
    Verdict,
)


class Search:
    """The search of one session. What it remembers is a matter of this session alone."""

    def __init__(self, work: Work, *, goes_on: bool, save: Callable[[], None]) -> None:
        """`goes_on`: an earlier session gave up, and somebody wants another edit nevertheless.

        `save` stores the run's record.
        """
        self._work = work
        self._goes_on = goes_on
        self._save = save
        self._exhausted = False
        self._told = ""

    def run(self) -> StopReason:
        """Search until there is a reason to stop, and nothing is under test."""
        self._work.lab.check_stop()
        settle(self._work)
        keep_back(self._work)
        self._recall()
        reason: StopReason | None = None
        while reason is None:
            self._work.lab.check_stop()
            settle(self._work)
            keep_back(self._work)
            reason = self._round()
        return reason

    def _round(self) -> StopReason | None:
        """Ask the strategy once and do what it says; the reason to stop, if there is one."""
        limit, steps = self._limit(), self._work.book.all()
        if limit is not None and not any(is_open(s) or is_waiting(s) for s in steps):
            if not self._work.lab.running:
                return limit
            self._work.lab.collect()
            return None
        board = self._board(steps, limit)
        move = self._work.parts.strategy.decide(board)
        self._tell(move.notice)
        if move.verdicts:
            self._record(move.verdicts, board.open)
        else:
            self._advance(move, limit)
        return None

    def _advance(self, move: Move, limit: StopReason | None) -> None:
        """Start trials; then see to the next edit, or wait for a result."""
        order(self._work, move.orders)
        waiting = [step for step in self._work.book.all() if is_waiting(step)]
        if waiting:
            for step in waiting:
                join(self._work, step)
        elif move.opening is not None and limit is None:
            # One that could not be paid for when the run was resumed comes first.
            begun = next(filter(is_begun, self._work.book.all()), None)
            propose(self._work, begun or begin(self._work, move.opening))
            self._goes_on = self._exhausted = False
            self._save()
        elif self._work.lab.running:
            self._work.lab.collect()
        elif self._exhausted:
            raise AssertionError("a strategy must decide when no trial can be paid for any more")
        else:
            self._exhausted = True

    def _record(self, verdicts: Mapping[int, Verdict], shown: tuple[OpenEdit, ...]) -> None:
        """Store all verdicts before git hears of any."""
        steps = {step.index: step for step in self._work.book.all() if is_open(step)}
        seen = self._work.seen()
        ruling = Ruling(number=1 + latest_ruling(self._work.book.all()), open=shown)
        for index in sorted(verdicts):
            step = replace(steps[index], verdict=verdicts[index], decided=seen, ruling=ruling)
            self._work.book.save(step)
        self._exhausted = False
        settle(self._work)
        self._save()

    def _board(self, steps: Sequence[Step], limit: StopReason | None) -> Board:
        lane = Lane(
            pending=self._work.pending(),
            free=self._work.lab.free,
            may_propose=limit is None,
            exhausted=self._exhausted,
        )
        now = Moment(
            seen=self._work.seen(),
            open=tuple(filter(is_open, steps)),
            closed=tuple(filter(is_closed, steps)),
            lane=lane,
        )
        return board_at(self._work.records(), now)

    def _limit(self) -> StopReason | None:
        """Why no further step may begin."""
        steps = self._work.book.all()
        if has_given_up(steps) and not self._goes_on:
            return StopReason.NO_PROPOSALS
        # One that waits for its edit has begun: it is not forbidden.
        begun = sum(map(is_begun, steps))
        return self._work.lab.meter.refusal(steps=len(steps) - begun)

    def _tell(self, notice: str) -> None:
        if notice and notice != self._told:
            self._work.parts.observer.notify(Notice(text=notice))
        self._told = notice

    def _recall(self) -> None:
        """Take up what was under way when an earlier session ended: trials, and an edit."""
        steps = self._work.book.all()
        for step in filter(is_open, steps):
            self._work.parts.observer.notify(ProposalMade(step=step))
        begun = next(filter(is_begun, steps), None)
        again(self._work, steps, begun)
        if begun is not None and self._work.lab.meter.refusal() is None:
            propose(self._work, begun)
            self._goes_on = False


def order(work: Work, orders: Iterable[Order]) -> None:
    """Start trials while workers are free and the budget allows."""
    sources, tip = work.sources(), work.tip()
    for wish in orders:
        if work.lab.free == 0 or work.lab.meter.refusal() is not None:
            return
        fold = sources.fold(tip.source, wish.version.on)
        work.lab.start(
            Agent(source=fold.source),
            wish.task,
            purpose=Purpose.SEARCH,
            version=replace(wish.version, base=tip.step, on=fold.on),
        )


def again(work: Work, steps: Sequence[Step], begun: Step | None) -> None:
    """Start once more what was ordered since the last result and is not recorded.

    Edits came under test one by one since then, and orders were given in between: the strategy is
    asked again what it wanted before each of them.
    """
    every = work.records().observations()
    seen = len(every) if begun is None or begun.opened is None else begun.opened
    under_test = [step for step in steps if is_open(step)]
    late = [step for step in under_test if (step.opened or 0) >= seen]
    flying: list[Order] = []
    for count in range(len(late) + (begun is not None)):
        moment = Moment(
            seen=seen,
            open=tuple(step for step in under_test if step not in late[count:]),
            closed=tuple(filter(is_closed, steps)),
            lane=Lane(pending=tuple(flying), free=work.lab.free - len(flying)),
        )
        flying += work.parts.strategy.decide(board_at(work.records(), moment)).orders
        flying = flying[: work.lab.free]
    recorded = Counter(Order(version=o.version, task=o.task) for o in every[seen:])
    order(work, (Counter(flying) - recorded).elements())
