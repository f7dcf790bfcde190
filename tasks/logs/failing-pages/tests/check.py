"""Compares /app/failing.csv with what was asked for."""

import csv
from pathlib import Path

TARGET = Path("/app/failing.csv")
EXPECTED = Path(__file__).parent / "expected.csv"


def table(path):
    """Rows of a file, each a list of its values without spaces around them."""
    with path.open(newline="", encoding="utf-8", errors="replace") as lines:
        rows = csv.reader(lines, delimiter=",")
        return [[plain(value.strip()) for value in row] for row in rows if row]


def plain(value):
    """A number without its form, so that 4.50 is 4.5; any other value as it is."""
    try:
        return float(value)
    except ValueError:
        return value


def checks():
    """Name and outcome of each check; later ones need the earlier ones."""
    yield "the file is there", TARGET.is_file()
    found, wanted = table(TARGET), table(EXPECTED)
    yield "the header is right", found[:1] == wanted[:1]
    yield "the rows are as many", len(found) == len(wanted)
    yield "the rows hold the right values", sorted(map(str, found)) == sorted(map(str, wanted))
    yield "the rows are in the right order", found == wanted


def main():
    """Print a line per check and write the reward."""
    passed = True
    for name, holds in checks():
        print("PASS" if holds else "FAIL", name)
        passed = passed and holds
        if not holds:
            break
    Path("/logs/verifier/reward.txt").write_text("1" if passed else "0")


if __name__ == "__main__":
    main()
