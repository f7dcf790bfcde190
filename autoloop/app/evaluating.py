"""Evaluates one agent on tasks, without a climb; and proves that tasks are sound."""

from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue

from autoloop.app.clock import SystemClock
from autoloop.app.compose import require_engine, resolve_models, trial_machine
from autoloop.app.contents import program_of, split_tasks, usable_tasks, worker_count
from autoloop.app.project import Project, read_agent
from autoloop.app.results import Evaluation, EvalWish, TaskProof
from autoloop.decision import Estimates
from autoloop.loop import Lab, LabParts, Meter, Plan, StoppedError, StopSignal, run_attempts
from autoloop.ports import Observer
from autoloop.records import Agent, Budget, Purpose, Task, TrialResult
from autoloop.report import eval_summary
from autoloop.settings import Settings
from autoloop.store import SqliteStore


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


def evaluate_agent(
    project: Project, wish: EvalWish, *, observer: Observer, stop: StopSignal
) -> Evaluation:
    """Run every task of the wish as often as wished, in parallel, under `runs/eval-…`.

    Raises:
        UserError: tasks, agent or settings cannot be used.
    """
    tasks = usable_tasks(project, wish.tasks)
    splits = split_tasks(project, tasks) if wish.split is not None else {}
    chosen = [task for task in tasks if wish.split is None or splits[task.name] is wish.split]
    agent = chosen_agent(project, wish.agent)
    name = project.new_run_name(SystemClock().now(), prefix="eval-")
    folder = project.runs / name
    settings = program_of(project).settings
    models = resolve_models(settings.models.task, settings.models.meta)
    require_engine(project.root)
    clock = SystemClock()
    began = clock.monotonic()
    retried: SimpleQueue[TrialResult] = SimpleQueue()
    with (
        closing(SqliteStore.open(folder)) as store,
        trial_machine(
            project.root,
            folder,
            task_model=models.task,
            workers=wish.workers or worker_count(settings),
            timeout_s=settings.trial.timeout_s,
            on_invalid=retried.put,
        ) as machine,
    ):
        parts = LabParts(engine=machine.engine, store=store, observer=observer, retried=retried)
        lab = _lab(parts, settings, chosen, stop)
        stopped = _run(lab, agent, wish.attempts)
        trials = store.trials()
    wall_s = clock.monotonic() - began
    facts = eval_summary(
        chosen,
        trials,
        agent=agent.kind if agent.kind != "python" else (wish.agent or "agent.py"),
        model=models.task if agent.kind == "python" else "",
        wall_s=wall_s,
        estimator=Estimates(),
    )
    return Evaluation(
        folder=folder,
        agent=facts.agent,
        model=facts.model,
        tasks=tuple(chosen),
        trials=trials,
        wall_s=wall_s,
        summary=facts.model_dump(mode="json"),
        stopped=stopped,
    )


def _lab(parts: LabParts, settings: Settings, tasks: Sequence[Task], stop: StopSignal) -> Lab:
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
    meter = Meter(plan.budget, SystemClock(), active_s=0.0, final_trials=0, workers=workers)
    return Lab(parts, plan, meter, stop, one_bad_task_stops=False)


def _run(lab: Lab, agent: Agent, attempts: int) -> bool:
    """Run all trials; whether somebody asked to stop before."""
    try:
        run_attempts(lab, agent, lab.plan.tasks, attempts=attempts, purpose=Purpose.EVAL)
    except StoppedError:
        lab.drain()
        return True
    return False


def prove_tasks(
    project: Project, wish: EvalWish, *, observer: Observer, stop: StopSignal
) -> tuple[TaskProof, ...]:
    """Run solution and do-nothing agent on every task."""
    oracle = evaluate_agent(project, replace(wish, agent="oracle"), observer=observer, stop=stop)
    nop = evaluate_agent(project, replace(wish, agent="nop"), observer=observer, stop=stop)
    return tuple(_proof(task, oracle.trials, nop.trials) for task in oracle.tasks)


def _proof(task: Task, oracle: Iterable[TrialResult], nop: Iterable[TrialResult]) -> TaskProof:
    solved, idle = _counted(task, oracle), _counted(task, nop)
    trials = [t for t in (*oracle, *nop) if t.key.task == task.name]
    failures = [t.failure.message for t in trials if t.failure is not None]
    return TaskProof(
        task=task.name,
        oracle=solved.reward if solved else None,
        nop=idle.reward if idle else None,
        problem=failures[-1] if failures else "",
    )


def _counted(task: Task, trials: Iterable[TrialResult]) -> TrialResult | None:
    return next((t for t in trials if t.key.task == task.name and t.counts), None)
