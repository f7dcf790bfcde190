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


PRODUCTS = [
    (1, 'Rake A0', 'Living', 44.85, 0),
    (2, 'Trowel B1', 'Garden', 82.98, 0),
    (3, 'Shelf C2', 'Garden', 46.66, 1),
    (4, 'Vase D3', 'Living', 17.42, 0),
    (5, 'Hose E4', 'Garden', 75.15, 0),
    (6, 'Rake F5', 'Kitchen', 69.15, 0),
    (7, 'Mug G6', 'Garden', 36.0, 0),
    (8, 'Rake H7', 'Garden', 36.65, 0),
    (9, 'Mug I8', 'Garden', 90.63, 0),
    (10, 'Shelf J9', 'Garden', 76.01, 0),
    (11, 'Shelf K10', 'Garden', 17.51, 0),
    (12, 'Rake L11', 'Kitchen', 53.15, 0),
    (13, 'Spade M12', 'Living', 38.48, 0),
    (14, 'Vase N13', 'Garden', 34.56, 0),
    (15, 'Trowel O14', 'Kitchen', 52.14, 0),
    (16, 'Spade P15', 'Living', 49.36, 0),
    (17, 'Mug Q16', 'Garden', 32.35, 1),
    (18, 'Spade R17', 'Garden', 77.99, 0),
    (19, 'Rake S18', 'Living', 75.25, 1),
    (20, 'Rake T19', 'Living', 79.14, 0),
    (21, 'Spade U20', 'Garden', 35.14, 0),
    (22, 'Mug V21', 'Living', 30.19, 0),
    (23, 'Trowel W22', 'Garden', 45.29, 0),
    (24, 'Vase X23', 'Kitchen', 84.35, 1),
    (25, 'Shelf Y24', 'Kitchen', 69.25, 1),
    (26, 'Mug Z25', 'Kitchen', 79.76, 1),
    (27, 'Mug A26', 'Garden', 63.83, 1),
    (28, 'Hose B27', 'Living', 54.97, 0),
    (29, 'Lamp C28', 'Living', 45.53, 0),
    (30, 'Spade D29', 'Living', 27.9, 0),
]
CHANGES = [
    (2, 79.03, 82.98),
    (5, 71.57, 75.15),
    (7, 34.29, 36.0),
    (8, 34.9, 36.65),
    (9, 86.31, 90.63),
    (10, 72.39, 76.01),
    (11, 16.68, 17.51),
    (14, 32.91, 34.56),
    (18, 74.28, 77.99),
    (21, 33.47, 35.14),
    (23, 43.13, 45.29),
]


def close(got, want):
    """Half a cent may be rounded either way."""
    return abs(got - want) < 0.0101


def products():
    return query("/app/catalog.db", "SELECT * FROM products ORDER BY ProductNo")


def nothing_but_prices_changed():
    return [(*p[:3], p[4]) for p in products()] == [(*p[:3], p[4]) for p in PRODUCTS]


def prices_are_right():
    return all(close(got[3], want[3]) for got, want in zip(products(), PRODUCTS))


def prices_are_rounded():
    return all(abs(p[3] - round(p[3], 2)) < 1e-9 for p in products())


def every_change_is_recorded():
    rows = query(
        "/app/catalog.db",
        "SELECT product_id, old_price, new_price FROM price_changes ORDER BY product_id",
    )
    return len(rows) == len(CHANGES) and all(
        got[0] == want[0] and close(got[1], want[1]) and close(got[2], want[2])
        for got, want in zip(rows, CHANGES)
    )


verdict(
    [nothing_but_prices_changed, prices_are_right, prices_are_rounded, every_change_is_recorded]
)
