import hashlib
import os
from pathlib import Path

import pytest

from autoloop.tasks import task_digest
from autoloop.tasks.ignore import DEFAULT_LINES, ignored, rules_of
from tests.tasks.builders import only_task, write_task

BY_HARBOR = "sha256:0388df34893ce499a8b3874b80dcaa37f256b7676aa5cd561042d19ab6f351f5"


def test_the_digest_is_the_one_written_out_by_hand(tmp_path: Path) -> None:
    (tmp_path / "task.toml").write_text("a")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test.sh").write_text("b")
    of_a = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
    of_b = "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d"

    by_hand = hashlib.sha256(f"task.toml\0{of_a}\ntests/test.sh\0{of_b}\n".encode())

    assert task_digest(tmp_path) == f"sha256:{by_hand.hexdigest()}"


def test_the_digest_is_the_one_harbor_gives(tmp_path: Path) -> None:
    files = {"README.md": "r\n", "environment/a-b/c.txt": "1", "environment/a/c.txt": "2"}
    files |= {"tests/__pycache__/x.pyc": "no", "solution/solve.sh~": "no", "notes.txt": "no"}

    folder = write_task(tmp_path / "one", files=files)

    assert task_digest(folder) == BY_HARBOR


def test_a_gitignore_takes_the_place_of_the_default_list(tmp_path: Path) -> None:
    folder = write_task(tmp_path / "one", files={"tests/big.log": "1", "tests/x.pyc": "2"})
    plain = task_digest(folder)
    (folder / "tests/x.pyc").write_text("3")
    assert task_digest(folder) == plain

    (folder / ".gitignore").write_text("*.log\n")
    before = task_digest(folder)
    (folder / "tests/big.log").write_text("other")

    assert task_digest(folder) == before != plain


def test_every_file_of_the_task_counts(tmp_path: Path) -> None:
    folder = write_task(tmp_path / "one")
    seen = {only_task(folder).digest}

    for name in ("instruction.md", "environment/data/x", "solution/y", "tests/test.sh"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("changed")
        seen.add(only_task(folder).digest)

    assert len(seen) == 5


def test_a_file_name_that_is_not_utf_8_has_a_digest(tmp_path: Path) -> None:
    folder = write_task(tmp_path / "one")
    plain = task_digest(folder)

    Path(os.fsdecode(os.fsencode(folder) + b"/tests/\xff")).touch()

    assert task_digest(folder) != plain


@pytest.mark.parametrize(
    ("lines", "path"),
    [
        (DEFAULT_LINES, "tests/__pycache__/a.txt"),
        (DEFAULT_LINES, "environment/x.pyc"),
        (["environment/data"], "environment/data/x"),
        (["data/"], "environment/data/x"),
        (["tests/**/x"], "tests/a/b/x"),
        (["tests/**"], "tests/a/b"),
        (["tests/*"], "tests/a"),
        (["a?c", "[!x]y"], "tests/abc"),
        (["\\#a", "b\\ "], "tests/#a"),
    ],
)
def test_an_ignore_line_leaves_out_what_it_leaves_out_for_harbor(
    lines: list[str], path: str
) -> None:
    assert ignored(path, rules_of(lines))


@pytest.mark.parametrize(
    ("lines", "path"),
    [
        (DEFAULT_LINES, "__pycache__"),
        (["# no", "", "  "], "tests/a"),
        (["*.log", "!keep.log"], "tests/keep.log"),
        (["/data"], "environment/data"),
        (["data/"], "environment/data"),
        (["tests/*"], "tests/a/b"),
        (["[!x]y"], "tests/xy"),
        (["a.b"], "tests/aXb"),
    ],
)
def test_an_ignore_line_keeps_what_it_keeps_for_harbor(lines: list[str], path: str) -> None:
    assert not ignored(path, rules_of(lines))
