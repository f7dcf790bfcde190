"""What the gate may know of the train tasks, hidden files included."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenFile:
    """A text file of a task's tests or solution."""

    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainTask:
    """A train task as the gate knows it; never one of validation or holdout."""

    name: str
    instruction: str
    hidden: tuple[HiddenFile, ...] = ()
    """No word of these may be shown to anybody, only what an edit has itself."""
