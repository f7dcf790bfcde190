"""Reads what runs have recorded, also while one is at work."""

from contextlib import closing
from pathlib import Path

from autoloop.app.audit_file import known_audit
from autoloop.app.contents import tasks_of_run
from autoloop.app.look_log import read_looks
from autoloop.app.outputs import ReportFacts, write_run_report
from autoloop.app.project import Project
from autoloop.app.results import Best, Predictions, StepView, TrialView
from autoloop.app.standing import reading
from autoloop.decision import Estimates
from autoloop.errors import RunError
from autoloop.records import (
    Agent,
    Flags,
    Run,
    TrialResult,
    prediction_record,
    scored_steps,
)
from autoloop.report import (
    ClimbFacts,
    ClimbSummary,
    Sides,
    audit_sentence,
    climb_summary,
    expected_worthless,
    few_tasks_sentence,
    flagged_sentence,
    gap_sentence,
    queries_sentence,
    rules_seen,
    selection_gap,
    success_rates,
    success_sentence,
    worthless_sentence,
)
from autoloop.traces import read_transcript
from autoloop.workspace import GitWorkspace


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
        own = [trial for trial in view.store.trials() if trial.step == index]
        flags = Flags.of(trial.integrity for trial in own)
        return StepView(step=found, diff=diff, flags=flags, findings=rules_seen(own))


def predictions(project: Project, name: str | None) -> Predictions:
    """How good the meta-agent's predictions were."""
    with reading(project, name) as view:
        steps = view.store.steps()
        is_told = any(s.proposal is not None and s.proposal.predicted for s in steps)
        trials = view.store.trials() if is_told else ()
        return Predictions(
            record=prediction_record(steps, trials), steps=scored_steps(steps, trials)
        )


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
        folder = (view.folder / found[0].folder).resolve()
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
    with reading(project, name) as view, closing(GitWorkspace(project.root)) as workspace:
        run = view.run
        tip = workspace.tip(run.name)
        facts = ClimbFacts(
            best_commit=tip,
            estimator=Estimates(),
            sides=_sides(run, tip, workspace),
            audit=known_audit(view.folder),
            tasks=tasks_of_run(project, run),
        )
        return climb_summary(run, view.store.steps(), trials=view.store.trials(), facts=facts)


def notes(project: Project, name: str | None) -> tuple[str, ...]:
    """What stands below a final table, in sentences."""
    with reading(project, name) as view, closing(GitWorkspace(project.root)) as workspace:
        run, trials = view.run, view.store.trials()
        sides = _sides(run, workspace.tip(run.name), workspace)
        found = [
            few_tasks_sentence(run.splits.values()),
            flagged_sentence(trials),
            audit_sentence(known_audit(view.folder)),
            success_sentence(success_rates(trials, sides)),
            gap_sentence(selection_gap(run.scores)),
            worthless_sentence(expected_worthless(view.store.steps())),
            queries_sentence(view.store.steps()),
            *(look.said for look in read_looks(view.folder)),
        ]
        return tuple(sentence for sentence in found if sentence)


def _sides(run: Run, tip: str, workspace: GitWorkspace) -> Sides:
    first, last = (workspace.source(commit) for commit in (run.base, tip))
    return Sides(baseline=Agent(source=first).digest, best=Agent(source=last).digest)


def write_html(project: Project, name: str | None) -> Path:
    """Write a run's report.html anew; its path."""
    with reading(project, name) as view, closing(GitWorkspace(project.root)) as workspace:
        about = ReportFacts(run=view.run, tasks=tasks_of_run(project, view.run))
        return write_run_report(view.folder, about, store=view.store, workspace=workspace)
