import os
from pathlib import Path

import pytest

from autoloop.errors import TaskError
from autoloop.tasks import find_tasks
from tests.tasks.builders import find, only_problem, only_task, write_task

MISSING = "the file is missing, though the folder looks like a task. Write it."


def test_tasks_are_found_at_any_depth_and_sorted_by_name(tmp_path: Path) -> None:
    for name in ("b", "a/z/deep", "a/c"):
        write_task(tmp_path / name)

    assert [task.name for task in find(tmp_path).tasks] == ["a/c", "a/z/deep", "b"]


def test_a_task_is_not_searched_for_tasks(tmp_path: Path) -> None:
    write_task(write_task(tmp_path / "outer") / "environment/inner")

    assert only_task(tmp_path).name == "outer"


def test_hidden_folders_are_skipped(tmp_path: Path) -> None:
    write_task(tmp_path / "one")
    write_task(tmp_path / ".trash" / "two")

    assert only_task(tmp_path).name == "one"


def test_the_root_may_itself_be_a_task(tmp_path: Path) -> None:
    folder = write_task(tmp_path / "alone")

    assert only_task(folder).name == "alone"


def test_the_root_may_be_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_task(tmp_path / "alone")
    monkeypatch.chdir(folder)

    task = only_task(Path())

    assert (task.name, task.folder) == ("alone", folder)


def test_the_root_may_lie_in_a_hidden_folder(tmp_path: Path) -> None:
    write_task(tmp_path / ".cache" / "one")

    assert only_task(tmp_path / ".cache").name == "one"


def test_an_invalid_task_does_not_hide_the_valid_ones(tmp_path: Path) -> None:
    write_task(tmp_path / "bad", "= 1\n")
    write_task(tmp_path / "good")

    found = find(tmp_path)

    assert [task.name for task in found.tasks] == ["good"]
    assert [entry.folder.name for entry in found.problems] == ["bad"]


@pytest.mark.parametrize("part", ["environment/Dockerfile", "tests/test.sh"])
def test_a_folder_that_looks_like_a_task_without_task_toml_is_a_problem(
    tmp_path: Path, part: str
) -> None:
    for name in ("instruction.md", part):
        path = tmp_path / "one" / name
        path.parent.mkdir(exist_ok=True)
        path.touch()

    assert only_problem(tmp_path).reason == MISSING


def test_a_dangling_link_in_place_of_task_toml_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one/task.toml").symlink_to("gone")

    assert only_problem(tmp_path).reason == MISSING


def test_tasks_of_the_same_name_are_all_problems(tmp_path: Path) -> None:
    toml = '[task]\nname = "org/x"\n'
    first, second = write_task(tmp_path / "a", toml), write_task(tmp_path / "b", toml)
    write_task(tmp_path / "c")

    found = find(tmp_path)

    assert [task.name for task in found.tasks] == ["c"]
    assert [entry.folder for entry in found.problems] == [first, second]
    assert f"the name 'org/x' is also that of {second}." in found.problems[0].reason


def test_a_folder_name_that_cannot_be_shown_is_a_problem(tmp_path: Path) -> None:
    write_task(tmp_path / "red\x1b[31m")

    assert r"'red\x1b[31m' has characters that cannot be shown" in only_problem(tmp_path).reason


def test_a_folder_with_spaces_is_a_fine_task(tmp_path: Path) -> None:
    write_task(tmp_path / "two words")

    assert only_task(tmp_path).name == "two words"


def test_a_linked_folder_is_searched_and_a_loop_of_links_is_not(tmp_path: Path) -> None:
    write_task(tmp_path / "elsewhere" / "one")
    root = tmp_path / "tasks"
    root.mkdir()
    (root / "linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere/back").symlink_to(root)

    assert only_task(root).name == "linked/one"


@pytest.mark.skipif(os.geteuid() == 0, reason="root can read everything")
def test_a_folder_without_permissions_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "shut").mkdir(mode=0)

    assert only_problem(tmp_path).reason == "it cannot be read. Mend its permissions."


@pytest.mark.parametrize(
    ("make", "says"), [("nothing", "does not exist"), ("file", "is no folder"), ("dir", "no task")]
)
def test_a_root_without_tasks_is_an_error_that_says_how_to_start(
    tmp_path: Path, make: str, says: str
) -> None:
    root = tmp_path / "tasks"
    if make == "file":
        root.touch()
    elif make == "dir":
        (root / "empty").mkdir(parents=True)

    with pytest.raises(TaskError, match=rf"{says}.*autoloop tasks new NAME"):
        find_tasks(root)


def test_the_real_environment_gives_the_variables_by_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_VALUE", "v")
    write_task(tmp_path / "one", '[environment.env]\nX = "${A_VALUE}"\n')

    (task,) = find_tasks(tmp_path).tasks

    assert task.environment.env == {"X": "v"}
