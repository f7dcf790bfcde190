"""An edit as it is submitted: what it changes, why, and what is predicted of it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something a guard saw in an edit."""

    rule: str
    severity: Literal["note", "warn", "block"]
    message: str
    """What was found and what to do, in words a meta-agent can act on."""
    line: int | None = None


class ChangeKind(StrEnum):
    """What of an agent an edit changes."""

    PROMPT = "prompt"
    TOOL = "tool"
    CONTROL_FLOW = "control flow"
    CONTEXT = "context handling"
    VERIFICATION = "verification"
    DECOMPOSITION = "decomposition"
    PARAMETERS = "model parameters"
    SIMPLIFICATION = "simplification"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPrediction:
    """A train task that an edit is said to cure."""

    task: str
    chance: float | None = None
    """How likely; None where it was said without a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """Another edit for the same hypothesis, to be tried if those before it are not kept."""

    source: str
    """The whole new agent.py."""
    title: str
    chance: float | None = None
    """How likely it will be kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepLesson:
    """What the meta-agent learnt from an earlier step."""

    step: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """An edit of agent.py that the meta-agent submitted."""

    source: str
    """The whole new agent.py."""
    title: str
    """One line, as a commit subject."""
    hypothesis: str
    expected: str
    """Which failures it is meant to cure."""
    generality: str
    """Answer to: if this exact task disappeared, would this still be a worthwhile improvement?"""
    findings: tuple[Finding, ...] = ()
    kind: ChangeKind | None = None
    """None: nobody said."""
    predicted: tuple[TaskPrediction, ...] = ()
    """Train tasks that it should cure."""
    chance: float | None = None
    """How likely it will be kept, said before it was tried."""
    alternatives: tuple[Alternative, ...] = ()
    written_on: str = ""
    """The agent.py that its alternatives were written on; empty where there are none."""
    lesson: StepLesson | None = None
    """What whoever made it learnt from a step before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What a reviewer who did not make an edit says of it."""

    worthwhile: Literal["yes", "no", "unsure"]
    """If the tasks it was made for disappeared, would it still be an improvement?"""
    reason: str = ""
    tasks: tuple[str, ...] = ()
    """Train tasks that it seems made for."""

    @property
    def words(self) -> str:
        """All of it in a line."""
        made_for = f" It seems made for {', '.join(self.tasks)}." if self.tasks else ""
        return f"{self.worthwhile}.{made_for} {self.reason}".strip()
