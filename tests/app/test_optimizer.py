"""What a notebook does: calls on a project, records in hand, pictures of them."""

import asyncio
import inspect
import re
from dataclasses import fields, replace
from pathlib import Path

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure

from autoloop import ClimbRun, Optimizer, ProjectError, RunError, SettingsError, TaskError
from autoloop.errors import UserError
from autoloop.records import Agent, Budget
from autoloop.records.installing import install_command
from autoloop.results import Decision
from tests.app.builders import (
    BETTER,
    EVIL,
    RUN,
    git,
    make_project,
    make_trial,
    make_trial_of,
    record_run,
    record_trials,
)

mpl.use("Agg")

KEYWORD = inspect.Parameter.KEYWORD_ONLY


def test_a_run_is_read_back_as_records(recorded: Path) -> None:
    run = Optimizer(recorded).run()

    assert run.best.source == BETTER
    assert [s.verdict.decision for s in run.steps if s.verdict] == [Decision.KEEP, Decision.REVERT]
    assert sum(trial.counts for trial in run.trials) == 4
    assert run.record.name == RUN


def test_a_run_sums_up_in_the_keys_that_are_promised(recorded: Path) -> None:
    facts = Optimizer(recorded).run().summary

    assert (facts["steps"], facts["kept"], facts["reverted"], facts["undecided"]) == (2, 1, 1, 0)
    assert (facts["trials"], facts["invalid_trials"], facts["tokens"]) == (4, 1, 275)
    assert facts["cost_usd"] == 2.25


def test_a_run_prints_in_one_line(recorded: Path) -> None:
    run = Optimizer(recorded).run()

    assert repr(run) == f"<run {RUN}: 2 steps, 1 kept, steps budget spent>"


def test_a_run_shows_itself_in_a_notebook_as_escaped_html(recorded: Path) -> None:
    shown = Optimizer(recorded).run()._repr_html_()

    assert shown.startswith(f"<p>&lt;run {RUN}: 2 steps")
    assert "<td>holdout</td>" in shown


def test_trials_become_a_data_frame(recorded: Path) -> None:
    frame = Optimizer(recorded).run().to_frame()

    assert len(frame) == 5
    assert frame.reward.sum() == 3.0
    assert set(frame.task) == {"amber", "birch"}


def test_the_score_over_steps_becomes_a_figure(recorded: Path, tmp_path: Path) -> None:
    figure = Optimizer(recorded).run().plot()

    assert isinstance(figure, Figure)
    assert figure.axes[0].get_legend_handles_labels()[1] == ["best so far", "kept", "reverted"]
    figure.savefig(tmp_path / "plot.png")


def test_what_a_model_wrote_is_no_html_in_the_report(project: Path) -> None:
    record_run(project, title=EVIL)

    page = Optimizer(project).run().report().read_text(encoding="utf-8")

    assert "<b>bold" not in page
    assert "&lt;b&gt;bold" in page


def test_the_latest_run_is_meant_unless_one_is_named(recorded: Path) -> None:
    record_run(recorded, name="20260302-120000")
    optimizer = Optimizer(recorded)

    assert optimizer.run().name == "20260302-120000"
    assert optimizer.run(RUN).status().run.name == RUN


def test_a_project_is_found_from_a_folder_inside_it(recorded: Path) -> None:
    assert Optimizer(recorded / "tasks" / "amber").run().name == RUN


def test_the_search_for_a_project_ends_at_its_repository(project: Path) -> None:
    inner = project / "elsewhere"
    (inner / ".git").mkdir(parents=True)

    with pytest.raises(ProjectError, match=r"elsewhere is not an autoloop project.*autoloop init"):
        Optimizer(inner).run()


def test_a_folder_that_is_not_there_is_no_project(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="There is no folder"):
        Optimizer(tmp_path / "nowhere").run()


def test_calls_work_while_an_event_loop_is_running(recorded: Path) -> None:
    async def cell() -> ClimbRun:
        return Optimizer(recorded).run()

    assert asyncio.run(cell()).summary["kept"] == 1


def test_keywords_win_over_program_md(project: Path) -> None:
    (project / "program.md").write_text("---\ntasks_folder: nowhere\n---\n")

    assert len(Optimizer(project, tasks_folder="tasks").tasks().tasks) == 6


def test_a_source_of_tasks_is_meant_from_where_one_stands(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project / "tasks")

    assert [task.name for task in Optimizer(project).tasks("amber").tasks] == ["amber"]


def test_the_folder_of_the_tasks_is_meant_from_the_project(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    (project / "tasks").rename(project / "evals")

    assert len(Optimizer(project, tasks_folder="evals").tasks().tasks) == 6


def test_tasks_that_come_from_a_git_repository_are_fetched(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    git(project, "add", "tasks")
    git(project, "commit", "-qm", "Tasks")
    source = f"{project.as_uri()}@main:tasks"

    tasks = Optimizer(project, tasks_folder=source).tasks().tasks

    assert len(tasks) == 6
    assert tasks[0].folder.is_relative_to(tmp_path / ".cache/autoloop/datasets")
    with pytest.raises(SettingsError, match="which is no folder of the project"):
        Optimizer(project, tasks_folder=source).new_task("csv/one")


def test_a_wrong_keyword_is_named_as_such(project: Path) -> None:
    with pytest.raises(SettingsError, match=r"'trial.calls', given .* in the call, is 0"):
        Optimizer(project, trial={"calls": 0}).tasks()


@pytest.mark.parametrize("work", ["climb", "resume", "calibrate"])
def test_the_limits_of_work_are_named_and_typed(work: str) -> None:
    signature = inspect.signature(getattr(Optimizer, work))

    limits = {name: own for name, own in signature.parameters.items() if own.kind is KEYWORD}
    assert [*limits] == [field.name for field in fields(Budget)]
    assert {own.annotation for own in limits.values()} == {float | None, int | None}
    assert {own.default for own in limits.values()} == {None}


def test_a_limit_wins_over_the_budget_in_program_md(recorded: Path) -> None:
    with pytest.raises(SettingsError, match=r"'hours', given .* in the call, is 0"):
        Optimizer(recorded, budget={"hours": 3}).resume(hours=0)


def test_a_limit_is_no_setting_of_its_own(project: Path) -> None:
    with pytest.raises(SettingsError, match="did you mean 'hours' below 'budget'"):
        Optimizer(project, hours=2).tasks()


def test_a_run_is_not_resumed_with_an_objective_that_its_rule_cannot_look_at(project: Path) -> None:
    record_run(project, rule="climb/passed")
    before = Optimizer(project).run().status().run

    with pytest.raises(SettingsError, match=f"Run {RUN!r}: 'objective.second' is 'cost', and rule"):
        Optimizer(project, objective={"second": "cost"}).resume()

    assert Optimizer(project).run().status().run == before


def test_an_evaluation_of_no_attempts_is_refused(project: Path) -> None:
    with pytest.raises(SettingsError, match="'attempts' is 0: write a whole number of at least 1"):
        Optimizer(project).eval(attempts=0)


def test_an_evaluation_by_no_workers_is_refused(project: Path) -> None:
    with pytest.raises(SettingsError, match=r"'workers', given .* in the call, is -1"):
        Optimizer(project, workers=-1, observe=lambda _: None).eval(agent="nop")


@pytest.mark.parametrize("given", [{"agent": "nop"}, {"tasks": "evals"}, {"split": "train"}])
def test_attempts_are_added_to_what_an_evaluation_began_with(
    project: Path, given: dict[str, str]
) -> None:
    with pytest.raises(SettingsError, match="'eval-1' keeps what it began with: leave"):
        Optimizer(project).eval(add="eval-1", **given)  # type: ignore[arg-type]  # all take text


def test_a_check_that_runs_nothing_is_refused(project: Path) -> None:
    with pytest.raises(SettingsError, match="'repeat' is 0: write a whole number"):
        Optimizer(project).check_tasks(repeat=0)


def test_the_last_result_of_a_task_is_that_of_the_newest_run_that_has_it(project: Path) -> None:
    tasks = Optimizer(project).tasks().tasks
    amber, birch = tasks[:2]
    record_trials(project, "20260301-120000", make_trial_of(amber, reward=0.0))
    record_trials(
        project,
        "eval-20260302-120000",
        make_trial_of(birch, reward=1.0),
        make_trial_of(birch, reward=0.5, attempt=1),
    )

    found = Optimizer(project).last_results(tasks)

    assert {name: (last.mean, last.trials, last.run[:5]) for name, last in found.items()} == {
        "amber": (0.0, 1, "20260"),
        "birch": (0.75, 2, "eval-"),
    }


def test_results_of_another_content_or_of_the_oracle_are_no_last_results(project: Path) -> None:
    amber = Optimizer(project).tasks().tasks[0]
    oracle = replace(make_trial_of(amber).key, agent=Agent(kind="oracle").digest)
    record_trials(project, "eval-20260302-120000", replace(make_trial_of(amber), key=oracle))
    record_trials(project, "eval-20260301-120000", make_trial("amber"))

    assert Optimizer(project).last_results([amber]) == {}


def test_a_damaged_run_has_no_last_results(recorded: Path) -> None:
    (recorded / "runs" / RUN / "run.db").write_bytes(b"nonsense" * 1000)

    assert Optimizer(recorded).last_results(Optimizer(recorded).tasks().tasks) == {}


def test_a_step_that_is_not_there_is_said_so(recorded: Path) -> None:
    with pytest.raises(RunError, match="has no step 7; it has 1 to 2"):
        Optimizer(recorded).run().show(7)


def test_a_trial_is_named_by_the_beginning_of_its_id(recorded: Path) -> None:
    assert Optimizer(recorded).run().trace("amber__0000000").trial.key.task == "amber"
    with pytest.raises(RunError, match=r"2 trials .* begin with 'amber'"):
        Optimizer(recorded).run().trace("amber")


def test_candidates_are_compared_by_name_number_or_commit(recorded: Path) -> None:
    run = Optimizer(recorded).run()

    assert "+    env.run('sync')" in run.diff()
    assert run.diff() == run.diff("base", "best")
    assert run.diff("1") == ""
    with pytest.raises(ProjectError, match="There is no commit 'x'"):
        run.diff("x")


def test_pandas_that_is_missing_is_named_with_what_to_install(
    recorded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)

    with pytest.raises(UserError, match=re.escape(install_command("notebook"))):
        Optimizer(recorded).run().to_frame()


def test_init_writes_a_project_and_a_task_to_start_from(tmp_path: Path) -> None:
    written = Optimizer.init(tmp_path / "new")

    names = {path.name for path in written}
    assert names == {"agent.py", "program.md", "sandboxes", "hello", ".gitignore"}
    assert [task.name for task in Optimizer(tmp_path / "new").tasks().tasks] == ["hello"]


def test_init_touches_nothing_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "agent.py").write_text("mine")
    (tmp_path / ".gitignore").write_text("*.pyc\n")

    Optimizer.init(tmp_path)

    assert (tmp_path / "agent.py").read_text() == "mine"
    assert (tmp_path / ".gitignore").read_text() == "*.pyc\nruns/\n"
    assert Optimizer.init(tmp_path) == ()


def test_one_task_is_too_few_to_climb_and_the_message_says_how_many(tmp_path: Path) -> None:
    Optimizer.init(tmp_path)

    with pytest.raises(TaskError, match=r"tasks new NAME` and change .* until at least 6 differ"):
        Optimizer(tmp_path).climb()


def test_splits_are_shown_before_anything_is_run(project: Path) -> None:
    optimizer = Optimizer(project)

    assert sorted(optimizer.splits(optimizer.tasks().tasks).values()) == (
        ["holdout"] * 2 + ["train"] * 2 + ["validation"] * 2
    )


def test_a_project_below_the_top_of_its_repository_works(tmp_path: Path) -> None:
    make_project(tmp_path)
    inner = tmp_path / "inner"
    make_project(inner).joinpath(".git").rename(tmp_path / "unused")

    record_run(inner)

    assert Optimizer(inner).run().best.source == BETTER
