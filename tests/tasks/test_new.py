import os
import re
import subprocess
from pathlib import Path

import pytest

from autoloop.errors import TaskError
from autoloop.tasks import new_task
from tests.tasks.builders import only_task


def run_tests_of(folder: Path, top: Path, *, solve: bool) -> str:
    """Play the task on this machine, with its container paths moved below `top`; its reward."""
    for name in ("app", "logs/verifier", "tmp"):
        (top / name).mkdir(parents=True)
    (top / "app/orders.csv").write_bytes((folder / "environment/orders.csv").read_bytes())
    for script in (["solution/solve.sh"] if solve else []) + ["tests/check.py", "tests/test.sh"]:
        text = (folder / script).read_text()
        text = re.sub(r"(?<=[ \"])/(?=(app|logs|tests|tmp)/)", f"{top}/", text)
        (top / script).parent.mkdir(exist_ok=True)
        (top / script).write_text(text)
        if script.endswith(".sh"):
            subprocess.run(["bash", str(top / script)], check=True, capture_output=True)
    return (top / "logs/verifier/reward.txt").read_text().strip()


@pytest.mark.parametrize(("solve", "reward"), [(True, "1"), (False, "0")])
def test_a_new_task_is_solved_by_its_solution_and_not_by_doing_nothing(
    tmp_path: Path, *, solve: bool, reward: str
) -> None:
    folder = new_task(tmp_path / "tasks", "one")

    assert run_tests_of(folder, tmp_path / "top", solve=solve) == reward


def test_a_new_task_is_valid_as_it_stands(tmp_path: Path) -> None:
    folder = new_task(tmp_path, "csv/totals")

    task = only_task(tmp_path)

    assert folder == tmp_path / "csv/totals"
    assert (task.name, task.family, task.notes) == ("csv/totals", "csv", ())
    assert task.steps[0].solution == folder / "solution"
    assert os.access(folder / "tests/test.sh", os.X_OK)


def test_a_name_that_is_taken_is_refused(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()

    with pytest.raises(TaskError, match=r"is there already. Choose another name"):
        new_task(tmp_path, "one")

    assert not list((tmp_path / "one").iterdir())


@pytest.mark.parametrize("name", ["", "../x", "/x", "a//b", ".hidden", "a/", "two words", "a\n"])
def test_a_name_that_cannot_be_a_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(TaskError, match=r"cannot be the name of a task. Write letters"):
        new_task(tmp_path, name)


def test_a_task_inside_another_is_refused(tmp_path: Path) -> None:
    new_task(tmp_path, "outer")

    with pytest.raises(TaskError, match="would lie inside the task"):
        new_task(tmp_path, "outer/inner")
