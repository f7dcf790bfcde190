"""Shows a run while it goes on: a bar in a terminal or notebook, plain lines elsewhere."""

import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from autoloop.records import (
    Agent,
    Chance,
    ChancesChanged,
    Decision,
    Event,
    FinalStarted,
    Flags,
    Integrity,
    Notice,
    Origin,
    ProposalMade,
    RunFinished,
    RunStarted,
    Step,
    StepFinished,
    StepStarted,
    TaskPrepared,
    TrialFinished,
    TrialStarted,
)
from autoloop.records.text import plain_text
from autoloop.report.figures import chances, likeliest
from autoloop.report.standing import Gauge, Standing

COLOURS = {
    Decision.KEEP: "green",
    Decision.REVERT: "red",
    Decision.UNDECIDED: "yellow",
    Decision.EMPTY: "yellow",
}


INDENT = " " * 9
QUIET_S = 30.0
"""Where there is no bar, the count of trials is told at most this often."""
TITLE_LENGTH = 50


class LiveProgress:
    """An `Observer` for people. Use it as a context manager; one run at a time."""

    def __init__(
        self,
        console: Console | None = None,
        *,
        now: Callable[[], float] = time.monotonic,
        gauge: Gauge | None = None,
    ) -> None:
        """Without a `gauge` neither scores nor their noise are shown."""
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
        self._running = self._done = self._passed = self._reused = 0
        self._seen: list[Integrity] = []
        """Of the trials that are not clean."""
        self._standing = Standing(gauge)
        self._baseline_told = False
        self._trying: dict[int, str] = {}
        """Titles of the edits under test, by step."""
        self._chances: dict[int, Chance] = {}
        """How likely they help, by step, where it is known."""
        self._doing = "starting"
        self._told_at = now()

    def __enter__(self) -> Self:
        self._bar.start()
        self._task = self._bar.add_task(self._doing, total=None, trials="")
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
        elif isinstance(event, TaskPrepared):
            self._prepared(event)
        elif isinstance(event, StepStarted):
            self._tell_baseline()
            self._title(_begun_line(event.step))
        elif isinstance(event, StepFinished):
            self._trying.pop(event.step.index, None)
            self._chances.pop(event.step.index, None)
            self._verdict(event.step)
        elif isinstance(event, ChancesChanged):
            self._chances = dict(event.chances)
            self._draw()
        else:
            self._milestone(event)

    def _milestone(self, event: Event) -> None:
        if isinstance(event, RunStarted):
            verb = "goes on" if event.resumed else "starts"
            models = f"task model {event.run.task_model}, meta model {event.run.meta_model}"
            self._line(_text(f"Run {event.run.name} {verb}: {models}."))
            self._standing.begin(event.run)
            self._title("baseline")
        elif isinstance(event, ProposalMade):
            title = event.step.proposal.title if event.step.proposal else ""
            self._trying[event.step.index] = title
            self._title(_trying_line(self._trying))
        elif isinstance(event, FinalStarted):
            self._title(f"final table: up to {event.trials} trials on the sealed holdout")
        elif isinstance(event, Notice):
            self._line(f"[yellow]{_text(event.text)}[/yellow]")
        elif isinstance(event, RunFinished) and event.run.stop_reason:
            self._line(_text(f"Stopped: {event.run.stop_reason.value}."))

    def _trial(self, event: TrialStarted | TrialFinished) -> None:
        if isinstance(event, TrialStarted):
            self._running += 1
        else:
            self._standing.add(event.result)
            self._running -= not event.reused
            self._reused += event.reused
            self._done += 1
            self._passed += event.result.passed
            if event.result.integrity is not Integrity.CLEAN:
                self._seen.append(event.result.integrity)
        if self._task is not None:
            self._bar.update(self._task, trials=self._counts())
        if self._bar.disable and self._now() - self._told_at >= QUIET_S:
            self._line("; ".join(filter(None, (self._counts(), likeliest(self._chances)))))

    def _prepared(self, event: TaskPrepared) -> None:
        text = f"prepared {event.done} of {event.total} environments"
        is_last = event.done == event.total
        if not self._bar.disable or is_last or self._now() - self._told_at >= QUIET_S:
            self._title(text)

    def _counts(self) -> str:
        reused = f" ({self._reused} reused)" if self._reused else ""
        flags = Flags.of(self._seen)
        odd = f", {flags}" if flags else ""
        return f"{self._done} trials{reused}, {self._passed} passed, {self._running} running{odd}"

    def _tell_baseline(self) -> None:
        """Once, as soon as every task was tried."""
        standing = "" if self._baseline_told else self._standing.first()
        if standing:
            self._baseline_told = True
            self._line(_text(f"baseline: {standing}"))

    def _verdict(self, step: Step) -> None:
        """The verdict, and what has to be known to weigh it."""
        self._line(_verdict_line(step))
        if step.verdict is None or step.proposal is None:
            return
        weight = [chances(step.verdict), self._standing.noise()]
        if step.verdict.decision is Decision.KEEP:
            now = self._standing.of(Agent(source=step.proposal.source).digest)
            weight = [chances(step.verdict), f"now {now}" if now else self._standing.noise()]
        told = "; ".join(part for part in weight if part)
        if told:
            self._line(f"{INDENT}{_text(told)}")

    def _title(self, text: str) -> None:
        self._doing = _text(text)
        self._draw()
        if self._bar.disable:
            self._line(self._doing)

    def _draw(self) -> None:
        """What is done now, and below it how likely the edits under test help."""
        if self._task is not None:
            shown = filter(None, (self._doing, likeliest(self._chances)))
            self._bar.update(self._task, description="\n".join(shown))

    def _line(self, markup: str) -> None:
        """Print above the bar; only a terminal gets its lines broken."""
        self._told_at = self._now()
        self.console.print(
            markup, soft_wrap=not self.console.is_terminal, highlight=False, emoji=False
        )


def _text(text: str) -> str:
    """Text from anywhere as markup that says just this."""
    return escape(plain_text(text))


def _begun_line(step: Step) -> str:
    if step.origin is Origin.META:
        return f"step {step.index}: the meta-agent is thinking"
    return f"step {step.index}: a kept edit is taken back on trial"


def _trying_line(titles: Mapping[int, str]) -> str:
    """What is under test: the title of a single edit, the steps of several."""
    if len(titles) == 1:
        ((step, title),) = titles.items()
        return f"step {step}: trying {title[:TITLE_LENGTH]!r}"
    return f"steps {', '.join(map(str, sorted(titles)))}: trying {len(titles)} edits at once"


def _verdict_line(step: Step) -> str:
    verdict = step.verdict
    title = _text(step.proposal.title) if step.proposal else "no edit"
    if verdict is None:
        return f"step {step.index}: {title}"
    colour = COLOURS[verdict.decision]
    word = f"[{colour}]{verdict.decision.value:9}[/{colour}]"
    return f"step {step.index:2} {word} {title}\n{INDENT}{_text(verdict.reason)}"
