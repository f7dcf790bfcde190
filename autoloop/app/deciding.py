"""Asks a run's strategy for its verdicts once more, from what is recorded."""

from collections.abc import Mapping
from contextlib import closing, suppress
from math import isclose

from autoloop.app.contents import found_tasks, recorded_settings, tasks_source
from autoloop.app.project import Project
from autoloop.app.results import Redecided, Replay
from autoloop.app.standing import reading
from autoloop.app.train_material import train_material
from autoloop.decision.strategies import strategy_by_name
from autoloop.errors import UserError
from autoloop.guards import TrainTask, merge_guards
from autoloop.loop import Merging, Replayed, RunRecords, replay
from autoloop.records import Run
from autoloop.store import StoreReader
from autoloop.workspace import GitWorkspace

EXACT = 1e-9
"""Differences below this are the arithmetic of the machine, not of a rule."""


def replay_run(project: Project, name: str | None) -> Replay:
    """Ask for every verdict of a run again; nothing is run and nothing is changed.

    Raises:
        UserError: there is no such run, or it has lost its branch.
    """
    with reading(project, name) as view, closing(GitWorkspace(project.root)) as workspace:
        records = _records(project, view.run, view.store, workspace)
        settings = recorded_settings(project, view.run.settings)
        strategy = strategy_by_name(view.run.rule, settings.objective.record())
        found = tuple(_redecided(one) for one in replay(records, strategy))
        return Replay(run=view.run.name, strategy=view.run.rule, verdicts=found)


def _records(project: Project, run: Run, store: StoreReader, workspace: GitWorkspace) -> RunRecords:
    merging = Merging(workspace, merge_guards(_material(project, run)))
    return RunRecords(
        steps=store.steps(),
        trials=store.trials(),
        splits=run.splits,
        digests=run.task_digests,
        base=run.base,
        baseline=workspace.source(run.base),
        merge=merging.merge,
        size=merging.size,
        seed=run.seed,
        second=recorded_settings(project, run.settings).objective.second,
    )


def _material(project: Project, run: Run) -> tuple[TrainTask, ...]:
    """What the guards know of the train tasks; tasks that are gone tell them nothing."""
    with suppress(UserError):
        tasks = found_tasks(tasks_source(project, recorded_settings(project, run.settings))).tasks
        return train_material(tasks, run.splits)
    return ()


def _redecided(one: Replayed) -> Redecided:
    proposal, again = one.step.proposal, one.replayed
    return Redecided(
        step=one.step.index,
        title=proposal.title if proposal else "",
        recorded=one.recorded.reason,
        replayed=None if again is None else again.reason,
        same=again is not None
        and again.decision is one.recorded.decision
        and _are_equal(again.numbers, one.recorded.numbers),
    )


def _are_equal(some: Mapping[str, float], others: Mapping[str, float]) -> bool:
    """Whether figures are equal but for the last digits, in which machines differ."""
    return some.keys() == others.keys() and all(
        isclose(some[name], others[name], rel_tol=EXACT, abs_tol=EXACT) for name in some
    )
