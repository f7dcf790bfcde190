"""What a trial's trace shows of its doings, in a form that rules can look at."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One action in the task's container, as the host recorded it."""

    action: Literal["run", "read", "write"]
    argument: str
    """The command, or the path."""
    output: str = ""
    """What came back."""
    failed: bool = False
    """It ended with an error, or late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """A trial's deeds and words."""

    deeds: tuple[Deed, ...] = ()
    said: tuple[str, ...] = ()
    """What the model said, and the arguments of the tools it called."""
    refused: int = 0
    """Model calls that were refused because a quota was used up."""
    trouble: str = ""
    """Why there is no more; empty when the trace could be read."""
