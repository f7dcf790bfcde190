"""Reads what runs have recorded, also while one is at work."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from autoloop.app.outputs import write_run_report
from autoloop.app.project import Project
from autoloop.app.results import Best, Status, StepView, TrialView
from autoloop.errors import RunError
from autoloop.records import Run, TrialResult
from autoloop.report import ClimbSummary, climb_summary
from autoloop.store import StoreReader, open_readonly, running_pid
from autoloop.trial import read_transcript
from autoloop.workspace import GitWorkspace


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """A run's folder and records, open for reading."""

    folder: Path
    store: StoreReader

    @property
    def run(self) -> Run:
        """The run's record; RunError when it was killed before it began."""
        run = self.store.run()
        if run is None:
            raise RunError(
                f"{self.folder} holds no climb: it is an evaluation, or it was stopped too early."
            )
        return run


@contextmanager
def reading(project: Project, name: str | None) -> Iterator[RunView]:
    """A run (the latest by default), without disturbing who works on it."""
    folder = project.run_folder(project.latest_run(name))
    with open_readonly(folder) as store:
        yield RunView(folder=folder, store=store)


def status(project: Project, name: str | None) -> Status:
    """How a run stands."""
    with reading(project, name) as view:
        counts = view.store.counts()
        known = None not in {counts.cost_usd, counts.meta_cost_usd}
        return Status(
            run=view.run,
            alive=running_pid(view.folder) is not None,
            trials=counts.trials,
            invalid_trials=counts.invalid,
            tokens=counts.tokens + counts.meta_tokens,
            cost_usd=(counts.cost_usd or 0.0) + (counts.meta_cost_usd or 0.0) if known else None,
            steps=view.store.steps(),
        )


def show_step(project: Project, name: str | None, index: int) -> StepView:
    """A step of a run and what it changed.

    Raises:
        RunError: the run has no such step.
    """
    with reading(project, name) as view, closing(GitWorkspace(project.root)) as workspace:
        steps = view.store.steps()
        found = next((s for s in steps if s.index == index), None)
        if found is None:
            raise RunError(f"Run {view.run.name!r} has no step {index}; it has 1 to {len(steps)}.")
        diff = workspace.diff(found.parent, found.candidate) if found.candidate else ""
        return StepView(step=found, diff=diff)


def diff_candidates(project: Project, name: str | None, *, old: str, new: str) -> str:
    """Diff of agent.py between two candidates: `base`, `best`, a step's number, or a commit."""
    with reading(project, name) as view, closing(GitWorkspace(project.root)) as workspace:
        run = view.run
        named = {"base": run.base, "best": workspace.tip(run.name)}
        named |= {str(s.index): s.candidate for s in view.store.steps() if s.candidate}
        return workspace.diff(named.get(old, old), named.get(new, new))


def show_trial(project: Project, name: str | None, trial: str) -> TrialView:
    """A trial, by its id or the unique beginning of it.

    Raises:
        RunError: no trial, or more than one, is meant.
    """
    with reading(project, name) as view:
        found = [t for t in view.store.trials() if t.id.startswith(trial)]
        if len(found) != 1:
            what = "no trial" if not found else f"{len(found)} trials"
            raise RunError(
                f"{what} of {view.folder.name!r} begin with {trial!r}. See `autoloop log`."
            )
        folder = view.folder / found[0].folder
        return TrialView(trial=found[0], folder=folder, text=read_transcript(folder))


def best(project: Project, run: str) -> Best:
    """The incumbent of a run."""
    with closing(GitWorkspace(project.root)) as workspace:
        commit = workspace.tip(run)
        return Best(commit=commit, source=workspace.source(commit))


def trials_of(project: Project, name: str | None) -> tuple[TrialResult, ...]:
    """All trials of a run."""
    with reading(project, name) as view:
        return view.store.trials()


def summary(project: Project, name: str | None) -> ClimbSummary:
    """A run in one object."""
    with reading(project, name) as view:
        run = view.run
        return climb_summary(
            run,
            view.store.steps(),
            trials=view.store.trials(),
            best_commit=best(project, run.name).commit,
        )


def write_html(project: Project, name: str | None) -> Path:
    """Write a run's report.html anew; its path."""
    with reading(project, name) as view, closing(GitWorkspace(project.root)) as workspace:
        return write_run_report(view.folder, view.run, store=view.store, workspace=workspace)
