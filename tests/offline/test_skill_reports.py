"""Reports: other names and data in the same forms of sentence work as well."""

from pathlib import Path

import pytest

from autoloop.gateway.offline.skill import View
from autoloop.gateway.offline.skills.reports import ReportsSkill
from tests.offline.workbench import Workbench, task_bench, write_files

SKILL = ReportsSkill()
TASKS = ("quarter-merge", "customer-spend", "tickets-by-month", "stock-reconcile")


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_every_detail_changes_the_report(task: str, tmp_path: Path) -> None:
    bench = task_bench(SKILL, f"reports/{task}", tmp_path / "bench")
    whole = bench.work()

    assert bench.work(times=2) == whole
    assert bench.work(View(seen_lines=6)) != whole
    for detail in bench.job.details:
        assert bench.forgetting(detail) != whole, detail


@pytest.mark.parametrize("task", ["tickets-by-month", "stock-reconcile"])
def test_a_guess_at_the_delimiter_makes_no_report(task: str, tmp_path: Path) -> None:
    bench = task_bench(SKILL, f"reports/{task}", tmp_path / "bench")

    assert bench.work(View(looked=False)) != bench.work()


def test_lists_are_merged(tmp_path: Path) -> None:
    bench = Workbench(
        skill=SKILL,
        instruction="Combine /app/east.csv and /app/west.csv into /app/all.csv with the columns"
        " `id` and `weight`.\n\n- Drop parcels whose weight is 7.\n- Sort by weight, the largest"
        " first.\n- Every id counts once: keep its first occurrence.",
        fill=write_files(east__csv="Id;Weight\na;3\nb;7\n", west__csv="Id;Weight\nc;20\na;9\n"),
        folder=tmp_path / "bench",
    )

    assert bench.work()["all.csv"] == "id,weight\nc,20\na,3\n"


def test_tables_are_joined(tmp_path: Path) -> None:
    bench = Workbench(
        skill=SKILL,
        instruction="Take the drivers from /app/drivers.csv and join the trips of /app/trips.csv"
        " to them on badge. Write /app/km.csv with the columns `who` (the name), `trips` (how"
        " many) and `km` (the sum of distance).\n\n- Only count trips made in 2021 (see day).\n-"
        " Drivers without any trip are listed with 0 trips.\n- Sort by km, the smallest first.",
        fill=write_files(
            drivers__csv="badge,name\n1,Eva\n2,Kim\n",
            trips__csv="day|badge|distance\n03.02.2021|1|12\n04.02.2021|1|5\n05.02.2020|2|9\n",
        ),
        folder=tmp_path / "bench",
    )

    assert bench.work()["km.csv"] == "who,trips,km\nKim,0,0\nEva,2,17\n"


def test_counts_are_compared_with_the_book(tmp_path: Path) -> None:
    bench = Workbench(
        skill=SKILL,
        instruction="The cellar book is /app/cellar.csv, the counts are /app/left.csv and"
        " /app/right.csv; in all of them the wine is in `Wine` and the number in `Bottles`. Write"
        " /app/gap.csv with the header line `wine,book,found,gap`, one row for each wine that"
        " differs. Write /app/sum.json, an object with the keys `wines` (how many the book has),"
        " `off` (how many differ) and `gap` (the sum of all gaps).\n\n- Add up its counts.\n-"
        " Wines which were not counted at all count as 0.\n- Sort the gaps by gap, the largest"
        " first.",
        fill=write_files(
            cellar__csv="Wine;Bottles\nRiesling;9\nMalbec;4\nMerlot;2\n",
            left__csv="Wine;Bottles\nRiesling;4\nMalbec;4\n",
            right__csv="Wine;Bottles\nRiesling;6\n",
        ),
        folder=tmp_path / "bench",
    )

    left = bench.work()

    assert left["gap.csv"] == "wine,book,found,gap\nRiesling,9,10,1\nMerlot,2,0,-2\n"
    assert left["sum.json"] == '{"wines": 3, "off": 2, "gap": -1}'


def test_other_work_is_left_to_others() -> None:
    assert SKILL.understand("Write a poem about /app/a.csv and /app/b.csv.") is None
