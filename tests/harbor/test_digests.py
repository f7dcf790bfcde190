"""Digest and checksum of task folders, compared with Harbor's own."""

from pathlib import Path

import pytest
from dirhash import dirhash
from harbor.publisher.packager import Packager

from autoloop.tasks.checksum import task_checksum
from autoloop.tasks.digest import task_digest

TASKS = Path(__file__).parents[2] / "tasks"
FILES = {
    "task.toml": "version = '1.0'\n",
    "instruction.md": "Tu es.\n",
    "README.md": "about",
    "notes.txt": "not part of the package",
    "environment/Dockerfile": "FROM x\n",
    "environment/__pycache__/x.pyc": "bytes",
    "environment/deep/ü name.txt": "ü",
    "environment/debug.log": "log",
    "solution/solve.sh": "true\n",
    "tests/test.sh": "true\n",
    "tests/.DS_Store": "mac",
    "steps/one/instruction.md": "one",
}


def make_task(folder: Path, **more: str) -> Path:
    for name, text in (FILES | {"." + key: text for key, text in more.items()}).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (folder / "environment" / "empty").mkdir()
    return folder


def harbors_digest(folder: Path) -> str:
    digest, _files = Packager.compute_content_hash(folder)
    return f"sha256:{digest}"


@pytest.mark.parametrize(
    "rules", [None, "", "*.log\n", "environment/\n!environment/Dockerfile\n", "/tests/*\n# x\n"]
)
def test_the_digest_is_harbors(tmp_path: Path, rules: str | None) -> None:
    folder = make_task(tmp_path, **({} if rules is None else {"gitignore": rules}))

    assert task_digest(folder) == harbors_digest(folder)


def test_the_checksum_is_harbors(tmp_path: Path) -> None:
    folder = make_task(tmp_path, gitignore="*.log\n")
    (folder / "tests" / "link.sh").symlink_to("test.sh")
    (folder / "tests" / "again").symlink_to("../environment/deep")

    assert task_checksum(folder) == dirhash(folder, "sha256")


def test_the_tasks_of_this_project_have_harbors_digests() -> None:
    folders = sorted(path.parent for path in TASKS.rglob("task.toml"))

    assert folders
    assert [task_digest(f) for f in folders] == [harbors_digest(f) for f in folders]
    assert [task_checksum(f) for f in folders] == [dirhash(f, "sha256") for f in folders]
