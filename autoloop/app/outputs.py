"""Keeps the files of a run that are made from its records true while it goes on."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from autoloop.app.audit_file import known_audit
from autoloop.app.auditing import RunAuditor, final_audit
from autoloop.app.chances_file import write_chances
from autoloop.decision import Estimates
from autoloop.errors import StorageError
from autoloop.ports import Observer, RunStore, Workspace
from autoloop.records import (
    ChancesChanged,
    Event,
    Notice,
    Run,
    RunFinished,
    Step,
    StepFinished,
    Task,
    TrialResult,
)
from autoloop.report import ReportSources, write_report, write_results


class RunFiles:
    """An `Observer` that writes the run's files, then passes the event on."""

    def __init__(
        self,
        folder: Path,
        store: RunStore,
        workspace: Workspace,
        *,
        tasks: Sequence[Task] = (),
        auditor: RunAuditor,
        inner: Observer,
    ) -> None:
        self._folder = folder
        self._tasks = tuple(tasks)
        self._store = store
        self._workspace = workspace
        self._auditor = auditor
        self._inner = inner

    def notify(self, event: Event) -> None:
        """Take note of an event."""
        if isinstance(event, StepFinished):
            with _writing(self._folder):
                write_results(
                    self._folder / "results.tsv", self._store.steps(), self._store.trials()
                )
        if isinstance(event, ChancesChanged):
            write_chances(self._folder, event.chances)
        if isinstance(event, RunFinished):
            self._end(event.run)
        self._inner.notify(event)

    def _end(self, run: Run) -> None:
        """Audit a run that has its final table, and write its report."""
        if run.finished_at is not None:
            steps, trials = self._store.steps(), self._store.trials()
            told = final_audit(self._auditor, steps, trials)
            if told:
                self._inner.notify(Notice(text=told))
        self.write_report(run)

    def write_report(self, run: Run) -> Path:
        """Write report.html; its path."""
        about = ReportFacts(run=run, tasks=self._tasks)
        return write_run_report(self._folder, about, store=self._store, workspace=self._workspace)


class Recorded(Protocol):
    """Records that can be read."""

    def steps(self) -> tuple[Step, ...]:
        """All steps by index."""

    def trials(self) -> tuple[TrialResult, ...]:
        """All trials."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFacts:
    """What a report is about."""

    run: Run
    tasks: tuple[Task, ...]
    """For families and difficulties."""


def write_run_report(
    folder: Path, about: ReportFacts, *, store: Recorded, workspace: Workspace
) -> Path:
    """Write a run's report.html; its path."""
    path = folder / "report.html"
    steps = store.steps()
    with _writing(folder):
        sources = ReportSources(
            diffs=_diffs(steps, workspace),
            tasks=about.tasks,
            estimator=Estimates(),
            audit=known_audit(folder),
        )
        write_report(path, about.run, steps, store.trials(), sources=sources)
    return path


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"{folder} cannot be written ({error}): make room, or see to its permissions, then"
            " resume. Nothing that was recorded before is lost."
        ) from error


def _diffs(steps: tuple[Step, ...], workspace: Workspace) -> dict[int, str]:
    return {s.index: workspace.diff(s.parent, s.candidate) for s in steps if s.candidate}
