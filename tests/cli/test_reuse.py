"""Trials that were run once, on a real engine: climbed again, evaluated, run afresh, removed."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from autoloop import ClimbRun, Optimizer
from autoloop.app.tending import template
from autoloop.records import Purpose, TrialFinished, TrialStarted
from autoloop.results import Event
from tests.app.builders import make_project
from tests.cli.conftest import autoloop

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.usefixtures("engine")]

PROGRAM = """\
---
models: {task: offline, meta: offline}
final: {attempts: 1}
budget: {steps: 1}
workers: 4
rule: paired
---
Write the right words.
"""


@pytest.fixture(scope="module")
def climbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project after a climb of one step."""
    folder = tmp_path_factory.mktemp("reuse") / "p"
    agent = template("agent.py").read_text(encoding="utf-8")
    project = make_project(folder, tasks=6, program=PROGRAM, agent=agent)
    Optimizer(project, observe=lambda _: None).climb()
    return project


@pytest.fixture
def project(climbed: Path, tmp_path: Path) -> Path:
    """A copy of it, that a test may change."""
    return shutil.copytree(climbed, tmp_path / "p", symlinks=True)


@dataclass(frozen=True)
class Twice:
    """A project after a second climb of the same."""

    project: Path
    first: ClimbRun
    second: ClimbRun
    events: list[Event]
    """Of the second."""


@pytest.fixture(scope="module")
def twice(climbed: Path, tmp_path_factory: pytest.TempPathFactory) -> Twice:
    project = shutil.copytree(climbed, tmp_path_factory.mktemp("twice") / "p", symlinks=True)
    events: list[Event] = []
    optimizer = Optimizer(project, observe=events.append)
    return Twice(project, optimizer.run(), optimizer.climb(), events)


def test_a_second_climb_pays_for_the_holdout_alone(twice: Twice) -> None:
    first, second = twice.first, twice.second

    begun = [event.request.purpose for event in twice.events if isinstance(event, TrialStarted)]
    reused = [e.result for e in twice.events if isinstance(e, TrialFinished) if e.reused]
    assert second.name != first.name
    assert Purpose.SEARCH not in begun
    assert {trial.reused_from for trial in reused} == {first.name}
    assert second.summary["reused_trials"] == len(reused) == 4
    assert second.record.scores.keys() == first.record.scores.keys()


def test_what_is_reused_can_be_looked_at(twice: Twice) -> None:
    project, first, second = twice.project, twice.first, twice.second
    trial = next(trial for trial in second.trials if trial.reused_from)

    shown = autoloop("trace", trial.id, cwd=project).out
    status = autoloop("status", cwd=project).out

    assert f"Reused from {first.name}." in shown
    assert f"{project / 'runs' / first.name / 'jobs'}" in shown
    assert "--- 1" in shown
    assert f", {second.summary['reused_trials']} reused)" in status


def test_fresh_runs_everything(project: Path) -> None:
    events: list[Event] = []

    run = Optimizer(project, observe=events.append, reuse=False).climb(trials=4)

    assert run.summary["reused_trials"] == 0
    assert not any(isinstance(e, TrialFinished) and e.reused for e in events)


def test_a_climb_begins_with_what_an_evaluation_has_seen(tmp_path: Path) -> None:
    agent = template("agent.py").read_text(encoding="utf-8")
    project = make_project(tmp_path / "p", program=PROGRAM, agent=agent)
    evaluated = autoloop("eval", "--json", cwd=project).json

    climbed = autoloop("climb", "--trials", "3", "--json", cwd=project).json
    trials = Optimizer(project).run(climbed["run"]).trials

    baseline = [trial for trial in trials if trial.key.purpose is Purpose.SEARCH]
    assert baseline
    assert {trial.reused_from for trial in baseline} == {evaluated["run"]}
    assert all(not t.reused_from for t in trials if t.key.purpose is Purpose.FINAL)


def test_an_evaluation_takes_what_the_baseline_was_seen_to_do(project: Path) -> None:
    optimizer = Optimizer(project, observe=lambda _: None)
    run = optimizer.run()

    again = optimizer.eval(attempts=1)
    fresh = autoloop("eval", "--fresh", "--json", cwd=project).json

    assert {t.reused_from for t in again.trials} == {run.name, ""}
    assert again.summary["reused_trials"] == sum(bool(t.reused_from) for t in again.trials)
    assert (fresh["reused_trials"], fresh["trials"]) == (0, 6)


def test_reference_agents_are_run_each_time(project: Path) -> None:
    optimizer = Optimizer(project, observe=lambda _: None)
    amber = project / "tasks/amber"

    evaluations = [optimizer.eval(agent="nop", tasks=amber) for _ in range(2)]

    assert [e.summary["reused_trials"] for e in evaluations] == [0, 0]


def test_a_run_that_was_removed_is_forgotten(project: Path) -> None:
    autoloop("gc", "--keep", "0", cwd=project)
    (left,) = [path.name for path in (project / "runs").iterdir() if path.suffix == ".db"]

    run = Optimizer(project, observe=lambda _: None).climb(trials=4)

    assert left == "trials.db"
    assert run.summary["reused_trials"] == 0


def test_a_trace_that_was_removed_with_its_run_is_said_to_be(twice: Twice, tmp_path: Path) -> None:
    project = shutil.copytree(twice.project, tmp_path / "p", symlinks=True)
    trial = next(trial for trial in twice.second.trials if trial.reused_from)

    autoloop("gc", "--keep", "1", cwd=project)

    optimizer = Optimizer(project, observe=lambda _: None)
    assert "is gone: it was removed, perhaps with the run" in optimizer.run().trace(trial.id).text


def test_a_task_that_changed_is_run_anew(project: Path) -> None:
    (project / "tasks/amber/instruction.md").write_text("amber: write amber to /app/amber.txt\n")
    events: list[Event] = []

    Optimizer(project, observe=events.append).eval(tasks=project / "tasks/amber")

    assert [e.reused for e in events if isinstance(e, TrialFinished)] == [False]
