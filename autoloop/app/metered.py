"""Looks at the holdout while a run is not finished, from a budget that was set before it began."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from statistics import fmean

from autoloop.app.clock import SystemClock
from autoloop.app.compose import MachinePlan, trial_machine
from autoloop.app.contents import found_tasks, tasks_source
from autoloop.app.look_log import Look, log_look, read_looks
from autoloop.app.preparing import Preparing, refuse
from autoloop.app.project import Project
from autoloop.app.watching import Watch
from autoloop.decision import Answer, ladder, thresholdout
from autoloop.errors import InterruptError, RunError, TaskError
from autoloop.loop import Lab, LabParts, Looked, Meter, Plan, StoppedError, look
from autoloop.ports import Observer
from autoloop.records import (
    Agent,
    Budget,
    Decision,
    Event,
    Notice,
    Purpose,
    Run,
    Split,
    Step,
    Task,
    TaskPrepared,
    TrialResult,
    Usage,
)
from autoloop.settings import Settings
from autoloop.store import SqliteStore, StoreReader
from autoloop.workspace import GitWorkspace

SEALED = "looks"
"""Folder within a run's own; nothing that reads runs, and no later trial, looks into it."""


def look_at_holdout(project: Project, name: str | None, watch: Watch) -> Look:
    """Compare the present best with the baseline on holdout, and say no more than may be said.

    The run is held meanwhile: where another process works on it, this is refused. A best that was
    looked at before gets the answer of then, and no look is spent.

    Raises:
        RunError: no look is left or was allowed, nothing is kept yet, or the run is finished.
        InterruptError: somebody asked to stop; nothing was said and no look is spent.
    """
    folder = project.run_folder(project.latest_run(name))
    with (
        closing(SqliteStore.open(folder)) as store,
        closing(GitWorkspace(project.root)) as workspace,
    ):
        case = _case(folder, store, workspace)
        if case.answered is not None:
            return case.answered
        with _lab(project, case, watch) as lab:
            before = len(lab.trials)
            began = SystemClock().monotonic()
            number, allowed = len(case.looks) + 1, case.settings.holdout.looks
            watch.observer.notify(
                Notice(text=f"Look {number} of {allowed} at the holdout: only its answer is told.")
            )
            looked = _looked(case, lab)
            seconds = SystemClock().monotonic() - began
            answer = _answer(case, looked)
            own = lab.trials[before:]
        done = _record(case, answer, own, seconds=seconds)
        log_look(folder, done)
        return done


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """A run before a look."""

    run: Run
    folder: Path
    settings: Settings
    looks: tuple[Look, ...]
    baseline: Agent
    best: Agent
    commit: str
    claimed: float

    @property
    def answered(self) -> Look | None:
        """The look that saw the same best."""
        return next((one for one in self.looks if one.agent == self.best.digest), None)


def _case(folder: Path, store: StoreReader, workspace: GitWorkspace) -> _Case:
    run = store.run()
    if run is None:
        raise RunError(f"{folder} holds no climb that began: there is nothing to look at.")
    if run.finished_at is not None:
        raise RunError(f"Run {run.name!r} is finished: its final table has opened the holdout.")
    tip = workspace.tip(run.name)
    baseline, best = Agent(source=workspace.source(run.base)), Agent(source=workspace.source(tip))
    if best == baseline:
        raise RunError(f"Run {run.name!r} has kept no edit yet: a look would show nothing.")
    case = _Case(
        run=run,
        folder=folder,
        settings=Settings.model_validate_json(run.settings),
        looks=read_looks(folder),
        baseline=baseline,
        best=best,
        commit=tip,
        claimed=_claimed(store, run, baseline=baseline, best=best),
    )
    _check_budget(case)
    return case


def _check_budget(case: _Case) -> None:
    allowed = case.settings.holdout.looks
    if not allowed:
        raise RunError(
            f"The holdout of run {case.run.name!r} is sealed until its end. Looks have to be"
            " allowed before a run begins: `holdout: {looks: 3}` in program.md."
        )
    if case.answered is None and len(case.looks) >= allowed:
        raise RunError(
            f"Run {case.run.name!r} has no look left, {allowed} of {allowed} is spent: the holdout"
            " stays sealed until its end. What was said stands in `autoloop status`."
        )


def _claimed(store: StoreReader, run: Run, *, baseline: Agent, best: Agent) -> float:
    """The gain that the search shows: paired on tasks both have run, else what edits claimed."""
    sides: Mapping[str, defaultdict[str, list[float]]] = {
        baseline.digest: defaultdict(list),
        best.digest: defaultdict(list),
    }
    for trial in store.trials():
        own = trial.key.purpose is Purpose.SEARCH and trial.counts
        if own and run.splits.get(trial.key.task) is not Split.HOLDOUT and trial.key.agent in sides:
            sides[trial.key.agent][trial.key.task].append(trial.reward)
    before, after = sides[baseline.digest], sides[best.digest]
    shared = before.keys() & after.keys()
    visible = sum(split is not Split.HOLDOUT for split in run.splits.values())
    if 2 * len(shared) >= visible:
        return fmean(fmean(after[task]) - fmean(before[task]) for task in shared)
    return _gain_of_edits(store.steps())


def _gain_of_edits(steps: Iterable[Step]) -> float:
    """What kept edits claimed together; those that landed as one line have one claim."""
    kept = [s for s in steps if s.verdict is not None and s.verdict.decision is Decision.KEEP]
    # Runs that did not record when a verdict fell tried one edit at a time.
    claims = {(s.decided or -s.index, frozenset(_numbers(s).items())): _numbers(s) for s in kept}
    gains = [own.get("gain", own.get("train_gain", 0.0)) for own in claims.values()]
    return min(1.0, max(-1.0, sum(gains)))


def _numbers(step: Step) -> Mapping[str, float]:
    return step.verdict.numbers if step.verdict else {}


@contextmanager
def _lab(project: Project, case: _Case, watch: Watch) -> Iterator[Lab]:
    """A lab whose tasks are the holdout, with a store of its own."""
    tasks = _holdout(project, case)
    # The last name is the run's: whoever cleans up after the run cleans up after this.
    folder = case.folder / SEALED / case.run.name
    retried: SimpleQueue[TrialResult] = SimpleQueue()
    plan = MachinePlan(
        project=project.root,
        run_folder=folder,
        settings=case.settings,
        task_model=case.run.task_model,
    )
    with trial_machine(plan, on_invalid=retried.put) as machine:
        machine.sandbox.agent_image()
        preparing = Preparing(
            sandbox=machine.sandbox,
            timeouts=case.settings.rules().timeouts,
            workers=machine.engine.workers,
            observer=watch.observer,
            stop=watch.stop,
        )
        problems = preparing.prepare(tasks).problems
        if problems:
            refuse(problems, "A look needs every holdout task that the run began with.")
        with closing(SqliteStore.open(folder)) as sealed:
            parts = LabParts(
                engine=machine.engine,
                store=sealed,
                observer=_Blindfold(watch.observer),
                retried=retried,
            )
            meter = Meter(
                Budget(hours=None),
                SystemClock(),
                active_s=0.0,
                workers=machine.engine.workers,
            )
            yield Lab(parts, _plan(tasks, case.settings), meter, watch.stop)


def _plan(tasks: Sequence[Task], settings: Settings) -> Plan:
    return Plan(
        tasks={task.name: task for task in tasks},
        splits=dict.fromkeys((task.name for task in tasks), Split.HOLDOUT),
        directive="",
        budget=Budget(hours=None),
        quota=settings.trial.quota(),
        final_attempts=0,
        seed=settings.seed,
    )


def _holdout(project: Project, case: _Case) -> list[Task]:
    names = {name for name, split in case.run.splits.items() if split is Split.HOLDOUT}
    found = found_tasks(tasks_source(project, case.settings))
    tasks = [task for task in found.tasks if task.name in names]
    lost = sorted(names - {task.name for task in tasks})
    if lost:
        raise TaskError(
            f"Tasks of run {case.run.name!r} are gone or cannot be used: {', '.join(lost)}."
            " Put them back."
        )
    return tasks


def _looked(case: _Case, lab: Lab) -> Looked:
    attempts = case.settings.holdout.attempts
    try:
        return look(lab, baseline=case.baseline, best=case.best, attempts=attempts)
    except StoppedError as stopped:
        raise InterruptError(
            "Interrupted: nothing was said, and no look is spent. What ran is kept for the next."
        ) from stopped
    finally:
        lab.drain()


def _answer(case: _Case, looked: Looked) -> Answer:
    shared = sorted(looked.baseline.keys() & looked.best.keys())
    if not shared:
        raise RunError("No holdout task could be run on both sides: no look is spent.")
    seen = fmean(fmean(looked.best[task]) - fmean(looked.baseline[task]) for task in shared)
    if case.settings.holdout.answers == "ladder":
        reported = case.looks[-1].gain if case.looks else 0.0
        return ladder(reported, seen, tasks=len(shared))
    return thresholdout(case.claimed, seen, tasks=len(shared))


def _record(case: _Case, answer: Answer, trials: Sequence[TrialResult], *, seconds: float) -> Look:
    usage = sum((trial.usage for trial in trials), Usage())
    number, allowed = len(case.looks) + 1, case.settings.holdout.looks
    return Look(
        number=number,
        allowed=allowed,
        at=SystemClock().now().isoformat(),
        commit=case.commit,
        agent=case.best.digest,
        answers=case.settings.holdout.answers,
        claimed=case.claimed,
        gain=answer.gain,
        agrees=answer.agrees,
        within=answer.within,
        trials=len(trials),
        tokens=usage.tokens,
        cost_usd=usage.cost_usd,
        seconds=round(seconds, 1),
        said=f"Look {number} of {allowed}: {_said(case.claimed, answer)}",
    )


def _said(claimed: float, answer: Answer) -> str:
    gain, within = f"{100 * answer.gain:+.1f}", f"{100 * answer.within:.1f}"
    if answer.agrees is None:
        return f"the best gain that holdout has confirmed is {gain} points, in steps of {within}."
    search = f"the {100 * claimed:+.1f} points that train and validation show"
    if answer.agrees:
        return f"nothing speaks against {search}: holdout agrees within about {within} points."
    return (
        f"holdout does not agree with {search}: it shows about {gain} points (noise of scale"
        f" {within} is added, and few tasks are themselves uncertain)."
    )


class _Blindfold:
    """An observer who is not told how single trials end."""

    def __init__(self, inner: Observer) -> None:
        self._inner = inner

    def notify(self, event: Event) -> None:
        """Pass on what says nothing of the holdout."""
        if isinstance(event, Notice | TaskPrepared):
            self._inner.notify(event)
