"""The whole way on a real engine: climb, look, evaluate, clean up."""

import asyncio
import json
import resource
from pathlib import Path

import pytest

from autoloop import Optimizer
from autoloop.app.tending import template
from autoloop.records import RunFinished, RunStarted, StepFinished, TrialFinished
from autoloop.results import Evaluation, Event
from tests.app.builders import git, make_project
from tests.cli.conftest import Done, autoloop, autoloop_process

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.usefixtures("engine")]

KEYS = [
    *("run", "steps", "kept", "reverted", "undecided", "stop_reason", "trials", "invalid_trials"),
    *("reused_trials", "tokens", "cost_usd", "lost_calls", "wall_s", "best_commit", "scores"),
    *("success_rate", "selection_minus_holdout", "expected_worthless", "integrity", "audit"),
    *("best", "tasks"),
]
INTERVAL = {"mean", "low", "high", "n"}
FILE_LIMIT = 150_000
"""Bytes: enough for some trials in the database's log, not for a run."""
PROGRAM = """\
---
models: {task: offline, meta: offline}
final: {attempts: 1}
workers: 4
---
Write the right words.
"""
QUICK = PROGRAM.replace("workers: 4", "workers: 4\nrule: passed")
"""Where the verdict does not matter: by a rule that takes the fewest trials."""


@pytest.fixture(scope="module")
def climbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Done]:
    """A project after a climb of one step."""
    folder = tmp_path_factory.mktemp("climb") / "p"
    agent = template("agent.py").read_text(encoding="utf-8")
    project = make_project(folder, tasks=6, program=PROGRAM, agent=agent)
    return project, autoloop_process("climb", "--steps", "1", "--seed", "3", "--json", cwd=project)


def _little_room() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_LIMIT, FILE_LIMIT))


@pytest.fixture
def project(climbed: tuple[Path, Done]) -> Path:
    return climbed[0]


def test_a_climb_ends_with_one_object_of_the_promised_keys(climbed: tuple[Path, Done]) -> None:
    _, done = climbed

    facts = done.json
    assert done.code == 0, done.err
    assert list(facts) == KEYS
    assert facts["steps"] == facts["kept"] + facts["reverted"] + facts["undecided"] == 1
    assert facts["stop_reason"] == "steps budget spent"
    assert (facts["invalid_trials"], facts["cost_usd"]) == (0, 0)
    assert list(facts["scores"]) == ["train", "validation", "holdout"]
    for scores in facts["scores"].values():
        assert scores["baseline"].keys() == scores["best"].keys() == INTERVAL
        assert scores["gain"].keys() == INTERVAL - {"n"}


def test_progress_goes_to_standard_error(climbed: tuple[Path, Done]) -> None:
    _, done = climbed

    assert "It is not one" in done.err
    assert "step  1 " in done.err
    assert "Stopped: steps budget spent." in done.err


def test_git_tells_the_story_and_leaves_the_user_alone(climbed: tuple[Path, Done]) -> None:
    project, done = climbed

    name, facts = done.json["run"], done.json
    assert git(project, "rev-parse", f"autoloop/{name}") == facts["best_commit"]
    assert git(project, "for-each-ref", "--format=%(refname)", f"refs/autoloop/{name}/001")
    assert git(project, "status", "--porcelain", "agent.py") == ""
    assert git(project, "symbolic-ref", "HEAD") == "refs/heads/main"


@pytest.mark.parametrize(
    "command",
    ["status", "log", "show 1", "diff base 1", "report", "diff base best", "audit"],
)
def test_everything_about_the_run_can_be_looked_at(project: Path, command: str) -> None:
    words, document = command.split(), autoloop(*command.split(), "--json", cwd=project)

    assert (document.code, document.err) == (0, "")
    assert document.json
    assert autoloop(*words, cwd=project).code == 0


def test_a_trace_tells_what_the_agent_did(project: Path) -> None:
    run = Optimizer(project).run()
    trial = next(trial for trial in run.trials if trial.usage.calls)

    view = autoloop("trace", trial.id, "--json", cwd=project).json

    assert view["text"].startswith("--- 1")
    assert Path(view["folder"], "result.json").is_file()
    assert autoloop("trace", trial.id, cwd=project).out.startswith(f"{trial.id}: scored")


def test_the_files_of_a_run_are_there(project: Path) -> None:
    run = Optimizer(project).run()

    folder = project / "runs" / run.name
    files = {p.name for p in folder.iterdir()}
    assert {"run.db", "results.tsv", "audit.json", "report.html", "jobs"} <= files
    assert len((folder / "results.tsv").read_text().splitlines()) == 2


def test_the_holdout_of_a_finished_run_stays_as_it_is(climbed: tuple[Path, Done]) -> None:
    project, done = climbed

    again = autoloop("holdout", "--json", cwd=project)

    assert again.code == 0, again.err
    assert again.json["scores"] == done.json["scores"]
    assert again.json["trials"] == done.json["trials"]


@pytest.mark.parametrize(("agent", "score"), [("oracle", 1.0), ("nop", 0.0)])
def test_the_reference_agents_score_as_they_must(project: Path, agent: str, score: float) -> None:
    done = autoloop("eval", "--agent", agent, "--split", "train", "--json", cwd=project)

    assert done.code == 0, done.err
    assert (done.json["agent"], done.json["score"]["mean"]) == (agent, score)
    assert {task["split"] for task in done.json["per_task"]} <= {"train", None}
    assert all(task["failures"] == [] for task in done.json["per_task"])


def test_tasks_are_proven_sound(project: Path) -> None:
    done = autoloop("tasks", "check", project / "tasks/amber", "--json", cwd=project)

    assert done.code == 0, done.err
    assert [(p["task"], p["oracle"], p["nop"], p["sound"]) for p in done.json] == [
        ("amber", 1.0, 0.0, True)
    ]


def test_an_unsound_task_is_called_so(project: Path, tmp_path: Path) -> None:
    folder = make_project(tmp_path / "p", tasks=1) / "tasks"
    (folder / "amber/tests/test.sh").write_text("echo 1 > /logs/verifier/reward.txt\n")

    done = autoloop("tasks", "check", folder, cwd=project)

    assert done.code == 4
    assert "UNSOUND" in done.out
    assert "0 of 1 tasks are sound." in done.out


def test_an_evaluation_in_a_notebook_is_observed(project: Path) -> None:
    events: list[Event] = []

    async def cell() -> Evaluation:
        optimizer = Optimizer(project, observe=events.append)
        return optimizer.eval(agent="nop", tasks=project / "tasks/birch")

    evaluation = asyncio.run(cell())

    assert evaluation.summary["trials"] == 1
    assert sum(isinstance(event, TrialFinished) for event in events) == 1


def test_resuming_with_a_higher_limit_goes_on(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", program=QUICK)
    events: list[Event] = []
    optimizer = Optimizer(project, observe=events.append, seed=1)

    first = optimizer.climb(trials=2)
    before = {trial.id for trial in first.trials}
    run = optimizer.resume(trials=200, steps=1)

    assert run.name == first.name
    assert before <= {trial.id for trial in run.trials}
    assert [e.resumed for e in events if isinstance(e, RunStarted)] == [False, True]
    assert sum(isinstance(e, StepFinished) for e in events) == 1
    assert sum(isinstance(e, RunFinished) for e in events) == 2


def test_a_disk_that_refuses_stops_a_run_that_can_be_resumed(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", program=QUICK)

    stopped = autoloop_process("climb", "--steps", "1", cwd=project, preexec=_little_room)
    before = {trial.id for trial in Optimizer(project).run().trials}
    resumed = autoloop("resume", "--json", cwd=project)

    assert (stopped.code, "Traceback" in stopped.err) == (3, False)
    assert "cannot be used (disk I/O error)" in stopped.err
    assert before
    assert (resumed.code, resumed.json["steps"]) == (0, 1)
    assert before <= {trial.id for trial in Optimizer(project).run().trials}


def test_a_git_lock_of_another_program_is_named(project: Path) -> None:
    run = Optimizer(project).run()
    lock = project / ".git/packed-refs.lock"
    lock.touch()

    done = autoloop("gc", "--keep", "0", cwd=project)

    lock.unlink()
    assert done.code != 0
    assert "packed-refs.lock" in done.err
    assert Optimizer(project).run().name == run.name


def test_gc_keeps_the_newest_runs(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", program=QUICK)
    Optimizer(project, observe=lambda _: None).climb(trials=1)

    kept = autoloop("gc", "--keep", "1", "--json", cwd=project)
    gone = autoloop("gc", "--keep", "0", "--json", cwd=project)

    assert json.loads(kept.out)["runs"] == []
    assert len(json.loads(gone.out)["runs"]) == 1
    assert git(project, "for-each-ref", "refs/autoloop", "refs/heads/autoloop") == ""
