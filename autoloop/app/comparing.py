"""Compares two agents by the trials that are recorded of them; nothing is run."""

import shlex
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from autoloop.app.contents import found_tasks, tasks_source
from autoloop.app.draws import Draw, draw_of
from autoloop.app.eval_record import read_eval
from autoloop.app.project import EVAL, Project, read_agent
from autoloop.app.standing import reading
from autoloop.decision import Estimates
from autoloop.errors import AutoloopError, RunError, StorageError
from autoloop.records import Agent, Comparison, TrialResult
from autoloop.report import ComparedTrials, compare_trials, shared_tasks
from autoloop.store import open_readonly
from autoloop.workspace import GitWorkspace

MARKS = ("base", "best")
SHORTEST_COMMIT = 7
"""A shorter number is a step's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """One side, with how to evaluate it anew."""

    trials: ComparedTrials
    draws: frozenset[Draw]
    """Which trials they are, whichever climbs and evaluations they are recorded in."""
    agent: str
    """What `autoloop eval --agent` takes."""
    first: str = ""
    """A command that has to be run before."""
    source: str | None = None
    """Where its tasks came from; None is the project's own."""


def compare(project: Project, a: str, b: str, *, run: str | None) -> Comparison:
    """Compare B with A on the tasks that both have trials on.

    Each is the name of an evaluation, `base`, `best`, a step's number or a commit of a run, or the
    path of an agent.py.

    Raises:
        UserError: one of them is unknown, both are the same trials, or they share no task.
    """
    side_a, side_b = (_side(project, name, run) for name in (a, b))
    if side_a.draws and side_a.draws == side_b.draws:
        raise RunError(
            f"{a!r} and {b!r} are the same agent and the same trials: there is nothing to compare."
            " Evaluate it again with `autoloop eval --fresh` to see how much chance alone moves it."
        )
    if not shared_tasks(side_a.trials, side_b.trials):
        raise RunError(_what_to_run(side_a, side_b))
    families = _families(project, (side_a, side_b))
    found = compare_trials(side_a.trials, side_b.trials, families=families, estimator=Estimates())
    return replace(found, notes=(*found.notes, *_on_both(side_a, side_b)))


def _on_both(a: _Side, b: _Side) -> tuple[str, ...]:
    """What has to be known where one run took over trials from another."""
    if not (same := len(a.draws & b.draws)):
        return ()
    note = f"{same} of the trials are on both sides, which hides what chance does:"
    return (f"{note} `autoloop eval --fresh` takes over none.",)


def _side(project: Project, name: str, run: str | None) -> _Side:
    if name.startswith(EVAL):
        return _of_evaluation(project, name)
    path = Path(name)
    if name not in MARKS and not name.isdigit() and path.exists():
        return _of_file(project, name, path / "agent.py" if path.is_dir() else path)
    if path.suffix == ".py" or len(path.parts) > 1:
        raise RunError(f"There is no file {name!r} to compare. Name an agent.py that was tried.")
    return _of_run(project, name, run)


def _of_evaluation(project: Project, name: str) -> _Side:
    record = read_eval(project, name)
    agent = record.of_agent().digest
    with open_readonly(project.runs / name) as store:
        trials = [trial for trial in store.trials() if trial.key.agent == agent]
    models = (record.model,) if record.kind == "python" else ()
    return _Side(
        trials=ComparedTrials(name=name, agent=agent, trials=trials, models=models),
        draws=frozenset(draw_of(name, trial) for trial in trials),
        agent=record.agent,
        source=record.source,
    )


def _of_file(project: Project, name: str, path: Path) -> _Side:
    """Every trial that any climb or evaluation has recorded of this very text."""
    agent = Agent(source=read_agent(path)).digest
    found = list(_trials_of_agent(project, agent))
    trials: dict[Draw, TrialResult] = {}
    for own in found:  # climbs first: what a climb decided by is told, whoever ran it
        for trial in own.trials:
            trials.setdefault(draw_of(own.run, trial), trial)
    return _Side(
        trials=ComparedTrials(
            name=name,
            agent=agent,
            trials=list(trials.values()),
            models=tuple(sorted({own.model for own in found})),
        ),
        draws=frozenset(trials),
        agent=str(path),
    )


def _of_run(project: Project, name: str, run: str | None) -> _Side:
    """The trials of a candidate in its own run."""
    with reading(project, run) as view, closing(GitWorkspace(project.root)) as workspace:
        record = view.run
        named = {"base": record.base, "best": workspace.tip(record.name)}
        named |= {str(s.index): s.candidate for s in view.store.steps() if s.candidate}
        if name.isdigit() and name not in named and len(name) < SHORTEST_COMMIT:
            raise RunError(f"Run {record.name!r} has no step {name} with an edit to compare.")
        commit = named.get(name, name)
        agent = Agent(source=workspace.source(commit)).digest
        trials = [trial for trial in view.store.trials() if trial.key.agent == agent]
    return _Side(
        trials=ComparedTrials(name=name, agent=agent, trials=trials, models=(record.task_model,)),
        draws=frozenset(draw_of(record.name, trial) for trial in trials),
        agent="candidate.py",
        first=f"git show {commit[:12]}:./agent.py > candidate.py && ",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """Trials of an agent in one run."""

    run: str
    model: str
    trials: list[TrialResult]


def _trials_of_agent(project: Project, agent: str) -> Iterator[_Found]:
    """What each run has of an agent; damaged runs have nothing to say here."""
    for name in (*project.run_names(), *project.eval_names()):
        try:
            with open_readonly(project.runs / name) as store:
                trials = [trial for trial in store.trials() if trial.key.agent == agent]
                record = store.run()
            if trials:
                model = record.task_model if record else read_eval(project, name).model
                yield _Found(run=name, model=model, trials=trials)
        except (RunError, StorageError):
            continue


def _what_to_run(a: _Side, b: _Side) -> str:
    """A sentence for two sides without a common task."""
    known = [side for side in (a, b) if side.trials.trials]
    if not known:
        lacking, other = f"Neither {a.trials.name!r} nor {b.trials.name!r} has", None
        commands = [_command(a, None), _command(b, None)]
    else:
        other = known[0]
        lone = b if other is a else a
        lacking = f"{lone.trials.name!r} has"
        commands = [_command(lone, other.source)]
    also = f" that {other.trials.name!r} has trials on" if other else ""
    return (
        f"{lacking} no recorded trial on a task{also} (with the same content; spot checks do not"
        f" count). Run: {'; '.join(commands)}"
    )


def _command(side: _Side, source: str | None) -> str:
    tasks = f" --tasks {shlex.quote(source)}" if source else ""
    return f"{side.first}autoloop eval --agent {shlex.quote(side.agent)}{tasks}"


def _families(project: Project, sides: Iterable[_Side]) -> dict[str, str]:
    """Family of every task that can be had; a source that is gone is left out."""
    families: dict[str, str] = {}
    for source in dict.fromkeys(side.source for side in sides):
        try:
            tasks = found_tasks(source or tasks_source(project)).tasks
        except AutoloopError:
            continue
        families |= {task.name: task.family for task in tasks}
    return families
