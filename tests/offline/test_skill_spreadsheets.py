"""Spreadsheets: other names and data in the same forms of sentence work as well."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from openpyxl import Workbook as Book  # type: ignore[import-untyped]

from autoloop.gateway.offline.skill import View
from autoloop.gateway.offline.skills.spreadsheets import SpreadsheetsSkill
from tests.offline.workbench import Workbench, task_bench

SKILL = SpreadsheetsSkill()
TASKS = ("region-totals", "net-amounts", "merge-timesheets", "price-lookup")
Sheets = Mapping[str, Sequence[Sequence[object]]]


def write_book(name: str, sheets: Sheets) -> Callable[[Path], None]:
    """Puts a workbook into a folder."""

    def fill(folder: Path) -> None:
        book = Book()
        del book[book.sheetnames[0]]
        for title, rows in sheets.items():
            sheet = book.create_sheet(title)
            for row in rows:
                sheet.append(list(row))
        book.save(folder / name)

    return fill


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_every_detail_changes_the_workbook(task: str, tmp_path: Path) -> None:
    bench = task_bench(SKILL, f"spreadsheets/{task}", tmp_path / "bench")
    whole = bench.work()

    assert bench.work(times=2) == whole
    assert bench.work(View(seen_lines=5)) != whole
    for detail in bench.job.details:
        assert bench.forgetting(detail) != whole, detail


def test_a_guess_at_the_header_row_prices_nothing(tmp_path: Path) -> None:
    bench = task_bench(SKILL, "spreadsheets/price-lookup", tmp_path / "bench")

    assert bench.work(View(looked=False)).keys() == {"order.xlsx"}


def test_a_column_is_added_up(tmp_path: Path) -> None:
    bench = Workbench(
        skill=SKILL,
        instruction="In /app/rides.xlsx are our rides; write /app/sums.csv with a header line and"
        " the columns `line` (the Tram), `rides` (how many) and `people` (the sum of"
        " Riders).\n\n- Only count rides whose Kind is regular.\n- Sort by line.",
        fill=write_book(
            "rides.xlsx",
            {"Rides": [["Tram", "Kind", "Riders"], ["T2", "regular", 4], ["T1", "empty", 9]]},
        ),
        folder=tmp_path / "bench",
    )

    assert bench.work()["sums.csv"] == "line,rides,people\nT2,1,4\n"


def test_a_column_is_computed(tmp_path: Path) -> None:
    bench = Workbench(
        skill=SKILL,
        instruction="The fields are in /app/farm.xlsx, on the sheet Fields. Please add a column"
        " named Yield to the table, namely Acres times `Per acre` for each field, and save the"
        " workbook as /app/yield.xlsx.\n\n- Add a row with the word Sum in its first column and"
        " the sum of Yield.",
        fill=write_book(
            "farm.xlsx",
            {"Fields": [["2025"], ["Field", "Acres", "Per Acre"], ["a", 2, 3], ["b", 5, 4]]},
        ),
        folder=tmp_path / "bench",
    )

    rows = bench.work()["yield.xlsx"].splitlines()

    assert rows[1] == "['Fields', 'Field', 'Acres', 'Per Acre', 'Yield']"
    assert rows[-1] == "['Fields', 'Sum', None, None, 26]"


def test_sheets_are_put_together(tmp_path: Path) -> None:
    bench = Workbench(
        skill=SKILL,
        instruction="In /app/zoo.xlsx every keeper has its own sheet, all with the same columns"
        " (Day, Animal). Put them together in one sheet called Zoo in the new file"
        " /app/all.xlsx.\n\n- The sheet Old is not in use; skip it.\n- Sort by Day, the newest"
        " first.",
        fill=write_book(
            "zoo.xlsx",
            {"Ada": [["Day", "Animal"], [1, "emu"], [4, "gnu"]], "Old": [["x"]],
             "Bo": [["Day", "Animal"], [2, "owl"]]},
        ),
        folder=tmp_path / "bench",
    )  # fmt: skip

    assert bench.work()["all.xlsx"].splitlines() == [
        "['Zoo', 'Day', 'Animal']", "['Zoo', 4, 'gnu']", "['Zoo', 2, 'owl']", "['Zoo', 1, 'emu']"
    ]  # fmt: skip


def test_values_are_looked_up(tmp_path: Path) -> None:
    bench = Workbench(
        skill=SKILL,
        instruction="The file /app/trip.xlsx has two sheets: Trip, where the column Fare is"
        " empty, and Fares: look its Stop up in the sheet Fares and take the `Adult fare` there."
        " Save the workbook as /app/paid.xlsx.\n\n- Where a stop is not in the list, write ? as"
        " its Fare.",
        fill=write_book(
            "trip.xlsx",
            {
                "Trip": [["Stop", "Fare"], ["Zoo"], ["Bay"]],
                "Fares": [["Stop", "Adult fare"], ["Bay", 3]],
            },
        ),
        folder=tmp_path / "bench",
    )

    assert bench.work()["paid.xlsx"].splitlines()[:3] == [
        "['Trip', 'Stop', 'Fare']", "['Trip', 'Zoo', '?']", "['Trip', 'Bay', 3]"
    ]  # fmt: skip


def test_other_work_is_left_to_others() -> None:
    assert SKILL.understand("Delete /app/a.xlsx.") is None
