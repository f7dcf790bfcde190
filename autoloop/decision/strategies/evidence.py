"""A board as a keep rule sees it: one edit, or several as one, against the incumbent."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from autoloop.decision.drift import change_of
from autoloop.decision.strategies.chapters import history_of
from autoloop.decision.strategies.lineage import besides, chain_of, ended_of
from autoloop.records import (
    Board,
    Evidence,
    History,
    Observation,
    OpenEdit,
    Score,
    Side,
    Version,
    Want,
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reading:
    """A board's trials sorted once, for the evidence of all that is under test."""

    board: Board
    history: History
    alone: Sequence[Observation]
    """Of the incumbent, those that it was kept for included."""
    on: Mapping[tuple[int, ...], Sequence[Observation]]
    """On top of the incumbent, by edits that were on."""

    def evidence(self, on: tuple[int, ...], *, size: int = 0) -> Evidence:
        """What a keep rule may know of edits that are tried together, as if they were one."""
        board = self.board
        return Evidence(
            train=board.train,
            validation=board.validation,
            scores=tuple(self._scores(on)),
            pending=tuple(
                Want(side=side, task=order.task)
                for order in board.pending
                if (side := _asked_for(order.version, on)) is not None
            ),
            history=self.history,
            free=board.free,
            candidate_size=size,
            incumbent_size=board.incumbent_size,
            exhausted=board.exhausted,
            step=on[-1],
            seed=board.seed,
        )

    def _scores(self, on: tuple[int, ...]) -> Iterator[Score]:
        """Trials of both sides.

        What an edit did on an earlier incumbent does not count for it: gains do not add up.
        """
        closed = {0, *(one.step for one in self.board.closed)}
        for seen in self.on.get(on, ()):
            yield _score(seen, Side.CANDIDATE, step=on[-1])
        for seen in self.alone:
            own = _step_of(seen.version)
            # Incumbents' trials that open edits share count for each of them.
            yield _score(seen, Side.INCUMBENT, step=own if own in closed else on[-1])


def reading_of(board: Board) -> Reading:
    """Of those trials that say something of the incumbent, or of edits on top of it."""
    change, chain = change_of(board), chain_of(ended_of(board.closed))
    since = max(_since(board), change.at if change else 0)
    alone: list[Observation] = []
    on = defaultdict[tuple[int, ...], list[Observation]](list)
    for seen in board.observations[since:]:
        version = seen.version
        if version.base == board.base and version.on:
            on[version.on].append(seen)
        elif version.base == board.base or besides(version, chain) == 0:
            alone.append(seen)
    return Reading(board=board, history=history_of(board, change), alone=alone, on=on)


def evidence_of(board: Board, edit: OpenEdit) -> Evidence:
    """What a keep rule may know of one edit that is tried by itself."""
    return reading_of(board).evidence((edit.step,), size=edit.size)


def _asked_for(version: Version, on: tuple[int, ...]) -> Side | None:
    if version.on == on:
        return Side.CANDIDATE
    return Side.INCUMBENT if not version.on and on[-1] in version.off else None


def _since(board: Board) -> int:
    """From which observation on there may be trials of the incumbent."""
    return next((one.opened for one in board.closed if one.step == board.base), 0)


def _step_of(version: Version) -> int:
    return max(version.on or version.off or (0,))


def _score(seen: Observation, side: Side, *, step: int) -> Score:
    """As a rule sees it; where somebody tampered, it never speaks for the candidate."""
    excused = seen.tampered and side is Side.INCUMBENT
    return Score(
        side=side,
        task=seen.task,
        split=seen.split,
        attempt=seen.attempt,
        reward=1.0 if excused else seen.reward,
        step=step,
        cost=None if seen.tampered else seen.cost,
        weight=0.0 if excused else 1.0,
    )
