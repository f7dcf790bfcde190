"""Makes versions of agent.py out of an incumbent and edits under test."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from autoloop.ports import Guard, Workspace
from autoloop.records import Step

REMEMBERED = 512
"""Merges and sizes that are not made twice."""


class Merge(Protocol):
    """Merges two edits of one text, as `Workspace.merge` does."""

    def __call__(self, *, base: str, ours: str, theirs: str) -> str | None:
        """The text with both edits, or None where they do not go together."""


class Merging:
    """Merges and measures sources, and remembers both. One thread only."""

    def __init__(self, workspace: Workspace, guard: Guard) -> None:
        self._workspace = workspace
        self._guard = guard
        self._merge = lru_cache(maxsize=REMEMBERED)(self._merged)
        self.size = lru_cache(maxsize=REMEMBERED)(guard.size)

    def merge(self, *, base: str, ours: str, theirs: str) -> str | None:
        """The text with both edits; None where they conflict, or where the guards block it."""
        return self._merge(base, ours, theirs)

    def _merged(self, base: str, ours: str, theirs: str) -> str | None:
        merged = self._workspace.merge(base=base, ours=ours, theirs=theirs)
        if merged is None or merged in {base, ours, theirs}:
            return merged
        findings = self._guard.check(before=base, after=merged)
        return None if any(found.severity == "block" for found in findings) else merged


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """A version as it could be made."""

    source: str
    on: tuple[int, ...]
    """Edits that are in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Texts of incumbents and edits, by what they are called in the records."""

    commits: Mapping[str, str]
    """Text of the baseline and of every kept edit, by commit."""
    steps: Mapping[int, Step]
    merge: Merge

    def of(self, step: Step) -> str:
        """An edit's whole agent.py, on what it was written on."""
        if step.proposal is None:
            raise AssertionError("only an edit has a source")
        return step.proposal.source

    def foundation(self, step: Step) -> str:
        """What an edit was written on: its incumbent, with the edits that it builds on."""
        return self.fold(self.commits[step.parent], step.parents).source

    def fold(self, source: str, on: Sequence[int]) -> Fold:
        """A text with edits on it in order; one that does not go with those before is left out."""
        done: list[int] = []
        for index in on:
            step = self.steps[index]
            if any(parent in on and parent not in done for parent in step.parents):
                continue
            merged = self.merge(base=self.foundation(step), ours=source, theirs=self.of(step))
            if merged is not None:
                source = merged
                done.append(index)
        return Fold(source=source, on=tuple(done))

    def moved(self, step: Step, onto: str) -> str | None:
        """An edit on another text than it was written on; None where it does not fit there."""
        return self.merge(base=self.foundation(step), ours=onto, theirs=self.of(step))

    def fit(self, one: Step, other: Step) -> bool:
        """Whether two edits can be on together."""
        first, second = sorted((one, other), key=lambda step: step.index)
        if first.index in second.parents:
            return True
        return self.moved(second, self.of(first)) is not None
