"""Checks what was left behind: one line per check, then the reward."""

import csv
import io
import json
import math
import re
from pathlib import Path

REWARD = Path("/logs/verifier/reward.txt")


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


EXPECTED = [
    ['A4120', '2024-01-02', 'Tanaka', '166.55'],
    ['A4114', '2024-01-03', 'Keller', '47.94'],
    ['A4118', '2024-01-15', 'Rossi', '111.21'],
    ['A4108', '2024-01-17', 'Rossi', '144.95'],
    ['A4125', '2024-01-19', 'Tanaka', '348.21'],
    ['A4127', '2024-01-21', 'Bauer', '335.53'],
    ['A4121', '2024-01-25', 'Haddad', '221.83'],
    ['A4110', '2024-01-26', 'Keller', '319.79'],
    ['A4119', '2024-01-27', 'Keller', '49.39'],
    ['A4104', '2024-01-28', 'Keller', '313.16'],
    ['A4137', '2024-02-01', 'Lindqvist', '377.06'],
    ['A4142', '2024-02-03', 'Okafor', '8.35'],
    ['A4152', '2024-02-03', 'Bauer', '225.96'],
    ['A4144', '2024-02-07', 'Okafor', '316.01'],
    ['A4134', '2024-02-11', 'Tanaka', '344.12'],
    ['A4138', '2024-02-13', 'Lindqvist', '198.64'],
    ['A4153', '2024-02-14', 'Lindqvist', '108.70'],
    ['A4149', '2024-02-19', 'Tanaka', '197.30'],
    ['A4128', '2024-02-22', 'Lindqvist', '307.71'],
    ['A4148', '2024-02-23', 'Novak', '283.11'],
    ['A4170', '2024-03-02', 'Moreau', '147.75'],
    ['A4169', '2024-03-07', 'Moreau', '266.39'],
    ['A4178', '2024-03-07', 'Rossi', '167.26'],
    ['A4174', '2024-03-09', 'Okafor', '223.58'],
    ['A4177', '2024-03-13', 'Lindqvist', '56.68'],
    ['A4165', '2024-03-14', 'Tanaka', '8.30'],
    ['A4159', '2024-03-15', 'Keller', '132.96'],
    ['A4179', '2024-03-20', 'Silva', '251.59'],
    ['A4157', '2024-03-26', 'Haddad', '124.44'],
    ['A4168', '2024-03-28', 'Rossi', '207.32'],
]


def header_names_the_four_columns():
    return table("/app/quarter.csv")[0] == ["order", "date", "customer", "amount"]


def every_order_is_there_once_and_none_of_amount_zero():
    return sorted(row[0] for row in table("/app/quarter.csv")[1:]) == sorted(r[0] for r in EXPECTED)


def rows_are_the_last_occurrences_in_order_of_date():
    return same_rows(table("/app/quarter.csv")[1:], EXPECTED)


verdict(
    [
        header_names_the_four_columns,
        every_order_is_there_once_and_none_of_amount_zero,
        rows_are_the_last_occurrences_in_order_of_date,
    ]
)
