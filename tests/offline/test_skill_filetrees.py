"""File trees: other names and data in the same forms of sentence work as well."""

from collections.abc import Callable
from pathlib import Path

import pytest

from autoloop.gateway.offline.skill import View
from autoloop.gateway.offline.skills.filetrees import FiletreesSkill
from tests.offline.workbench import Workbench, task_bench

SKILL = FiletreesSkill()
TASKS = ("sort-inbox", "rename-scans", "project-inventory", "archive-logs")


def write_tree(*paths: str) -> Callable[[Path], None]:
    """Puts files into a folder, each holding its own path."""

    def fill(folder: Path) -> None:
        for path in paths:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(path)

    return fill


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_every_detail_changes_the_tree(task: str, tmp_path: Path) -> None:
    bench = task_bench(SKILL, f"filetrees/{task}", tmp_path / "bench")
    whole = bench.work()

    assert bench.work(times=2).keys() == whole.keys()
    assert bench.work(View(seen_lines=6)) != whole
    for detail in bench.job.details:
        assert bench.forgetting(detail) != whole, detail


@pytest.mark.parametrize("task", ["rename-scans", "project-inventory", "archive-logs"])
def test_a_guess_takes_the_tree_for_flat(task: str, tmp_path: Path) -> None:
    bench = task_bench(SKILL, f"filetrees/{task}", tmp_path / "bench")

    assert bench.work(View(looked=False)) != bench.work()


def test_files_are_sorted_by_extension(tmp_path: Path) -> None:
    bench = Workbench(
        skill=SKILL,
        instruction="Tidy /app/drop up: move its files into folders named after their extension"
        " below /app/done.\n\n- Files ending in tiff belong in the folder images.\n- Files"
        " without an extension go to the folder rest.",
        fill=write_tree("drop/a.tiff", "drop/b.csv", "drop/Makefile"),
        folder=tmp_path / "bench",
    )

    assert sorted(bench.work()) == ["done/csv/b.csv", "done/images/a.tiff", "done/rest/Makefile"]


def test_files_are_renamed(tmp_path: Path) -> None:
    bench = Workbench(
        skill=SKILL,
        instruction="Rename all files below /app/tapes, wherever they are, so that they are in"
        " lower case. Write /app/log.csv with the header line `was,is`, one row for each renamed"
        " file."
        '\n\n- Drop the prefix "Tape-".\n- The extension aiff becomes aif.',
        fill=write_tree("tapes/X/Tape-ONE.AIFF", "tapes/two.wav"),
        folder=tmp_path / "bench",
    )

    left = bench.work()

    assert sorted(left) == ["log.csv", "tapes/X/one.aif", "tapes/two.wav"]
    assert left["log.csv"] == "was,is\nX/Tape-ONE.AIFF,X/one.aif\n"


def test_files_are_listed(tmp_path: Path) -> None:
    bench = Workbench(
        skill=SKILL,
        instruction="Look at the shelf /app/shelf. List all files below it in /app/list.csv with"
        " the header line `name,size`.\n\n- Skip every folder named tmp, wherever it is.\n- Sort"
        " by size, the smallest first; equal ones by name.",
        fill=write_tree("shelf/long/name", "shelf/b", "shelf/a", "shelf/x/tmp/c"),
        folder=tmp_path / "bench",
    )

    assert bench.work()["list.csv"] == "name,size\na,7\nb,7\nlong/name,15\n"


def test_old_files_are_packed(tmp_path: Path) -> None:
    bench = Workbench(
        skill=SKILL,
        instruction="The files below /app/mail carry their day in the name. Pack those from"
        " before 2019-02-02 into /app/old, one archive per month. Then write /app/old/list.csv"
        " with the header line `file,n,size`.\n\n- Files without a day in their name stay.",
        fill=write_tree("mail/in-20190105.eml", "mail/in-20190202.eml", "mail/draft.eml"),
        folder=tmp_path / "bench",
    )

    left = bench.work()

    assert left.pop("old/2019-01.tar.gz")
    assert sorted(left) == ["mail/draft.eml", "mail/in-20190202.eml", "old/list.csv"]
    assert left["old/list.csv"] == "file,n,size\n2019-01.tar.gz,1,20\n"


def test_other_work_is_left_to_others() -> None:
    assert SKILL.understand("Delete everything below /app/inbox.") is None
