"""The one object behind notebook and command line: every call a person can make on a project.

Nothing heavy is imported before a method needs it, so that `import autoloop` costs nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from autoloop.app.calibration import Calibration
from autoloop.app.estimate import Estimate, EstimateWish
from autoloop.app.interrupt import stop_on_interrupt
from autoloop.app.look_log import Look
from autoloop.app.project import Project, find_project, find_project_or_folder
from autoloop.app.results import (
    Checkup,
    CheckWish,
    Cleaned,
    Evaluation,
    EvalWish,
    Failures,
    LastResult,
    ModelCheck,
    Predictions,
    RedteamWish,
    Replay,
    Status,
    StepView,
    TaskProof,
    TrialView,
)
from autoloop.app.run import ClimbRun
from autoloop.ports import Observer
from autoloop.records import (
    AttackReport,
    Audit,
    Comparison,
    Event,
    Split,
    Task,
    TaskRecord,
    TaskSet,
)


class Optimizer:
    """A project whose agent can be improved.

    Example:
        >>> opt = Optimizer(".")
        >>> run = opt.climb(hours=24, usd=50)
        >>> run.best, run.steps, run.trials
    """

    def __init__(
        self,
        project: str | Path = ".",
        *,
        observe: Callable[[Event], None] | None = None,
        **settings: object,
    ) -> None:
        """Settings by keyword win over program.md: `Optimizer(".", workers=8)`.

        Args:
            project: Folder of the project, or one inside it.
            observe: Called with every event of a run in place of the progress display.
            settings: Tables as mappings, such as `trial={"calls": 50}`.
        """
        self._path = Path(project)
        self._settings = _flat(settings)
        self._observe = observe

    def climb(
        self,
        *,
        hours: float | None = None,
        steps: int | None = None,
        trials: int | None = None,
        tokens: int | None = None,
        usd: float | None = None,
    ) -> ClimbRun:
        """Improve the agent until a limit is reached; Ctrl-C ends cleanly.

        Limits that are given win over the budget in program.md.

        Args:
            hours: Of work, all processes that worked on the run together.
            steps: Edits that are tried.
            trials: Attempts at tasks, those of the meta-agent's spot checks included.
            tokens: Of trials and meta-agent together.
            usd: The same, in US dollars.

        Raises:
            UserError: project, tasks or settings cannot be used.
        """
        from autoloop.app.climbing import Climb, start_climb

        project = self._project(hours=hours, steps=steps, trials=trials, tokens=tokens, usd=usd)
        with stop_on_interrupt() as stop, self._display() as observer:
            run = start_climb(project, Climb(observer=observer, stop=stop))
        return ClimbRun(project, run.name)

    def resume(
        self,
        run: str | None = None,
        *,
        hours: float | None = None,
        steps: int | None = None,
        trials: int | None = None,
        tokens: int | None = None,
        usd: float | None = None,
    ) -> ClimbRun:
        """Go on with a run (the latest by default); limits that are given replace its own.

        It keeps the settings it began with, but for those that this `Optimizer` was made with.

        Raises:
            UserError: there is no such run, or it cannot be gone on with.
        """
        from autoloop.app.climbing import Climb, resume_climb

        project = self._project(hours=hours, steps=steps, trials=trials, tokens=tokens, usd=usd)
        with stop_on_interrupt() as stop, self._display() as observer:
            done = resume_climb(project, run, Climb(observer=observer, stop=stop))
        return ClimbRun(project, done.name)

    def calibrate(
        self,
        *,
        hours: float | None = None,
        steps: int | None = None,
        trials: int | None = None,
        tokens: int | None = None,
        usd: float | None = None,
    ) -> Calibration:
        """Run the real loop with edits that change nothing: what it would claim for them.

        Limits are those of `climb`.

        Raises:
            UserError: project, tasks or settings cannot be used.
        """
        from autoloop.app.calibrating import calibrate
        from autoloop.app.climbing import Climb

        project = self._project(hours=hours, steps=steps, trials=trials, tokens=tokens, usd=usd)
        with stop_on_interrupt() as stop, self._display() as observer:
            return calibrate(project, Climb(observer=observer, stop=stop))

    def holdout(self, run: str | None = None) -> ClimbRun:
        """Make the final table of a run as it stands: opens the sealed holdout."""
        from autoloop.app.climbing import Climb, resume_climb
        from autoloop.loop import open_holdout

        project = self._project()
        with stop_on_interrupt() as stop, self._display() as observer:
            climb = Climb(observer=observer, stop=stop, work=open_holdout)
            done = resume_climb(project, run, climb)
        return ClimbRun(project, done.name)

    def look(self, run: str | None = None) -> Look:
        """Look at the holdout of a run that is not finished: one protected answer.

        Raises:
            UserError: `holdout.looks` in program.md allows none, all are spent, or the run is
                being worked on.
        """
        from autoloop.app.evaluating import Watch
        from autoloop.app.metered import look_at_holdout

        project = self._project()
        with stop_on_interrupt() as stop, self._display() as observer:
            return look_at_holdout(project, run, Watch(observer=observer, stop=stop))

    def run(self, name: str | None = None) -> ClimbRun:
        """A run that was recorded, the latest by default."""
        project = self._project()
        return ClimbRun(project, project.latest_run(name))

    def eval(self, wish: EvalWish | None = None) -> Evaluation:
        """Evaluate an agent on tasks, or add attempts to an evaluation; nothing is changed."""
        from autoloop.app.evaluating import Watch, evaluate_agent

        project = self._anywhere()
        with stop_on_interrupt() as stop, self._display() as observer:
            watch = Watch(observer=observer, stop=stop)
            return evaluate_agent(project, wish or EvalWish(), watch)

    def estimate(self, wish: EstimateWish | None = None) -> Estimate:
        """What a climb could see: noise of the start agent, trials, hours and dollars needed.

        Runs what is missing of a short profile on train and validation tasks; changes nothing.
        """
        from autoloop.app.estimating import estimate
        from autoloop.app.evaluating import Watch

        project = self._project()
        with stop_on_interrupt() as stop, self._display() as observer:
            watch = Watch(observer=observer, stop=stop)
            return estimate(project, wish or EstimateWish(), watch)

    def check_tasks(self, wish: CheckWish | None = None) -> tuple[TaskProof, ...]:
        """Prove that every task's solution scores 1 and doing nothing scores 0."""
        from autoloop.app.checking import prove_tasks
        from autoloop.app.evaluating import Watch

        project = self._anywhere()
        with stop_on_interrupt() as stop, self._display() as observer:
            return prove_tasks(project, wish or CheckWish(), Watch(observer=observer, stop=stop))

    def redteam(self, wish: RedteamWish | None = None) -> AttackReport:
        """Play the attack suite on this machine, with the project's settings and agent image.

        Raises:
            UserError: no engine answers, or there is no such attack.
            InfraError: not even honest trials work here.
        """
        from autoloop.app.evaluating import Watch
        from autoloop.app.redteam import red_team

        project = self._anywhere()
        with stop_on_interrupt() as stop, self._display() as observer:
            return red_team(project, wish or RedteamWish(), Watch(observer=observer, stop=stop))

    def tasks(self, source: str | Path | None = None) -> TaskSet:
        """Everything in the project's tasks folder, or in another source of tasks.

        Usable tasks, and what is wrong elsewhere.
        """
        from autoloop.app.contents import absolute_source, found_tasks, tasks_source

        project = self._anywhere()
        if source is None:
            return found_tasks(tasks_source(project))
        return found_tasks(absolute_source(source, Path.cwd()))

    def last_results(self, tasks: Iterable[Task]) -> Mapping[str, LastResult]:
        """How each task went in the newest climb or evaluation that has it, by name."""
        from autoloop.app.last_results import last_results

        return last_results(self._anywhere(), tasks)

    def splits(self, tasks: Iterable[Task]) -> Mapping[str, Split]:
        """Which split each task would fall into in a new run."""
        from autoloop.app.contents import split_tasks

        return split_tasks(self._project(), list(tasks))

    def new_task(self, name: str) -> Path:
        """Write the skeleton of a new task; its folder."""
        from autoloop.app.contents import own_tasks_folder
        from autoloop.tasks import new_task

        return new_task(own_tasks_folder(self._project()), name)

    def import_spreadsheetbench(self, source: Path, out: Path) -> tuple[Path, ...]:
        """Make tasks from SpreadsheetBench's own files; their folders."""
        from autoloop.tasks.spreadsheetbench import import_spreadsheetbench

        return tuple(import_spreadsheetbench(source, out))

    def status(self, run: str | None = None) -> Status:
        """How a run stands, also while it is at work."""
        from autoloop.app import standing

        return standing.status(self._project(), run)

    def predictions(self, run: str | None = None) -> Predictions:
        """What the meta-agent predicted of its edits, against what happened."""
        from autoloop.app import looking

        return looking.predictions(self._project(), run)

    def show(self, step: int, *, run: str | None = None) -> StepView:
        """A step with its diff."""
        from autoloop.app import looking

        return looking.show_step(self._project(), run, step)

    def diff(self, old: str, new: str, *, run: str | None = None) -> str:
        """Diff between two candidates: `base`, `best`, a step's number, or a commit."""
        from autoloop.app import looking

        return looking.diff_candidates(self._project(), run, old=old, new=new)

    def compare(self, a: str, b: str, *, run: str | None = None) -> Comparison:
        """Compare B with A, task by task, by the trials that are recorded of both.

        Args:
            a: The name of an evaluation; `base`, `best`, a step's number or a commit of the run;
                or the path of an agent.py.
            b: The same: it is B's gain that is told.
            run: The climb that is meant, the latest by default.

        Raises:
            UserError: one of them is unknown, or they share no task; then it says what to run.
        """
        from autoloop.app.comparing import compare

        return compare(self._anywhere(), a, b, run=run)

    def replay(self, run: str | None = None) -> Replay:
        """Ask for every verdict of a run (the latest by default) again, from its records.

        Raises:
            UserError: there is no such run.
        """
        from autoloop.app.deciding import replay_run

        project = self._project()
        return replay_run(project, project.latest_run(run))

    def audit(self, run: str | None = None, *, step: int | None = None) -> Audit:
        """Look once more at all that a run (the latest by default) kept, with all it recorded.

        Args:
            run: Name of the run.
            step: Only the edit of this step, kept or not; 0 is the first agent.

        Raises:
            RunError: there is no such run, or it has no such step.
        """
        from autoloop.app.auditing import audit_run

        return audit_run(self._project(), run, step=step)

    def task_records(self, tasks: Iterable[Task]) -> Mapping[str, TaskRecord]:
        """What all trials that were ever recorded of these tasks say about them, by name."""
        from autoloop.app.task_records import task_records_of

        return task_records_of(self._anywhere(), tasks)

    def trace(self, trial: str, *, run: str | None = None) -> TrialView:
        """A trial with its transcript."""
        from autoloop.app import looking

        return looking.show_trial(self._project(), run, trial)

    def failures(self, run: str | None = None, *, everybody: bool = False) -> Failures:
        """Failed train trials of a run (the latest by default) by symptoms in their traces.

        Args:
            run: Name of the run.
            everybody: Trials of every agent, not of the best alone.
        """
        from autoloop.app.diagnosing import failures

        return failures(self._project(), run, everybody=everybody)

    def stop(self, run: str | None = None) -> str:
        """Ask the process that works on a run to end cleanly; the run's name."""
        from autoloop.app.tending import ask_to_stop

        return ask_to_stop(self._project(), run)

    def gc(self, *, keep: int | None = None, images: int | None = None) -> Cleaned:
        """Remove containers of dead runs.

        Args:
            keep: Also delete all runs but so many of the newest.
            images: Also delete all images of tasks but so many of those made last.
        """
        from autoloop.app.tending import clean

        return clean(self._project(), keep=keep, images=images)

    def export_harbor(self, folder: str | Path, *, agent: str = "") -> tuple[Path, ...]:
        """Write what `harbor run` needs to run the agent; what was written.

        Args:
            folder: Made if it is not there.
            agent: `best` of the latest run, a run's name, or a path; empty: the project's own.
        """
        from autoloop.app.export import export_harbor

        return export_harbor(self._project(), agent, Path(folder))

    def doctor(self) -> tuple[Checkup, ...]:
        """Look at everything a climb needs."""
        from autoloop.app.tending import examine

        return tuple(examine(self._project()))

    def check_models(self) -> tuple[ModelCheck, ...]:
        """Ask task and meta model one small question each, which is paid."""
        from autoloop.app.model_checks import check_models

        return tuple(check_models(self._project()))

    @staticmethod
    def init(folder: str | Path = ".") -> tuple[Path, ...]:
        """Write what is missing of a project; nothing that exists is touched."""
        from autoloop.app.tending import init_project

        return init_project(Path(folder))

    def _project(self, **limits: float | None) -> Project:
        return find_project(self._path, self._settings | _flat({"budget": limits}))

    def _anywhere(self) -> Project:
        """The project, or, outside of any, this folder with all defaults."""
        return find_project_or_folder(self._path, self._settings)

    def _display(self) -> AbstractContextManager[Observer]:
        if self._observe is not None:
            return nullcontext(_Watching(self._observe))
        from autoloop.decision import Estimates, noise_band
        from autoloop.report.live import LiveProgress
        from autoloop.report.standing import Gauge

        return LiveProgress(gauge=Gauge(score=Estimates().score, band=noise_band))


class _Watching:
    """An observer made of a function."""

    def __init__(self, notify: Callable[[Event], None]) -> None:
        self._notify = notify

    def notify(self, event: Event) -> None:
        self._notify(event)


def _flat(settings: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    """Settings by dotted keys; None is no wish."""
    flat: dict[str, object] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{name}.")
        elif value is not None:
            flat[f"{prefix}{name}"] = value
    return flat
