"""The known values were computed with dirhash 0.5.0, as Harbor's `Task.checksum` does."""

import os
from pathlib import Path

import pytest

from autoloop.tasks import task_checksum
from tests.tasks.builders import write_task

PLAIN = "bfe27ac2168bb0ad653296d415e1afead1596f2f590531e34e668dc464235ee6"
LINKED = "f30af58e45ac6f93459aa9274eae10543a321e18596953809be372817cbb081b"
FILES = {"a/b/x": "1\n", "a/y": "2\n", "ü.txt": "é", "zero": "", ".hidden": "h\n"}


def test_the_checksum_is_the_one_that_dirhash_gives(tmp_path: Path) -> None:
    folder = write_task(tmp_path / "one", files=FILES)

    assert task_checksum(folder) == PLAIN


def test_empty_folders_do_not_count(tmp_path: Path) -> None:
    folder = write_task(tmp_path / "one", files=FILES)

    (folder / "e/mpty").mkdir(parents=True)

    assert task_checksum(folder) == PLAIN


def test_links_within_the_folder_count_as_what_they_lead_to(tmp_path: Path) -> None:
    folder = write_task(tmp_path / "one", files=FILES)

    (folder / "again").symlink_to("a/b")
    (folder / "y").symlink_to("a/y")

    assert task_checksum(folder) == LINKED


@pytest.mark.parametrize("target", ["/", "/etc/hostname", "..", "../one", ".", "nothing"])
def test_links_to_elsewhere_and_in_circles_do_not_count(tmp_path: Path, target: str) -> None:
    folder = write_task(tmp_path / "one", files=FILES)

    (folder / "link").symlink_to(target)

    assert task_checksum(folder) == PLAIN


def test_many_links_to_one_folder_cost_nothing(tmp_path: Path) -> None:
    for level in range(40):
        (tmp_path / f"d{level}").mkdir()
        for link in "ab":
            (tmp_path / f"d{level}/{link}").symlink_to(f"../d{level + 1}")
    (tmp_path / "d40").mkdir()
    (tmp_path / "d40/file").touch()

    assert len(task_checksum(tmp_path)) == 64


def test_a_file_name_that_is_not_utf_8_has_a_checksum(tmp_path: Path) -> None:
    folder = write_task(tmp_path / "one", files=FILES)

    Path(os.fsdecode(os.fsencode(folder) + b"/tests/\xff")).touch()

    assert task_checksum(folder) != PLAIN
