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
    [1, ' SY-946', 4, 43.1],
    [2, 'tx-801', 11, 35.65],
    [3, ' QZ-362', 5, 31.38],
    [4, 'rx-566', 1, 33.02],
    [5, 'ZZ-410', 20, 'n/a'],
    [6, 'tx-585', 3, 35.55],
    [7, 'qx-495', 9, 17.52],
    [8, 'tx-521', 25, 24.97],
    [9, 'QX-858', 38, 81.62],
    [10, 'ry-272', 10, 78.38],
    [11, 'QX-007 ', 1, 'n/a'],
    [12, 'RZ-591', 29, 51.02],
    [13, ' TY-647', 30, 17.12],
    [14, ' AB-222', 32, 'n/a'],
    [15, 'TX-527 ', 34, 7.25],
    [16, ' VY-802', 2, 81.19],
    [17, 'VY-547 ', 19, 42.71],
    [18, 'TY-195', 6, 61.78],
    [19, 'RX-570 ', 18, 86.95],
    [20, 'RY-700', 16, 4.9],
    [21, 'RY-596', 19, 92.96],
    [22, 'QZ-709', 38, 34.11],
    [23, ' TZ-535', 33, 44.67],
    [24, 'QX-503', 1, 55.89],
]
PRICES = [
    ['Price list, valid from May'],
    ['Article', 'Text', 'List price'],
    ['QX-858', 'pump seal', 81.62],
    ['TX-521', 'valve', 24.97],
    ['TZ-216', 'pump seal', 45.21],
    ['VY-802', 'elbow 90', 73.81],
    ['RZ-638', 'valve', 67.96],
    ['RY-700', 'pump seal', 4.9],
    ['TY-195', 'flange', 61.78],
    ['TZ-535', 'pump seal', 44.67],
    ['RZ-591', 'flange', 51.02],
    ['TX-801', 'elbow 90', 32.41],
    ['RY-272', 'valve', 78.38],
    ['TY-647', 'flange', 17.12],
    ['QX-495', 'pump seal', 17.52],
    ['RX-566', 'valve', 33.02],
    ['VZ-416', 'flange', 5.62],
    ['RY-596', 'valve', 84.51],
    ['RX-570', 'flange', 86.95],
    ['VY-547', 'flange', 42.71],
    ['TX-527', 'valve', 7.25],
    ['QZ-709', 'gasket', 34.11],
    ['SY-946', 'valve', 39.18],
    ['TX-197', 'flange', 83.52],
    ['QZ-362', 'flange', 31.38],
    ['TX-585', 'gasket', 35.55],
    ['QX-503', 'elbow 90', 55.89],
    ['RX-341', 'flange', 61.91],
    ['vy-802', 'elbow 90', 81.19],
    ['tx-801', 'elbow 90', 35.65],
    ['ry-596', 'valve', 92.96],
    ['sy-946', 'valve', 43.1],
]
UNKNOWN = ['AB-222', 'QX-007', 'ZZ-410']


def positions():
    return cells("/app/order_priced.xlsx", "Order")


def header_stays_where_it_was():
    return positions()[2] == ["Position", "Article", "Pieces", "Price"]


def positions_are_kept():
    return same_rows([row[:3] for row in positions()[3:]], [row[:3] for row in EXPECTED])


def prices_are_right():
    return same_rows([row[3:] for row in positions()[3:]], [row[3:] for row in EXPECTED])


def price_list_is_kept():
    return same_rows(cells("/app/order_priced.xlsx", "Prices"), PRICES)


def unknown_articles_are_listed():
    return Path("/app/unknown.txt").read_text().split() == UNKNOWN


verdict(
    [
        header_stays_where_it_was,
        positions_are_kept,
        prices_are_right,
        price_list_is_kept,
        unknown_articles_are_listed,
    ]
)
