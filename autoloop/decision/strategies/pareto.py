"""A pool of edits that are best on some task each, from which parents of further edits are drawn.

The selection is GEPA's (Agrawal et al. 2025, arXiv 2507.19457): a minibatch decides whether an edit
joins, the number of validation tasks that a member leads on how often it becomes a parent, and
members that lead on different tasks are merged. Whether one leads, lands or leaves is decided
otherwise: by the belief of the Bayesian rule over all its trials, since a minibatch and one pass
over validation flatter the chosen, and a pass for every member and merge eats the budget.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain, combinations, islice
from statistics import fmean
from typing import ClassVar

import numpy as np

from autoloop.decision.bayes.docket import Docket, docket_of
from autoloop.decision.bayes.grid import RATES, Array
from autoloop.decision.bayes.rule import BayesRule
from autoloop.decision.chances import say_chance
from autoloop.decision.drift import notice_of
from autoloop.decision.strategies.evidence import Reading, reading_of
from autoloop.decision.strategies.racing import Lineage, racing_orders
from autoloop.records import (
    Board,
    Chance,
    Decision,
    Move,
    OpenEdit,
    Opening,
    Order,
    Verdict,
    Version,
)

PROMISING = 0.3
"""Chance of a gain in general from which a member is built on or merged; a new edit has half."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParetoStrategy:
    """Explores from several parents; lands a whole lineage when it is most likely better."""

    name: str = "pareto"
    mixes: ClassVar[bool] = False
    pool: int = 8
    """Edits under test at once."""
    minibatch: int = 4
    """Train tasks on which an edit must beat its parent to join."""
    rule: BayesRule = field(default_factory=lambda: BayesRule(keep=0.9))

    def decide(self, board: Board) -> Move:
        """Verdicts first, then trials and an edit of a drawn parent."""
        if not board.open:
            return Move(opening=Opening() if board.may_propose else None, notice=notice_of(board))
        pool = _pool(self, board)
        verdicts = pool.verdicts()
        if verdicts or board.exhausted:
            return Move(verdicts=verdicts, notice=notice_of(board), chances=pool.chances())
        room = board.may_propose and len(board.open) < self.pool
        return Move(
            orders=tuple(pool.orders()),
            opening=pool.opening() if room else None,
            notice=notice_of(board),
            chances=pool.chances(),
        )


def _pool(strategy: ParetoStrategy, board: Board) -> "_Pool":
    reading = reading_of(board)
    rewards = {(): _by_task(reading, ()), **{on: _by_task(reading, on) for on in reading.on}}
    return _Pool(strategy=strategy, board=board, reading=reading, rewards=rewards)


def _by_task(reading: Reading, on: Lineage) -> dict[str, list[float]]:
    rewards: dict[str, list[float]] = {}
    for seen in reading.on[on] if on else reading.alone:
        # What the incumbent tampered with is no point that an edit is ahead.
        excused = seen.tampered and not on
        rewards.setdefault(seen.task, []).append(1.0 if excused else seen.reward)
    return rewards


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Pool:
    strategy: ParetoStrategy
    board: Board
    reading: Reading
    rewards: Mapping[Lineage, Mapping[str, Sequence[float]]]
    """By lineage on top of the incumbent, and by task."""
    dockets: dict[Lineage, Docket] = field(default_factory=dict)
    """Those worked out so far."""

    def verdicts(self) -> dict[int, Verdict]:
        """A lineage that lands, else edits that leave the pool with all that is built on them."""
        found = {lineage: self._found(lineage) for lineage in self._members()}
        landing = self._landing(found)
        if landing:
            return landing
        gone = {
            edit.step: verdict
            for edit in self.board.open
            if (verdict := found.get(_lineage(edit)) or self._turned_away(edit)) is not None
        }
        for edit in self.board.open:
            if edit.step not in gone and gone.keys() & set(edit.parents):
                gone[edit.step] = self._says(edit, Decision.REVERT)
        return gone

    def chances(self) -> dict[int, Chance]:
        """Of edits that passed their minibatch, each with what it is built on."""
        return {edit.step: self._docket(_lineage(edit)).chance for edit in self._joined()}

    def _landing(self, found: Mapping[Lineage, Verdict | None]) -> dict[int, Verdict]:
        """The edits of the surest lineage that may be kept, if one may."""
        good = [lin for lin, one in found.items() if one and one.decision is Decision.KEEP]
        best = max(good, key=self._chance, default=())
        verdict = found.get(best)
        return dict.fromkeys(best, verdict) if verdict else {}

    def _turned_away(self, edit: OpenEdit) -> Verdict | None:
        """The verdict on one that failed its minibatch, or did not get through it."""
        if self._failed(edit):
            return self._says(edit, Decision.REVERT)
        return self._says(edit, Decision.UNDECIDED) if self.board.exhausted else None

    def _failed(self, edit: OpenEdit) -> bool:
        """Whether the minibatch is over and shows nothing better than the parent.

        As good is enough where something else may be won: a simpler, cheaper or faster agent.
        """
        if self._is_new(edit):
            return False
        own, parents = self._rewards(_lineage(edit)), self._rewards(edit.parents)
        ahead = sum(fmean(own[t]) - fmean(parents[t]) for t in self._minibatch(edit))
        saves = edit.size < self.board.incumbent_size
        saves |= self.strategy.rule.objective.second != "none"
        return ahead < 0.0 or (ahead == 0.0 and not saves)

    def orders(self) -> Iterator[Order]:
        """What minibatches lack, then the trials that tell most of members."""
        free = max(self.board.free, 0 if self.board.pending else 1)
        first = list(islice(self._for_minibatches(), free))
        yield from first
        racing = {lineage: self._docket(lineage) for lineage in self._members()}
        if racing:
            yield from racing_orders(
                self.board,
                racing,
                free=free - len(first),
                incumbent_every=self.strategy.rule.incumbent_every,
            )

    def _for_minibatches(self) -> Iterator[Order]:
        running = {(order.version.on, order.task) for order in self.board.pending}
        for edit in self.board.open:
            for lineage, task in self._lacks(edit):
                if (lineage, task) not in running:
                    running.add((lineage, task))
                    off = () if edit.step in lineage else (edit.step,)
                    version = Version(base=self.board.base, on=lineage, off=off)
                    yield Order(version=version, task=task)

    def opening(self) -> Opening:
        """A parent drawn by how many validation tasks it leads on."""
        leads = self._leads()
        names = sorted(leads)
        weights = np.array([leads[name] for name in names])
        seed = [abs(self.board.seed), len(self.board.closed) + len(self.board.open)]
        drawn = np.random.default_rng(seed).choice(len(names), p=weights / weights.sum())
        return Opening(parents=names[int(drawn)])

    def _leads(self) -> dict[Lineage, float]:
        """On how many validation tasks each is expected to pass most often; nobody is ()."""
        promising = [lineage for lineage in self._members() if self._chance(lineage) > PROMISING]
        if not promising or not self.board.validation:
            return {(): 1.0}
        nobody = self._docket(promising[0]).incumbent.density @ RATES
        table = np.stack([nobody, *map(self._expected, promising)])[:, len(self.board.train) :]
        leads = (table >= table.max(axis=0)).sum(axis=1)
        return dict(zip([(), *promising], map(float, leads), strict=True))

    def _members(self) -> list[Lineage]:
        """Lineages that passed their minibatch, and the most promising merge of two."""
        own = [_lineage(edit) for edit in self._joined()]
        merges = [merge for merge in self._merges(own) if merge not in own]
        return [*own, *merges[:1]]

    def _joined(self) -> list[OpenEdit]:
        """Edits that passed their minibatch."""
        return [e for e in self.board.open if not self._is_new(e) and not self._failed(e)]

    def _merges(self, own: list[Lineage]) -> Iterator[Lineage]:
        """Of members that are each expected to be ahead on some task, the surest first."""
        promising = [lineage for lineage in own if self._chance(lineage) > PROMISING]
        clash = {e.step: set(e.conflicts) for e in self.board.open}
        pairs = combinations(sorted(promising, key=self._chance, reverse=True), 2)
        for one, other in pairs:
            both = tuple(sorted({*one, *other}))
            apart = not any(clash[step] & set(both) for step in both)
            if apart and both not in (one, other) and self._complement(one, other):
                yield both

    def _complement(self, one: Lineage, other: Lineage) -> bool:
        ahead = self._expected(one) - self._expected(other)
        return bool(ahead.max() > 0.0 > ahead.min())

    def _expected(self, lineage: Lineage) -> Array:
        """Pass rates by task."""
        test = self._docket(lineage).test
        return np.asarray(test.posterior @ test.rates)

    def _found(self, lineage: Lineage) -> Verdict | None:
        return self.strategy.rule.verdict(self._docket(lineage))

    def _chance(self, lineage: Lineage) -> float:
        return self._docket(lineage).test.better

    def _docket(self, lineage: Lineage) -> Docket:
        if lineage not in self.dockets:
            evidence = self.reading.evidence(lineage, size=self._size(lineage))
            self.dockets[lineage] = docket_of(evidence)
        return self.dockets[lineage]

    def _size(self, lineage: Lineage) -> int:
        usual = self.board.incumbent_size
        return usual + sum(e.size - usual for e in self.board.open if e.step in lineage)

    def _minibatch(self, edit: OpenEdit) -> tuple[str, ...]:
        board = self.board
        return _drawn(board.train, self.strategy.minibatch, seed=board.seed, step=edit.step)

    def _lacks(self, edit: OpenEdit) -> Iterator[tuple[Lineage, str]]:
        """Trials of its minibatch that have not ended, the parent's included."""
        batch = self._minibatch(edit)
        for lineage, task in chain(
            ((_lineage(edit), task) for task in batch), ((edit.parents, task) for task in batch)
        ):
            if task not in self._rewards(lineage):
                yield lineage, task

    def _is_new(self, edit: OpenEdit) -> bool:
        return next(self._lacks(edit), None) is not None

    def _rewards(self, lineage: Lineage) -> Mapping[str, Sequence[float]]:
        return self.rewards.get(lineage, {})

    def _says(self, edit: OpenEdit, decision: Decision) -> Verdict:
        docket = self._docket(_lineage(edit))
        trials = sum(docket.finished.values())
        return say_chance(decision, docket.test.better, gain=docket.test.gain(), trials=trials)


def _lineage(edit: OpenEdit) -> Lineage:
    return tuple(sorted((*edit.parents, edit.step)))


@lru_cache(maxsize=256)
def _drawn(train: tuple[str, ...], count: int, *, seed: int, step: int) -> tuple[str, ...]:
    """Train tasks that belong to a step."""
    order = np.random.default_rng([abs(seed), step, 1]).permutation(len(train))
    return tuple(train[place] for place in order[:count])
