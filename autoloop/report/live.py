"""Shows a run while it goes on: a bar in a terminal or notebook, plain lines elsewhere."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from autoloop.records import (
    Decision,
    Event,
    FinalStarted,
    Notice,
    ProposalMade,
    RunFinished,
    RunStarted,
    Step,
    StepFinished,
    StepStarted,
    TrialFinished,
    TrialStarted,
)

COLOURS = {
    Decision.KEEP: "green",
    Decision.REVERT: "red",
    Decision.UNDECIDED: "yellow",
    Decision.EMPTY: "yellow",
}


class LiveProgress:
    """An `Observer` for people. Use it as a context manager; one run at a time."""

    def __init__(
        self, console: Console | None = None, *, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.console = console or Console(stderr=True)
        self._now = now
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[trials]}"),
            TimeElapsedColumn(),
            console=self.console,
            transient=True,
            disable=not self.console.is_terminal and not self.console.is_jupyter,
        )
        self._task: TaskID | None = None
        self._running = self._done = self._passed = 0

    def __enter__(self) -> Self:
        self._bar.start()
        self._task = self._bar.add_task("starting", total=None, trials="")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def notify(self, event: Event) -> None:
        """Take note of an event."""
        if isinstance(event, TrialStarted | TrialFinished):
            self._trial(event)
        elif isinstance(event, StepStarted):
            self._title(f"step {event.step.index}: the meta-agent is thinking")
        elif isinstance(event, StepFinished):
            self.console.print(_verdict_line(event.step))
        else:
            self._milestone(event)

    def _milestone(self, event: Event) -> None:
        if isinstance(event, RunStarted):
            verb = "goes on" if event.resumed else "starts"
            models = f"task model {event.run.task_model}, meta model {event.run.meta_model}"
            self.console.print(escape(f"Run {event.run.name} {verb}: {models}."))
            self._title("baseline")
        elif isinstance(event, ProposalMade):
            title = event.step.proposal.title if event.step.proposal else ""
            self._title(f"step {event.step.index}: {title[:50]}")
        elif isinstance(event, FinalStarted):
            self._title("final table on the sealed holdout")
        elif isinstance(event, Notice):
            self.console.print(escape(event.text), style="yellow")
        elif isinstance(event, RunFinished) and event.run.stop_reason:
            self.console.print(escape(f"Stopped: {event.run.stop_reason.value}."))

    def _trial(self, event: TrialStarted | TrialFinished) -> None:
        if isinstance(event, TrialStarted):
            self._running += 1
        else:
            self._running -= not event.reused
            self._done += 1
            self._passed += event.result.passed
        if self._task is not None:
            counts = f"{self._done} trials, {self._passed} passed, {self._running} running"
            self._bar.update(self._task, trials=counts)

    def _title(self, text: str) -> None:
        if self._task is not None:
            self._bar.update(self._task, description=escape(text))
        if self._bar.disable:
            self.console.print(escape(text))


def _verdict_line(step: Step) -> str:
    verdict = step.verdict
    title = escape(step.proposal.title) if step.proposal else "no edit"
    if verdict is None:
        return f"step {step.index}: {title}"
    colour = COLOURS[verdict.decision]
    word = f"[{colour}]{verdict.decision.value:9}[/{colour}]"
    return f"step {step.index:2} {word} {title}\n         {escape(verdict.reason)}"
