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


LINES = [
    ['L001', 'Office chair', 5, 19.9, 12.5],
    ['L002', 'Monitor arm', 8, 149.5, 0],
    ['L003', 'Desk lamp', 1, 74.95, 10],
    ['L004', 'Standing desk', 1, 149.5, 10],
    ['L005', 'Footrest', 6, 399.0, 0],
    ['L006', 'Cable tray', 2, 399.0, 0],
    ['L007', 'Desk lamp', 11, 12.45, 5],
    ['L008', 'Cable tray', 5, 149.5, 0],
    ['L009', 'Standing desk', 5, 88.0, 12.5],
    ['L010', 'Cable tray', 6, 19.9, 10],
    ['L011', 'Standing desk', 11, 74.95, 10],
    ['L012', 'Office chair', 3, 149.5, 7.5],
    ['L013', 'Standing desk', 2, 12.45, 10],
    ['L014', 'Cable tray', 5, 19.9, 5],
    ['L015', 'Footrest', 12, 399.0, 10],
    ['L016', 'Office chair', 7, 74.95, 10],
    ['L017', 'Standing desk', 7, 74.95, 0],
    ['L018', 'Office chair', 5, 399.0, 0],
    ['L019', 'Desk lamp', 1, 74.95, 12.5],
    ['L020', 'Standing desk', 9, 33.35, 12.5],
    ['L021', 'Monitor arm', 12, 399.0, 0],
    ['L022', 'Whiteboard', 4, 19.9, 7.5],
    ['L023', 'Office chair', 11, 88.0, 7.5],
    ['L024', 'Standing desk', 3, 399.0, 7.5],
    ['L025', 'Whiteboard', 10, 399.0, 12.5],
    ['L026', 'Footrest', 4, 399.0, 0],
    ['L027', 'Cable tray', 1, 88.0, 0],
    ['L028', 'Standing desk', 10, 33.35, 0],
    ['L029', 'Desk lamp', 6, 149.5, 5],
    ['L030', 'Monitor arm', 1, 19.9, 5],
    ['L031', 'Whiteboard', 2, 399.0, 12.5],
    ['L032', 'Whiteboard', 6, 19.9, 5],
    ['L033', 'Standing desk', 6, 149.5, 12.5],
    ['L034', 'Monitor arm', 10, 88.0, 0],
    ['L035', 'Standing desk', 10, 149.5, 7.5],
    ['L036', 'Standing desk', 3, 399.0, 7.5],
]
NET = [87.06, 1196.0, 67.46, 134.55, 2394.0, 798.0, 130.1, 747.5, 385.0, 107.46, 742.01, 414.86, 22.41, 94.53, 4309.2, 472.19, 524.65, 1995.0, 65.58, 262.63, 4788.0, 73.63, 895.4, 1107.23, 3491.25, 1596.0, 88.0, 333.5, 852.15, 18.91, 698.25, 113.43, 784.88, 880.0, 1382.88, 1107.23]
NOTES = [['Invoices of the second quarter'], ['Discount is in percent of the line'], ['Contact', 'Ines', 'ext. 341']]


def lines():
    return cells("/app/invoices_net.xlsx", "Lines")


def header_ends_with_net():
    return lines()[0] == ["Line", "Item", "Quantity", "Unit price", "Discount", "Net"]


def lines_are_kept_as_they_were():
    return same_rows([row[:5] for row in lines()[1:37]], LINES)


def net_amounts_take_off_the_discount_and_are_rounded():
    got = [row[5] for row in lines()[1:37]]
    return all(abs(g - w) < 0.0101 and abs(round(g, 2) - g) < 1e-7 for g, w in zip(got, NET))


def last_row_holds_the_total():
    last = lines()[37]
    return len(lines()) == 38 and last[0] == "Total" and abs(last[5] - sum(NET)) < 0.1


def notes_are_kept():
    return cells("/app/invoices_net.xlsx", "Notes") == NOTES


verdict(
    [
        header_ends_with_net,
        lines_are_kept_as_they_were,
        net_amounts_take_off_the_discount_and_are_rounded,
        last_row_holds_the_total,
        notes_are_kept,
    ]
)
