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


DIFFERENCES = [
    ['KB-297', '133', '0', '-133'],
    ['KE-348', '123', '0', '-123'],
    ['LD-879', '112', '0', '-112'],
    ['LA-937', '40', '0', '-40'],
    ['KC-760', '62', '53', '-9'],
    ['LC-113', '88', '79', '-9'],
    ['LE-331', '44', '35', '-9'],
    ['NB-634', '9', '0', '-9'],
    ['NB-596', '95', '91', '-4'],
    ['KA-600', '43', '41', '-2'],
    ['NC-489', '129', '128', '-1'],
    ['LE-153', '73', '75', '2'],
    ['PE-820', '14', '16', '2'],
    ['MD-180', '62', '65', '3'],
    ['NC-258', '41', '44', '3'],
    ['KB-398', '26', '31', '5'],
]
SUMMARY = {'articles': 34, 'differing': 16, 'surplus': -436}
NOT_COUNTED = ['KB-297', 'KE-348', 'LA-937', 'LD-879', 'NB-634']


def differences_have_their_header():
    return table("/app/differences.csv")[0] == ["article", "booked", "counted", "difference"]


def differences_are_right_and_sorted():
    return same_rows(table("/app/differences.csv")[1:], DIFFERENCES)


def summary_is_right():
    return json.loads(Path("/app/summary.json").read_text()) == SUMMARY


def articles_not_counted_are_listed():
    return Path("/app/not_counted.txt").read_text().split() == NOT_COUNTED


verdict(
    [
        differences_have_their_header,
        differences_are_right_and_sorted,
        summary_is_right,
        articles_not_counted_are_listed,
    ]
)
