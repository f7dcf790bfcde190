"""Checks what was left behind: one line per check, then the reward."""

import csv
import io
import json
import math
import re
from pathlib import Path

from openpyxl import load_workbook

REWARD = Path("/logs/verifier/reward.txt")


def cells(path, sheet):
    """The values of a sheet as rows, empty rows and trailing empty cells left out."""
    rows = []
    for row in load_workbook(path, data_only=True)[sheet].iter_rows(values_only=True):
        values = list(row)
        while values and values[-1] in (None, ""):
            values.pop()
        if values:
            rows.append(values)
    return rows


def table(path):
    """The rows of a comma separated file, cells stripped, blank lines left out."""
    text = Path(path).read_text(encoding="utf-8-sig")
    rows = [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text))]
    return [row for row in rows if any(row)]


def same(got, want):
    """Equal as text, or as numbers when both are numbers."""
    if got is None or want is None:
        return got in (None, "") and want in (None, "")
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


EXPECTED = [
    ['January', '2025-01-02', 'Elif', 8],
    ['January', '2025-01-04', 'Elif', 6],
    ['January', '2025-01-08', 'Yusuf', 6],
    ['January', '2025-01-14', 'Chen', 7.5],
    ['January', '2025-01-27', 'Marta', 8],
    ['February', '2025-02-01', 'Jonas', 7.5],
    ['February', '2025-02-07', 'Yusuf', 7.5],
    ['February', '2025-02-11', 'Marta', 6],
    ['February', '2025-02-23', 'Elif', 8],
    ['February', '2025-02-26', 'Yusuf', 8],
    ['March', '2025-03-05', 'Elif', 7.5],
    ['March', '2025-03-09', 'Yusuf', 8],
    ['March', '2025-03-12', 'Jonas', 8],
    ['March', '2025-03-15', 'Jonas', 8],
    ['March', '2025-03-20', 'Elif', 8],
]


def rows():
    return cells("/app/all_hours.xlsx", "All")


def header_has_the_month_in_front():
    return rows()[0] == ["Month", "Date", "Person", "Hours"]


def rows_of_the_months_are_all_there():
    return same_rows(sorted(rows()[1:]), sorted(EXPECTED))


def rows_are_in_order_of_date():
    return [row[1] for row in rows()[1:]] == [row[1] for row in EXPECTED]


verdict([header_has_the_month_in_front, rows_of_the_months_are_all_there, rows_are_in_order_of_date])
