"""A three-way merge of lines without git."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True, order=True)
class _Change:
    """Lines `start` to `end` of the base, and what stands in their place."""

    start: int
    end: int
    lines: tuple[str, ...]


def merge_lines(base: str, ours: str, theirs: str) -> str | None:
    """What both sides changed of `base`, or None where they changed lines that touch."""
    old = base.splitlines(keepends=True)
    changes = sorted({*_changes(old, ours), *_changes(old, theirs)})
    if any(later.start <= earlier.end for earlier, later in pairwise(changes)):
        return None
    merged, at = list[str](), 0
    for change in changes:
        merged += [*old[at : change.start], *change.lines]
        at = change.end
    return "".join([*merged, *old[at:]])


def _changes(old: Sequence[str], side: str) -> set[_Change]:
    new = side.splitlines(keepends=True)
    codes = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return {
        _Change(start, end, tuple(new[first:last]))
        for tag, start, end, first, last in codes
        if tag != "equal"
    }
