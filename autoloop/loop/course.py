"""What the steps so far ask of the next one: read from the recorded steps alone."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile
from types import MappingProxyType

from autoloop.ports import Approach, Course
from autoloop.records import CONFLICT, ChangeKind, Decision, Origin, Step

EMPTY_IN_A_ROW = 3
"""Conversations without a submission after which another approach is asked for."""
GIVEN_UP = 2 * EMPTY_IN_A_ROW
"""And after which the run ends."""
NO_GAINS: Mapping[int, float] = MappingProxyType({})
_STAGES = (Approach.OTHER_KIND, Approach.SIMPLIFY, Approach.MERGE)


def course_of(
    steps: Iterable[Step], *, plateau: int, gains: Mapping[int, float] = NO_GAINS
) -> Course:
    """What to ask for after these steps; each `plateau` steps without a kept edit ask for more.

    First for another kind of change, then for a simplification, then for two edits together, and
    so on from the beginning. Three empty conversations in a row come before all of it. `gains` are
    those of edits on train tasks, by step.
    """
    steps = tuple(steps)
    own = _own(steps)
    barren = list(takewhile(lambda step: not _is_kept(step), reversed(own)))
    tried = {s.proposal.kind for s in barren if s.proposal is not None and s.proposal.kind}
    empty = empty_in_a_row(steps)
    approach = _approach(fruitless=len(barren), empty=empty, plateau=plateau)
    pair = _pair(own, gains, len(barren) // (plateau * len(_STAGES)) - 1)
    if approach is Approach.MERGE and not pair:
        approach = Approach.OTHER_KIND
    return Course(
        approach=approach,
        fruitless=len(barren),
        kinds=tuple(kind for kind in ChangeKind if kind in tried),
        merge=pair if approach is Approach.MERGE else (),
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


def _approach(*, fruitless: int, empty: int, plateau: int) -> Approach:
    if empty >= EMPTY_IN_A_ROW:
        return Approach.SMALL
    if fruitless < plateau:
        return Approach.FREE
    return _STAGES[(fruitless // plateau - 1) % len(_STAGES)]


def _pair(own: Sequence[Step], gains: Mapping[int, float], turn: int) -> tuple[int, ...]:
    """Two edits that gained most on train tasks of those that were not kept; others each time.

    Of edits for the same hypothesis only the best is one of them.
    """
    close = [step for step in own if _was_tried(step) and gains.get(step.index, 0.0) > 0]
    close.sort(key=lambda step: -gains[step.index])
    best: dict[int, Step] = {}
    for step in close:
        best.setdefault(step.alternative_of or step.index, step)
    first = 2 * max(turn, 0)
    pair = [step.index for step in best.values()][first : first + 2]
    return tuple(sorted(pair)) if len(pair) == 2 else ()


def _was_tried(step: Step) -> bool:
    """Whether an edit was tried and not kept, for what it does."""
    verdict = step.verdict
    if verdict is None or step.candidate is None or _is_kept(step):
        return False
    return CONFLICT not in verdict.numbers


def _is_kept(step: Step) -> bool:
    return step.verdict is not None and step.verdict.decision is Decision.KEEP


def _is_empty(step: Step) -> bool:
    """Whether a conversation led to nothing; an edit that its reviewer refused is something."""
    is_over = step.verdict is not None and step.verdict.decision is Decision.EMPTY
    return is_over and step.proposal is None
