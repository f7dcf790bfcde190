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
    ['Gorse Media', '3', '2001.27'],
    ['Cedar Works', '4', '1074.63'],
    ['Ivy Clinic', '1', '89.71'],
    ['Hazel Bakery', '1', '26.89'],
    ['Alder & Sons', '0', '0.00'],
    ['Birchwood Ltd', '0', '0.00'],
    ['Dogwood Cafe', '0', '0.00'],
    ['Elm Street Gym', '0', '0.00'],
    ['Fir Logistics', '0', '0.00'],
    ['Juniper Hotel', '0', '0.00'],
    ['Kapok Textiles', '0', '0.00'],
    ['Larch Energy', '0', '0.00'],
]


def rows():
    return table("/app/spend.csv")[1:]


def header_is_customer_orders_total():
    return table("/app/spend.csv")[0] == ["customer", "orders", "total"]


def every_customer_has_a_row():
    return sorted(row[0] for row in rows()) == sorted(row[0] for row in EXPECTED)


def orders_and_totals_are_those_of_2024_in_order_of_total():
    return same_rows(rows(), EXPECTED)


def totals_have_two_decimals():
    return rows() and all(re.fullmatch(r"\d+\.\d\d", row[2]) for row in rows())


verdict(
    [
        header_is_customer_orders_total,
        every_customer_has_a_row,
        orders_and_totals_are_those_of_2024_in_order_of_total,
        totals_have_two_decimals,
    ]
)
