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
    (49, 'Emil Noe', 'emil.noe@example.org', '2024-07-14'),
    (52, 'Hana Sato', 'hana.sato@example.org', '2025-02-18'),
    (55, 'Kofi Mensah', 'kofi.mensah@example.org ', '2024-12-04'),
    (61, 'Fay Wong', 'fay.wong@example.org', '2024-07-10'),
    (67, 'Carla Conti', 'carla.conti@example.org ', '2024-12-07'),
    (73, 'Ivo Kral', 'ivo.kral@example.org', '2025-03-18'),
    (88, 'Dov Levi', 'dov.levi@example.org', '2024-03-14'),
    (91, 'Bo Lind', 'bo.lind@example.org', '2024-12-02'),
    (94, 'Ana Ruiz', 'ana.ruiz@example.org', '2024-08-30'),
    (100, 'Gus Berg', 'gus.berg@example.org', '2024-11-25'),
    (103, 'Jin Park', 'jin.park@example.org', '2024-10-12'),
]
CALLS = [
    (1, 55, '2025-01-01', 25),
    (2, 52, '2025-01-02', 3),
    (3, 88, '2025-01-03', 2),
    (4, 61, '2025-01-04', 28),
    (5, 103, '2025-01-05', 25),
    (6, 55, '2025-01-06', 39),
    (7, 49, '2025-01-07', 36),
    (8, 61, '2025-01-08', 12),
    (9, 67, '2025-01-09', 18),
    (10, 103, '2025-01-10', 28),
    (11, 91, '2025-01-11', 32),
    (12, 73, '2025-01-12', 39),
    (13, 100, '2025-01-13', 4),
    (14, 88, '2025-01-14', 30),
    (15, 73, '2025-01-15', 14),
    (16, 100, '2025-01-16', 19),
    (17, 67, '2025-01-17', 31),
    (18, 52, '2025-01-18', 31),
]
REMOVED = 12


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
