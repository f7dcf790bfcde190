from pathlib import Path

from autoloop.app.train_material import MOST_BYTES, train_material
from autoloop.records import Split, Task
from autoloop.tasks import open_dataset
from tests.app.builders import make_task


def one_task(tmp_path: Path) -> tuple[Path, Task]:
    folder = make_task(tmp_path / "tasks" / "amber", "amber")
    (task,) = open_dataset(str(tmp_path / "tasks"), cache=tmp_path / "cache").tasks
    return folder, task


def test_only_train_tasks_are_told_of(tmp_path: Path) -> None:
    _, task = one_task(tmp_path)

    told = {split: train_material([task], {task.name: split}) for split in Split}

    assert [known.name for known in told[Split.TRAIN]] == [task.name]
    assert told[Split.VALIDATION] == told[Split.HOLDOUT] == ()


def test_texts_of_tests_are_told_and_nothing_else(tmp_path: Path) -> None:
    folder, task = one_task(tmp_path)
    tests = folder / "tests"
    (tests / "deep").mkdir()
    (tests / "deep" / "expected.csv").write_text("a,b\n")
    (tests / "picture.png").write_bytes(b"\x89PNG\0\0")
    (tests / "long.txt").write_text("x" * (MOST_BYTES + 5))
    (tmp_path / "outside.txt").write_text("secret")
    (tests / "link.txt").symlink_to(tmp_path / "outside.txt")

    (known,) = train_material([task], {task.name: Split.TRAIN})

    texts = {file.name: file.text for file in known.hidden}
    assert texts["expected.csv"] == "a,b\n"
    assert len(texts["long.txt"]) == MOST_BYTES
    assert "picture.png" not in texts
    assert "link.txt" not in texts
    assert "test.sh" in texts
