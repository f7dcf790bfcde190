"""One edit at a time, judged by a keep rule."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from autoloop.decision.drift import change_of, notice_of
from autoloop.ports import KeepRule
from autoloop.records import (
    Ask,
    Board,
    Chapter,
    Evidence,
    History,
    Move,
    Observation,
    OpenEdit,
    Opening,
    Order,
    Score,
    Side,
    Verdict,
    Version,
    Want,
)

CHAPTERS = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleStrategy:
    """Has one edit made, tries it against the incumbent until its rule decides, and so on."""

    rule: KeepRule
    name: str = "climb"

    def decide(self, board: Board) -> Move:
        """Ask the rule about the edit under test, or wish for an edit where there is none."""
        if not board.open:
            return Move(opening=Opening() if board.may_propose else None, notice=notice_of(board))
        edit = board.open[0]
        answer = self.rule.decide(evidence_of(board, edit))
        if isinstance(answer, Verdict):
            return Move(verdicts={edit.step: answer}, notice=notice_of(board))
        return Move(orders=_orders(answer, board, edit), notice=notice_of(board))


def evidence_of(board: Board, edit: OpenEdit) -> Evidence:
    """What a keep rule may know of one edit that is tried by itself."""
    return evidence_of_version(board, (edit.step,), size=edit.size)


def evidence_of_version(board: Board, on: tuple[int, ...], *, size: int = 0) -> Evidence:
    """What a keep rule may know of edits that are tried together, as if they were one."""
    return Evidence(
        train=board.train,
        validation=board.validation,
        scores=tuple(_scores(board, on)),
        pending=tuple(
            Want(side=side, task=order.task)
            for order in board.pending
            if (side := _asked_for(order.version, on)) is not None
        ),
        history=_history(board),
        free=board.free,
        candidate_size=size,
        incumbent_size=board.incumbent_size,
        exhausted=board.exhausted,
        step=on[-1],
        seed=board.seed,
    )


def _orders(ask: Ask, board: Board, edit: OpenEdit) -> tuple[Order, ...]:
    on, off = Version(base=board.base, on=(edit.step,)), Version(base=board.base, off=(edit.step,))
    orders = [
        Order(version=on if want.side is Side.CANDIDATE else off, task=want.task)
        for want in ask.wants
        for _ in range(want.count)
    ]
    return tuple(orders[: board.free])


def _asked_for(version: Version, on: tuple[int, ...]) -> Side | None:
    if version.on == on:
        return Side.CANDIDATE
    return Side.INCUMBENT if not version.on and on[-1] in version.off else None


def _scores(board: Board, on: tuple[int, ...]) -> Iterable[Score]:
    """Trials of both sides; the incumbent's include those that it was kept for.

    What an edit did on an earlier incumbent does not count for it: gains do not add up.
    """
    closed = {0, *(one.step for one in board.closed)}
    change = change_of(board)
    for seen in board.observations[change.at if change else 0 :]:
        if seen.version.on == on and seen.version.base == board.base:
            yield _score(seen, Side.CANDIDATE, step=on[-1])
        elif _is_incumbent(seen.version, board.base):
            own = _step_of(seen.version)
            # Incumbents' trials that open edits share count for each of them.
            yield _score(seen, Side.INCUMBENT, step=own if own in closed else on[-1])


def _is_incumbent(version: Version, base: int) -> bool:
    if not version.on:
        return version.base == base
    return version.on == (base,) and not version.off


def _history(board: Board) -> History:
    """The baseline's first pass, then a chapter for each edit in the order they were decided.

    Of an edit that saw the task model change, only what came after it counts.
    """
    change = change_of(board)
    at, changed = change.at if change else 0, 0
    by_step, fresh = _by_step(board.observations), _by_step(board.observations[at:])
    chapters = [_chapter(0, kept=False, seen=tuple(by_step[0]))]
    base = 0
    for edit in sorted(board.closed, key=lambda one: (one.closed, one.step)):
        if change and not changed and edit.closed > at:
            by_step, changed = fresh, len(chapters)
        own = tuple(seen for seen in by_step[edit.step] if seen.version.base == base)
        chapters.append(_chapter(edit.step, kept=edit.kept, seen=own))
        base = edit.step if edit.kept else base
    if change and not changed:
        changed = len(chapters)
    return History(chapters=tuple(chapters), changed=changed)


def _by_step(observations: Iterable[Observation]) -> defaultdict[int, list[Observation]]:
    by_step = defaultdict[int, list[Observation]](list)
    for seen in observations:
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
