"""Starts a climb or goes on with one."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass, replace
from queue import SimpleQueue

from autoloop.app.archive import Terms, reuse_for
from autoloop.app.auditing import run_auditor
from autoloop.app.clock import SystemClock
from autoloop.app.compose import (
    OFFLINE,
    OFFLINE_BANNER,
    Machine,
    MachinePlan,
    resolve_models,
    strategy_of,
    trial_machine,
)
from autoloop.app.contents import (
    found_tasks,
    policy_of,
    program_of,
    recorded_settings,
    split_tasks,
    tasks_source,
)
from autoloop.app.meta_agent import prompts_of, reviewer_of
from autoloop.app.outputs import RunFiles
from autoloop.app.outside import meta_agent, refuse_stand_in
from autoloop.app.preparing import LeavingOut, Preparing, refuse
from autoloop.app.project import Project, is_calibration
from autoloop.app.telling import feedback_of
from autoloop.app.train_material import train_material
from autoloop.decision import Estimates
from autoloop.decision.strategies import strategy_by_name
from autoloop.diagnosis import SymptomDiagnosis
from autoloop.errors import ProjectError, RunError, SettingsError, TaskError
from autoloop.guards import SyntaxGuard, merge_guards, standard_guards
from autoloop.loop import Parts, Plan, Reuse, StopSignal, climb
from autoloop.ports import Observer, Proposer, RunStore, Strategy, Workspace
from autoloop.records import Notice, Run, Split, Task, TaskSet, TrialResult
from autoloop.report import few_tasks_sentence
from autoloop.settings import Settings
from autoloop.store import SqliteStore
from autoloop.traces import TraceLibrary
from autoloop.workspace import GitWorkspace

NO_MODEL = "none"
"""The meta model of a run whose edits no model makes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Climb:
    """What a person brings to a climb besides the project."""

    observer: Observer
    stop: StopSignal
    work: Callable[[Parts, Plan, Run, StopSignal], Run] = climb
    """What is done with the run: the whole climb, or `open_holdout` alone."""
    proposer: Proposer | None = None
    """Who makes the edits of a new run; None: the meta-agent."""
    prefix: str = ""
    """What a new run's name begins with."""

    @property
    def searches(self) -> bool:
        """Whether edits are judged."""
        return self.work is climb


def start_climb(project: Project, climbing: Climb) -> Run:
    """Begin a new run and work on it until it stops.

    Raises:
        UserError: the project, its tasks or its settings cannot be used.
    """
    settings = program_of(project).settings
    _refuse_objective(strategy_of(settings), settings, f"{project.root / 'program.md'}")
    prompts_of(project, settings)  # refuses what is no prompt before anything is built
    found = found_tasks(tasks_source(project, settings))
    leaving = LeavingOut(policy=policy_of(settings, auto="strict"), observer=climbing.observer)
    leaving.settle(found.problems, left=len(found.tasks))
    split_tasks(project, found.tasks)  # refuses what cannot be split before anything is built
    source = project.agent_source()
    refuse_broken(source, project)
    name = project.new_run_name(SystemClock().now(), prefix=climbing.prefix)
    new = _new_run(name, settings)
    if climbing.proposer is not None:
        new = replace(new, meta_model=NO_MODEL)
    with (
        closing(GitWorkspace(project.root)) as workspace,
        _machine(project, new, climbing) as built,
    ):
        ready = built.preparing.prepare(found.tasks)
        leaving.settle(ready.problems, left=len(ready.tasks))
        new = replace(
            new,
            splits=split_tasks(project, ready.tasks),
            task_digests={task.name: task.digest for task in ready.tasks},
        )
        if few := few_tasks_sentence(new.splits.values()):
            climbing.observer.notify(Notice(text=few))
        with closing(SqliteStore.open(project.runs / name)) as store:
            store.save_run(new)
            work = _Work(project=project, store=store, workspace=workspace, built=built)
            return work.go_on(ready.tasks, climbing)


def resume_climb(project: Project, name: str | None, climbing: Climb) -> Run:
    """Go on with a run where it stopped, with the settings it began with.

    `project.overrides` win over them, so that a budget can be raised.

    Raises:
        UserError: the run is unknown, in use, or its tasks are gone or cannot be used any more, or
            edits would be judged on other tasks than those before them.
    """
    folder = project.run_folder(project.latest_run(name))
    with (
        closing(SqliteStore.open(folder)) as store,
        closing(GitWorkspace(project.root)) as workspace,
    ):
        run = store.run()
        if run is None:
            raise RunError(f"{folder} was stopped before its run began. Start anew: autoloop climb")
        settings = recorded_settings(project, run.settings)
        _refuse_other_looks(run, settings)
        _refuse_objective(run.rule, settings, f"Run {run.name!r}")
        prompts_of(project, settings)  # the same
        found = found_tasks(tasks_source(project, settings))
        tasks = _known_tasks(found, run, climbing.observer, searches=climbing.searches)
        run = replace(run, settings=settings.model_dump_json(), budget=settings.budget.record())
        with _machine(project, run, climbing) as built:
            problems = built.preparing.prepare(tasks).problems
            if problems:
                refuse(problems, f"Run {run.name!r} needs every task that it began with.")
            store.save_run(run)
            work = _Work(project=project, store=store, workspace=workspace, built=built)
            return work.go_on(tasks, climbing)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Built:
    """The machine of a run, and what belongs to it."""

    machine: Machine
    preparing: Preparing
    retried: SimpleQueue[TrialResult]


@contextmanager
def _machine(project: Project, run: Run, climbing: Climb) -> Iterator[_Built]:
    settings = Settings.model_validate_json(run.settings)
    retried: SimpleQueue[TrialResult] = SimpleQueue()
    plan = MachinePlan(
        project=project.root,
        run_folder=project.runs / run.name,
        settings=settings,
        task_model=run.task_model,
    )
    with trial_machine(plan, on_invalid=retried.put) as machine:
        if OFFLINE in {run.task_model, run.meta_model}:
            climbing.observer.notify(Notice(text=OFFLINE_BANNER))
        machine.sandbox.agent_image()
        if (program := settings.models.program) is not None:
            refuse_stand_in(program, run.meta_model)
            machine.meta_image(program.preset)
        preparing = Preparing(
            sandbox=machine.sandbox,
            timeouts=settings.rules().timeouts,
            workers=machine.engine.workers,
            observer=climbing.observer,
            stop=climbing.stop,
            open_side=machine.open_side,
        )
        yield _Built(machine=machine, preparing=preparing, retried=retried)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """A recorded run with all its parts."""

    project: Project
    store: RunStore
    workspace: Workspace
    built: _Built

    def go_on(self, tasks: Sequence[Task], climbing: Climb) -> Run:
        """Let the loop work on the run until it stops."""
        run = _begun(self.project, self.store, self.workspace)
        settings = Settings.model_validate_json(run.settings)
        plan = _plan(run, tasks, settings, directive=program_of(self.project).directive)
        terms = Terms(run=run.name, settings=settings, model=run.task_model, seed=run.seed)
        sandbox = self.built.machine.sandbox
        with (
            reuse_for(
                self.project.runs, terms, sandbox=sandbox, observer=climbing.observer
            ) as reuse,
            self._proposer(run, climbing) as proposer,
        ):
            parts = self._parts(run, tasks, climbing, reuse=reuse, proposer=proposer)
            return climbing.work(parts, plan, run, climbing.stop)

    def _proposer(self, run: Run, climbing: Climb) -> AbstractContextManager[Proposer]:
        if climbing.proposer is not None:
            return nullcontext(climbing.proposer)
        return meta_agent(run, self.built.machine, self.project)

    def _parts(
        self,
        run: Run,
        tasks: Sequence[Task],
        climbing: Climb,
        *,
        reuse: Reuse | None,
        proposer: Proposer,
    ) -> Parts:
        folder = self.project.runs / run.name
        library = TraceLibrary()
        material = train_material(tasks, run.splits)
        guard = standard_guards(material)
        baseline = self.workspace.source(run.base)
        auditor = run_auditor(folder, run, tasks=tasks, guard=guard, baseline=baseline)
        return Parts(
            workspace=self.workspace,
            store=self.store,
            engine=self.built.machine.engine,
            retried=self.built.retried,
            reuse=None if is_calibration(run.name) else reuse,
            proposer=proposer,
            strategy=_strategy(run),
            guard=guard,
            merge_guard=merge_guards(material),
            auditor=auditor,
            estimator=Estimates(),
            observer=RunFiles(
                folder,
                self.store,
                self.workspace,
                tasks=tasks,
                auditor=auditor,
                inner=climbing.observer,
            ),
            clock=SystemClock(),
            trace=lambda trial: library.open(folder / trial.folder),
            diagnosis=SymptomDiagnosis(),
            feedback=feedback_of(
                folder, tasks, Settings.model_validate_json(run.settings).feedback
            ),
            reviewer=None if climbing.proposer else reviewer_of(run, self.project),
        )


def _strategy(run: Run) -> Strategy:
    """As its recorded settings have it, so that its verdicts can be replayed."""
    objective = Settings.model_validate_json(run.settings).objective.record()
    return strategy_by_name(run.rule, objective)


def _plan(run: Run, tasks: Sequence[Task], settings: Settings, *, directive: str) -> Plan:
    return Plan(
        tasks={task.name: task for task in tasks},
        splits=run.splits,
        directive=directive,
        budget=run.budget,
        quota=settings.trial.quota(),
        final_attempts=settings.final.attempts,
        seed=run.seed,
        simplify=settings.simplify,
        second=settings.objective.second,
        variants=None if is_calibration(run.name) else settings.guards.variants,
        reviewer_binds=settings.guards.reviewer == "block",
        plateau=settings.meta.plateau,
        talk_share=settings.meta.share,
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


def _new_run(name: str, settings: Settings) -> Run:
    models = resolve_models(settings.models.task, settings.models.meta_name)
    return Run(
        name=name,
        created_at=SystemClock().now(),
        seed=settings.seed,
        budget=settings.budget.record(),
        base="",
        splits={},
        task_digests={},
        task_model=models.task,
        meta_model=models.meta,
        rule=strategy_of(settings),
        settings=settings.model_dump_json(),
    )


def refuse_broken(source: str, project: Project) -> None:
    """A first agent.py that cannot run would make every figure meaningless.

    What else is in it is its owner's business: the gate is for edits.

    Raises:
        ProjectError: it does not parse, or has no `solve`.
    """
    blocked = SyntaxGuard().check(before="", after=source)
    if blocked:
        reasons = " ".join(finding.message for finding in blocked)
        raise ProjectError(f"{project.root / 'agent.py'} cannot be climbed from: {reasons}")


def _refuse_objective(strategy: str, settings: Settings, source: str) -> None:
    """What a strategy cannot look at is told before anything of a run is written.

    Raises:
        SettingsError: it looks at the reward alone, and the objective names something second.
    """
    try:
        strategy_by_name(strategy, settings.objective.record())
    except SettingsError as error:
        raise SettingsError(f"{source}: {error}.") from error


def _refuse_other_looks(run: Run, settings: Settings) -> None:
    """A budget of looks that grows when it is spent is none."""
    began = Settings.model_validate_json(run.settings).holdout
    if settings.holdout != began:
        raise SettingsError(
            f"'holdout' of run {run.name!r} was set when it began ({began.looks} looks,"
            f" {began.answers}) and stays: leave it out."
        )


def _known_tasks(found: TaskSet, run: Run, observer: Observer, *, searches: bool) -> Sequence[Task]:
    """The tasks of the run as they are now; lost ones are an error.

    Changed ones count anew, which only a search cannot bear.
    """
    now = {task.name: task for task in found.tasks if task.name in run.splits}
    lost = sorted(run.splits.keys() - now.keys())
    if lost:
        wrong = "".join(f"\n{problem}" for problem in found.problems)
        raise TaskError(
            f"Tasks of run {run.name!r} are gone or cannot be used: {', '.join(lost)}. Put them"
            f" back, or start anew with `autoloop climb`.{wrong}"
        )
    changed = [name for name, digest in run.task_digests.items() if now[name].digest != digest]
    if searches:
        _refuse_changed([name for name in changed if run.splits[name] is not Split.HOLDOUT], run)
    if changed:
        text = f"Changed since the run began, earlier trials do not count: {', '.join(changed)}."
        observer.notify(Notice(text=text))
    return list(now.values())


def _refuse_changed(tasks: Sequence[str], run: Run) -> None:
    """Edits under test would lose trials, and no verdict so far could be replayed.

    Raises:
        TaskError: there are such train or validation tasks.
    """
    if tasks:
        raise TaskError(
            f"Tasks that verdicts of run {run.name!r} rest on have changed since it began:"
            f" {', '.join(tasks)}. Put them back as they were, and it goes on. Or end it as it"
            f" stands, `autoloop holdout {run.name}`, take over what it kept, `git merge"
            f" autoloop/{run.name}`, and start anew with `autoloop climb`."
        )
