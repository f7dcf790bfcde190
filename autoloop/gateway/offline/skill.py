"""What the offline stand-in can do: one skill per kind of everyday work, read off the instruction.

A skill understands an instruction by its words alone and turns it into shell commands. Which
details get lost, whether the input was looked at, and how much of it was seen is decided by the
stand-in's temperament (`junior`) and comes in as a `View`, so that every skill errs in the same
human ways.
"""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What the stand-in has in mind while it works."""

    dropped: frozenset[str] = frozenset()
    """Details of the instruction that it forgot, as listed by `Job.details`."""
    looked: bool = True
    """False: it never looked at the input and goes by what such files usually look like."""
    seen_lines: int | None = None
    """It believed a cut output: it works on the first so many lines of each input only."""


class Job(Protocol):
    """An understood instruction."""

    @property
    def details(self) -> tuple[str, ...]:
        """Requirements that are easily lost, each as the instruction words it."""

    @property
    def looks(self) -> tuple[str, ...]:
        """Commands that show the inputs in full, as `cat FILE`."""

    @property
    def check(self) -> str:
        """A command that shows the result."""

    def steps(self, view: View) -> tuple[str, ...]:
        """Shell commands that do the work as far as `view` reaches, one turn each.

        Those that use Python start with `python3`. Running them again must be harmless, so that a
        job done badly can be done again in full.
        """


class Skill(Protocol):
    """A kind of work."""

    @property
    def name(self) -> str:
        """Short name, for the stand-in's own words."""

    def understand(self, instruction: str) -> Job | None:
        """The job an instruction describes; None when it is no work of this kind.

        Only the instruction's text may be used: never a task's name or folder.
        """
