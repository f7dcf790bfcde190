"""The one object behind notebook and command line: every call a person can make on a project.

Nothing heavy is imported before a method needs it, so that `import autoloop` costs nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from autoloop.app.calibration import Calibration
from autoloop.app.estimate import Estimate
from autoloop.app.project import Project, find_project, find_project_or_folder
from autoloop.app.results import (
    Checkup,
    Cleaned,
    Evaluation,
    LastResult,
    ModelCheck,
    TaskProof,
)
from autoloop.app.run import ClimbRun
from autoloop.app.watching import Audience
from autoloop.records import (
    AttackReport,
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
        self._audience = Audience(observe)

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
        with self._audience.watch() as watch:
            run = start_climb(project, Climb(observer=watch.observer, stop=watch.stop))
        return self.run(run.name)

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
        with self._audience.watch() as watch:
            done = resume_climb(project, run, Climb(observer=watch.observer, stop=watch.stop))
        return self.run(done.name)

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
        with self._audience.watch() as watch:
            return calibrate(project, Climb(observer=watch.observer, stop=watch.stop))

    def run(self, name: str | None = None) -> ClimbRun:
        """A run that was recorded, the latest by default: nothing is started.

        Raises:
            RunError: there is none.
        """
        project = self._project()
        return ClimbRun(project, project.latest_run(name), self._audience)

    def eval(
        self,
        *,
        agent: str = "",
        tasks: str | Path | None = None,
        split: Split | None = None,
        attempts: int = 1,
        add: str = "",
    ) -> Evaluation:
        """Evaluate an agent on tasks, or add attempts to an evaluation; nothing is changed.

        Args:
            agent: `oracle`, `nop`, or the path of an agent.py; empty: the project's own.
            tasks: Folder or other source of tasks; None: the project's.
            split: Only this split of the project.
            attempts: Counted trials that every task has in the end.
            add: Name of an evaluation that is brought to so many attempts; its agent and tasks
                stay.

        Raises:
            UserError: tasks, agent or settings cannot be used.
        """
        from autoloop.app.evaluating import EvalWish, evaluate_agent

        wish = EvalWish(agent=agent, tasks=tasks, split=split, attempts=attempts, add=add)
        with self._audience.watch() as watch:
            return evaluate_agent(self._anywhere(), wish, watch)

    def estimate(self, *, attempts: int = 2, run: bool = True) -> Estimate:
        """What a climb could see: noise of the start agent, trials, hours and dollars needed.

        Runs what is missing of a short profile on train and validation tasks; changes nothing.

        Args:
            attempts: Trials of each task that it rests on; recorded ones count.
            run: False: use only what is recorded.

        Raises:
            UserError: project, tasks or settings cannot be used, or nothing is known.
        """
        from autoloop.app.estimating import estimate

        project = self._project()
        with self._audience.watch() as watch:
            return estimate(project, watch, attempts=attempts, run=run)

    def check_tasks(
        self,
        source: str | Path | None = None,
        *,
        repeat: int = 1,
        offline: bool = False,
        harbor: str = "auto",
    ) -> tuple[TaskProof, ...]:
        """Prove that every task's solution scores 1 and doing nothing scores 0.

        Args:
            source: Folder or other source of tasks; None: the project's.
            repeat: Runs of each solution; a task whose rewards differ is flaky.
            offline: Also build each image once more, from nothing and without network.
            harbor: A Python with Harbor to compare with; `auto` looks for one, `none` does not
                compare.

        Raises:
            UserError: no engine answers, or there is no Harbor where one was named.
        """
        from autoloop.app.checking import CheckWish, prove_tasks

        wish = CheckWish(tasks=source, repeat=repeat, offline=offline, harbor=harbor)
        with self._audience.watch() as watch:
            return prove_tasks(self._anywhere(), wish, watch)

    def redteam(self, attacks: Iterable[int] = ()) -> AttackReport:
        """Play the attack suite on this machine, with the project's settings and agent image.

        Args:
            attacks: Their numbers; none means all.

        Raises:
            UserError: no engine answers, or there is no such attack.
            InfraError: not even honest trials work here.
        """
        from autoloop.app.redteam import red_team

        with self._audience.watch() as watch:
            return red_team(self._anywhere(), tuple(attacks), watch)

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

    def task_records(self, tasks: Iterable[Task]) -> Mapping[str, TaskRecord]:
        """What all trials that were ever recorded of these tasks say about them, by name."""
        from autoloop.app.task_records import task_records_of

        return task_records_of(self._anywhere(), tasks)

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


def _flat(settings: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    """Settings by dotted keys; None is no wish."""
    flat: dict[str, object] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{name}.")
        elif value is not None:
            flat[f"{prefix}{name}"] = value
    return flat
