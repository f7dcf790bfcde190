"""Evaluates one agent on tasks, without a climb, and adds attempts to an evaluation."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from queue import SimpleQueue
from typing import Literal

from autoloop.app.archive import Terms, reuse_for
from autoloop.app.clock import SystemClock
from autoloop.app.compose import Machine, MachinePlan, resolve_models, trial_machine
from autoloop.app.contents import (
    absolute_source,
    found_tasks,
    policy_of,
    program_of,
    recorded_settings,
    split_tasks,
    tasks_source,
)
from autoloop.app.eval_record import EvalRecord, read_eval
from autoloop.app.preparing import LeavingOut, Preparation, Preparing
from autoloop.app.project import EVAL, Project, read_agent
from autoloop.app.results import Evaluation
from autoloop.app.watching import Watch
from autoloop.decision import Estimates
from autoloop.errors import InfraError, SettingsError, TaskError
from autoloop.loop import Lab, LabParts, Meter, Plan, Reuse, StoppedError, StopSignal, run_attempts
from autoloop.records import (
    Agent,
    Budget,
    Notice,
    Purpose,
    Split,
    Task,
    TaskProblem,
    TrialResult,
)
from autoloop.report import EvalFacts, eval_summary
from autoloop.settings import Settings
from autoloop.store import SqliteStore


def require_count(name: str, count: int) -> None:
    """Refuse what is no count; raises SettingsError."""
    if count < 1:
        raise SettingsError(f"{name!r} is {count!r}: write a whole number of at least 1.")


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalWish:
    """What is to be evaluated."""

    agent: str = ""
    """`oracle`, `nop`, or the path of an agent.py; empty is the project's own."""
    tasks: str | Path | None = None
    """Folder or other source of tasks; None is the project's."""
    split: Split | None = None
    only: tuple[str, ...] = ()
    """Names of the tasks that are meant; empty means all."""
    attempts: int = 1
    """Counted trials that every task has in the end."""
    verification: Literal["fresh", "shared"] | None = None
    """Where tests run, whatever tasks and settings say; None: as they say."""
    add: str = ""
    """Name of an evaluation that is brought to so many attempts; its agent and tasks stay."""

    def __post_init__(self) -> None:
        require_count("attempts", self.attempts)
        given = {"agent": self.agent, "tasks": self.tasks, "split": self.split}
        for name, value in given.items() if self.add else ():
            if value:
                raise SettingsError(
                    f"{name!r} is {str(value)!r}, but {self.add!r} keeps what it began with: leave"
                    f" {name!r} out, or evaluate anew without 'add'."
                )


def chosen_agent(project: Project, wish: str) -> Agent:
    """The agent that a name or path on the command line means."""
    if wish == "oracle":
        return Agent(kind="oracle")
    if wish == "nop":
        return Agent(kind="nop")
    path = Path(wish) if wish else project.root / "agent.py"
    if path.is_dir():
        path /= "agent.py"
    return Agent(source=read_agent(path))


def evaluate_agent(project: Project, wish: EvalWish, watch: Watch, *, least: int = 1) -> Evaluation:
    """Bring every task of the wish to so many attempts, in parallel, under `runs/eval-…`.

    With fewer than `least` tasks that can be used it is refused.

    Raises:
        UserError: tasks, agent or settings cannot be used.
    """
    if wish.add:
        return _add(project, wish, watch)
    job = _new_job(project, wish, watch, least=least)
    with job.machine(project, watch) as bench:
        ready = job.ready_with(bench.prepare(job))
        with closing(SqliteStore.open(job.folder)) as store:
            return bench.run(ready, store, wish.attempts)


def _add(project: Project, wish: EvalWish, watch: Watch) -> Evaluation:
    """Run what an evaluation lacks of the wished attempts, in its own store."""
    folder = project.runs / wish.add
    record = read_eval(project, wish.add)
    # Held before anything is swept: another process may be at work on it.
    with closing(SqliteStore.open(folder)) as store:
        job = _recalled_job(project, folder, record, watch)
        with job.machine(project, watch) as bench:
            ready = job.ready_with(bench.prepare(job))
            return bench.run(ready, store, wish.attempts)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """An evaluation before it runs."""

    folder: Path
    record: EvalRecord
    settings: Settings
    tasks: tuple[Task, ...]
    leaving: LeavingOut
    problems: tuple[TaskProblem, ...] = ()
    build_s: dict[str, float]

    @contextmanager
    def machine(self, project: Project, watch: Watch) -> Iterator["_Bench"]:
        """Start what its trials need."""
        retried: SimpleQueue[TrialResult] = SimpleQueue()
        plan = MachinePlan(
            project=project.root,
            run_folder=self.folder,
            settings=self.settings,
            task_model=self.record.model,
        )
        with trial_machine(plan, on_invalid=retried.put) as machine:
            if self.record.kind == "python":
                machine.sandbox.agent_image()
            yield _Bench(machine=machine, project=project, retried=retried, watch=watch)

    def ready_with(self, ready: Preparation) -> "_Job":
        """The same without the tasks whose environments cannot be made.

        Raises:
            TaskError: they may not be left out.
        """
        self.leaving.settle(ready.problems, left=len(ready.tasks))
        return replace(
            self,
            tasks=ready.tasks,
            problems=(*self.problems, *ready.problems),
            build_s=dict(ready.seconds),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bench:
    """A machine at work on an evaluation."""

    machine: Machine
    project: Project
    retried: SimpleQueue[TrialResult]
    watch: Watch

    def prepare(self, job: _Job) -> Preparation:
        """Build what the tasks run in."""
        preparing = Preparing(
            sandbox=self.machine.sandbox,
            timeouts=job.settings.rules().timeouts,
            workers=self.machine.engine.workers,
            observer=self.watch.observer,
            stop=self.watch.stop,
            open_side=self.machine.open_side,
        )
        return preparing.prepare(job.tasks)

    def run(self, job: _Job, store: SqliteStore, attempts: int) -> Evaluation:
        """Run what is missing, and sum up."""
        clock = SystemClock()
        began = clock.monotonic()
        job.record.write(job.folder)
        with self._reuse(job) as reuse:
            parts = LabParts(
                engine=self.machine.engine,
                store=store,
                observer=self.watch.observer,
                retried=self.retried,
                reuse=reuse,
            )
            lab = _lab(parts, job.settings, job.tasks, self.watch.stop)
            stopped = _run(lab, job.record.of_agent(), attempts)
        wall_s = job.record.wall_s + clock.monotonic() - began
        record = job.record.model_copy(update={"wall_s": wall_s})
        record.write(job.folder)
        trials = _of_these(job.tasks, store.trials())
        return _evaluation(replace(job, record=record), trials, stopped=stopped)

    def _reuse(self, job: _Job) -> AbstractContextManager[Reuse | None]:
        terms = Terms(
            run=job.folder.name,
            settings=job.settings,
            model=job.record.model,
            seed=job.settings.seed,
        )
        return reuse_for(
            self.project.runs,
            terms,
            sandbox=self.machine.sandbox,
            observer=self.watch.observer,
        )


def _new_job(project: Project, wish: EvalWish, watch: Watch, *, least: int) -> _Job:
    settings = program_of(project).settings
    source = tasks_source(project, settings)
    if wish.tasks is not None:
        source = absolute_source(wish.tasks, Path.cwd())
    found = found_tasks(source)
    policy = policy_of(settings, auto="skip")
    leaving = LeavingOut(policy=policy, observer=watch.observer, least=least)
    leaving.settle(found.problems, left=len(found.tasks))
    splits = split_tasks(project, found.tasks) if wish.split is not None else {}
    chosen = [t for t in found.tasks if wish.split is None or splits[t.name] is wish.split]
    chosen = [t for t in chosen if not wish.only or t.name in wish.only]
    if wish.verification is not None:
        # Trials of another mode are not told apart from these where trials are reused.
        settings = settings.model_copy(update={"reuse": False})
        chosen = [replace(task, verification=wish.verification) for task in chosen]
    agent = chosen_agent(project, wish.agent)
    record = EvalRecord(
        agent=agent.kind if agent.kind != "python" else (wish.agent or "agent.py"),
        kind=agent.kind,
        agent_source=agent.source,
        source=source,
        split=wish.split,
        tasks={task.name: task.digest for task in chosen},
        model=resolve_models(settings.models.task, settings.models.meta_name).task,
        settings=settings.model_dump_json(),
    )
    return _Job(
        folder=project.runs / project.new_run_name(SystemClock().now(), prefix=EVAL),
        record=record,
        settings=settings,
        tasks=tuple(chosen),
        leaving=leaving,
        problems=found.problems,
        build_s={},
    )


def _recalled_job(project: Project, folder: Path, record: EvalRecord, watch: Watch) -> _Job:
    """The job of a recorded evaluation, with its tasks as they are now.

    Raises:
        TaskError: some are gone or cannot be used any more.
    """
    settings = recorded_settings(project, record.settings)
    found = found_tasks(record.source)
    now = {task.name: task for task in found.tasks if task.name in record.tasks}
    lost = sorted(record.tasks.keys() - now.keys())
    if lost:
        wrong = "".join(f"\n{problem}" for problem in found.problems)
        raise TaskError(
            f"Tasks of {folder.name!r} are gone from {record.source} or cannot be used:"
            f" {', '.join(lost)}. Put them back, or evaluate anew.{wrong}"
        )
    changed = [name for name, digest in record.tasks.items() if now[name].digest != digest]
    if changed:
        text = f"Changed since, earlier trials do not count: {', '.join(changed)}."
        watch.observer.notify(Notice(text=text))
    digests = {name: task.digest for name, task in now.items()}
    return _Job(
        folder=folder,
        record=record.model_copy(update={"tasks": digests}),
        settings=settings,
        tasks=tuple(now.values()),
        leaving=LeavingOut(policy=policy_of(settings, auto="skip"), observer=watch.observer),
        build_s={},
    )


def _evaluation(job: _Job, trials: tuple[TrialResult, ...], *, stopped: bool) -> Evaluation:
    facts = EvalFacts(
        run=job.folder.name,
        agent=job.record.agent,
        model=job.record.model if job.record.kind == "python" else "",
        wall_s=job.record.wall_s,
        problems=job.problems,
    )
    summary = eval_summary(job.tasks, trials, facts=facts, estimator=Estimates())
    return Evaluation(
        folder=job.folder,
        agent=facts.agent,
        model=facts.model,
        tasks=job.tasks,
        trials=trials,
        wall_s=facts.wall_s,
        summary=summary.model_dump(mode="json"),
        problems=job.problems,
        build_s=job.build_s,
        stopped=stopped,
    )


def _of_these(tasks: tuple[Task, ...], trials: tuple[TrialResult, ...]) -> tuple[TrialResult, ...]:
    """Trials of the tasks as they are now, counted ones first."""
    digests = {task.name: task.digest for task in tasks}
    own = [t for t in trials if digests.get(t.key.task) == t.key.task_digest]
    return tuple(sorted(own, key=lambda trial: not trial.counts))


def _lab(parts: LabParts, settings: Settings, tasks: tuple[Task, ...], stop: StopSignal) -> Lab:
    plan = Plan(
        tasks={task.name: task for task in tasks},
        splits={},
        directive="",
        budget=Budget(hours=None),
        quota=settings.trial.quota(),
        final_attempts=0,
        seed=settings.seed,
    )
    workers = parts.engine.workers
    meter = Meter(plan.budget, SystemClock(), active_s=0.0, workers=workers)
    return Lab(parts, plan, meter, stop, one_bad_task_stops=False)


def _run(lab: Lab, agent: Agent, attempts: int) -> bool:
    """Run all trials; whether somebody asked to stop before."""
    try:
        run_attempts(lab, agent, lab.plan.tasks, attempts=attempts, purpose=Purpose.EVAL)
    except StoppedError:
        lab.drain()
        return True
    except InfraError:
        # What runs is paid for: it is recorded before the command ends.
        lab.drain()
        raise
    return False
