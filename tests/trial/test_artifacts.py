"""What is left out of an artifact, by tar's rules; and what is done when it cannot be had."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from autoloop.records import Artifact, CommandResult
from autoloop.trial.artifacts import Collection, _leave_out
from tests.trial.builders import PaperContainer, make_box, make_plan, make_step, make_task

FILES = ("a.tmp", "b", "deep/a.tmp", "deep/cache/x", "deep/er/cache/y", "deep/er/b", "[odd]", "x^y")


def files_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def tree(folder: Path) -> Path:
    for name in FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


@pytest.mark.parametrize(
    "patterns",
    [
        ["*.tmp"],
        ["cache"],
        ["deep/cache"],
        ["./b"],
        ["er/*"],
        ["deep"],
        ["*/b"],
        ["[ab]"],
        ["[^b]"],
        [r"\[odd\]"],
        ["x^?", "nothing"],
        ["c*e/y"],
        ["*"],
    ],
)
def test_what_is_left_out_is_what_tar_leaves_out(tmp_path: Path, patterns: list[str]) -> None:
    ours, unpacked = tree(tmp_path / "ours"), tmp_path / "tar"
    unpacked.mkdir()
    excludes = [f"--exclude={pattern}" for pattern in patterns]
    packed = subprocess.run(
        ["tar", "c", *excludes, "-C", tree(tmp_path / "source"), "."],
        capture_output=True,
        check=True,
    )
    subprocess.run(["tar", "x", "-C", unpacked], input=packed.stdout, check=packed.stdout != b"")

    _leave_out(ours, patterns)

    assert files_in(ours) == files_in(unpacked)


def collection(folder: Path, container: PaperContainer, *artifacts: Artifact) -> Collection:
    step = replace(make_step(), artifacts=artifacts)
    plan = make_plan(folder, container, task=make_task(steps=(step,)))
    return Collection(plan, make_box(plan, container), step)


def rows(folder: Path) -> list[dict[str, object]]:
    document: list[dict[str, object]] = json.loads((folder / "artifacts/manifest.json").read_text())
    return document


def test_a_service_that_is_not_there_is_noted(tmp_path: Path) -> None:
    wanted = collection(tmp_path, PaperContainer(), Artifact(source="/db/dump", service="db"))

    wanted.collect()
    wanted.write_manifest()

    assert "There is no service 'db'." in (tmp_path / "trial.log").read_text()
    assert rows(tmp_path)[1] == {
        "source": "/db/dump",
        "destination": "artifacts/db/dump",
        "type": "file",
        "status": "failed",
        "service": "db",
        "exclude": [],
    }


def test_a_file_that_is_too_large_is_noted(tmp_path: Path) -> None:
    found = CommandResult(exit_code=0, stdout="f /app/big\n")
    container = PaperContainer({"/app/big": bytes(65_000_000)}, answer=lambda _: found)
    wanted = collection(tmp_path, container, Artifact(source="/app/big"))

    wanted.collect()
    wanted.write_manifest()

    assert rows(tmp_path)[1]["status"] == "failed"
    assert "'/app/big' was not kept" in (tmp_path / "trial.log").read_text()


def test_paths_that_cannot_be_looked_up_are_noted(tmp_path: Path) -> None:
    lying = CommandResult(exit_code=0, stdout="f /a\nf /b\n")
    container = PaperContainer(answer=lambda _: lying)
    wanted = collection(tmp_path, container, Artifact(source="/app/x"))

    wanted.collect()
    wanted.write_manifest()

    assert rows(tmp_path)[1]["status"] == "failed"
    assert "could not be looked up" in (tmp_path / "trial.log").read_text()


def test_the_agents_own_folder_can_be_declared_with_what_to_leave_out(tmp_path: Path) -> None:
    published = tmp_path / "artifacts/logs/artifacts"
    published.mkdir(parents=True)
    (published / "keep").touch()
    (published / "x.tmp").touch()
    artifact = Artifact(source="/logs/artifacts/", exclude=("*.tmp",))
    wanted = collection(tmp_path, PaperContainer(), artifact)

    wanted.write_manifest()

    assert not wanted.is_wanted
    assert files_in(published) == {"keep"}
    assert [(row["status"], row["exclude"]) for row in rows(tmp_path)] == [("ok", ["*.tmp"])]
