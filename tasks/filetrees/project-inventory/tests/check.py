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
    ['docs/img/setup/step1.svg', '2297'],
    ['docs/guide.md', '2020'],
    ['docs/notes.md', '2020'],
    ['src/main.py', '735'],
    ['docs/img/flow.svg', '730'],
    ['src/css/site.css', '560'],
    ['web/deploy.sh', '543'],
    ['tests/data/empty/note.txt', '227'],
    ['src/api/v2/users.py', '168'],
    ['src/html/parts/menu.html', '165'],
    ['Makefile', '64'],
    ['tests/data/sample.json', '62'],
    ['src/api/v1/orders.py', '57'],
    ['README.md', '50'],
]


def header_is_path_bytes():
    return table("/app/inventory.csv")[0] == ["path", "bytes"]


def the_right_files_are_listed():
    return sorted(row[0] for row in table("/app/inventory.csv")[1:]) == sorted(r[0] for r in EXPECTED)


def rows_are_right_and_in_order_of_size():
    return table("/app/inventory.csv")[1:] == EXPECTED


verdict([header_is_path_bytes, the_right_files_are_listed, rows_are_right_and_in_order_of_size])
