"""Who runs trials, and where."""

from concurrent.futures import Future
from typing import Protocol

from autoloop.records import TrialRequest, TrialResult


class TrialRunner(Protocol):
    """Runs trials; what an engine calls on a worker."""

    def run(self, request: TrialRequest) -> TrialResult:
        """Run one trial to its end. Never raises for what an agent or a task does.

        Raises:
            ModelError: the provider refuses for good; no trial can succeed.
        """


class Engine(Protocol):
    """A pool of workers that run trials."""

    @property
    def workers(self) -> int:
        """How many trials run at once."""

    def submit(self, request: TrialRequest) -> "Future[TrialResult]":
        """Start a trial as soon as a worker is free."""

    def close(self, *, now: bool = False) -> None:
        """Wait for what is running; with `now`, kill it."""
