"""Bounds of constant folding, so that no program can make it hang or fill the memory."""

from collections.abc import Iterable

from autoloop.guards.folding.values import Made, Space

LONGEST = 64 * 1024
"""Characters, bytes or entries of one value."""
BITS = 4_096
"""Of one integer."""
DEPTH = 60
STEPS = 40_000
"""Of one program: expressions worked out, rounds of loops, and a part of what they copy."""
_SERIES = (str, bytes, list, tuple, dict, set)


class Unknown(Exception):  # noqa: N818 - not an error: the value is just not a constant
    """An expression is no constant, or working it out would take too much."""


class Budget:
    """Steps that are left for one program."""

    def __init__(self, steps: int = STEPS) -> None:
        self._left = steps

    def spend(self, steps: int = 1) -> None:
        """Use some; raises Unknown when none are left."""
        self._left -= steps
        if self._left < 0:
            raise Unknown


def bounded(value: object) -> object:
    """The value itself; raises Unknown when it is too large."""
    if isinstance(value, int) and value.bit_length() > BITS:
        raise Unknown
    if isinstance(value, _SERIES) and len(value) > LONGEST:
        raise Unknown
    return value


def sized(length: int) -> None:
    """Raise Unknown for a value that would become too long."""
    if not 0 <= length <= LONGEST:
        raise Unknown


def listed(value: object) -> list[object]:
    """The items of something that can be looped over."""
    if isinstance(value, Made):
        return listed(value.items)
    if isinstance(value, Space):
        return list(value.values.values())
    if isinstance(value, range):
        sized(len(value))
        return list(value)
    if isinstance(value, str | bytes | list | tuple | dict | set):
        sized(len(value))
        return _ordered(value)
    raise Unknown


def _ordered(value: Iterable[object]) -> list[object]:
    # The order of a set of texts differs from one process to the next.
    return sorted(value, key=repr) if isinstance(value, set) else list(value)
