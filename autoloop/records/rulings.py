"""What was under test when verdicts fell."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenEdit:
    """An edit under test."""

    step: int
    opened: int
    """Observations there were when it joined."""
    size: int = 0
    """Syntax-tree nodes of agent.py with this edit alone on the incumbent."""
    parents: tuple[int, ...] = ()
    """Open edits it was written on top of: it is never on without them."""
    conflicts: tuple[int, ...] = ()
    """Open edits that it cannot be merged with: they are never on together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """One answer of a strategy with verdicts in it.

    Recorded as it was: edits may be moved, made anew or refused afterwards.
    """

    number: int
    """1, 2, 3, … within the run. An edit that ended because it did not go with what was kept has
    that of the answer after which it ended."""
    open: tuple[OpenEdit, ...] = ()
    """Edits under test, as the strategy was shown them; none where no strategy was asked."""
