"""Edits that are out of proportion to the program that they change."""

from autoloop.guards.program import read, read_before
from autoloop.guards.syntax import complexity
from autoloop.records import Finding

RULE = "growth"
_ROOM_NODES = 3_000
"""What any edit may add, so that a whole new design fits."""
_ROOM_BYTES = 20_000
_TIMES = 3
_ENORMOUS = 2
"""Beyond so many times the room it is refused."""


class GrowthGuard:
    """Warns of an edit that makes agent.py several times as large; refuses far more than that."""

    def check(self, *, before: str, after: str) -> tuple[Finding, ...]:
        """One finding at most; `after` must parse."""
        old, new = read_before(before), read(after)
        if not old.tree.body:
            # Nothing there before: no proportion either.
            return ()
        return _measured(
            what="syntax-tree nodes",
            old=complexity(before),
            new=complexity(after),
            room=_ROOM_NODES,
        ) or _measured(
            what="bytes",
            old=len(old.source.encode()),
            new=len(new.source.encode()),
            room=_ROOM_BYTES,
        )


def _measured(*, what: str, old: int, new: int, room: int) -> tuple[Finding, ...]:
    growth = new - old
    if growth <= max(room, (_TIMES - 1) * old):
        return ()
    too_much = growth > _ENORMOUS * max(room, (_TIMES - 1) * old)
    text = (
        f"agent.py grows from {old:,} to {new:,} {what}. One idea seldom needs so much: split the "
        "edit, and leave data out."
    )
    return (Finding(rule=RULE, severity="block" if too_much else "warn", message=text),)
