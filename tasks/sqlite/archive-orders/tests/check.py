"""Checks what was left behind: one line per check, then the reward."""

import csv
import io
import json
import math
import re
import sqlite3
from pathlib import Path

REWARD = Path("/logs/verifier/reward.txt")


def query(path, sql):
    """The rows of a query, without ever making or changing a database."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        return database.execute(sql).fetchall()


def table(path):
    """The rows of a comma separated file, cells stripped, blank lines left out."""
    text = Path(path).read_text(encoding="utf-8-sig")
    rows = [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text))]
    return [row for row in rows if any(row)]


def same(got, want):
    """Equal as text, or as numbers when both are numbers."""
    if got is None or want is None:
        return got is want
    try:
        return math.isclose(float(got), float(want), rel_tol=0, abs_tol=0.0051)
    except (TypeError, ValueError):
        return str(got).strip() == str(want).strip()


def same_rows(got, want):
    """The same rows in the same order."""
    return len(got) == len(want) and all(
        len(a) == len(b) and all(map(same, a, b)) for a, b in zip(got, want)
    )


def verdict(checks):
    """Run the checks, print their outcome, write the reward."""
    passed = True
    for check in checks:
        name = check.__name__.replace("_", " ")
        try:
            good = bool(check())
            why = ""
        except Exception as error:  # whatever the agent left behind must not stop the verdict
            good, why = False, f" ({type(error).__name__}: {error})"
        print(("PASS " if good else "FAIL ") + name + why)
        passed = passed and good
    REWARD.write_text("1\n" if passed else "0\n")


ORDERS = [
    (900, 'Dune', '07.05.2022', 'closed'),
    (902, 'Ember', '27.06.2022', 'closed'),
    (904, 'Ember', '27.08.2022', 'open'),
    (906, 'Basalt', '22.10.2022', 'closed'),
    (908, 'Basalt', '06.05.2023', 'open'),
    (910, 'Dune', '15.07.2022', 'closed'),
    (912, 'Basalt', '19.06.2023', 'closed'),
    (914, 'Basalt', '24.06.2023', 'open'),
    (916, 'Coral', '28.09.2022', 'open'),
    (918, 'Basalt', '02.08.2023', 'closed'),
    (920, 'Ember', '15.05.2022', 'closed'),
    (922, 'Basalt', '04.07.2023', 'closed'),
    (924, 'Amber', '08.06.2023', 'closed'),
    (926, 'Coral', '11.08.2022', 'closed'),
    (928, 'Dune', '10.03.2023', 'closed'),
    (930, 'Ember', '13.06.2023', 'open'),
    (932, 'Dune', '27.05.2023', 'closed'),
    (934, 'Ember', '09.11.2022', 'closed'),
    (936, 'Ember', '15.02.2023', 'closed'),
    (938, 'Ember', '19.12.2022', 'open'),
    (940, 'Coral', '23.12.2022', 'open'),
    (942, 'Coral', '05.06.2023', 'closed'),
    (944, 'Amber', '11.07.2023', 'open'),
    (946, 'Coral', '11.11.2022', 'closed'),
    (948, 'Amber', '12.05.2023', 'closed'),
    (950, 'Coral', '21.06.2023', 'closed'),
    (952, 'Basalt', '31.08.2022', 'closed'),
    (954, 'Basalt', '30.05.2023', 'closed'),
    (956, 'Coral', '18.12.2022', 'closed'),
    (958, 'Dune', '30.09.2022', 'closed'),
    (960, 'Coral', '17.09.2022', 'closed'),
    (962, 'Basalt', '01.08.2023', 'closed'),
    (964, 'Ember', '08.11.2022', 'open'),
    (966, 'Dune', '10.06.2023', 'open'),
    (968, 'Basalt', '02.09.2022', 'closed'),
    (970, 'Coral', '01.06.2022', 'closed'),
    (972, 'Amber', '13.06.2023', 'open'),
    (974, 'Amber', '12.07.2022', 'closed'),
    (976, 'Dune', '24.05.2023', 'closed'),
    (978, 'Ember', '30.05.2022', 'open'),
]
LINES = [
    (1, 900, 'nut', 88),
    (2, 900, 'bolt', 18),
    (3, 902, 'nut', 19),
    (4, 902, 'bolt', 85),
    (5, 902, 'bolt', 18),
    (6, 904, 'rivet', 27),
    (7, 904, 'bolt', 16),
    (8, 904, 'bolt', 52),
    (9, 906, 'rivet', 47),
    (10, 906, 'nut', 27),
    (11, 908, 'bolt', 7),
    (12, 908, 'nut', 46),
    (13, 908, 'nut', 27),
    (14, 910, 'rivet', 84),
    (15, 912, 'washer', 25),
    (16, 912, 'washer', 83),
    (17, 914, 'washer', 44),
    (18, 916, 'washer', 28),
    (19, 916, 'bolt', 40),
    (20, 918, 'nut', 25),
    (21, 920, 'bolt', 86),
    (22, 920, 'rivet', 37),
    (23, 920, 'washer', 84),
    (24, 922, 'nut', 43),
    (25, 922, 'rivet', 52),
    (26, 924, 'bolt', 82),
    (27, 924, 'bolt', 25),
    (28, 926, 'nut', 61),
    (29, 926, 'bolt', 64),
    (30, 926, 'washer', 48),
    (31, 928, 'rivet', 18),
    (32, 930, 'washer', 63),
    (33, 932, 'bolt', 13),
    (34, 934, 'nut', 6),
    (35, 934, 'nut', 16),
    (36, 936, 'nut', 25),
    (37, 936, 'washer', 89),
    (38, 936, 'nut', 71),
    (39, 938, 'nut', 79),
    (40, 940, 'nut', 48),
    (41, 940, 'bolt', 67),
    (42, 942, 'rivet', 75),
    (43, 942, 'nut', 6),
    (44, 944, 'nut', 32),
    (45, 946, 'washer', 70),
    (46, 946, 'nut', 35),
    (47, 948, 'washer', 34),
    (48, 948, 'nut', 56),
    (49, 950, 'bolt', 57),
    (50, 950, 'rivet', 26),
    (51, 952, 'washer', 90),
    (52, 952, 'washer', 15),
    (53, 954, 'rivet', 64),
    (54, 956, 'bolt', 9),
    (55, 956, 'rivet', 20),
    (56, 958, 'washer', 49),
    (57, 960, 'washer', 52),
    (58, 962, 'nut', 81),
    (59, 962, 'washer', 13),
    (60, 962, 'nut', 3),
    (61, 964, 'rivet', 67),
    (62, 964, 'washer', 40),
    (63, 966, 'nut', 71),
    (64, 966, 'nut', 53),
    (65, 966, 'bolt', 74),
    (66, 968, 'washer', 35),
    (67, 968, 'bolt', 71),
    (68, 970, 'rivet', 55),
    (69, 970, 'nut', 7),
    (70, 970, 'washer', 41),
    (71, 972, 'rivet', 70),
    (72, 974, 'rivet', 57),
    (73, 974, 'washer', 62),
    (74, 976, 'washer', 31),
    (75, 976, 'nut', 12),
    (76, 976, 'rivet', 46),
    (77, 978, 'rivet', 26),
    (78, 978, 'rivet', 29),
]
MOVED = [900, 902, 906, 910, 920, 926, 934, 946, 952, 956, 958, 960, 968, 970, 974]


def rows(name, key):
    return query("/app/warehouse.db", f"SELECT * FROM {name} ORDER BY {key}")


def open_and_recent_orders_stay():
    return rows("Orders", "OrderNo") == [o for o in ORDERS if o[0] not in MOVED]


def old_orders_are_in_the_archive():
    sql = "SELECT OrderNo, Customer, OrderDate, Status FROM OrdersArchive ORDER BY OrderNo"
    return query("/app/warehouse.db", sql) == [o for o in ORDERS if o[0] in MOVED]


def archived_orders_tell_the_day():
    days = query("/app/warehouse.db", "SELECT ArchivedOn FROM OrdersArchive")
    return set(days) == {("2025-01-31",)}


def lines_of_other_orders_stay():
    return rows("OrderLines", "LineNo") == [line for line in LINES if line[1] not in MOVED]


def lines_of_old_orders_are_in_the_archive():
    return rows("LinesArchive", "LineNo") == [line for line in LINES if line[1] in MOVED]


def counts_are_told():
    want = {"orders": len(MOVED), "lines": sum(line[1] in MOVED for line in LINES)}
    return json.loads(Path("/app/archived.json").read_text()) == want


verdict(
    [
        open_and_recent_orders_stay,
        old_orders_are_in_the_archive,
        archived_orders_tell_the_day,
        lines_of_other_orders_stay,
        lines_of_old_orders_are_in_the_archive,
        counts_are_told,
    ]
)
