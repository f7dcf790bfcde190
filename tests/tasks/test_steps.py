from pathlib import Path

import pytest

from autoloop.records import Artifact, Collect, Healthcheck, Network, TaskStep
from tests.tasks.builders import only_problem, only_task, write_steps

COMMON = """
artifacts = ["/common"]
[agent]
timeout_sec = 7
user = "agent"
network_mode = "no-network"
[verifier]
timeout_sec = 9
user = "judge"
network_mode = "public"
[verifier.env]
A = "task"
B = "task"
[[verifier.collect]]
command = "common"
"""
OWN = """
artifacts = ["/own"]
[steps.agent]
timeout_sec = 5
user = "other"
network_mode = "public"
[steps.verifier]
timeout_sec = 3
user = "nobody"
network_mode = "no-network"
[steps.verifier.env]
B = "step"
[[steps.verifier.collect]]
command = "own"
[steps.healthcheck]
command = "true"
"""


def steps_of(folder: Path) -> tuple[TaskStep, ...]:
    task = only_task(folder)
    assert task.is_multi_step
    return task.steps


def test_steps_come_in_order_with_their_instructions(tmp_path: Path) -> None:
    write_steps(tmp_path / "one", "b", "a")

    assert [(step.name, step.instruction) for step in steps_of(tmp_path)] == [
        ("b", "Do b.\n"),
        ("a", "Do a.\n"),
    ]


def test_a_step_that_says_nothing_is_as_the_task_says(tmp_path: Path) -> None:
    write_steps(tmp_path / "one", "a", head=COMMON)

    (step,) = steps_of(tmp_path)

    assert (step.agent_timeout_s, step.agent_user) == (7.0, "agent")
    assert step.agent_network == Network(mode="none")
    assert (step.verifier.user, step.verifier.network) == ("judge", Network(mode="public"))
    assert step.verifier.env == {"A": "task", "B": "task"}
    assert step.verifier.collect == (Collect(command="common"),)
    assert step.artifacts == (Artifact(source="/common"),)


def test_the_verifier_timeout_of_the_task_is_not_that_of_its_steps(tmp_path: Path) -> None:
    write_steps(tmp_path / "one", "a", head=COMMON)

    (step,) = steps_of(tmp_path)

    assert step.verifier.timeout_s == 600.0


def test_what_a_step_says_goes_before_what_the_task_says(tmp_path: Path) -> None:
    write_steps(tmp_path / "one", "a", head=COMMON, each=OWN)

    (step,) = steps_of(tmp_path)

    assert (step.agent_timeout_s, step.agent_user) == (5.0, "other")
    assert step.agent_network == Network(mode="public")
    assert (step.verifier.timeout_s, step.verifier.user) == (3.0, "nobody")
    assert step.verifier.network == Network(mode="none")
    assert step.healthcheck == Healthcheck(command="true")


def test_what_task_and_step_list_is_joined(tmp_path: Path) -> None:
    write_steps(tmp_path / "one", "a", head=COMMON, each=OWN)

    (step,) = steps_of(tmp_path)

    assert step.verifier.env == {"A": "task", "B": "step"}
    assert step.verifier.collect == (Collect(command="common"), Collect(command="own"))
    assert step.artifacts == (Artifact(source="/common"), Artifact(source="/own"))


@pytest.mark.parametrize(
    ("written", "read"),
    [("0.5", {"reward": 0.5}), ("1", {"reward": 1.0}), ("{a = 0.25}", {"a": 0.25})],
)
def test_a_least_reward_is_a_number_or_a_table(
    tmp_path: Path, written: str, read: dict[str, float]
) -> None:
    write_steps(tmp_path / "one", "a", each=f"min_reward = {written}\n")

    (step,) = steps_of(tmp_path)

    assert step.min_reward == read


def test_the_strategy_is_read(tmp_path: Path) -> None:
    write_steps(tmp_path / "one", "a", head='multi_step_reward_strategy = "final"\n')

    assert only_task(tmp_path).reward_strategy == "final"


def test_tests_of_the_task_come_before_those_of_the_step(tmp_path: Path) -> None:
    folder = write_steps(tmp_path / "one", "a", files={"tests/lib.py": ""})

    (step,) = steps_of(tmp_path)

    assert step.verifier.tests == (folder / "tests", folder / "steps/a/tests")


def test_a_step_without_tests_is_judged_by_those_of_the_task(tmp_path: Path) -> None:
    files = {"tests/test.sh": "#!/bin/bash\n"}
    folder = write_steps(tmp_path / "one", "a", files=files, drop="steps/a/tests/test.sh")

    (step,) = steps_of(tmp_path)

    assert step.verifier.tests == (folder / "tests",)


def test_a_step_is_solved_by_its_own_solution_else_by_that_of_the_task(tmp_path: Path) -> None:
    names = ("solution/solve.sh", "steps/a/solution/solve.sh", "steps/c/solution/notes.txt")
    folder = write_steps(tmp_path / "one", "a", "b", "c", files=dict.fromkeys(names, ""))

    solutions = [step.solution for step in steps_of(tmp_path)]

    assert solutions == [folder / "steps/a/solution", folder / "solution", None]


def test_files_for_the_working_directory_are_known(tmp_path: Path) -> None:
    folder = write_steps(tmp_path / "one", "a", "b", files={"steps/a/workdir/setup.sh": ""})

    first, second = steps_of(tmp_path)

    assert (first.workdir, second.workdir) == (folder / "steps/a/workdir", None)


def test_the_trajectory_is_the_one_of_the_first_step(tmp_path: Path) -> None:
    files = {"steps/a/trajectory.json": '{"steps": [{}]}', "trajectory.json": "of no use"}
    folder = write_steps(tmp_path / "one", "a", "b", files=files)

    assert only_task(tmp_path).trajectory == folder / "steps/a/trajectory.json"


@pytest.mark.parametrize("file", ["instruction.md", "tests/test.sh"])
def test_a_missing_file_of_a_step_is_named(tmp_path: Path, file: str) -> None:
    write_steps(tmp_path / "one", "a", "b", drop=f"steps/b/{file}")

    entry = only_problem(tmp_path)

    assert entry.file == f"steps/b/{file}"
    assert entry.reason.startswith("the file is missing. Write ")


def test_a_variable_that_a_step_needs_is_named(tmp_path: Path) -> None:
    write_steps(tmp_path / "one", "a", each='[steps.verifier.env]\nX = "${NOT_SET}"\n')

    assert only_problem(tmp_path).key == "steps[0].verifier.env.X"


@pytest.mark.parametrize("link", ["steps/a/extra", "steps/a"])
def test_a_link_out_of_a_step_is_a_problem(tmp_path: Path, link: str) -> None:
    folder = write_steps(tmp_path / "one", "a")
    if link == "steps/a":
        (folder / link).rename(tmp_path / "gone")

    (folder / link).symlink_to("/etc")

    assert only_problem(folder).file == link
