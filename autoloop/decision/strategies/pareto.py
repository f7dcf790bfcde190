"""A pool of edits that are best on some task each, from which parents of further edits are drawn.

The selection is GEPA's (Agrawal et al. 2025, arXiv 2507.19457): a minibatch decides whether an edit
joins, the number of validation tasks that a member leads on how often it becomes a parent, and
members that lead on different tasks are merged. What lands is decided otherwise: by the belief of
the Bayesian rule over all trials of a member, since a minibatch and one pass flatter the chosen.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from statistics import fmean
from typing import ClassVar

import numpy as np

from autoloop.decision.bayes.docket import Docket, docket_of, first
from autoloop.decision.bayes.rule import BayesRule
from autoloop.decision.chances import say_chance
from autoloop.decision.strategies.evidence import evidence_of_version
from autoloop.records import Board, Decision, Move, OpenEdit, Opening, Order, Verdict, Version

Lineage = tuple[int, ...]
PROMISING = 0.3
"""Chance of a gain in general from which a member is tried beyond its first pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParetoStrategy:
    """Explores from several parents; lands a whole lineage when it is most likely better."""

    name: str = "pareto"
    mixes: ClassVar[bool] = False
    pool: int = 8
    """Members at most; the one that leads on fewest tasks makes room."""
    minibatch: int = 4
    """Train tasks on which an edit must beat its parent to join."""
    rule: BayesRule = field(default_factory=lambda: BayesRule(keep=0.9))

    def decide(self, board: Board) -> Move:
        """Verdicts first, then trials, then an edit of a drawn parent."""
        pool = _Pool(strategy=self, board=board, rewards=_rewards(board))
        verdicts = pool.verdicts()
        if verdicts or board.exhausted:
            return Move(verdicts=verdicts)
        orders = tuple(pool.orders())[: max(board.free, 0 if board.pending else 1)]
        room = board.may_propose and not orders and not board.pending
        return Move(orders=orders, opening=pool.opening() if room else None)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Pool:
    strategy: ParetoStrategy
    board: Board
    rewards: Mapping[Lineage, Mapping[str, Sequence[float]]]
    """By lineage on top of the incumbent, and by task."""
    dockets: dict[Lineage, Docket] = field(default_factory=dict)
    """Those worked out so far."""

    def verdicts(self) -> dict[int, Verdict]:
        """A lineage that lands, else edits that leave the pool."""
        landing = self._landing()
        if landing is not None:
            return landing
        if self.board.exhausted:
            return {edit.step: self._says(edit, Decision.UNDECIDED) for edit in self.board.open}
        gone = {edit.step for edit in self.board.open if self._failed(edit)} or self._crowded()
        return {
            edit.step: self._says(edit, Decision.REVERT)
            for edit in self.board.open
            if gone & {edit.step, *edit.parents}
        }

    def _landing(self) -> dict[int, Verdict] | None:
        """The members of the surest lineage that may be kept, if one may."""
        sure = {lineage: self._chance(lineage) for lineage in self._tried()}
        best = max(sure, key=lambda lineage: sure[lineage], default=())
        if not best or sure[best] < self.strategy.rule.keep:
            return None
        edits = {edit.step: edit for edit in self.board.open}
        return {step: self._says(edits[step], Decision.KEEP, lineage=best) for step in best}

    def _failed(self, edit: OpenEdit) -> bool:
        """Whether the minibatch is over and shows nothing better than the parent."""
        if self._lacks_minibatch(edit):
            return False
        own, parents = self._rewards(_lineage(edit)), self._rewards(edit.parents)
        batch = self._minibatch(edit)
        return sum(fmean(own[t]) for t in batch) <= sum(fmean(parents[t]) for t in batch)

    def _crowded(self) -> set[int]:
        """The member that leads on fewest tasks, once there are too many."""
        if len(self.board.open) <= self.strategy.pool:
            return set()
        leads = self._leads()
        tails = [
            e for e in self.board.open if not any(e.step in o.parents for o in self.board.open)
        ]
        least = min(tails, key=lambda e: (leads.get(_lineage(e), 0.0), e.step))
        return {least.step}

    def orders(self) -> Iterator[Order]:
        """What minibatches and validation passes lack, then more of the leaders."""
        running = [(order.version, order.task) for order in self.board.pending]
        for version, task in self._wanted():
            if (version, task) in running:
                running.remove((version, task))
            else:
                yield Order(version=version, task=task)

    def _wanted(self) -> Iterator[tuple[Version, str]]:
        for edit in self.board.open:
            yield from self._lacks_minibatch(edit)
        for lineage in self._members():
            yield from self._lacks(lineage, self.board.validation)
        yield from self._doubtful()

    def opening(self) -> Opening:
        """A parent drawn by how many validation tasks it leads on."""
        leads = {lineage: lead for lineage, lead in self._leads().items() if lead > 0}
        names = sorted(leads)
        weights = np.array([leads[name] for name in names])
        seed = [abs(self.board.seed), len(self.board.closed) + len(self.board.open)]
        drawn = np.random.default_rng(seed).choice(len(names), p=weights / weights.sum())
        return Opening(parents=names[int(drawn)])

    def _members(self) -> list[Lineage]:
        """Lineages that passed their minibatch, and merges of two that lead on different tasks."""
        own = [_lineage(e) for e in self.board.open if not self._lacks_minibatch(e)]
        return [*own, *(merge for merge in self._merges(own) if merge not in own)]

    def _merges(self, own: list[Lineage]) -> Iterator[Lineage]:
        scored = [
            lineage for lineage in own if not list(self._lacks(lineage, self.board.validation))
        ]
        clash = {e.step: set(e.conflicts) for e in self.board.open}
        for one, other in combinations(scored, 2):
            both = tuple(sorted({*one, *other}))
            apart = not any(clash[step] & set(both) for step in both)
            if apart and both not in (one, other) and self._complement(one, other):
                yield both

    def _complement(self, one: Lineage, other: Lineage) -> bool:
        first, second = self._rewards(one), self._rewards(other)
        ahead = [fmean(first[t]) - fmean(second[t]) for t in self.board.validation]
        return max(ahead, default=0.0) > 0.0 > min(ahead, default=0.0)

    def _frontier(self) -> list[Lineage]:
        leads = self._leads()
        return [lineage for lineage in self._members() if leads.get(lineage, 0.0) > 0.0]

    def _leads(self) -> dict[Lineage, float]:
        """On how many validation tasks nobody in the pool does better; the incumbent is ()."""
        scored = [()] + [
            lineage
            for lineage in self._members()
            if not list(self._lacks(lineage, self.board.validation))
        ]
        table = {lineage: self._rewards(lineage) for lineage in scored}
        leads = dict.fromkeys(scored, 0.0)
        for task in self.board.validation:
            means = {one: fmean(table[one].get(task) or [0.0]) for one in scored}
            top = max(means.values())
            for lineage, mean in means.items():
                leads[lineage] += mean >= top
        return leads if any(leads.values()) else {(): 1.0}

    def _tried(self) -> list[Lineage]:
        """Lineages with enough trials for a verdict."""
        return [line for line in self._members() if len(self._rewards(line)) >= 2]

    def _chance(self, lineage: Lineage) -> float:
        return self._docket(lineage).test.better

    def _docket(self, lineage: Lineage) -> Docket:
        if lineage not in self.dockets:
            self.dockets[lineage] = docket_of(evidence_of_version(self.board, lineage))
        return self.dockets[lineage]

    def _doubtful(self) -> Iterator[tuple[Version, str]]:
        """Telling trials of the member that is likeliest better, while it may still land."""
        rule = self.strategy.rule
        sure = {line: self._chance(line) for line in self._frontier() if line}
        open_ones = {
            line: chance
            for line, chance in sure.items()
            if chance > PROMISING and self._docket(line).finished.total() < rule.cap
        }
        if open_ones:
            line = max(open_ones, key=lambda one: (open_ones[one], one))
            for task in first(self._docket(line).information(), max(self.board.free, 1)):
                yield Version(base=self.board.base, on=line), self.board.visible[task]

    def _minibatch(self, edit: OpenEdit) -> tuple[str, ...]:
        rng = np.random.default_rng([abs(self.board.seed), edit.step, 1])
        count = min(self.strategy.minibatch, len(self.board.train))
        return tuple(self.board.train[i] for i in rng.permutation(len(self.board.train))[:count])

    def _lacks_minibatch(self, edit: OpenEdit) -> list[tuple[Version, str]]:
        batch = self._minibatch(edit)
        own = list(self._lacks(_lineage(edit), batch))
        return [*own, *self._lacks(edit.parents, batch)]

    def _lacks(self, lineage: Lineage, tasks: tuple[str, ...]) -> Iterator[tuple[Version, str]]:
        """Tasks that a lineage has no trial on."""
        rewards = self._rewards(lineage)
        for task in tasks:
            if task not in rewards:
                yield Version(base=self.board.base, on=lineage), task

    def _rewards(self, lineage: Lineage) -> Mapping[str, Sequence[float]]:
        return self.rewards.get(lineage, {})

    def _says(
        self, edit: OpenEdit, decision: Decision, *, lineage: Lineage | None = None
    ) -> Verdict:
        docket = self._docket(lineage or _lineage(edit))
        trials = sum(docket.finished.values())
        return say_chance(decision, docket.test.better, gain=docket.test.gain(), trials=trials)


def _lineage(edit: OpenEdit) -> Lineage:
    return tuple(sorted((*edit.parents, edit.step)))


def _rewards(board: Board) -> dict[Lineage, dict[str, list[float]]]:
    rewards: dict[Lineage, dict[str, list[float]]] = {}
    for seen in board.observations:
        if seen.version.base == board.base:
            rewards.setdefault(seen.version.on, {}).setdefault(seen.task, []).append(seen.reward)
    return rewards
