"""How recorded traces are read, however large they are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from autoloop.records import FailureReport, Feedback, TraceEntry


class Trace(Protocol):
    """The trace of a trial, read piece by piece from where it is stored.

    It is never empty: where nothing was recorded, its one entry says so in the host's name.
    Reading may raise StorageError: the record is damaged.
    """

    @property
    def sizes(self) -> Sequence[int]:
        """Characters of each entry as it is shown; known without reading the entries again."""

    def entry(self, number: int) -> TraceEntry:
        """One entry, 1 the first; raises IndexError for a number that is not there."""


def transcript(trace: Trace) -> str:
    """A trace as one text, which may have megabytes."""
    return "\n\n".join(trace.entry(number).text for number in range(1, len(trace.sizes) + 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialCase:
    """A trial as it is diagnosed."""

    trial: str
    task: str
    passed: bool
    trace: Callable[[], Trace]
    """Opens the trace."""
    failure: str = ""
    """Kind and message of what went wrong, as far as the reader may know; empty for nothing."""
    feedback: Feedback = field(default_factory=Feedback)


class Diagnosis(Protocol):
    """Says by code what failed trials have in common."""

    def report(self, cases: Sequence[TrialCase]) -> FailureReport:
        """Group failed trials by symptoms; the same cases always give the same report.

        A trial whose trace is damaged shows no symptom.
        """
