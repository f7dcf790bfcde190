"""A board as a keep rule sees it: one edit, or several as one, against the incumbent."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from autoloop.decision.drift import Change, change_of
from autoloop.records import (
    Board,
    Chapter,
    Evidence,
    History,
    Observation,
    OpenEdit,
    Score,
    Side,
    Version,
    Want,
)

CHAPTERS = 1024


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
    change = change_of(board)
    since = max(_since(board), change.at if change else 0)
    alone: list[Observation] = []
    on = defaultdict[tuple[int, ...], list[Observation]](list)
    for seen in board.observations[since:]:
        version = seen.version
        if version.base == board.base and version.on:
            on[version.on].append(seen)
        elif _is_incumbent(version, board.base):
            alone.append(seen)
    return Reading(board=board, history=_history(board, change), alone=alone, on=on)


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


def _is_incumbent(version: Version, base: int) -> bool:
    if not version.on:
        return version.base == base
    return version.on == (base,) and not version.off


def _history(board: Board, change: Change | None) -> History:
    """The baseline's first pass, then a chapter for each edit in the order they were decided."""
    ended = sorted(board.closed, key=lambda one: (one.closed, one.step))
    seen = max([0, *(one.closed for one in ended), min(one.opened for one in board.open)])
    at = change.at if change else 0
    return _chapters(
        board.observations[:seen],
        tuple((one.step, one.kept) for one in ended),
        at=at,
        # Those that ended before the task model changed.
        before=sum(one.closed <= at for one in ended) if change else len(ended),
    )


@lru_cache(maxsize=16)
def _chapters(
    observations: tuple[Observation, ...],
    ended: tuple[tuple[int, bool], ...],
    *,
    at: int,
    before: int,
) -> History:
    """Trials with several edits on are left out: a belief is of one agent.py.

    Of an edit that saw the task model change, only what came after it counts.
    """
    every, fresh = _by_step(observations), _by_step(observations[at:])
    baseline = tuple(seen for seen in every[0] if not seen.version.base)
    chapters = [_chapter(0, kept=False, seen=baseline)]
    base = 0
    for place, (step, kept) in enumerate(ended):
        by_step = every if place < before else fresh
        own = tuple(seen for seen in by_step[step] if seen.version.base == base)
        chapters.append(_chapter(step, kept=kept, seen=own))
        base = step if kept else base
    return History(chapters=tuple(chapters), changed=1 + before if at else 0)


def _by_step(observations: Iterable[Observation]) -> defaultdict[int, list[Observation]]:
    """Trials of one edit or none, by the step that they were run for."""
    by_step = defaultdict[int, list[Observation]](list)
    for seen in observations:
        if len(seen.version.on) <= 1:
            by_step[_step_of(seen.version)].append(seen)
    return by_step


@lru_cache(maxsize=CHAPTERS)
def _chapter(step: int, *, kept: bool, seen: tuple[Observation, ...]) -> Chapter:
    """A chapter; equal ones are the same object, by which rules remember their arithmetic."""
    scores = tuple(
        _score(one, Side.CANDIDATE if step in one.version.on else Side.INCUMBENT, step=step)
        for one in seen
    )
    return Chapter(step=step, kept=kept, scores=scores)


def _step_of(version: Version) -> int:
    return max(version.on or version.off or (0,))


def _score(seen: Observation, side: Side, *, step: int) -> Score:
    return Score(
        side=side,
        task=seen.task,
        split=seen.split,
        attempt=seen.attempt,
        reward=seen.reward,
        step=step,
        cost=seen.cost,
    )
