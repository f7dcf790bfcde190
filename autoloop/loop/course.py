"""What the steps so far ask of the next one: read from the recorded steps alone."""

from collections.abc import Iterable, Sequence
from itertools import takewhile

from autoloop.ports import Approach, Course
from autoloop.records import CONFLICT, ChangeKind, Decision, Origin, Step

EMPTY_IN_A_ROW = 3
"""Conversations without a submission after which another approach is asked for."""
GIVEN_UP = 2 * EMPTY_IN_A_ROW
"""And after which the run ends."""
_STAGES = (Approach.OTHER_KIND, Approach.SIMPLIFY, Approach.MERGE)


def course_of(steps: Iterable[Step], *, plateau: int) -> Course:
    """What to ask for after these steps; each `plateau` steps without a kept edit ask for more.

    First for another kind of change, then for a simplification, then for two edits together, and
    so on from the beginning. Three empty conversations in a row come before all of it.
    """
    own = _own(steps)
    barren = list(takewhile(lambda step: not _is_kept(step), reversed(own)))
    tried = {s.proposal.kind for s in barren if s.proposal is not None and s.proposal.kind}
    empty = empty_in_a_row(own)
    approach, pair = _approach(own, fruitless=len(barren), empty=empty, plateau=plateau)
    return Course(
        approach=approach,
        fruitless=len(barren),
        kinds=tuple(kind for kind in ChangeKind if kind in tried),
        merge=pair,
        empty=empty,
    )


def empty_in_a_row(steps: Iterable[Step]) -> int:
    """Conversations in a row, up to now, that led to no edit."""
    held = [s for s in steps if s.origin is Origin.META and s.alternative_of is None]
    return len(list(takewhile(_is_empty, reversed(held))))


def has_given_up(steps: Iterable[Step]) -> bool:
    """Whether there is no use in another conversation: six led to nothing, or three more since."""
    empty = empty_in_a_row(steps)
    return empty >= GIVEN_UP and empty % EMPTY_IN_A_ROW == 0


def _own(steps: Iterable[Step]) -> list[Step]:
    """Finished steps of the meta-agent in the order of their verdicts."""
    done = [s for s in steps if s.origin is Origin.META and s.finished_at is not None]
    return sorted(done, key=lambda step: (step.decided or 0, step.index))


def _approach(
    own: Sequence[Step], *, fruitless: int, empty: int, plateau: int
) -> tuple[Approach, tuple[int, ...]]:
    if empty >= EMPTY_IN_A_ROW:
        return Approach.SMALL, ()
    if fruitless < plateau:
        return Approach.FREE, ()
    turn, stage = divmod(fruitless // plateau - 1, len(_STAGES))
    if _STAGES[stage] is not Approach.MERGE:
        return _STAGES[stage], ()
    pair = _pair(own, turn)
    return (Approach.MERGE, pair) if pair else (Approach.OTHER_KIND, ())


def _pair(own: Sequence[Step], turn: int) -> tuple[int, ...]:
    """Two edits that gained most on train tasks of those that were not kept; others each time.

    Of edits for the same hypothesis only the best is one of them.
    """
    promising = sorted((s for s in own if _train_gain(s) > 0), key=lambda s: -_train_gain(s))
    best: dict[int, Step] = {}
    for step in promising:
        best.setdefault(step.alternative_of or step.index, step)
    pair = [step.index for step in best.values()][2 * turn : 2 * turn + 2]
    return tuple(sorted(pair)) if len(pair) == 2 else ()


def _train_gain(step: Step) -> float:
    """What an edit that was tried and not kept gained on train tasks; 0 for any other step."""
    verdict = step.verdict
    if verdict is None or step.candidate is None or _is_kept(step) or CONFLICT in verdict.numbers:
        return 0.0
    return verdict.numbers.get("train_gain", 0.0)


def _is_kept(step: Step) -> bool:
    return step.verdict is not None and step.verdict.decision is Decision.KEEP


def _is_empty(step: Step) -> bool:
    return step.verdict is not None and step.verdict.decision is Decision.EMPTY
