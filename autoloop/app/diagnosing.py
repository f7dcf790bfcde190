"""What the failed train trials of a run have in common, for its owner."""

from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Literal

from autoloop.app.contents import tasks_of_run
from autoloop.app.project import Project
from autoloop.app.results import Failures
from autoloop.app.standing import reading
from autoloop.app.telling import feedback_of
from autoloop.diagnosis import SymptomDiagnosis
from autoloop.ports import TrialCase
from autoloop.records import Agent, Feedback, Purpose, Split, TrialResult
from autoloop.traces import TraceLibrary
from autoloop.workspace import GitWorkspace

SEARCHED = (Purpose.SEARCH, Purpose.SPOT)


def failures(project: Project, name: str, *, agents: Literal["best", "all"]) -> Failures:
    """Failed train trials of a run by symptoms.

    Args:
        project: Whose run it is.
        name: Name of the run.
        agents: Whose trials; those of all agents, too, where the best was never tried by itself.
    """
    with reading(project, name) as view, closing(GitWorkspace(project.root)) as workspace:
        run, folder = view.run, view.folder
        trials = [trial for trial in view.store.trials() if _is_train(trial)]
        best = Agent(source=workspace.source(workspace.tip(run.name))).digest
    own = [] if agents == "all" else [trial for trial in trials if trial.key.agent == best]
    told = feedback_of(folder, tasks_of_run(project, run), "full")
    return Failures(
        run=run.name,
        agents="best" if own else "all",
        report=SymptomDiagnosis().report(_cases(folder, own or trials, told)),
    )


def _is_train(trial: TrialResult) -> bool:
    return trial.counts and trial.split is Split.TRAIN and trial.key.purpose in SEARCHED


def _cases(
    folder: Path, trials: Sequence[TrialResult], told: Callable[[TrialResult], Feedback]
) -> list[TrialCase]:
    library = TraceLibrary()
    return [
        TrialCase(
            trial=trial.id,
            task=trial.key.task,
            passed=trial.passed,
            trace=partial(library.open, folder / trial.folder),
            failure=f"{trial.failure.kind}: {trial.failure.message}" if trial.failure else "",
            feedback=told(trial),
        )
        for trial in trials
    ]
