"""Starts a climb or goes on with one."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from queue import SimpleQueue

from autoloop.app.clock import SystemClock
from autoloop.app.compose import (
    OFFLINE,
    OFFLINE_BANNER,
    meta_chat_model,
    require_engine,
    resolve_models,
    trial_machine,
)
from autoloop.app.contents import (
    program_of,
    recorded_settings,
    split_tasks,
    usable_tasks,
    worker_count,
)
from autoloop.app.outputs import RunFiles
from autoloop.app.project import Project
from autoloop.decision import Estimates, rule_by_name
from autoloop.errors import ProjectError, RunError, TaskError
from autoloop.guards import standard_guards
from autoloop.loop import Parts, Plan, StopSignal, climb
from autoloop.meta import ConversationProposer
from autoloop.ports import Guard, Observer, RunStore, Workspace
from autoloop.records import Notice, Run, Split, Task, TrialResult
from autoloop.settings import Settings
from autoloop.store import SqliteStore
from autoloop.trial import read_transcript
from autoloop.workspace import GitWorkspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Climb:
    """What a person brings to a climb besides the project."""

    observer: Observer
    stop: StopSignal
    work: Callable[[Parts, Plan, Run, StopSignal], Run] = climb
    """What is done with the run: the whole climb, or `open_holdout` alone."""


def start_climb(project: Project, climbing: Climb) -> Run:
    """Begin a new run and work on it until it stops.

    Raises:
        UserError: the project, its tasks or its settings cannot be used.
    """
    tasks = usable_tasks(project)
    splits = split_tasks(project, tasks)
    source = project.agent_source()
    refuse_broken(_guard(tasks, splits), source, project)
    name = project.new_run_name(SystemClock().now())
    new = _new_run(project, name, tasks=tasks, splits=splits)
    with closing(GitWorkspace(project.root)) as workspace:
        require_engine(project.root)
        with closing(SqliteStore.open(project.runs / name)) as store:
            store.save_run(new)
            return _work(project, store, workspace, tasks=tasks, climbing=climbing)


def resume_climb(project: Project, name: str | None, climbing: Climb) -> Run:
    """Go on with a run where it stopped, with the settings it began with.

    `project.overrides` win over them, so that a budget can be raised.

    Raises:
        UserError: the run is unknown, in use, or its tasks are gone.
    """
    folder = project.run_folder(project.latest_run(name))
    with (
        closing(SqliteStore.open(folder)) as store,
        closing(GitWorkspace(project.root)) as workspace,
    ):
        run = store.run()
        if run is None:
            raise RunError(f"{folder} was stopped before its run began. Start anew: autoloop climb")
        tasks = _known_tasks(usable_tasks(project), run, climbing.observer)
        settings = recorded_settings(project, run.settings)
        store.save_run(
            replace(run, settings=settings.model_dump_json(), budget=settings.budget.record())
        )
        return _work(project, store, workspace, tasks=tasks, climbing=climbing)


def _work(
    project: Project,
    store: RunStore,
    workspace: Workspace,
    *,
    tasks: Sequence[Task],
    climbing: Climb,
) -> Run:
    """Build all parts and let the loop work with them."""
    run = _begun(project, store, workspace)
    settings = Settings.model_validate_json(run.settings)
    folder = project.runs / run.name
    files = RunFiles(folder, store, workspace, inner=climbing.observer)
    if OFFLINE in {run.task_model, run.meta_model}:
        files.notify(Notice(text=OFFLINE_BANNER))
    retried: SimpleQueue[TrialResult] = SimpleQueue()
    with ExitStack() as stack:
        machine = stack.enter_context(
            trial_machine(
                project.root,
                folder,
                task_model=run.task_model,
                workers=worker_count(settings),
                timeout_s=settings.trial.timeout_s,
                on_invalid=retried.put,
            )
        )
        for task in tasks:
            machine.sandbox.image(task.environment)
        machine.sandbox.agent_image()
        parts = Parts(
            workspace=workspace,
            store=store,
            engine=machine.engine,
            retried=retried,
            proposer=ConversationProposer(meta_chat_model(run.meta_model), seed=run.seed),
            rule=rule_by_name(run.rule),
            guard=_guard(tasks, run.splits),
            estimator=Estimates(),
            observer=files,
            clock=SystemClock(),
            transcript=lambda trial: read_transcript(folder / trial.folder),
        )
        plan = _plan(run, tasks, settings, directive=program_of(project).directive)
        return climbing.work(parts, plan, run, climbing.stop)


def _plan(run: Run, tasks: Sequence[Task], settings: Settings, *, directive: str) -> Plan:
    return Plan(
        tasks={task.name: task for task in tasks},
        splits=run.splits,
        directive=directive,
        budget=run.budget,
        quota=settings.trial.quota(),
        final_attempts=settings.final.attempts,
        seed=run.seed,
    )


def _begun(project: Project, store: RunStore, workspace: Workspace) -> Run:
    """The stored run, with its branch; a run that was killed before it had one gets it now."""
    run = store.run()
    if run is None:
        raise AssertionError("the run is saved before it is worked on")
    if not run.base:
        run = replace(run, base=workspace.begin(run.name, project.agent_source()))
        store.save_run(run)
    return run


def _new_run(
    project: Project, name: str, *, tasks: Sequence[Task], splits: dict[str, Split]
) -> Run:
    settings = program_of(project).settings
    models = resolve_models(settings.models.task, settings.models.meta)
    return Run(
        name=name,
        created_at=SystemClock().now(),
        seed=settings.seed,
        budget=settings.budget.record(),
        base="",
        splits=splits,
        task_digests={task.name: task.digest for task in tasks},
        task_model=models.task,
        meta_model=models.meta,
        rule=settings.rule,
        settings=settings.model_dump_json(),
    )


def _guard(tasks: Sequence[Task], splits: Mapping[str, Split]) -> Guard:
    train = {t.name: t.instruction for t in tasks if splits.get(t.name) is Split.TRAIN}
    return standard_guards(train)


def refuse_broken(guard: Guard, source: str, project: Project) -> None:
    """A first agent.py that cannot run would make every figure meaningless.

    Raises:
        ProjectError: it does not parse, or has no `solve`.
    """
    blocked = [f for f in guard.check(before="", after=source) if f.severity == "block"]
    if blocked:
        reasons = " ".join(finding.message for finding in blocked)
        raise ProjectError(f"{project.root / 'agent.py'} cannot be climbed from: {reasons}")


def _known_tasks(tasks: Sequence[Task], run: Run, observer: Observer) -> Sequence[Task]:
    """The tasks of the run as they are now; changed ones count anew, lost ones are an error."""
    now = {task.name: task for task in tasks if task.name in run.splits}
    lost = sorted(run.splits.keys() - now.keys())
    if lost:
        raise TaskError(
            f"Tasks of run {run.name!r} are gone: {', '.join(lost)}. Put them back, or start anew"
            " with `autoloop climb`."
        )
    changed = [name for name, digest in run.task_digests.items() if now[name].digest != digest]
    if changed:
        text = f"Changed since the run began, earlier trials do not count: {', '.join(changed)}."
        observer.notify(Notice(text=text))
    return list(now.values())
