import shutil
from pathlib import Path

import pytest

from autoloop.errors import StorageError, TaskError
from autoloop.tasks import open_dataset
from tests.tasks.builders import write_task
from tests.tasks.repositories import Origin


@pytest.fixture
def origin(tmp_path: Path) -> Origin:
    found = Origin(tmp_path / "origin")
    found.commit("tasks/a", "tasks/b", "more/c")
    return found


def names(source: str, cache: Path) -> list[str]:
    found = open_dataset(source, cache=cache, host_env={})
    assert not found.problems
    return [task.name for task in found.tasks]


def leftovers(cache: Path) -> list[Path]:
    return [*cache.glob("*/.making-*")]


def test_a_repository_is_a_dataset(origin: Origin, tmp_path: Path) -> None:
    assert names(origin.url, tmp_path / "cache") == ["more/c", "tasks/a", "tasks/b"]
    assert not leftovers(tmp_path / "cache")


def test_a_folder_of_a_repository_is_a_dataset(origin: Origin, tmp_path: Path) -> None:
    assert names(f"{origin.url}:tasks", tmp_path) == ["a", "b"]


def test_a_task_of_a_repository_is_a_dataset_of_one(origin: Origin, tmp_path: Path) -> None:
    assert names(f"{origin.url}:tasks/b", tmp_path) == ["b"]


def test_a_repository_may_be_a_task(tmp_path: Path) -> None:
    origin = Origin(tmp_path / "origin.git")
    write_task(origin.folder)
    origin.commit()

    assert names(origin.url, tmp_path) == ["origin"]


@pytest.mark.parametrize("kind", ["branch", "light tag", "tag", "commit", "short commit"])
def test_a_revision_has_many_names(origin: Origin, tmp_path: Path, kind: str) -> None:
    origin.git("branch", "old/one")
    origin.git("tag", "v1")
    origin.git("tag", "--annotate", "--message=x", "v2")
    commit = origin.git("rev-parse", "HEAD")
    origin.commit("tasks/new")
    named = {"branch": "old/one", "light tag": "v1", "tag": "v2", "commit": commit}

    source = f"{origin.url}@{named.get(kind, commit[:9])}:tasks"

    assert names(source, tmp_path) == ["a", "b"]


def test_a_branch_is_looked_up_again(origin: Origin, tmp_path: Path) -> None:
    assert names(f"{origin.url}@main:tasks", tmp_path) == ["a", "b"]

    origin.commit("tasks/new")

    assert names(f"{origin.url}@main:tasks", tmp_path) == ["a", "b", "new"]


def test_a_branch_that_has_not_moved_is_not_fetched_again(origin: Origin, tmp_path: Path) -> None:
    (task, _) = open_dataset(f"{origin.url}@main:tasks", cache=tmp_path, host_env={}).tasks
    (task.folder / "instruction.md").write_text("Kept.\n")

    (again, _) = open_dataset(f"{origin.url}@main:tasks", cache=tmp_path, host_env={}).tasks

    assert again.instruction == "Kept.\n"


@pytest.mark.parametrize("path", ["", ":tasks"])
def test_a_commit_that_was_had_is_not_asked_for_again(
    origin: Origin, tmp_path: Path, path: str
) -> None:
    source = f"{origin.url}@{origin.git('rev-parse', 'HEAD')}{path}"
    before = names(source, tmp_path)

    shutil.rmtree(origin.folder)

    assert names(source, tmp_path) == before


def test_a_folder_with_signs_in_its_name_can_be_had(origin: Origin, tmp_path: Path) -> None:
    origin.commit("tasks/odd [name] #1*", "tasks/odd n #1x")

    assert names(f"{origin.url}:tasks/odd [name] #1*", tmp_path) == ["odd [name] #1*"]


def test_a_repository_with_signs_in_its_own_path_can_be_had(tmp_path: Path) -> None:
    origin = Origin(tmp_path / "me@work:one")
    origin.commit("a")

    address = f"{tmp_path.as_uri()}/me%40work%3Aone@main"

    assert names(address, tmp_path / "cache") == ["a"]


def test_only_the_folder_asked_for_is_fetched(origin: Origin, tmp_path: Path) -> None:
    names(f"{origin.url}:tasks/a", tmp_path / "cache")

    assert not [*(tmp_path / "cache").rglob("b")]


@pytest.mark.parametrize("path", ["", ":tasks"])
@pytest.mark.parametrize("filters", ["true", "false"])
def test_an_old_server_that_gives_branches_only_is_enough(
    origin: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, filters: str, path: str
) -> None:
    origin.git("config", "uploadpack.allowFilter", filters)
    commit = origin.git("rev-parse", "HEAD")
    origin.commit("tasks/new")
    for key, value in {"COUNT": "1", "KEY_0": "protocol.version", "VALUE_0": "0"}.items():
        monkeypatch.setenv(f"GIT_CONFIG_{key}", value)

    found = names(f"{origin.url}@{commit}{path}", tmp_path)

    assert [name.rpartition("/")[2] for name in found if "c" not in name] == ["a", "b"]


def test_what_a_hook_left_in_the_environment_does_not_matter(
    origin: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY"):
        monkeypatch.setenv(key, str(tmp_path / "elsewhere"))

    assert names(f"{origin.folder.as_uri()}:tasks", tmp_path) == ["a", "b"]
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("revision", ["nope", "abcdef12", "-"])
def test_a_revision_that_is_not_there_is_named(
    origin: Origin, tmp_path: Path, revision: str
) -> None:
    with pytest.raises(TaskError, match=f"{revision}'.*after the @"):
        names(f"{origin.url}@{revision}", tmp_path)

    assert not leftovers(tmp_path)


def test_a_commit_that_is_not_there_is_named(origin: Origin, tmp_path: Path) -> None:
    with pytest.raises(TaskError, match=r"at '0{40}' cannot be had: git says 'fatal: "):
        names(f"{origin.url}@{'0' * 40}", tmp_path)


def test_a_repository_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match=r"gone' cannot be had: git says .* Check address"):
        names(f"{tmp_path.as_uri()}/gone", tmp_path)

    assert not leftovers(tmp_path)


def test_an_empty_repository_has_no_revision(tmp_path: Path) -> None:
    origin = Origin(tmp_path / "origin")

    with pytest.raises(TaskError, match="has no branch, tag or commit 'HEAD'"):
        names(origin.url, tmp_path)


@pytest.mark.parametrize(
    ("path", "says"), [("nope", "has no folder 'nope'"), ("tasks/a/tests", "has no task below")]
)
def test_a_folder_that_is_of_no_use_is_named(
    origin: Origin, tmp_path: Path, path: str, says: str
) -> None:
    with pytest.raises(TaskError, match=says):
        names(f"{origin.url}:{path}", tmp_path)


def test_a_folder_that_leads_out_of_the_repository_is_none(origin: Origin, tmp_path: Path) -> None:
    (origin.folder / "out").symlink_to(tmp_path)
    origin.commit()

    with pytest.raises(TaskError, match="has no folder 'out'"):
        names(f"{origin.url}:out", tmp_path)


def test_files_that_are_elsewhere_are_not_taken_for_their_pointers(
    origin: Origin, tmp_path: Path
) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
    origin.commit(big=pointer)

    with pytest.raises(TaskError, match="keeps 'origin/big' in Git LFS"):
        names(origin.url, tmp_path)


def test_a_cache_that_is_no_folder_is_a_storage_error(origin: Origin, tmp_path: Path) -> None:
    (tmp_path / "cache").touch()

    with pytest.raises(StorageError, match="cannot be written"):
        names(origin.url, tmp_path / "cache")


def test_a_checkout_that_another_process_made_first_is_taken(
    origin: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = Path.rename

    def be_late(path: Path, target: Path) -> Path:
        shutil.copytree(path, target)
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", be_late)

    assert names(f"{origin.url}:tasks", tmp_path) == ["a", "b"]


def test_a_checkout_that_cannot_be_put_in_place_is_a_storage_error(
    origin: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device", str(target), None, str(path))

    monkeypatch.setattr(Path, "rename", fail)

    with pytest.raises(StorageError, match=r"cannot be written: .*No space left.* Make room"):
        names(origin.url, tmp_path)


def test_a_machine_without_git_is_told_so(
    origin: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(TaskError, match="git cannot be run: install it"):
        names(origin.url, tmp_path / "cache")
