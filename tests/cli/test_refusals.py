"""Everything that can be wrong before a trial runs: a sentence, an exit code, no traceback."""

import os
import re
import resource
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from autoloop.store import SqliteStore
from tests.app.builders import RUN, git, make_project, make_task
from tests.cli.conftest import NO_ENGINE, Command, autoloop, autoloop_process

FILE_LIMIT = 2_000


def test_a_folder_that_is_no_project(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")

    done = autoloop("climb", cwd=tmp_path)

    done.assert_refused()
    assert "is not an autoloop project" in done.err
    assert "autoloop init" in done.err


def test_a_project_in_no_git_repository(project: Path, run: Command) -> None:
    (project / ".git").rename(project / "not-git")

    done = run("climb")

    done.assert_refused()
    assert "git init" in done.err
    assert not (project / "runs").exists()


@pytest.mark.parametrize("command", ["climb", "eval", "gc"])
def test_no_engine_names_the_script_that_brings_one(project: Path, command: str) -> None:
    done = autoloop(command, cwd=project, DOCKER_HOST=NO_ENGINE)

    done.assert_refused()
    assert f"No container engine answers at {NO_ENGINE}" in done.err
    assert "run sandboxes/setup.sh" in done.err
    assert not (project / "runs").exists()


def test_an_objective_that_nothing_would_look_at(project: Path, run: Command) -> None:
    before = git(project, "for-each-ref")
    program = project / "program.md"
    program.write_text("---\nrule: passed\nobjective: {second: cost}\n---\n")

    done = run("climb")

    done.assert_refused()
    said = " ".join(done.err.split())
    assert "program.md: 'objective.second' is 'cost', and rule 'passed' looks at the" in said
    assert "write 'rule: bayes' or 'rule: paired'" in said
    assert not (project / "runs").exists()
    assert git(project, "for-each-ref") == before


def test_no_engine_leaves_a_recorded_run_as_it_was(recorded: Path, run: Command) -> None:
    assert (recorded / "runs").is_dir()
    before = run("status", "--json").json

    run("resume").assert_refused()

    assert run("status", "--json").json == before


def test_an_empty_tasks_folder(tmp_path: Path, run: Command) -> None:
    project = make_project(tmp_path / "empty", tasks=0)

    done = run("-C", project, "climb")

    done.assert_refused()
    assert "There is no task in" in done.err
    assert "autoloop tasks new NAME" in done.err


def test_a_tasks_folder_that_is_not_there(run: Command) -> None:
    done = run("eval", "--tasks", "nowhere")

    done.assert_refused()
    assert "/nowhere' does not exist" in done.err


def test_too_few_tasks_for_three_splits(tmp_path: Path, run: Command) -> None:
    project = make_project(tmp_path / "few", tasks=5)

    done = run("-C", project, "climb")

    done.assert_refused()
    assert "until at least 6 differ" in done.err


def test_a_broken_task_is_listed_with_file_key_and_reason(project: Path, run: Command) -> None:
    make_task(project / "tasks/bad", "bad", files={"task.toml": "[agent]\ntimeout_sec = 'soon'\n"})

    listed, climbed = run("tasks", "list"), run("climb")

    assert "amber" in listed.out
    assert listed.code == 1
    climbed.assert_refused()
    for done in (listed, climbed):
        assert "tasks/bad/task.toml, key 'agent.timeout_sec': 'soon' cannot be used" in done.err


@pytest.mark.parametrize(
    ("front", "message"),
    [
        ("budgte: {hours: 3}", "program.md: key 'budgte' is not known (did you mean 'budget')"),
        ("workers: some", "program.md: key 'workers' is 'some': write auto, or a whole number"),
        ("a: [", "program.md, line 2: the front matter is not valid YAML"),
        ("splits: {train: ['x/*']}", "x/*"),
    ],
)
def test_a_mistake_in_program_md(project: Path, run: Command, front: str, message: str) -> None:
    (project / "program.md").write_text(f"---\n{front}\n---\n")

    done = run("climb")

    done.assert_refused()
    assert message in done.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--hours", "-1"], "'hours', given on the command line or in the call, is -1.0: write"),
        (["--steps", "0"], "'steps', given on the command line"),
        (["--workers", "0"], "'workers', given on the command line"),
    ],
)
def test_an_impossible_limit_names_the_option(
    run: Command, options: list[str], message: str
) -> None:
    done = run("climb", *options)

    done.assert_refused()
    assert message in done.err
    assert "program.md" not in done.err


@pytest.mark.parametrize(
    "arguments",
    [["clim"], ["climb", "--hours", "x"], ["show"], ["eval", "--split", "test"], ["climb", "--x"]],
)
def test_a_wrong_command_line_is_a_usage_error(run: Command, arguments: list[str]) -> None:
    run(*arguments).assert_refused(code=2)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("def solve(:\n", "line 1"),
        ("x = 1\n", "solve"),
        ("def solve(a, b, c, d): ...\n", "solve"),
        ("\udcff", "cannot be read"),
    ],
)
def test_an_agent_that_cannot_run(project: Path, run: Command, source: str, message: str) -> None:
    (project / "agent.py").write_bytes(source.encode("utf-8", "surrogateescape"))

    done = run("climb")

    done.assert_refused()
    assert "agent.py" in done.err
    assert message in done.err


def test_an_agent_that_is_missing(project: Path, run: Command) -> None:
    (project / "agent.py").unlink()

    for command in ("climb", "eval"):
        done = run(command)
        done.assert_refused()
        assert "agent.py is missing. `autoloop init` writes a first one." in done.err


def test_an_agent_that_is_a_link(project: Path, run: Command) -> None:
    (project / "agent.py").rename(project / "real.py")
    (project / "agent.py").symlink_to("real.py")

    done = run("climb")

    done.assert_refused()
    assert "is a symbolic link. Put the file itself there." in done.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["status", "nope"], f"There is no run 'nope' in .*Latest runs: {RUN}"),
        (["status", "../nope"], "There is no run"),
        (["resume", "nope"], "There is no run 'nope'"),
        (["show", "9"], f"Run '{RUN}' has no step 9; it has 1 to 2"),
        (["diff", "1", "zzz"], "There is no commit 'zzz'"),
        (["trace", "zzz"], f"no trial of '{RUN}' begin"),
        (["trace", "amber"], "2 trials of"),
        (["stop"], "Nothing is running"),
    ],
)
def test_what_is_unknown_is_named(
    recorded: Path, run: Command, arguments: list[str], message: str
) -> None:
    assert (recorded / "runs").is_dir()

    done = run(*arguments)

    done.assert_refused()
    assert re.search(message, done.err)


@pytest.mark.parametrize("command", ["status", "log", "report", "diff", "resume", "holdout"])
def test_a_project_without_a_run_says_how_to_start_one(run: Command, command: str) -> None:
    done = run(command)

    done.assert_refused()
    assert "Start one with `autoloop climb`" in done.err


def test_a_run_that_another_process_works_on(recorded: Path, run: Command) -> None:
    with closing(SqliteStore.open(recorded / "runs" / RUN)):
        done = run("resume")

        assert run("status").out.startswith(f"{RUN}: at work.")
    done.assert_refused()
    assert f"in use by process {os.getpid()}" in done.err


def test_stop_reaches_the_process_that_works_on_a_run(recorded: Path, run: Command) -> None:
    with closing(SqliteStore.open(recorded / "runs" / RUN)) as store:
        done = run("stop", "--json")

        assert store.stop_requested()
    assert done.json == {"run": RUN}


def test_a_damaged_database(recorded: Path, run: Command) -> None:
    (recorded / "runs" / RUN / "run.db").write_bytes(b"nonsense" * 1000)

    done = run("status")

    done.assert_refused()
    assert "is damaged" in done.err


def test_an_evaluation_is_no_climb(recorded: Path, run: Command) -> None:
    (recorded / "runs" / RUN).rename(recorded / "runs" / "eval-1")

    run("status").assert_refused()
    with closing(SqliteStore.open(recorded / "runs" / "eval-2")):
        done = run("status", "eval-2")
    done.assert_refused()
    assert "holds no climb" in done.err


def _no_room() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_LIMIT, FILE_LIMIT))


@pytest.mark.parametrize(
    ("arguments", "message"), [(["init", "new"], "File too large"), (["report"], "disk I/O error")]
)
def test_a_disk_that_refuses_is_the_machines_fault(
    recorded: Path, arguments: list[str], message: str
) -> None:
    done = autoloop_process(*arguments, cwd=recorded, preexec=_no_room)

    done.assert_refused(code=3)
    assert message in done.err


def test_a_reader_that_goes_away_ends_the_command_quietly(recorded: Path) -> None:
    shell = f"{sys.executable} -c 'from autoloop.cli import main; main()' log | true"

    done = subprocess.run(
        ["bash", "-c", shell], cwd=recorded, capture_output=True, text=True, check=False
    )

    assert "Traceback" not in done.stderr
