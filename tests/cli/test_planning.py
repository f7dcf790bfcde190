"""Before, during and beside a climb, on a real engine: estimate, a look, a calibration."""

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from autoloop import Optimizer
from autoloop.app.tending import template
from autoloop.records import Purpose
from autoloop.settings import Settings
from autoloop.store import SqliteStore, open_readonly
from tests.app.builders import git, make_project, record_run
from tests.cli.conftest import Command, Done, autoloop, autoloop_process

PROGRAM = """\
---
models: {task: offline, meta: offline}
final: {attempts: 1}
holdout: {looks: 1}
budget: {trials: 300, hours: 1}
workers: 4
rule: passed
---
Write the right words.
"""
RUN = "20260301-120000"


@pytest.fixture(scope="module")
def calibrated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Done]:
    """A project after a calibration of two steps, in which an earlier run waits for a look."""
    agent = template("agent.py").read_text(encoding="utf-8")
    folder = tmp_path_factory.mktemp("plan") / "p"
    project = make_project(folder, tasks=8, program=PROGRAM, agent=agent)
    done = autoloop_process("calibrate", "--steps", "2", "--json", cwd=project)
    return project, done


def _interrupted(project: Path) -> Path:
    """A run with a kept edit that somebody interrupted; its folder."""
    run = record_run(project, name=RUN)
    optimizer = Optimizer(project)
    splits = optimizer.splits(optimizer.tasks().tasks)
    settings = Settings.model_validate(
        {"models": {"task": "offline", "meta": "offline"}, "holdout": {"looks": 1}}
    )
    with closing(SqliteStore.open(project / "runs" / RUN)) as store:
        store.save_run(
            replace(
                run,
                splits=splits,
                settings=settings.model_dump_json(),
                finished_at=None,
                scores={},
            )
        )
    return project / "runs" / RUN


@pytest.mark.docker
@pytest.mark.slow
@pytest.mark.usefixtures("engine")
class TestOnAnEngine:
    """What runs trials."""

    def test_a_calibration_tells_what_would_have_been_claimed(
        self, calibrated: tuple[Path, Done]
    ) -> None:
        _, done = calibrated

        assert done.code == 0, done.err
        assert done.err.count("With 4 train tasks little can be known") == 1
        facts = done.json
        assert facts["edits"] == 2
        assert facts["run"]["name"].startswith("calibrate-")
        assert facts["run"]["meta_model"] == "none"
        assert facts["covers_zero"] in {True, False}
        assert set(facts) >= {"kept", "undecided", "worthless", "claimed_gain", "holdout_gain"}

    def test_a_calibration_is_a_run_that_is_never_meant_by_the_latest(
        self, calibrated: tuple[Path, Done]
    ) -> None:
        project, done = calibrated
        name = done.json["run"]["name"]

        log = autoloop("log", name, cwd=project)

        assert log.code == 0
        assert "Calibration: edit 1 changes nothing" in log.out
        assert autoloop("status", name, cwd=project).out.startswith(f"{name}: ")
        assert autoloop("report", name, cwd=project).code == 0
        latest = autoloop("log", cwd=project)
        assert name not in latest.out + latest.err
        assert git(project, "rev-parse", f"autoloop/{name}")
        assert git(project, "status", "--porcelain", "agent.py") == ""

    def test_a_calibration_that_is_resumed_stays_one(self, calibrated: tuple[Path, Done]) -> None:
        project, done = calibrated
        name = done.json["run"]["name"]

        resumed = autoloop("resume", name, "--steps", "3", "--json", cwd=project)

        assert resumed.code == 0, resumed.err
        third = Optimizer(project).run(name).steps[-1].proposal
        assert third is not None
        assert third.title == "Calibration: edit 3 changes nothing"

    def test_an_estimate_runs_what_is_missing_and_the_next_needs_nothing(
        self, calibrated: tuple[Path, Done]
    ) -> None:
        project, _ = calibrated

        first = autoloop("estimate", "--attempts", "1", "--json", cwd=project)
        second = autoloop("estimate", "--attempts", "1", cwd=project)

        assert first.code == 0, first.err
        facts = first.json
        assert facts["trials"] == facts["ran"] == facts["train"] + facts["validation"]
        assert (project / "runs" / facts["evaluations"][0] / "eval.json").is_file()
        assert f"{facts['trials']} of them recorded earlier" in second.out
        assert "the same agent run twice differs by up to" in second.out
        assert "little can be known" in second.out

    def test_a_look_gives_one_answer_and_keeps_everything_else_sealed(
        self, calibrated: tuple[Path, Done]
    ) -> None:
        project, _ = calibrated
        folder = _interrupted(project)

        done = autoloop("holdout", "--look", "--json", RUN, cwd=project)

        assert done.code == 0, done.err
        facts = done.json
        assert (facts["number"], facts["allowed"]) == (1, 1)
        assert facts["said"].startswith("Look 1 of 1: ")
        assert facts["trials"] == 4
        assert json.loads((folder / "looks.jsonl").read_text()) == facts
        with open_readonly(folder / "looks" / RUN) as sealed:
            assert {trial.key.purpose for trial in sealed.trials()} == {Purpose.LOOK}
        assert all(t.key.purpose is not Purpose.LOOK for t in Optimizer(project).run(RUN).trials)
        assert "passed" not in done.err
        again = autoloop("holdout", "--look", RUN, cwd=project)
        assert facts["said"] in again.out
        assert facts["said"] in autoloop("status", RUN, cwd=project).out


def test_an_estimate_without_anything_recorded_says_what_to_do(run: Command) -> None:
    run("estimate", "--no-run").assert_refused()


def test_a_look_that_is_not_allowed_is_refused_with_a_sentence(
    recorded: Path, run: Command
) -> None:
    assert (recorded / "runs").is_dir()

    done = run("holdout", "--look")

    done.assert_refused()
    assert "is finished" in done.err


def test_a_log_has_the_chance_of_each_edit(recorded: Path, run: Command) -> None:
    assert (recorded / "runs").is_dir()

    assert run("log").out.splitlines()[0].split() == [
        *("step", "verdict", "commit", "better", "title", "reason")
    ]
