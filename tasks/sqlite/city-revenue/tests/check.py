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
    ['Leuven', '1527.32'],
    ['Ghent', '822.14'],
    ['Namur', '819.03'],
    ['Ostend', '794.70'],
]


def header_is_city_revenue():
    return table("/app/revenue.csv")[0] == ["city", "revenue"]


def the_four_best_cities_are_there_in_order():
    return same_rows(table("/app/revenue.csv")[1:], EXPECTED)


def revenue_has_two_decimals():
    rows = table("/app/revenue.csv")[1:]
    return rows and all(re.fullmatch(r"\d+\.\d\d", row[1]) for row in rows)


verdict(
    [header_is_city_revenue, the_four_best_cities_are_there_in_order, revenue_has_two_decimals]
)
