"""With --json standard output holds one JSON document and nothing else."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import typer
from typer.main import get_command

from autoloop import Optimizer
from autoloop.app.chances_file import write_chances
from autoloop.cli.main import app
from autoloop.records import Chance
from autoloop.store import SqliteStore
from tests.app.builders import (
    BETTER,
    EVIL,
    RUN,
    make_task,
    make_trial,
    make_trial_of,
    record_run,
    record_trials,
)
from tests.cli.conftest import Command

BY_READING = ["status", "log", "show 1", "diff", "trace birch__0000000", "report", "tasks list"]
BY_READING += ["compare base best", "audit", "audit --step 1"]


def _commands(group: typer.core.TyperGroup, path: str = "") -> Iterator[tuple[str, list[str]]]:
    for name, command in group.commands.items():
        if isinstance(command, typer.core.TyperGroup):
            yield from _commands(command, f"{path}{name} ")
        else:
            options = [option for parameter in command.params for option in parameter.opts]
            yield f"{path}{name}", options


def test_every_command_has_the_option() -> None:
    group = get_command(app)
    assert isinstance(group, typer.core.TyperGroup)

    without = [name for name, options in _commands(group) if "--json" not in options]

    assert without == []


@pytest.mark.parametrize("command", BY_READING)
def test_what_reads_a_run_prints_one_document(recorded: Path, run: Command, command: str) -> None:
    assert (recorded / "runs").is_dir()

    done = run(*command.split(), "--json")

    assert (done.code, done.err) == (0, "")
    assert done.json


def test_status_tells_how_a_run_stands(recorded: Path, run: Command) -> None:
    assert (recorded / "runs").is_dir()

    status = run("status", "--json").json

    assert (status["run"]["name"], status["alive"]) == (RUN, False)
    assert (status["trials"], status["invalid_trials"], status["tokens"]) == (4, 1, 275)
    assert [step["verdict"]["decision"] for step in status["steps"]] == ["keep", "revert"]


def test_status_and_log_tell_how_likely_an_edit_under_test_helps(
    recorded: Path, run: Command
) -> None:
    folder = recorded / "runs" / RUN
    with closing(SqliteStore.open(folder)) as store:
        store.save_step(replace(store.steps()[1], verdict=None, finished_at=None))
    write_chances(folder, {2: Chance(p_better=0.62, trials=24)})

    status = run("status")

    lines = [line.split() for line in status.out.splitlines()]
    assert ["2", "62", "%", "24", "Worse"] in lines
    assert run("status", "--json").json["chances"] == {"2": {"p_better": 0.62, "trials": 24}}
    assert "62 %" in run("log").out.splitlines()[2]


def test_show_tells_a_step_with_its_diff(recorded: Path, run: Command) -> None:
    assert (recorded / "runs").is_dir()

    view = run("show", 1, "--json").json

    assert view["step"]["proposal"]["source"] == BETTER
    assert "+    env.run('sync')" in view["diff"]


def test_a_list_with_problems_is_still_one_document(project: Path, run: Command) -> None:
    make_task(project / "tasks/bad", "bad", files={"task.toml": "["})

    done = run("tasks", "list", "--json")

    assert done.code == 1
    assert len(done.json["tasks"]) == 6
    assert len(done.json["problems"]) == 1
    assert "bad/task.toml: this is not valid TOML" in done.err


def test_what_writes_files_names_them(project: Path, run: Command) -> None:
    task = run("tasks", "new", "csv/sum", "--json").json
    init = run("init", project / "new", "--json").json

    assert Path(task["folder"]).joinpath("task.toml").is_file()
    assert len(init["written"]) == 5


def test_an_export_names_what_it_wrote(project: Path, run: Command) -> None:
    done = run("export", "--harbor", project / "out", "--json")

    assert done.code == 0, done.err
    assert {Path(path).name for path in done.json["written"]} >= {"agent.py", "README.md"}
    assert (project / "out/agent.py").read_text() == (project / "agent.py").read_text()


def test_last_results_are_listed_with_their_run(project: Path, run: Command) -> None:
    amber = Optimizer(project).tasks().tasks[0]
    record_trials(project, RUN, make_trial_of(amber, reward=0.5))

    listed = run("tasks", "list", "--json").json

    assert listed["last"] == {"amber": {"run": RUN, "mean": 0.5, "trials": 1}}
    assert f"0.50 (1x, {RUN})" in run("tasks", "list").out


def test_states_of_tasks_are_listed_with_a_hint(project: Path, run: Command) -> None:
    amber = Optimizer(project).tasks().tasks[0]
    rewards = (1.0, 0.0, 1.0)
    trials = (make_trial_of(amber, reward=own, attempt=i) for i, own in enumerate(rewards))
    record_trials(project, RUN, *trials)

    listed = run("tasks", "list", "--json").json["records"]["amber"]

    assert (listed["state"], listed["passed"], listed["trials"]) == ("flaky", 2, 3)
    assert listed["rate"]["n"] == 3
    assert "flaky (2/3)" in run("tasks", "list").out
    assert "tells whether the task wavers" in run("tasks", "list").out


def test_status_tells_which_tasks_to_look_at(recorded: Path, run: Command) -> None:
    failed = (make_trial("cedar", reward=0.0, attempt=i) for i in range(4))
    record_trials(recorded, RUN, *failed)

    status = run("status", "--json").json

    states = {own["task"]: own["state"] for own in status["tasks"]}
    assert states["cedar"] == "never solved"
    assert "is it possible? `autoloop tasks check`" in run("status").out


def test_a_comparison_ends_with_its_sentence(recorded: Path, run: Command) -> None:
    assert (recorded / "runs").is_dir()

    done, facts = run("compare", "base", "best"), run("compare", "base", "best", "--json").json

    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert lines[-1] == facts["sentence"]
    assert "Only best passes 1: birch." in lines
    assert "McNemar's exact test: A alone passes 0, B alone 1; p = 1 (mid-p 0.5)." in lines
    assert "B minus A, each trial: +0.0 s [+0.0 s, +0.0 s]; +0.0000 USD" in done.out


def test_a_comparison_without_trials_says_what_to_run(recorded: Path, run: Command) -> None:
    assert (recorded / "runs").is_dir()

    done = run("compare", "base", "2")

    done.assert_refused()
    assert "autoloop eval --agent candidate.py" in done.err


def test_doctor_finds_what_is_missing(run: Command) -> None:
    done = run("doctor", "--json")

    assert done.code == 4
    states = {check["subject"]: check["fine"] for check in done.json}
    assert {"compose", "buildx", "harbor"} <= states.keys()
    assert states.pop("engine") is False
    assert all(fine for subject, fine in states.items() if subject != "disk")


def test_text_that_a_terminal_would_obey_is_quoted(project: Path, run: Command) -> None:
    record_run(project, title=EVIL)

    done = run("log", "--json")

    assert done.json[0]["proposal"]["title"] == EVIL
    assert "\x1b" not in done.out
