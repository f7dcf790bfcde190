"""What the incumbent is made of, and which trials were its own before it was one."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from autoloop.records import ClosedEdit, Version


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """Edits whose verdict fell as one: a single one, or a line that landed as a whole."""

    steps: tuple[int, ...]
    kept: bool
    opened: int
    """Observations there were when the last of them joined."""
    closed: int
    """Observations there were when the verdict fell."""

    @property
    def step(self) -> int:
        """By which the incumbent goes, if they were kept."""
        return self.steps[-1]


def ended_of(closed: Sequence[ClosedEdit]) -> tuple[Ended, ...]:
    """In the order of their verdicts; at the same time those first that were not kept."""
    order = sorted(closed, key=lambda one: (one.closed, one.kept, one.step))
    groups = groupby(order, key=lambda one: (one.closed, 0 if one.kept else one.step))
    return tuple(_as_one(tuple(group)) for _, group in groups)


def _as_one(edits: Sequence[ClosedEdit]) -> Ended:
    return Ended(
        steps=tuple(edit.step for edit in edits),
        kept=edits[-1].kept,
        opened=max(edit.opened for edit in edits),
        closed=edits[-1].closed,
    )


def chain_of(ended: Sequence[Ended]) -> tuple[int, ...]:
    """Edits that the incumbent is made of after these, in the order in which they landed."""
    return tuple(step for one in ended if one.kept for step in one.steps)


def besides(version: Version, chain: tuple[int, ...]) -> int | None:
    """How many edits a version had on top of such an incumbent; None: it lacked some of it."""
    if version.base and version.base not in chain:
        return None
    landed = chain[: chain.index(version.base) + 1] if version.base else ()
    had = {*landed, *version.on}
    return len(had) - len(chain) if had.issuperset(chain) else None
