"""What the stages of a step share."""

from dataclasses import dataclass

from autoloop.loop.lab import Lab
from autoloop.loop.parts import Parts, Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A climb at work: its ports, its plan, and the lab that runs its trials."""

    parts: Parts
    plan: Plan
    lab: Lab
    run: str
    """Name of the run."""
