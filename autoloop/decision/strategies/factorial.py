"""Many edits under test at once, each switched on by a coin in every trial.

A randomised factorial experiment (Fisher 1935, The design of experiments): one trial informs on
all edits. The coin is independent of task, time and the other edits, so that neither a lucky score
of the incumbent nor a drifting model can pass for a gain.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from autoloop.decision.chances import Virtue, say_chance
from autoloop.decision.drift import change_of, notice_of
from autoloop.decision.objective import Saving, saving_on
from autoloop.decision.screen.hypotheses import BETTER, KINDS, WORSE, hypotheses
from autoloop.decision.screen.ledger import Standing, standing_of
from autoloop.decision.screen.rates import Rates, rates_before
from autoloop.decision.screen.smoke import LEAST, Smoke, smoke_of, surest
from autoloop.records import (
    Board,
    Decision,
    Move,
    Objective,
    OpenEdit,
    Opening,
    Order,
    Verdict,
    Version,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorialStrategy:
    """Edits join, are kept or dropped, and are replaced, while trials go on.

    An edit first runs alone on tasks that mostly pass; if it does not crash it joins the others.
    Trials go to the tasks that tell most. The surest edit above `keep` lands; the others must show
    themselves on top of it before they may land, too.
    """

    name: str = "factorial"
    mixes: ClassVar[bool] = True
    edits: int = 16
    """Under test at once."""
    keep: float = 0.88
    """Kept when the chance of a gain in general reaches this."""
    drop: float = 0.55
    """Dropped when that chance falls to this part of what it was at first."""
    cap: int = 3_000
    """Trials with the edit on or off, after which it stays undecided."""
    together: int = 16
    """Trials on top of the present incumbent that an edit needs before it lands."""
    control_every: int = 24
    """One trial in so many is the incumbent's alone, for the score that is shown."""
    trust: float = 100.0
    """How many edits the prior of what edits do weighs."""
    margin: float = 0.02
    """A simpler edit is kept when a greater loss than this is unlikely (5 %)."""
    objective: Objective = field(default_factory=Objective)

    def decide(self, board: Board) -> Move:
        """Verdicts first, then trials and another edit."""
        screen = _screen(self, board)
        verdicts = screen.verdicts()
        chances = {case.edit.step: case.standing.chance for case in screen.cases}
        if verdicts or board.exhausted:
            return Move(verdicts=verdicts, notice=notice_of(board), chances=chances)
        room = board.may_propose and len(board.open) < self.edits
        orders = tuple(screen.orders(wait=room and 2 * len(board.open) < self.edits))
        opening = Opening() if room else None
        return Move(orders=orders, opening=opening, notice=notice_of(board), chances=chances)


def _screen(strategy: FactorialStrategy, board: Board) -> "_Screen":
    known = hypotheses(len(board.train), len(board.validation))
    weights = known.weights(_learned(board), trust=strategy.trust)
    change = change_of(board)
    return _Screen(
        strategy=strategy,
        board=board,
        rates=rates_before(board.observations, board.visible, fresh=change.at if change else 0),
        prior=float(weights @ known.of(BETTER)),
        cases=tuple(
            _case(edit, board, standing_of(edit, board, weights=weights)) for edit in board.open
        ),
    )


def _crash(trials: int, *, lost: float) -> Verdict:
    """The verdict on an edit that fails everywhere, for all that its trials alone show."""
    kinds = {f"p_{kind}": float(kind == WORSE) for kind in KINDS}
    gains = dict.fromkeys(("gain", "gain_low", "gain_high"), -lost)
    return Verdict(
        decision=Decision.REVERT,
        reason=f"reverted: it crashes, or does nothing; {-100 * lost:+.0f} points; {trials} trials",
        numbers={**kinds, **gains, "trials": float(trials)},
    )


def _learned(board: Board) -> dict[str, float]:
    """What earlier edits turned out to be."""
    return {k: sum(edit.numbers.get(f"p_{k}", 0.0) for edit in board.closed) for k in KINDS}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Case:
    edit: OpenEdit
    standing: Standing
    smoke: Smoke


def _case(edit: OpenEdit, board: Board, standing: Standing) -> _Case:
    smoke = smoke_of(standing.alone, standing.before, board.visible)
    return _Case(edit=edit, standing=standing, smoke=smoke)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Screen:
    """All edits under test, as their trials show them."""

    strategy: FactorialStrategy
    board: Board
    rates: Rates
    prior: float
    """Chance that the next edit helps in general."""
    cases: tuple[_Case, ...]

    def verdicts(self) -> dict[int, Verdict]:
        """Edits that are decided; of those that may land only the surest does, one at a time."""
        found = {case.edit.step: self._decision(case) for case in self.cases}
        fit = [case for case in self.cases if found[case.edit.step] is Decision.KEEP]
        surest_fit = max(fit, key=lambda c: c.standing.better, default=None)
        verdicts = {}
        for case in self.cases:
            decision = found[case.edit.step]
            if decision is None or (decision is Decision.KEEP and case is not surest_fit):
                continue
            verdicts[case.edit.step] = self._verdict(case, decision)
        return verdicts

    def _decision(self, case: _Case) -> Decision | None:
        rule, standing = self.strategy, case.standing
        if case.smoke.crashed:
            return Decision.REVERT
        good = standing.better >= rule.keep or self._is_simpler(case) or self._is_cheaper(case)
        if good and self._fits(case):
            return Decision.KEEP
        if standing.better <= rule.drop * self.prior and not self._may_be_cheaper(case):
            return Decision.REVERT
        if self.board.exhausted or standing.trials >= rule.cap:
            return Decision.UNDECIDED
        return None

    def _fits(self, case: _Case) -> bool:
        """Whether it showed itself on top of the present incumbent.

        Gains do not add up: what it did before another edit landed says little of both together.
        """
        since = self.board.observations[case.edit.opened :]
        step, base = case.edit.step, self.board.base
        seen = sum(
            s.version.base == base and step in (*s.version.on, *s.version.off) for s in since
        )
        return seen >= self.strategy.together

    def _is_simpler(self, case: _Case) -> bool:
        smaller = 0 < case.edit.size < self.board.incumbent_size
        return smaller and case.standing.worse_than(self.strategy.margin, self.rates) <= 0.05

    def _is_cheaper(self, case: _Case) -> bool:
        saving = saving_on(self.board, case.edit, self.strategy.objective)
        return saving is not None and saving.sure and self._loses(case) <= 0.05

    def _may_be_cheaper(self, case: _Case) -> bool:
        """Whether an edit without a gain is still worth trials for what it seems to save."""
        saving = saving_on(self.board, case.edit, self.strategy.objective)
        return saving is not None and saving.ratio < 1.0 and self._loses(case) <= 0.2

    def _virtue(self, case: _Case, saving: Saving | None) -> Virtue | None:
        """For what an edit without a clear gain is kept."""
        if case.standing.better >= self.strategy.keep:
            return None
        if saving is None or self._is_simpler(case):
            loss = case.standing.worse_than(self.strategy.margin, self.rates)
            return Virtue(words="simpler", loss=loss)
        return Virtue(words=saving.words, loss=self._loses(case))

    def _loses(self, case: _Case) -> float:
        """Chance of a loss beyond what the objective allows."""
        return case.standing.worse_than(self.strategy.objective.margin, self.rates)

    def _verdict(self, case: _Case, decision: Decision) -> Verdict:
        standing = case.standing
        if case.smoke.crashed:
            return _crash(len(standing.alone), lost=float(self.rates.mean.mean()))
        saving = saving_on(self.board, case.edit, self.strategy.objective)
        return say_chance(
            decision,
            standing.better,
            gain=standing.gain(self.rates),
            trials=standing.trials,
            numbers={
                **{f"p_{kind}": chance for kind, chance in standing.kinds.items()},
                **(saving.numbers if saving else {}),
            },
            virtue=self._virtue(case, saving),
        )

    def orders(self, *, wait: bool) -> Iterator[Order]:
        """As many trials as workers are free; with `wait` only edits that are new are tried."""
        free = max(self.board.free, 0 if self.board.pending else 1)
        rng = np.random.default_rng([abs(self.board.seed), self._started])
        alone = list(self._alone(rng))[:free]
        yield from alone
        ready = [case for case in self.cases if not self._is_new(case)]
        if ready and not wait:
            for number, task in enumerate(self._telling(ready, rng, free - len(alone))):
                started = self._started + len(alone) + number
                yield Order(version=self._version(ready, rng, started), task=task)

    @property
    def _started(self) -> int:
        return len(self.board.observations) + len(self.board.pending)

    def _alone(self, rng: np.random.Generator) -> Iterator[Order]:
        for case in self.cases:
            version = Version(base=self.board.base, on=(case.edit.step,))
            running = sum(order.version == version for order in self.board.pending)
            for _ in range(case.smoke.lacks(running)):
                yield Order(
                    version=version, task=self.board.visible[surest(case.standing.before, rng)]
                )

    def _is_new(self, case: _Case) -> bool:
        """Whether it may still turn out to crash."""
        return case.smoke.trials < LEAST or case.smoke.lacks(0) > 0

    def _telling(self, ready: list[_Case], rng: np.random.Generator, count: int) -> Iterator[str]:
        """Tasks that tell most, those under way counted less."""
        told = self.rates.spread * sum(case.standing.information() for case in ready)
        told *= 1.0 + 0.3 * rng.random(len(told))
        running = Counter(order.task for order in self.board.pending)
        told /= np.array([1.0 + running[task] for task in self.board.visible])
        order = np.argsort(-told, kind="stable")
        for number in range(count):
            yield self.board.visible[int(order[number % len(order)])]

    def _version(self, ready: list[_Case], rng: np.random.Generator, started: int) -> Version:
        """A coin for every edit that can be merged with those before it in a drawn order.

        The others are left out of the trial, neither on nor off: whether one takes part does not
        depend on how a coin fell.
        """
        base = self.board.base
        if started % self.strategy.control_every == 0:
            return Version(base=base)
        taking_part: list[OpenEdit] = []
        chances = np.array([case.standing.better for case in ready])
        # Whatever may still go either way comes first more often (Efraimidis & Spirakis 2006).
        keys = rng.random(len(ready)) ** (1.0 / np.maximum(chances * (1.0 - chances), 1e-3))
        for index in np.argsort(-keys, kind="stable"):
            edit = ready[index].edit
            if not any(other.step in edit.conflicts for other in taking_part):
                taking_part.append(edit)
        steps = sorted(edit.step for edit in taking_part)
        coins = rng.random(len(steps)) < 0.5
        return Version(
            base=base,
            on=tuple(step for step, coin in zip(steps, coins, strict=True) if coin),
            off=tuple(step for step, coin in zip(steps, coins, strict=True) if not coin),
        )
