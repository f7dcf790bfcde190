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


CONTACTS = [
    (40, 'Carla Conti', 'carla.conti@example.org ', '2024-12-07'),
    (43, 'Ana Ruiz', 'ana.ruiz@example.org', '2024-08-30'),
    (46, 'Fay Wong', 'fay.wong@example.org', '2024-07-10'),
    (49, 'Bo Lind', 'bo.lind@example.org', '2024-12-02'),
    (64, 'Emil Noe', 'emil.noe@example.org', '2024-07-14'),
    (67, 'Dov Levi', 'dov.levi@example.org', '2024-03-14'),
]
CALLS = [
    (1, 40, '2025-01-01', 36),
    (2, 46, '2025-01-02', 33),
    (3, 43, '2025-01-03', 26),
    (4, 67, '2025-01-04', 27),
    (5, 67, '2025-01-05', 31),
    (6, 49, '2025-01-06', 39),
    (7, 40, '2025-01-07', 35),
    (8, 40, '2025-01-08', 6),
    (9, 49, '2025-01-09', 17),
    (10, 40, '2025-01-10', 24),
    (11, 40, '2025-01-11', 20),
    (12, 43, '2025-01-12', 17),
    (13, 49, '2025-01-13', 22),
    (14, 40, '2025-01-14', 24),
    (15, 64, '2025-01-15', 37),
    (16, 64, '2025-01-16', 12),
    (17, 40, '2025-01-17', 25),
    (18, 40, '2025-01-18', 3),
]
REMOVED = 4


def one_row_of_each_person_is_left():
    mails = [m.strip().lower() for (m,) in query("/app/crm.db", "SELECT Email FROM contacts")]
    return sorted(mails) == sorted(c[2].strip().lower() for c in CONTACTS)


def the_rows_left_are_the_latest():
    ids = query("/app/crm.db", "SELECT ContactID, Changed FROM contacts ORDER BY ContactID")
    return ids == [(c[0], c[3]) for c in CONTACTS]


def calls_point_to_the_rows_left():
    return query("/app/crm.db", "SELECT * FROM calls ORDER BY CallID") == CALLS


def the_number_of_removed_rows_is_told():
    return re.findall(r"\d+", Path("/app/removed.txt").read_text()) == [str(REMOVED)]


verdict(
    [
        one_row_of_each_person_is_left,
        the_rows_left_are_the_latest,
        calls_point_to_the_rows_left,
        the_number_of_removed_rows_is_told,
    ]
)
