"""SQLite: other names and data in the same forms of sentence work as well."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from autoloop.gateway.offline.skill import View
from autoloop.gateway.offline.skills.sqlite import SqliteSkill
from tests.offline.workbench import Workbench, task_bench

SKILL = SqliteSkill()
TASKS = ("city-revenue", "raise-prices", "merge-contacts", "archive-orders")


def write_database(name: str, script: str) -> Callable[[Path], None]:
    """Puts a database into a folder."""

    def fill(folder: Path) -> None:
        with sqlite3.connect(folder / name) as database:
            database.executescript(script)

    return fill


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_every_detail_changes_what_is_left_behind(task: str, tmp_path: Path) -> None:
    bench = task_bench(SKILL, f"sqlite/{task}", tmp_path / "bench")
    whole = bench.work()

    assert bench.work(times=2) == whole
    assert bench.work(View(seen_lines=6)) != whole
    for detail in bench.job.details:
        assert bench.forgetting(detail) != whole, detail


@pytest.mark.parametrize("task", ["raise-prices", "merge-contacts", "archive-orders"])
def test_a_guess_at_the_columns_goes_wrong(task: str, tmp_path: Path) -> None:
    bench = task_bench(SKILL, f"sqlite/{task}", tmp_path / "bench")

    assert bench.work(View(looked=False)) != bench.work()


def test_a_query_is_written_to_a_file(tmp_path: Path) -> None:
    bench = Workbench(
        skill=SKILL,
        instruction="The file /app/zoo.db (SQLite) has the tables pens and feeds; feeds.pen"
        " refers to pens.no. Please write /app/kg.csv with the columns `animal` (the pens.animal)"
        " and `kg` (the sum of feeds.kg).\n\n- Sort by kg, the smallest first.\n- Only count"
        " feeds whose kind is hay.",
        fill=write_database(
            "zoo.db",
            "CREATE TABLE pens(no, animal); INSERT INTO pens VALUES (1, 'emu'), (2, 'gnu');"
            "CREATE TABLE feeds(pen, kind, kg);"
            "INSERT INTO feeds VALUES (1, 'hay', 4), (2, 'hay', 1), (2, 'hay', 2), (2, 'oats', 9);",
        ),
        folder=tmp_path / "bench",
    )

    assert bench.work()["kg.csv"] == "animal,kg\ngnu,3\nemu,4\n"


def test_values_are_lowered(tmp_path: Path) -> None:
    bench = Workbench(
        skill=SKILL,
        instruction="Lower the fare of all trips in the zone North by 10 percent. They are in the"
        " table trips of the SQLite database /app/bus.db.\n\n- Do not touch night trips (night is"
        " 1).",
        fill=write_database(
            "bus.db",
            "CREATE TABLE trips(id INTEGER PRIMARY KEY, Zone, Fare, Night);INSERT INTO trips"
            " VALUES (1, 'North', 100, 0), (2, 'North', 100, 1), (3, 'West', 7, 0);",
        ),
        folder=tmp_path / "bench",
    )

    left = bench.work()["bus.db"]

    assert "VALUES(1,'North',90.0,0)" in left
    assert "VALUES(2,'North',100,1)" in left
    assert "VALUES(3,'West',7,0)" in left


def test_doubles_are_removed(tmp_path: Path) -> None:
    bench = Workbench(
        skill=SKILL,
        instruction="The SQLite database /app/club.db got duplicates in its table members. Remove"
        " them: rows with the same phone are one member.\n\n- Keep the row with the latest"
        " seen.\n- Write the number of removed rows to /app/gone.txt.",
        fill=write_database(
            "club.db",
            "CREATE TABLE members(No INTEGER PRIMARY KEY, Phone, Seen);"
            "INSERT INTO members VALUES (4, '55', '2021'), (5, '55', '2024'), (6, '77', '2020');",
        ),
        folder=tmp_path / "bench",
    )

    left = bench.work()

    assert left["gone.txt"] == "1\n"
    assert "(4," not in left["club.db"]
    assert "(5,'55','2024')" in left["club.db"]


def test_old_rows_are_moved(tmp_path: Path) -> None:
    bench = Workbench(
        skill=SKILL,
        instruction="Our file /app/lab.db (SQLite) is full. Move all samples from before"
        " 2020-06-01 (see Taken) out of the table Samples into a new table Cellar.\n\n- Note that"
        " Taken is text with the day first.",
        fill=write_database(
            "lab.db",
            "CREATE TABLE Samples(No INTEGER PRIMARY KEY, Taken TEXT);"
            "INSERT INTO Samples VALUES (1, '31.05.2020'), (2, '01.06.2020');",
        ),
        folder=tmp_path / "bench",
    )

    left = bench.work()["lab.db"]

    assert "INSERT INTO \"Cellar\" VALUES(1,'31.05.2020')" in left
    assert "INSERT INTO \"Samples\" VALUES(2,'01.06.2020')" in left


def test_other_work_is_left_to_others() -> None:
    assert SKILL.understand("Delete /app/a.db.") is None
