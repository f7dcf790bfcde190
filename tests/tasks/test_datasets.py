"""Datasets that are files: dataset.toml and registry.json."""

import json
from pathlib import Path

import pytest

from autoloop.errors import TaskError
from autoloop.records import TaskSet
from autoloop.tasks import open_dataset, task_digest
from autoloop.tasks.datasets.registry import choose_version
from tests.tasks.builders import write_task
from tests.tasks.repositories import Origin

NOTHING = f"sha256:{'0' * 64}"


def opened(source: Path | str, **host_env: str) -> TaskSet:
    return open_dataset(str(source), cache=Path("/nowhere"), host_env=host_env)


def named(found: TaskSet) -> list[str]:
    return [task.name for task in found.tasks]


def write_manifest(folder: Path, **digests: str) -> Path:
    tasks = "".join(f'[[tasks]]\nname = "org/{n}"\ndigest = "{d}"\n' for n, d in digests.items())
    path = folder / "dataset.toml"
    path.write_text(f'[dataset]\nname = "org/set"\nversion = "1"\n{tasks}')
    return path


def write_registry(folder: Path, *versions: str, tasks: list[dict[str, str | None]]) -> Path:
    path = folder / "registry.json"
    head = {"name": "set", "description": "d", "metrics": []}
    path.write_text(json.dumps([{**head, "version": v, "tasks": tasks} for v in versions]))
    return path


def test_a_folder_is_a_dataset(tmp_path: Path) -> None:
    write_task(tmp_path / "one")

    assert named(opened(tmp_path)) == ["one"]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match="does not exist"):
        opened(tmp_path / "gone")


def test_a_manifest_takes_the_tasks_that_it_lists(tmp_path: Path) -> None:
    folder = write_task(tmp_path / "shelf/one", '[task]\nname = "org/one"\n')
    write_task(tmp_path / "two")

    found = opened(write_manifest(tmp_path, one=task_digest(folder)))

    assert (named(found), found.problems) == (["org/one"], ())


def test_a_task_without_a_name_gets_the_one_in_the_manifest(tmp_path: Path) -> None:
    folder = write_task(tmp_path / "shelf/one")

    assert named(opened(write_manifest(tmp_path, nice=task_digest(folder)))) == ["org/nice"]


def test_a_copy_of_a_task_does_not_stand_in_the_way_of_a_manifest(tmp_path: Path) -> None:
    folder = write_task(tmp_path / "one", '[task]\nname = "org/one"\n')
    write_task(tmp_path / "copy", '[task]\nname = "org/one"\n')

    assert named(opened(write_manifest(tmp_path, one=task_digest(folder)))) == ["org/one"]


def test_a_digest_that_no_folder_has_is_a_problem(tmp_path: Path) -> None:
    (entry,) = opened(write_manifest(tmp_path, one=NOTHING)).problems

    assert (entry.file, entry.key) == ("dataset.toml", "tasks[0]")
    assert (
        f"the task 'org/one' with the digest {NOTHING}. The registry is not asked" in entry.reason
    )


def test_a_task_that_was_changed_is_a_problem(tmp_path: Path) -> None:
    folder = write_task(tmp_path / "one", '[task]\nname = "org/one"\n')

    (entry,) = opened(write_manifest(tmp_path, one=NOTHING)).problems

    assert "but with another digest, so it was changed since" in entry.reason
    assert task_digest(folder) in entry.reason


def test_a_listed_task_that_cannot_be_used_is_its_own_problem(tmp_path: Path) -> None:
    folder = write_task(tmp_path / "one", "[environment]\nos = 'windows'\n")

    (entry,) = opened(write_manifest(tmp_path, one=task_digest(folder))).problems

    assert (entry.folder, entry.key) == (folder, "environment.os")


def test_a_folder_without_a_digest_does_not_stop_a_manifest(tmp_path: Path) -> None:
    folder = write_task(tmp_path / "one")
    (write_task(tmp_path / "two") / ".gitignore").mkdir()

    assert named(opened(write_manifest(tmp_path, one=task_digest(folder)))) == ["org/one"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("= 1", "not valid TOML"),
        ("[dataset]\nname = 'x'", "key 'dataset.name': 'x' cannot be used here; write a name of"),
        ("[dataset]\nname = 'o/x'", "lists no task"),
        (
            "[dataset]\nname = 'o/x'\n[[tasks]]\nname = 'o/y'\ndigest = '1'",
            r"key 'tasks\[0\].digest': '1' cannot be used here; write \"sha256:\" and 64",
        ),
    ],
)
def test_a_manifest_that_is_none_is_refused(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "dataset.toml"
    path.write_text(text)

    with pytest.raises(TaskError, match=says):
        opened(path)


@pytest.mark.parametrize("file", ["dataset.toml", "registry.json"])
def test_a_file_that_is_not_there_is_named(tmp_path: Path, file: str) -> None:
    with pytest.raises(TaskError, match=f"{file}' cannot be read"):
        opened(tmp_path / file)


def test_a_registry_takes_tasks_from_repositories(tmp_path: Path) -> None:
    origin = Origin(tmp_path / "origin")
    old = origin.commit("tasks/a", "tasks/b")
    origin.commit("tasks/c")
    tasks = [("a", old, "tasks/a"), ("b", old, "./tasks/b"), ("c", None, "tasks/c")]
    rows = [{"name": n, "git_url": origin.url, "git_commit_id": c, "path": p} for n, c, p in tasks]
    registry = write_registry(tmp_path, "1.0", tasks=rows)

    found = open_dataset(f"{registry}:set@1.0", cache=tmp_path / "cache", host_env={})

    assert (named(found), found.problems) == (["a", "b", "c"], ())
    assert len([*(tmp_path / "cache").glob("*/*")]) == 2


def test_a_registry_takes_local_tasks_beside_it_or_from_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_task(tmp_path / "set/one")
    write_task(tmp_path / "here/two")
    monkeypatch.chdir(tmp_path / "here")
    rows: list[dict[str, str | None]] = [{"name": "x", "path": "one"}, {"name": "y", "path": "two"}]

    found = opened(write_registry(tmp_path / "set", "1.0", tasks=rows))

    assert named(found) == ["x", "y"]


def test_what_a_registry_cannot_have_is_a_problem_of_that_task_alone(tmp_path: Path) -> None:
    origin = Origin(tmp_path / "origin")
    origin.commit("a")
    good = {"git_url": origin.url, "git_commit_id": None}
    bad = {"git_url": (tmp_path / "gone").as_uri(), "git_commit_id": None}
    rows = [{"name": "a", "path": "a", **good}, {"name": "b", "path": "b", **good}]
    rows += [{"name": "c", "path": "c", **bad}, {"name": "d", "path": "nope", "git_url": None}]
    rows += [{"name": "e", "path": "../e", **good, "git_commit_id": "main"}]

    found = open_dataset(
        str(write_registry(tmp_path, "1", tasks=rows)), cache=tmp_path / "cache", host_env={}
    )

    assert named(found) == ["a"]
    assert sorted(entry.folder.name for entry in found.problems) == ["b", "c", "e", "nope"]


@pytest.mark.parametrize(
    ("versions", "best"),
    [
        (["1.0", "head", "9"], "head"),
        (["1.9", "1.10", "1.10rc1", "zzz"], "1.10"),
        (["alpha", "beta"], "beta"),
    ],
)
def test_the_version_is_the_one_that_harbor_would_take(versions: list[str], best: str) -> None:
    assert choose_version(versions) == best


@pytest.mark.parametrize(
    ("dataset", "says"),
    [
        (":nope", "has no dataset 'nope'. Write one of these after a colon: set."),
        (":set@3", "has no version '3' of the dataset 'set'. .* after an @: 1, 2."),
        ("", "The dataset 'set' in .* has no task."),
    ],
)
def test_a_dataset_that_is_of_no_use_is_named(tmp_path: Path, dataset: str, says: str) -> None:
    registry = write_registry(tmp_path, "1", "2", tasks=[])

    with pytest.raises(TaskError, match=says):
        opened(f"{registry}{dataset}")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[", "Invalid JSON"),
        ('[{"name": "x", "version": "1"}]', r"key '\[0\].tasks': this key is missing"),
    ],
)
def test_a_registry_that_is_none_is_refused(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "registry.json"
    path.write_text(text)

    with pytest.raises(TaskError, match=says):
        opened(path)
